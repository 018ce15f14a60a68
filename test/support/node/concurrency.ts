import type { Session } from '../../../local/database.ts';
import type { SqlDatabase } from './sql.ts';
import { until } from './until.ts';

/** How many sessions wait for a lock. */
async function waiting(database: SqlDatabase): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return row!.count;
}

/** Holds a table until every call waits for it, then lets all of them go at once. Answers in the order of the calls. */
export async function atOnce<T>(
  database: SqlDatabase,
  table: string,
  calls: readonly (() => Promise<T>)[],
): Promise<T[]> {
  const [, answers] = await whileOpen(
    database,
    (inside) => inside.exec(`lock table ${table} in access exclusive mode`),
    () => Promise.all(calls.map((call) => call())),
    calls.length,
  );
  return answers;
}

/** Runs `first` in a transaction that stays open until `second` waits for it, or is done without. Answers both. */
export async function whileOpen<First, Second>(
  database: SqlDatabase,
  first: (inside: SqlDatabase) => Promise<First>,
  second: () => Promise<Second>,
  waiters = 1,
): Promise<[First, Second]> {
  let done = false;
  let running!: Promise<Second>;
  const answer = await database.exclusive((session) =>
    session.transaction(async (transaction) => {
      const answered = await first(inTransaction(transaction));
      running = second().finally(() => (done = true));
      // Whoever awaits it below hears of it; this transaction does not have to end for that.
      running.catch(() => undefined);
      await until(async () => done || (await waiting(database)) >= waiters);
      return answered;
    }),
  );
  return [answer, await running];
}

/** An open transaction where a database is expected. */
function inTransaction(transaction: Pick<Session, 'query' | 'exec'>): SqlDatabase {
  const query = <Row>(sql: string, parameters?: unknown[]) => transaction.query<Row>(sql, parameters);
  const exec = async (sql: string) => void (await transaction.exec(sql));
  const session: Session = { query, exec, transaction: (work) => work(session) };
  return {
    exclusive: (work) => work(session),
    query: async <Row>(sql: string, parameters?: unknown[]) => (await query<Row>(sql, parameters)).rows,
    exec,
  };
}

export const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
