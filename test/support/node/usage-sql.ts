import { asUser, sentOn, SERVICE, type Person, type SqlDatabase } from './sql.ts';

/** A row as a provider's adapter writes it. */
export const usageRow = (date: string, fields: object = {}) => ({
  date,
  model: 'gpt-4o',
  project: 'p',
  requests: 2,
  context_tokens: 100,
  cached_tokens: 10,
  generated_tokens: 20,
  cost: 0.25,
  cost_source: 'estimated',
  co2_grams: 1.5,
  provisional: false,
  ...fields,
});

/** Calls a function as the Edge Functions do. */
export async function callService<T>(database: SqlDatabase, sql: string, parameters: unknown[] = []): Promise<T> {
  const [row] = await asUser<{ answer: T }>(database, SERVICE, `select ${sql} as answer`, parameters);
  return row!.answer;
}

export interface Begun {
  readonly ok: boolean;
  readonly code?: string;
  readonly reason?: string;
  readonly retry_after_s?: number;
  readonly run_id: string;
  readonly from: string;
  readonly to: string;
}

export const begin = (database: SqlDatabase, { id }: Pick<Person, 'id'>, mode = 'user', provider = 'openai') =>
  callService<Begun>(database, 'public.sync_begin($1, $2, $3)', [id, provider, mode]);

export const progress = (
  database: SqlDatabase,
  { run_id }: Begun,
  from: string,
  to: string,
  rows: readonly object[] = [usageRow(to)],
) => callService<boolean>(database, 'public.sync_progress($1, $2, $3, $4)', [run_id, from, to, JSON.stringify(rows)]);

export const end = (database: SqlDatabase, { run_id }: Begun, reason: string | null = null, retryAfterS?: number) =>
  callService<Record<string, unknown> | null>(database, 'public.sync_end($1, $2, $3, $4)', [
    run_id,
    reason && 'unavailable',
    reason,
    retryAfterS ?? null,
  ]);

/** The UTC day so many days ago. */
export const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);

/** How often a table has signalled a user. */
export const signalsOf = async (database: SqlDatabase, { id }: Person, table: string) =>
  (await sentOn(database, `user:${id}`)).filter(({ event }) => event === table).length;
