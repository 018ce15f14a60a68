import { randomUUID } from 'node:crypto';
import { asUser, SERVICE, type SqlDatabase } from './sql.ts';

/** What `chat_admit` answers; the fields of every shape. */
export interface Admission {
  readonly ok: boolean;
  readonly code?: string;
  readonly reason?: string;
  readonly retry_after_s?: number;
  readonly resume?: boolean;
  readonly created?: boolean;
  readonly session_id?: string;
  readonly user_message_id?: string;
  readonly message_id?: string;
  readonly run_id?: string;
  readonly content?: string;
  readonly status?: string;
  readonly superseded?: readonly string[];
  readonly from_cache?: boolean;
  readonly sources?: readonly object[] | null;
  readonly history?: readonly { readonly role: string; readonly content: string }[];
  readonly passages?: readonly { readonly n: number; readonly title: string; readonly content: string }[];
  readonly settings?: { readonly revision: number };
}

export interface Asked {
  readonly action: 'send' | 'edit' | 'regenerate';
  readonly user: string;
  readonly session: string;
  readonly client: string;
  /** What is edited or regenerated. */
  readonly message: string | null;
  readonly content: string | null;
  readonly address: string | null;
  readonly model: string;
  /** Micro-USD; `perByte` of the conversation and of what the site knows comes on top. */
  readonly reserve: number;
  readonly perByte: number;
  readonly cap: number;
}

/** A first message of a user: each other message of the session is `{ ...asked, client: randomUUID() }`. */
export const firstMessage = (user: string): Asked => ({
  action: 'send',
  user,
  session: randomUUID(),
  client: randomUUID(),
  message: null,
  content: 'What do you do?',
  address: null,
  model: 'gpt-4o-mini',
  reserve: 1_000,
  perByte: 0,
  cap: 1_000_000,
});

/** Calls a function as the Edge Function does. */
export async function call<T>(database: SqlDatabase, sql: string, parameters: unknown[]): Promise<T> {
  const [row] = await asUser<{ answer: T }>(database, SERVICE, `select ${sql} as answer`, parameters);
  return row!.answer;
}

/** Asks with the settings of the moment, unless `revision` says otherwise. */
export const admit = (database: SqlDatabase, asked: Asked, revision: number | null = null) =>
  call<Admission>(
    database,
    `public.chat_admit($1, $2, $3, $4, $5, $6, $7, jsonb_build_object(
       'revision', coalesce($8::bigint, (select revision from private.chat_settings)), 'model', $9::text,
       'reserve_micro_usd', $10::bigint, 'micro_usd_per_byte', $11::numeric, 'cap_micro_usd', $12::bigint))`,
    [
      asked.action,
      asked.user,
      asked.session,
      asked.client,
      asked.message,
      asked.content,
      asked.address,
      revision,
      asked.model,
      asked.reserve,
      asked.perByte,
      asked.cap,
    ],
  );

/** Asks for a reply to be written anew. */
export const regenerate = (database: SqlDatabase, asked: Asked, message: string, client: string = randomUUID()) =>
  admit(database, { ...asked, action: 'regenerate', client, message, content: null });

/** Puts another message in the place of one. */
export const edit = (
  database: SqlDatabase,
  asked: Asked,
  message: string,
  content: string,
  client: string = randomUUID(),
) => admit(database, { ...asked, action: 'edit', client, message, content });

export const progress = (database: SqlDatabase, { message_id, run_id }: Admission, delta: string, at: number) =>
  call<{ stop: boolean }>(database, 'public.chat_progress($1, $2, $3, $4)', [message_id, run_id, delta, at]);

export interface Ending {
  readonly status: string;
  readonly content: string;
  readonly model: string;
  readonly input: number;
  readonly cached: number;
  readonly output: number;
  readonly cost: number | null;
  readonly co2: number | null;
  readonly sources: readonly object[] | null;
  readonly reason: string | null;
}

const ENDING: Ending = {
  status: 'complete',
  content: 'I build things.',
  model: 'gpt-4o-mini',
  input: 100,
  cached: 10,
  output: 20,
  cost: 27,
  co2: 0.5,
  sources: null,
  reason: null,
};

/** Ends a reply; true when this worker still held it. */
export function finish(database: SqlDatabase, { message_id, run_id }: Admission, ending: Partial<Ending> = {}) {
  const { status, content, model, input, cached, output, cost, co2, sources, reason } = { ...ENDING, ...ending };
  return call<boolean>(database, 'public.chat_finish($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)', [
    message_id,
    run_id,
    status,
    content,
    model,
    input,
    cached,
    output,
    cost,
    co2,
    sources && JSON.stringify(sources),
    reason,
  ]);
}

export const stop = (database: SqlDatabase, user: string, { message_id }: Admission) =>
  call<boolean>(database, 'public.chat_stop($1, $2)', [user, message_id]);

/** The messages of a session, oldest first. */
export const messagesOf = (database: SqlDatabase, { session }: Asked) =>
  database.query<{ role: string; author: string; content: string; status: string }>(
    'select role, author, content, status from public.chat_messages where session_id = $1 order by seq',
    [session],
  );

/** What is reserved and spent, in micro-USD. */
export async function spentOf(database: SqlDatabase): Promise<number> {
  const [row] = await database.query<{ sum: number }>(
    'select coalesce(sum(micro_usd), 0)::int as sum from private.spend_daily',
  );
  return row!.sum;
}
