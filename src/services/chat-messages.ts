import type { TopicEvent } from '../store/backend.ts';
import type { ErrorCode } from '../store/error.ts';

/** What the visitor's outbox says of a message that has not quite arrived. */
export interface SendError {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly message: string;
  /** When it is tried again by itself, ms since 1970; undefined when it is not. */
  readonly retryAt?: number | undefined;
}

/** What a reply cites as `[n]`. */
export interface Source {
  readonly n: number;
  readonly title: string;
  readonly url: string | null;
  /** At most 200 characters of it. */
  readonly quote: string;
}

/** A row of `chat_messages`, or a message on its way to become one. */
export interface Message {
  readonly id: string;
  /** Orders messages; null while the server has not said. */
  readonly seq: number | null;
  /** Of the request that made it; null in the replies to what was sent or edited. */
  readonly client_id: string | null;
  readonly role: 'user' | 'assistant';
  readonly author: 'visitor' | 'model' | 'owner';
  /** `pending` and `failed` are said of messages that have not arrived, the rest by the server. */
  readonly status: 'pending' | 'failed' | 'streaming' | 'complete' | 'stopped' | 'error';
  readonly content: string;
  readonly created_at: string;
  /** Why a reply is an `error`. */
  readonly reason?: string | null;
  readonly sources?: readonly Source[] | null;
  readonly feedback?: 'up' | 'down' | null;
  /** No longer part of the conversation since: it was edited or written anew. */
  readonly superseded_at?: string | null;
  readonly error?: SendError | undefined;
}

/** Said by the stream to its sender: the message is saved, and its reply begins. */
interface Meta {
  readonly user_message_id: string;
  /** Null when the owner of the site answers in person. */
  readonly message_id: string | null;
  readonly client_id: string;
  readonly content: string;
  /** Messages that are gone with this one. */
  readonly superseded?: readonly string[];
  /** The reply is written anew; the question stays. */
  readonly again?: boolean;
}

/** A piece of a reply; `at` is where in the reply it belongs, in UTF-16 code units. */
interface Partial {
  readonly message_id: string;
  readonly at: number;
  readonly text: string;
}

/**
 * A conversation with an event in it: the same object when nothing changes, undefined when something is missing that
 * only a fetch can bring. Events may come twice, late, and from the stream and the topic at once.
 */
export function applyChatEvent(messages: readonly Message[], event: TopicEvent): readonly Message[] | undefined {
  const payload = event.payload as unknown;
  switch (event.event) {
    case 'message':
      return applyRow(messages, payload as { op: string; record: Message });
    case 'partial':
      return applyPartial(messages, payload as Partial);
    case 'meta':
      return applyMeta(messages, payload as Meta);
    case 'done':
      return change(messages, (payload as { message_id: string }).message_id, (message) =>
        message.status === 'streaming'
          ? { ...message, status: (payload as { status: Message['status'] }).status }
          : message,
      );
    case 'sources':
      return change(messages, (payload as { message_id: string }).message_id, (message) => ({
        ...message,
        sources: (payload as { sources: readonly Source[] }).sources,
      }));
    case 'session':
      return (payload as { op: string }).op === 'DELETE' && messages.length ? [] : messages;
    default:
      return messages;
  }
}

/** What was fetched, except where the page already knows more of a reply that is being written. */
export function reconcileMessages(shown: readonly Message[], fetched: readonly Message[]): readonly Message[] {
  const known = new Map(shown.map((message) => [message.id, message]));
  return fetched.map((message) => {
    const own = known.get(message.id);
    if (!own) return message;
    const ahead = message.status === 'streaming' && own.status !== 'error' && own.content.startsWith(message.content);
    return ahead || sameMessage(own, message) ? { ...own, seq: message.seq } : message;
  });
}

function applyRow(messages: readonly Message[], row: { op: string; record: Message }): readonly Message[] | undefined {
  const { op } = row;
  const own = messages.find((message) => message.id === row.record.id);
  if (op === 'DELETE' || row.record.superseded_at)
    return own ? messages.filter((message) => message !== own) : messages;
  // `postgres_changes` leaves a long text out that has not changed.
  const record: Message = { ...own, ...row.record };
  if ((record.content as string | undefined) === undefined) return undefined;
  if (!own) return inOrder([...messages, record]);
  if (record.status === 'streaming') {
    // Late news of a reply that has ended or gone on; an update that has nothing of it means that it starts over.
    const behind = op === 'INSERT' || (record.content && own.content.startsWith(record.content));
    const late = own.status === 'complete' || own.status === 'stopped' || (own.status === 'streaming' && behind);
    if (late) return own.seq === null ? inOrder(replace(messages, own, { ...own, seq: record.seq })) : messages;
  }
  return sameMessage(own, record) && own.seq === record.seq ? messages : inOrder(replace(messages, own, record));
}

function applyPartial(messages: readonly Message[], { message_id, at, text }: Partial): readonly Message[] | undefined {
  const own = messages.find((message) => message.id === message_id);
  if (!own || (own.status === 'streaming' && at > own.content.length)) return undefined;
  if (own.status !== 'streaming' || at + text.length <= own.content.length) return messages;
  return replace(messages, own, { ...own, content: own.content.slice(0, at) + text });
}

function applyMeta(messages: readonly Message[], meta: Meta): readonly Message[] {
  const { client_id, content, superseded = [], again = false } = meta;
  const kept = superseded.length ? messages.filter(({ id }) => !superseded.includes(id)) : messages;
  const has = (id: string) => kept.some((message) => message.id === id);
  const made = { seq: null, created_at: new Date().toISOString() };
  const added: Message[] = [];
  if (!again && !has(meta.user_message_id)) {
    const question = { role: 'user', author: 'visitor', status: 'complete' } as const;
    added.push({ ...made, ...question, id: meta.user_message_id, client_id, content });
  }
  if (meta.message_id !== null && !has(meta.message_id)) {
    const reply = { role: 'assistant', author: 'model', status: 'streaming', content: '' } as const;
    added.push({ ...made, ...reply, id: meta.message_id, client_id: again ? client_id : null });
  }
  return added.length ? [...kept, ...added] : kept;
}

const change = (messages: readonly Message[], id: string, changed: (message: Message) => Message) => {
  const own = messages.find((message) => message.id === id);
  if (!own) return messages;
  const next = changed(own);
  return next === own ? messages : replace(messages, own, next);
};

const replace = (messages: readonly Message[], own: Message, next: Message) =>
  messages.map((message) => (message === own ? next : message));

/** By the server's order; what it has not numbered yet is newest. */
const inOrder = (messages: readonly Message[]) =>
  messages.toSorted((a, b) => (a.seq ?? Infinity) - (b.seq ?? Infinity) || 0);

const sameMessage = (a: Message, b: Message) =>
  a.status === b.status &&
  a.content === b.content &&
  (a.feedback ?? null) === (b.feedback ?? null) &&
  JSON.stringify(a.sources ?? null) === JSON.stringify(b.sources ?? null);
