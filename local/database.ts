import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { vector } from '@electric-sql/pglite/vector';
import { App } from '@supabase/lite';
import { createPgliteConnection, type PGlite, type PgliteConnection } from '@supabase/lite/pglite';
import type { Keys } from './keys.ts';
import { Mailbox, mailTemplates } from './mail.ts';
import { Sentence } from './sentence.ts';

const ROOT = join(import.meta.dirname, '..');
const MIGRATIONS = join(ROOT, 'supabase/migrations');
const TEMPLATES = join(ROOT, 'node_modules/.cache/livelit');

/** Values as Postgres itself writes them into JSON, which is what hosted REST answers; by type id. */
export const AS_JSON: Record<number, (value: string) => unknown> = {
  // numeric
  1700: Number,
  // timestamp, timestamptz (lite's sessions run in UTC)
  1114: (value) => value.replace(' ', 'T'),
  1184: (value) => value.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'),
};

/** One session of a Postgres: PGlite's only one, or a connection to a server. */
export interface Session {
  query<Row>(sql: string, parameters?: unknown[]): Promise<{ rows: Row[] }>;
  exec(sql: string): Promise<unknown>;
  transaction<T>(work: (transaction: Pick<Session, 'query' | 'exec'>) => Promise<T>): Promise<T>;
}

/** A Postgres that lends a session out for a piece of work. */
export interface Sessions {
  exclusive<T>(work: (session: Session) => Promise<T>): Promise<T>;
}

/** Makes callers take turns, in the order in which they asked. */
class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}

/**
 * PGlite with REST and Auth (@supabase/lite) on top. PGlite has one session, and lite opens its transactions with bare
 * BEGIN statements, so two requests at once would share one transaction and each other's role. Hence `exclusive`:
 * whoever touches the database takes a turn.
 */
export class Database {
  readonly app: App;
  /** The same for visitors without an account, who have no address to confirm. */
  readonly visitorsApp: App;
  readonly #connection: PgliteConnection;
  readonly #turns = new Turns();

  private constructor(app: App, visitorsApp: App, connection: PgliteConnection) {
    this.app = app;
    this.visitorsApp = visitorsApp;
    this.#connection = connection;
  }

  /** Opens the database in a folder, or in memory; brings it to the newest migration. */
  static async open(
    folder: string | undefined,
    keys: Keys,
    { mailbox = new Mailbox(), confirmations = false }: { mailbox?: Mailbox; confirmations?: boolean } = {},
  ): Promise<Database> {
    const schema = await readSchema();
    const archived = join(TEMPLATES, `${fingerprint(schema)}.tar`);
    const fresh = !folder || !existsSync(join(folder, 'PG_VERSION'));
    if (folder && fresh) await refuseForeignFolder(folder);

    // Making an empty cluster takes seconds, unpacking one that was made before takes a tenth of that.
    const archive = fresh ? await readFile(archived).catch(() => undefined) : undefined;
    const connection = await createPgliteConnection({
      url: folder ? `file://${folder}` : 'memory://',
      pgliteOptions: { parsers: AS_JSON, extensions: { vector }, ...(archive && { loadDataDir: new Blob([archive]) }) },
    });
    try {
      await connection.driver.waitReady;
    } catch (error) {
      throw unreadable(folder, error);
    }
    const mails = await mailTemplates();
    const asking = (enable_confirmations: boolean) =>
      new App({
        connection,
        auth: {
          enabled: true,
          publishable_key: keys.publishable,
          secret_key: keys.secret,
          jwt_secret: keys.jwtSecret,
          enable_refresh_token_rotation: true,
          email: { enable_confirmations, template: mails },
        },
        options: { drivers: { email: mailbox } },
      });
    const app = asking(confirmations);
    await app.ensureSystemSchema();
    // Before its first request lite would grant everything in every schema to everybody; this makes it believe that
    // it has done so. test/local/grants.test.ts fails when an upgrade breaks this.
    (connection as unknown as { rlsState: string }).rlsState = 'active';

    await applySchema(connection.driver, schema);
    if (fresh && !archive) await saveTemplate(connection.driver, archived);
    return new Database(app, confirmations ? asking(false) : app, connection);
  }

