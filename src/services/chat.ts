import { LivelitError } from '../store/error.ts';
import type { Live } from '../store/live.ts';
import type { Overlay } from '../store/query.ts';
import type { Delivery, Lane, OutboxEntry } from '../store/lane.ts';
import { makeId } from '../store/make-id.ts';
import { store } from '../store/store.ts';
import { applyChatEvent, reconcileMessages, type Message } from './chat-messages.ts';
import { currentSessionId, setEstablished, startSession, watchSessions } from './chat-session.ts';
import { sessionTopics } from './chat-topics.ts';

export type { Message, SendError, Source } from './chat-messages.ts';
export { keepDraft, keepReadUpTo, readDraft, readUpTo } from './chat-session.ts';

/** The longest message that the function `chat` accepts, in UTF-16 code units, as `maxlength` counts. */
export const MAX_MESSAGE_LENGTH = 2_000;

const MAX_OWNER_LENGTH = 8_000;

const COLUMNS = 'id,seq,client_id,role,author,status,content,created_at,reason,sources,feedback,superseded_at';

interface Payload {
  readonly sessionId: string;
  readonly content: string;
  /** Without one, a new message. */
  readonly action?: 'edit' | 'regenerate' | 'owner_reply';
  /** What is edited or written anew. */
  readonly messageId?: string;
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
export const newConversation = (): Promise<void> => openConversation();

/** Goes on with an earlier conversation; without an id, begins a new one. */
export async function openConversation(id?: string): Promise<void> {
  const { connection } = store();
  const backend = await connection.backend();
  startSession(connection.target!, backend.session.snapshot.data ?? null, id);
}

/**
 * The messages of a conversation, oldest first, replies growing as they are written. A message of this browser is there
 * at once, `pending` until it is saved and `failed` when it was refused.
 */
export function messages(sessionId: string): Live<readonly Message[]> {
  return store().live<readonly Message[]>({
    key: `chat:${sessionId}`,
    placeholder: () => ({ data: [], sample: false }),
    topics: (context) => sessionTopics(sessionId, context),
    watch: (startOver) => watchSessions(store().connection.target ?? '', startOver),
    async fetch({ backend, signal }) {
      const where = [['session_id', 'eq', sessionId]] as const;
      const query = { from: 'chat_messages', columns: COLUMNS, where, order: ['seq'] };
      const rows = await backend.fetch<readonly Message[]>(query, signal);
      return rows.filter(({ superseded_at }) => !superseded_at);
    },
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
  write(sessionId, { sessionId, content: checked(text) });
}

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

const lane = (sessionId: string): Lane<Payload> => ({ name: `chat:${sessionId}`, anonymous: true, deliver });

const write = (sessionId: string, payload: Payload) => store().write(lane(sessionId), { id: makeId(), payload });

function checked(text: string, most = MAX_MESSAGE_LENGTH): string {
  const content = text.trim();
  if (!content) throw new LivelitError('invalid', 'Please write a message first.', { reason: 'length' });
  if (content.length <= most) return content;
  throw new LivelitError('invalid', `A message has at most ${most} characters; this one has ${content.length}.`, {
    reason: 'length',
  });
}

const overlay = (sessionId: string): Overlay<readonly Message[]> => ({
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
