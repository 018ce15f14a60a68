import { after, before, describe } from 'node:test';
import { Database } from '../../../local/database.ts';
import { makeKeys } from '../../../local/keys.ts';
import { PostgresDatabase } from './postgres-database.ts';
import type { SqlDatabase } from './sql.ts';

interface OpenDatabase extends SqlDatabase {
  close(): Promise<void>;
}

const ENGINES = {
  PGlite: (): Promise<OpenDatabase> => Database.open(undefined, makeKeys()),
  PostgreSQL: (): Promise<OpenDatabase> => PostgresDatabase.open(),
};

type Facts = (database: SqlDatabase) => void;

/**
 * Describes facts that hold on every engine, each with a database of its own. The suite itself, which has little time, asks
 * PostgreSQL: on PGlite the local backend runs, and with it all other tests.
 */
export function onEachEngine(what: string, facts: Facts): void {
  if (process.env.LIVELIT_FULL) onEngine('PGlite', what, facts);
  onEngine('PostgreSQL', what, facts);
}

/** Describes facts about sessions that get into each other's way: PGlite has one and proves nothing there. */
export const onPostgres = (what: string, facts: Facts): void => onEngine('PostgreSQL', what, facts);

function onEngine(engine: keyof typeof ENGINES, what: string, facts: Facts): void {
  describe(`${what}, on ${engine}`, () => {
    let opened: OpenDatabase | undefined;
    before(async () => void (opened = await ENGINES[engine]()));
    after(() => opened?.close());
    facts({
      exclusive: (work) => opened!.exclusive(work),
      query: (sql, parameters) => opened!.query(sql, parameters),
      exec: (sql) => opened!.exec(sql),
    });
  });
}