  /** Runs work alone on the only session; do not call the other methods from inside, use the argument. */
  exclusive<T>(work: (driver: PGlite) => Promise<T>): Promise<T> {
    return this.#turns.take(() => work(this.#connection.driver));
  }

  /** Runs one statement as the superuser. */
  query<Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    return this.exclusive(async (driver) => (await driver.query<Row>(sql, parameters)).rows);
  }

  /** Runs several statements as the superuser. */
  async exec(sql: string): Promise<void> {
    await this.exclusive((driver) => driver.exec(sql));
  }

  listen(channel: string, listener: (payload: string) => void): Promise<unknown> {
    return this.exclusive((driver) => driver.listen(channel, listener));
  }

  close(): Promise<void> {
    return this.exclusive((driver) => driver.close());
  }
}

interface Migration {
  readonly version: string;
  readonly name: string;
  readonly sql: string;
}

/** What makes a bare Postgres with `auth.users` into a project: hosted's platform, then every migration. */
export interface Schema {
  readonly platform: string;
  readonly migrations: readonly Migration[];
}

export async function readSchema(): Promise<Schema> {
  const platform = await readFile(join(import.meta.dirname, 'platform.sql'), 'utf8');
  const files = (await readdir(MIGRATIONS)).filter((file) => file.endsWith('.sql')).sort();
  const migrations = await Promise.all(
    files.map(async (file) => {
      const [version = '', ...name] = basename(file, '.sql').split('_');
      return { version, name: name.join('_'), sql: await readFile(join(MIGRATIONS, file), 'utf8') };
    }),
  );
  return { platform, migrations };
}

/** Runs the platform, and each migration that has not run yet in a transaction of its own. */
export async function applySchema(session: Session, { platform, migrations }: Schema): Promise<void> {
  await session.exec(platform);
  const { rows } = await session.query<Migration>('select version from supabase_migrations.schema_migrations');
  const applied = new Set(rows.map((row) => row.version));
  for (const { version, name, sql } of migrations) {
    if (applied.has(version)) continue;
    await session.transaction(async (transaction) => {
      await transaction.exec(sql);
      await transaction.query('insert into supabase_migrations.schema_migrations (version, name) values ($1, $2)', [
        version,
        name,
      ]);
    });
  }
}

function fingerprint({ platform, migrations }: Schema): string {
  const hash = createHash('sha256').update(platform);
  for (const { sql } of migrations) hash.update(sql);
  return hash.digest('hex').slice(0, 16);
}

/** Keeps a fresh, migrated cluster for the next boot; older ones of other migrations are thrown away. */
async function saveTemplate(driver: PGlite, template: string): Promise<void> {
  const archive = await driver.dumpDataDir('none');
  await mkdir(TEMPLATES, { recursive: true });
  // By rename, because another test process may be reading or writing the same name.
  const partial = `${template}.${process.pid}`;
  await writeFile(partial, Buffer.from(await archive.arrayBuffer()));
  await rename(partial, template);
  const others = (await readdir(TEMPLATES)).filter((name) => name.endsWith('.tar') && name !== basename(template));
  await Promise.all(others.map((name) => rm(join(TEMPLATES, name), { force: true })));
}

async function refuseForeignFolder(folder: string): Promise<void> {
  const entries = await readdir(folder).catch(() => []);
  if (entries.length) throw unreadable(folder, new Error('it has files, but no PG_VERSION'));
}

const unreadable = (folder: string | undefined, cause: unknown) =>
  new Sentence(
    `The data folder ${folder} cannot be opened: ${cause instanceof Error ? cause.message : String(cause)}. ` +
      'Run `npm run reset` to start over with an empty one; what was in it is lost.',
    { cause },
  );
