import { LivelitError } from '../store/error.ts';
import type { Delivery, Lane, OutboxEntry } from '../store/lane.ts';
import { makeId } from '../store/make-id.ts';
import type { Overlay } from '../store/query.ts';
import { store } from '../store/store.ts';
import type { Message } from './chat-messages.ts';
import { setEstablished } from './chat-session.ts';

/** The longest message that the function `chat` accepts, in UTF-16 code units, as `maxlength` counts. */
export const MAX_MESSAGE_LENGTH = 2_000;

interface Payload {
  readonly sessionId: string;
  readonly content: string;
  /** Without one, a new message. */
  readonly action?: 'edit' | 'regenerate' | 'owner_reply';
  /** What is edited or written anew. */
  readonly messageId?: string;
}

/** Where what is written in a conversation waits until it has arrived. */
export const lane = (sessionId: string): Lane<Payload> => ({ name: `chat:${sessionId}`, anonymous: true, deliver });

/** What is written is on its way when this returns. */
export const write = (sessionId: string, payload: Payload): void =>
  store().write(lane(sessionId), { id: makeId(), payload });

/** @throws {LivelitError} `invalid` when it is blank or longer. */
export function checked(text: string, most = MAX_MESSAGE_LENGTH): string {
  const content = text.trim();
  if (!content) throw new LivelitError('invalid', 'Please write a message first.', { reason: 'length' });
  if (content.length <= most) return content;
  throw new LivelitError('invalid', `A message has at most ${most} characters; this one has ${content.length}.`, {
    reason: 'length',
  });
}

/** A conversation with what waits to be a part of it. */
export const overlay = (sessionId: string): Overlay<readonly Message[]> => ({
  lane: lane(sessionId) as Lane,
  show: (data, entries) =>
    (entries as readonly OutboxEntry<Payload>[]).reduce<readonly Message[] | undefined>(withEntry, data),
  shows: (data, entry) => data.some((message) => message.client_id === entry.id),
});

const BY_VISITOR = { role: 'user', author: 'visitor' } as const;
const BY_OWNER = { role: 'assistant', author: 'owner' } as const;

/** A conversation with what is on its way to it. */
function withEntry(shown: readonly Message[] | undefined, entry: OutboxEntry<Payload>): readonly Message[] {
  const data = shown ?? [];
  const { id, payload, state } = entry;
  const { action, messageId, content } = payload;
  const error = sendError(entry);
  const saved = data.findIndex((message) => message.client_id === id);
  const failed = state === 'failed';
  // Saved, but its reply is still owed: the message says what stands in the way.
  if (saved >= 0) {
    const own = data[saved]!;
    return data.with(saved, {
      ...own,
      status: failed ? 'failed' : own.role === 'user' ? 'complete' : own.status,
      error,
    });
  }
  const replaced = data.findIndex((message) => message.id === messageId);
  if (action === 'regenerate') {
    if (replaced < 0) return data;
    // What was refused leaves the old reply where it was.
    const shown = failed
      ? ({ status: 'failed' } as const)
      : ({ status: 'streaming', content: '', sources: null } as const);
    return data.with(replaced, { ...data[replaced]!, ...shown, client_id: id, error });
  }
  const unsaved: Message = {
    id,
    seq: null,
    client_id: id,
    ...(action === 'owner_reply' ? BY_OWNER : BY_VISITOR),
    status: failed ? 'failed' : 'pending',
    content,
    created_at: new Date(entry.createdAt).toISOString(),
    error,
  };
  return [...(action === 'edit' && !failed && replaced >= 0 ? data.slice(0, replaced) : data), unsaved];
}

const sendError = ({ error, state, nextAt }: OutboxEntry) =>
  error && state === 'pending' && nextAt > Date.now() ? { ...error, retryAt: nextAt } : error;

/** Sends a message and reads its reply, which feeds the same `apply` as the topic does. */
async function deliver(entry: OutboxEntry<Payload>, delivery: Delivery): Promise<void> {
  const { backend, signal } = delivery;
  const { sessionId, content, action = 'send', messageId } = entry.payload;
  const request = { action, session_id: sessionId, client_id: entry.id, message_id: messageId, content };
  const answer = await backend.invoke('chat', request, signal);
  if (action === 'owner_reply') return;
  if (!(answer instanceof Response) || !answer.body) {
    throw new LivelitError('unavailable', 'The chat does not answer properly.', { reason: 'answer' });
  }
  let replyId: unknown;
  let done = false;
  await readEvents(answer.body, (event, data) => {
    if (event === 'error') throw LivelitError.fromWire(data, 'unavailable');
    if (event === 'meta') {
      replyId = data.message_id;
      const again = action === 'regenerate';
      delivery.emit({ event, payload: { ...data, client_id: entry.id, content, again } });
      setEstablished(entry.target, sessionId);
    } else if (event === 'delta') {
      delivery.emit({ event: 'partial', payload: { ...data, message_id: replyId } });
    } else if (event === 'sources') {
      delivery.emit({ event, payload: data });
    } else if (event === 'usage') {
      void import('./chat-usage.ts').then((usage) => usage.noteChatUsage(String(replyId), entry.userId, data));
    } else if (event === 'done') {
      done = true;
      delivery.emit({ event, payload: data });
    }
  });
  if (!done) throw new LivelitError('unavailable', 'The reply broke off. It goes on in a moment.', { reason: 'cut' });
}

/** Reads server-sent events until the stream ends; what the listener throws ends it too. */
async function readEvents(
  body: ReadableStream<Uint8Array>,
  listener: (event: string, data: Readonly<Record<string, unknown>>) => void,
): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      const blocks = (rest + decoder.decode(value, { stream: true })).split(/\r?\n\r?\n/);
      // What no empty line has ended yet goes on with the next piece.
      rest = blocks.pop()!;
      for (const block of blocks) {
        const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1];
        const data = field('data');
        // A block of comments alone keeps the connection open.
        if (data) listener(field('event') ?? 'message', JSON.parse(data) as Record<string, unknown>);
      }
    }
  } finally {
    // Also after an error: a reader that is not let go of keeps the connection open.
    void reader.cancel().catch(() => undefined);
  }
}
