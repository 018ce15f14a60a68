import { store } from '../store/store.ts';
import type { Message } from './chat-messages.ts';
import { checked, lane, write } from './chat-lane.ts';

/**
 * Replaces a message of the visitor: it and all that followed it give way to the new one, which is answered.
 *
 * @throws {LivelitError} as `sendMessage`.
 */
export function editMessage(sessionId: string, message: Message, text: string): void {
  write(sessionId, { sessionId, content: checked(text), action: 'edit', messageId: message.id });
}

/** Has the last reply of a conversation written anew. */
export function regenerateReply(sessionId: string, message: Message): void {
  write(sessionId, { sessionId, content: '', action: 'regenerate', messageId: message.id });
}

/** The longest reply of a person, in UTF-16 code units. */
export const MAX_OWNER_LENGTH = 8_000;

/**
 * Replies in person, as who runs the site; the model yields from then on.
 *
 * @throws {LivelitError} `invalid` when it is blank or longer than 8,000 characters; nothing is queued then.
 */
export function replyAsOwner(sessionId: string, text: string): void {
  write(sessionId, { sessionId, content: checked(text, MAX_OWNER_LENGTH), action: 'owner_reply' });
}

/** Sends a `failed` message again. */
export function retryMessage(sessionId: string, message: Message): void {
  store().write(lane(sessionId), { retry: message.client_id ?? '' });
}

/** Gives a `failed` message up. */
export function discardMessage(sessionId: string, message: Message): void {
  store().write(lane(sessionId), { discard: message.client_id ?? '' });
}

/** Asks the model to stop writing a reply; what it has written stays. @throws {LivelitError} */
export async function stopReply(message: Message): Promise<void> {
  const backend = await store().connection.backend();
  await backend.invoke('chat', { action: 'stop', message_id: message.id }, new AbortController().signal);
}
