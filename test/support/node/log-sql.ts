import { randomUUID } from 'node:crypto';
import type { Claims } from '../../../local/keys.ts';
import { asUser, type Person, type SqlDatabase } from './sql.ts';
import { callService } from './usage-sql.ts';

/** An entry as an app reports it. */
export const logEntry = (fields: object = {}) => ({ key: randomUUID(), app: 'editor', model: 'gpt-4o', ...fields });

export const logUsage = (database: SqlDatabase, entries: unknown) =>
  callService<{ inserted: number; repeated: number }>(database, 'public.log_usage($1)', [JSON.stringify(entries)]);

/** Makes a site that belongs to a new member. */
export async function ownSite(database: SqlDatabase, owner: Pick<Person, 'id'>): Promise<void> {
  await database.query(
    `insert into private.site (owner_id) values ($1)
     on conflict (singleton) do update set owner_id = excluded.owner_id, internal_domains = '{}'`,
    [owner.id],
  );
}

/** Pays for credits, or tries to; answers the id. */
export async function purchase(
  database: SqlDatabase,
  { id }: Pick<Person, 'id'>,
  status = 'completed',
  amount = 20,
): Promise<string> {
  const [row] = await database.query<{ id: string }>(
    `insert into public.credit_purchases (owner_id, user_id, status, amount)
     select owner_id, $1, $2, $3 from private.site returning id`,
    [id, status, amount],
  );
  return row!.id;
}

type Cell = string | number | boolean | null;
export type LogRow = Readonly<Record<string, Cell>>;

export interface LogPage {
  readonly rows: readonly LogRow[];
  readonly next_cursor: string | null;
  readonly prev_cursor: string | null;
  readonly more: boolean;
  readonly total: number | null;
  readonly total_estimated: boolean;
  readonly totals: Readonly<Record<string, number>> | null;
  readonly revenue_total: number | null;
}

export type Reader = 'usage_logs_page' | 'usage_log_entries';

/** Reads a page as the REST interface does: the arguments by their names without `p_`. */
export async function readLog(
  database: SqlDatabase,
  claims: Claims,
  reader: Reader,
  values: Readonly<Record<string, unknown>> = {},
): Promise<LogPage> {
  const named = Object.keys(values).map((name, index) => `p_${name} => $${index + 1}`);
  const sql = `select public.${reader}(${named.join(', ')}) as answer`;
  const [row] = await asUser<{ answer: LogPage }>(database, claims, sql, Object.values(values));
  return row!.answer;
}

/** What the sums of users differ in from the log: nothing. */
export const wrongSums = (database: SqlDatabase) =>
  database.query<{ owner_id: string; user_id: string | null; stored: object; recomputed: object }>(
    'select * from private.check_usage_rollup()',
  );
