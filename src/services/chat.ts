import { createParser } from 'eventsource-parser';
import { LivelitError } from '../store/error.ts';
import type { Live } from '../store/live.ts';
import type { Overlay } from '../store/query.ts';
import type { Delivery, Lane, OutboxEntry } from '../store/lane.ts';
import { makeId } from '../store/make-id.ts';
import { store } from '../store/store.ts';
import { applyChatEvent, reconcileMessages, type Message } from './chat-messages.ts';
import { noteChatUsage } from './chat-usage.ts';
import { currentSessionId, established, setEstablished, startSession, watchSessions } from './chat-session.ts';

export type { Message, SendError } from './chat-messages.ts';
export { keepDraft, readDraft } from './chat-session.ts';

/** The longest message that the function `chat` accepts, in UTF-16 code units, as `maxlength` counts. */
export const MAX_MESSAGE_LENGTH = 2_000;

const COLUMNS = 'id,seq,client_id,role,author,status,content,created_at';

interface Payload {
  readonly sessionId: string;
  readonly content: string;
}

/** The id of the conversation that this browser is having. Undefined before `connect()`. */
export function currentSession(): Live<string> {
  return store().live<string>({
    key: 'chat:session',
    requires: 'nothing',
    fetch: ({ target, session }) => Promise.resolve(currentSessionId(target, session)),
    watch: (startOver) => watchSessions(store().connection.target ?? '', startOver),
  });
}

/**
 * The id of the conversation, as soon as it is known.
 *
 * @throws {LivelitError} `unavailable` on a page that is not connected.
 */
export function readySession(): Promise<string> {
  const live = currentSession();
  return new Promise((resolve, reject) => {
    const look = () => {
      const { data } = live.snapshot;
      if (data === undefined && store().connection.target !== undefined) return;
      leave();
      if (data !== undefined) {
        resolve(data);
        return;
      }
      reject(new LivelitError('unavailable', 'This chat is not connected yet.', { reason: 'not_connected' }));
    };
    const leave = live.subscribe(look);
    look();
  });
}

/** Leaves the present conversation for a new one; the old one stays on the server. */
export async function newConversation(): Promise<void> {
  const { connection } = store();
  const backend = await connection.backend();
  startSession(connection.target!, backend.session.snapshot.data ?? null);
}

/**
 * The messages of a conversation, oldest first, replies growing as they are written. A message of this browser is there
 * at once, `pending` until it is saved and `failed` when it was refused.
 */
export function messages(sessionId: string): Live<readonly Message[]> {
  return store().live<readonly Message[]>({
    key: `chat:${sessionId}`,
    placeholder: () => ({ data: [], sample: false }),
    async topics({ backend, target, signal }) {
      // Nobody may listen to a conversation that does not exist yet; it exists from its first message on.
      if (!established(target, sessionId)) {
        const where = [['id', 'eq', sessionId]] as const;
        const found = await backend.fetch<unknown[]>(
          { from: 'chat_sessions', columns: 'id', where, order: ['id'] },
          signal,
        );
        if (!found.length) return [];
        setEstablished(target, sessionId);
      }
      return [`chat:${sessionId}`];
    },
    watch: (startOver) => watchSessions(store().connection.target ?? '', startOver),
    fetch: ({ backend, signal }) =>
      backend.fetch(
        {
          from: 'chat_messages',
          columns: COLUMNS,
          where: [['session_id', 'eq', sessionId]],
          order: ['seq'],
        },
        signal,
      ),
    apply: applyChatEvent,
    reconcile: reconcileMessages,
    overlay: overlay(sessionId),
    cached: true,
  });
}

/**
 * Says something in a conversation. It is in `messages(sessionId)` when this returns, survives reload and offline, and
 * is answered once, however often it has to be sent.
 *
 * @throws {LivelitError} `invalid` when it is blank or longer than 2,000 characters; nothing is queued then.
 */
export function sendMessage(sessionId: string, text: string): void {
  const content = text.trim();
  if (!content) throw new LivelitError('invalid', 'Please write a message first.', { reason: 'length' });
  if (content.length > MAX_MESSAGE_LENGTH) {
    throw new LivelitError(
      'invalid',
      `A message has at most ${MAX_MESSAGE_LENGTH} characters; this one has ${content.length}.`,
      { reason: 'length' },
    );
  }
  store().write(lane(sessionId), { id: makeId(), payload: { sessionId, content } });
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

const lane = (sessionId: string): Lane<Payload> => ({ name: `chat:${sessionId}`, anonymous: true, deliver });

const overlay = (sessionId: string): Overlay<readonly Message[]> => ({
  lane: lane(sessionId) as Lane,
  show(data, entries) {
    if (!entries.length) return data;
    const shown = [...(data ?? [])];
    for (const entry of entries as readonly OutboxEntry<Payload>[]) {
      const index = shown.findIndex((message) => message.client_id === entry.id);
      // Saved, but its reply is still owed: the message says what stands in the way.
      if (index >= 0) shown[index] = { ...shown[index]!, status: savedStatus(entry), error: entry.error };
      else shown.push(unsaved(entry));
    }
    return shown;
  },
  shows: (data, entry) => data.some((message) => message.client_id === entry.id),
});

const savedStatus = (entry: OutboxEntry) => (entry.state === 'failed' ? 'failed' : 'complete');

const unsaved = (entry: OutboxEntry<Payload>): Message => ({
  id: entry.id,
  seq: null,
  client_id: entry.id,
  role: 'user',
  author: 'visitor',
  status: entry.state === 'failed' ? 'failed' : 'pending',
  content: entry.payload.content,
  created_at: new Date(entry.createdAt).toISOString(),
  error: entry.error,
});

/** Sends a message and reads its reply, which feeds the same `apply` as the topic does. */
async function deliver(entry: OutboxEntry<Payload>, delivery: Delivery): Promise<void> {
  const { backend, signal } = delivery;
  const { sessionId, content } = entry.payload;
  const request = { action: 'send', session_id: sessionId, client_id: entry.id, content };
  const answer = await backend.invoke('chat', request, signal);
  if (!(answer instanceof Response) || !answer.body) {
    throw new LivelitError('unavailable', 'The chat does not answer properly.', { reason: 'answer' });
  }
  let messageId: unknown;
  let done = false;
  await readEvents(answer.body, (event, data) => {
    if (event === 'error') throw LivelitError.fromWire(data, 'unavailable');
    if (event === 'meta') {
      messageId = data.message_id;
      delivery.emit({ event, payload: { ...data, client_id: entry.id, content } });
      setEstablished(entry.target, sessionId);
    } else if (event === 'delta') {
      delivery.emit({ event: 'partial', payload: { ...data, message_id: messageId } });
    } else if (event === 'usage') {
      noteChatUsage(String(messageId), entry.userId, data);
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
  const parser = createParser({
    onEvent: ({ event = 'message', data }) => listener(event, JSON.parse(data) as Record<string, unknown>),
  });
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      parser.feed(decoder.decode(value, { stream: true }));
    }
  } finally {
    // Also after an error: a reader that is not let go of keeps the connection open.
    void reader.cancel().catch(() => undefined);
  }
}
