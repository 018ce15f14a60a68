import { LivelitError } from '../store/error.ts';
import type { Live } from '../store/live.ts';
import { store } from '../store/store.ts';
import { checked, overlay, write } from './chat-lane.ts';
import { applyChatEvent, reconcileMessages, type Message } from './chat-messages.ts';
import { currentSessionId, startSession, watchEstablished, watchSessions } from './chat-session.ts';
import { sessionTopics } from './chat-topics.ts';

export { MAX_MESSAGE_LENGTH } from './chat-lane.ts';
export type { Message, SendError, Source } from './chat-messages.ts';
export { keepDraft, keepReadUpTo, readDraft, readUpTo } from './chat-session.ts';

const COLUMNS = 'id,seq,client_id,role,author,status,content,created_at,reason,sources,feedback,superseded_at';

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
    watch: (startOver) => watchEstablished(store().connection.target ?? '', sessionId, startOver),
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
