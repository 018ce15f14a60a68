import type { Live } from '../store/live.ts';
import { store } from '../store/store.ts';
import type { Message } from './chat-messages.ts';
import { watchEstablished, watchSessions } from './chat-session.ts';
import { sessionTopics } from './chat-topics.ts';

/** What the owner of the site has said about the chat. */
export interface ChatInfo {
  /** Empty: the element has its own. */
  readonly greeting: string;
  readonly suggestions: readonly string[];
  /** UTF-16 code units. */
  readonly max_message_length: number;
}

/** A conversation as a list shows it. */
export interface Conversation {
  readonly id: string;
  /** The first question, at most 80 characters; null before there is one. */
  readonly title: string | null;
  readonly visitor_name: string | null;
  readonly last_message_at: string;
  readonly closed_at: string | null;
  readonly owner_active_until: string | null;
  /** A reply is being written. */
  readonly streaming: boolean;
  readonly last: Pick<Message, 'role' | 'author' | 'status' | 'content' | 'created_at'> | null;
  /** Of a member; only for who runs the site, as are the next two. */
  readonly email?: string | null;
  readonly messages?: number;
  /** Messages of the visitor that the owner has not read. */
  readonly unread?: number;
}

/** Who else is in a conversation. Times in ms since 1970. */
export interface Presence {
  /** Until when the owner counts as here; 0 when not. */
  readonly ownerUntil: number;
  readonly typing: { readonly author: 'visitor' | 'owner'; readonly until: number } | null;
  /** Nobody writes in it any more. */
  readonly closed: boolean;
}

/** As many as `chat_session_list` answers at once. */
export const PAGE = 100;

/** How long somebody who has typed counts as typing. */
const TYPING_MS = 4_000;

interface SessionRow {
  readonly owner_active_until: string | null;
  readonly closed_at: string | null;
}

/** The greeting and the suggestions of the site, and how long a message may be. */
export function chatInfo(): Live<ChatInfo> {
  return store().live<ChatInfo>({
    key: 'chat:info',
    requires: 'nothing',
    fetch: ({ backend, signal }) => backend.fetch({ rpc: 'chat_info' }, signal),
    cached: true,
  });
}

/** The newest conversations of this visitor, or, for who runs the site, of all of them, kept live; at most 100. */
export function conversations(scope: 'own' | 'all' = 'own'): Live<readonly Conversation[]> {
  const all = scope === 'all';
  return store().live<readonly Conversation[]>({
    key: `chat:conversations:${scope}`,
    requires: all ? 'account' : 'session',
    placeholder: () => ({ data: [], sample: false }),
    ...(all && { table: 'chat_sessions', topics: () => ['admin:chat'] }),
    watch: (startOver) => watchSessions(store().connection.target ?? '', startOver),
    async fetch({ backend, signal }) {
      const query = { rpc: 'chat_session_list', parameters: { p_scope: scope, p_limit: PAGE } };
      return (await backend.fetch<{ rows: readonly Conversation[] }>(query, signal)).rows;
    },
  });
}

/**
 * The next conversations of all, at most 100, that are older than one of them; as they are now, not kept live.
 *
 * @throws {LivelitError} `forbidden` for whoever does not run the site.
 */
export async function olderConversations({ id, last_message_at }: Conversation): Promise<readonly Conversation[]> {
  const backend = await store().connection.backend();
  const before = { p_before_at: last_message_at, p_before_id: id };
  const query = { rpc: 'chat_session_list', parameters: { p_scope: 'all', p_limit: PAGE, ...before } };
  return (await backend.fetch<{ rows: readonly Conversation[] }>(query, new AbortController().signal)).rows;
}

/** Whether the owner is in a conversation, and who is typing. */
export function presence(sessionId: string): Live<Presence> {
  return store().live<Presence>({
    key: `chat:${sessionId}:presence`,
    topics: (context) => sessionTopics(sessionId, context),
    watch: (startOver) => watchEstablished(store().connection.target ?? '', sessionId, startOver),
    relevant: ({ event }) => event === 'typing' || event === 'owner' || event === 'session',
    async fetch({ backend, signal }) {
      const where = [['id', 'eq', sessionId]] as const;
      const query = { from: 'chat_sessions', columns: 'owner_active_until,closed_at', where, order: ['id'] };
      const [row] = await backend.fetch<readonly SessionRow[]>(query, signal);
      return presenceOf(row);
    },
    apply(data, { event, payload }) {
      if (event === 'owner') return { ...data, ownerUntil: timeOf(payload.active_until), typing: null };
      if (event === 'session') return { ...presenceOf(payload.record as SessionRow), typing: data.typing };
      const { author } = payload as { author: 'visitor' | 'owner' };
      return { ...data, typing: { author, until: Date.now() + TYPING_MS } };
    },
  });
}

/** Says what the visitor thinks of a reply; null takes it back. @throws {LivelitError} */
export const rateReply = (message: Message, feedback: Message['feedback']): Promise<void> =>
  call('chat_feedback', { p_message_id: message.id, p_feedback: feedback ?? null });

/** Tells the others in a conversation that somebody is typing. @throws {LivelitError} */
export const tellTyping = (sessionId: string): Promise<void> => call('chat_typing', { p_session_id: sessionId });

/** Says that who runs the site is in a conversation, for two minutes, or has left it. @throws {LivelitError} */
export const joinConversation = (sessionId: string, here = true): Promise<void> =>
  call('chat_owner_here', { p_session_id: sessionId, p_here: here });

/** All of a conversation has been read by who runs the site. @throws {LivelitError} */
export const markRead = (sessionId: string): Promise<void> => call('chat_session_read', { p_session_id: sessionId });

/** Ends a conversation, or opens it again; for who runs the site. @throws {LivelitError} */
export const closeConversation = (sessionId: string, closed = true): Promise<void> =>
  call('chat_session_close', { p_session_id: sessionId, p_closed: closed });

/** Deletes a conversation with its messages. @throws {LivelitError} */
export const deleteConversation = (sessionId: string): Promise<void> =>
  call('chat_session_delete', { p_session_id: sessionId });

async function call(rpc: string, parameters: Readonly<Record<string, unknown>>): Promise<void> {
  const backend = await store().connection.backend();
  await backend.write({ rpc, parameters }, new AbortController().signal);
}

const presenceOf = (row: SessionRow | undefined): Presence => ({
  ownerUntil: timeOf(row?.owner_active_until),
  typing: null,
  closed: Boolean(row?.closed_at),
});

const timeOf = (at: unknown) => (typeof at === 'string' ? Date.parse(at) : 0);
