import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Pool, types, type PoolClient } from 'pg';
import { applySchema, AS_JSON, readSchema, type Session } from '../../../local/database.ts';
import { startPostgres, type PostgresServer } from './postgres-server.ts';

/** How many calls really run at once: the largest crowd of the tests, and who holds it back. Further ones wait. */
const CONNECTIONS = process.env.LIVELIT_FULL ? 510 : 210;

/** Values as PGlite parses them for the tests; by type id. */
const PARSERS: typeof AS_JSON = {
  ...AS_JSON,
  // bigint: ours stay below 2^53
  20: Number,
  // date
  1082: (value) => new Date(value),
};

/**
 * A PostgreSQL server with the project's schema. Unlike PGlite it has many sessions: each piece of work gets one of its
 * own, and what runs at the same time gets into each other's way as in production.
 */
export class PostgresDatabase {
  readonly #server: PostgresServer;
  readonly #pool: Pool;

  private constructor(server: PostgresServer, pool: Pool) {
    this.#server = server;
    this.#pool = pool;
  }

  static async open(): Promise<PostgresDatabase> {
    const server = await startPostgres();
    const pool = new Pool({
      host: server.socket,
      user: 'postgres',
      database: 'postgres',
      max: CONNECTIONS,
      types: {
        getTypeParser: (id, format) => PARSERS[id] ?? (types.getTypeParser(id, format) as (value: string) => unknown),
      },
    });
    const database = new PostgresDatabase(server, pool);
    try {
      await database.exec(await readFile(join(import.meta.dirname, 'hosted-auth.sql'), 'utf8'));
      const schema = await readSchema();
      await database.exclusive((session) => applySchema(session, schema));
    } catch (error) {
      await database.close();
      throw error;
    }
    return database;
  }

  /** Runs work on a session that nobody else uses meanwhile. */
  async exclusive<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    try {
      return await work(sessionOf(client));
    } finally {
      client.release();
    }
  }

  /** Runs one statement as the superuser. */
  query<Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    return this.exclusive(async (session) => (await session.query<Row>(sql, parameters)).rows);
  }

  /** Runs several statements as the superuser. */
  async exec(sql: string): Promise<void> {
    await this.exclusive((session) => session.exec(sql));
  }

  async close(): Promise<void> {
    await this.#pool.end();
    await this.#server.stop();
  }
}

function sessionOf(client: PoolClient): Session {
  const session: Session = {
    query: async <Row>(sql: string, parameters: unknown[] = []) => ({
      rows: (await client.query(sql, parameters)).rows as Row[],
    }),
    exec: async (sql) => void (await client.query(sql)),
    async transaction(work) {
      await client.query('begin');
      try {
        const result = await work(session);
        await client.query('commit');
        return result;
      } catch (error) {
        await client.query('rollback');
        throw error;
      }
    },
  };
  return session;
}
