import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '../database.ts';
import type { Claims } from '../keys.ts';
import { actAs, roleOf } from './authorization.ts';
import { unable, wants, type Change, type Subscription } from './bindings.ts';

/** Somebody who listens to changes of tables. */
export interface Subscriber {
  readonly claims: Claims;
  readonly subscriptions: readonly Subscription[];
  /** Takes the ids of the subscriptions that wanted it, and the change as hosted words it. */
  change(ids: readonly number[], data: Record<string, unknown>): void;
}

interface Column {
  readonly name: string;
  readonly type: string;
  /** The type as a declaration has it, with its modifiers. */
  readonly declared: string;
  readonly key: boolean;
  readonly readers: readonly string[];
  readonly secured: boolean;
  readonly full_identity: boolean;
}

interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly keys: readonly Column[];
  readonly secured: boolean;
  readonly fullIdentity: boolean;
}

/** How many changes are read and checked at once. */
const BATCH = 500;
/** Hosted's longest record, and the longest field that is left in one that is longer; bytes. */
const LONGEST_RECORD = 2 ** 20;
const LONGEST_FIELD_THEN = 64;

/** `postgres_changes`: reads what the triggers noted, and hands each change to those who may see it. */
export class ChangeFeed {
  readonly #database: Database;
  readonly #subscribers: () => Iterable<Subscriber>;
  #running = false;
  #announced = false;

  constructor(database: Database, subscribers: () => Iterable<Subscriber>) {
    this.#database = database;
    this.#subscribers = subscribers;
  }

  async start(): Promise<void> {
    await this.#database.exec(await readFile(join(import.meta.dirname, 'changes.sql'), 'utf8'));
    // What was noted before nobody can be waiting for.
    await this.#database.exec('select realtime.capture_published_tables(); truncate realtime.changes');
    await this.#database.listen('livelit_changes', () => {
      this.#announced = true;
      if (!this.#running) void this.#run();
    });
  }

  /** Resolves when changes reach the subscriptions. @throws in hosted's words when a table is not published. */
  async open(subscriptions: readonly Subscription[]): Promise<void> {
    await this.#database.exec('select realtime.capture_published_tables()');
    for (const { event, schema, table } of subscriptions) {
      const published = await this.#database.query(
        `select 1 from pg_publication_tables where pubname = 'supabase_realtime'
         and ($1 = '*' or schemaname = $1) and ($2::text is null or tablename = $2) limit 1`,
        [schema, table ?? null],
      );
      if (!published.length) throw unable({ event, schema, table });
    }
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (this.#announced) {
        this.#announced = false;
        for (;;) {
          const changes = await this.#take();
          if (!changes.length) break;
          await this.#deliver(changes);
        }
      }
    } catch (error) {
      console.error(`The local Realtime server dropped changes of tables: ${String(error)}`);
    } finally {
      this.#running = false;
    }
  }

  /** The oldest changes that were not handed over yet, in the order of their commits: PGlite has one session. */
  #take(): Promise<Change[]> {
    return this.#database.query<Change>(
      `with taken as (
         delete from realtime.changes where id in (select id from realtime.changes order by id limit ${BATCH})
         returning *
       ) select id::text, schema_name, table_name, type, record, old_record, commit_timestamp
       from taken order by taken.id`,
    );
  }

  async #deliver(changes: readonly Change[]): Promise<void> {
    const tables = new Map<string, Table>();
    for (const change of changes) {
      const name = nameOf(change);
      if (!tables.has(name)) tables.set(name, await this.#describe(change));
    }
    const shown = changes.map((change) => identified(change, tables.get(nameOf(change))!));
    /** By whoever asks: rows that row-level security lets them see. */
    const visible = new Map<string, Promise<ReadonlySet<string>>>();
    for (const subscriber of this.#subscribers()) {
      const wanted = shown.filter((change) => subscriber.subscriptions.some((each) => wants(each, change)));
      if (!wanted.length) continue;
      const bearer = JSON.stringify(subscriber.claims);
      if (!visible.has(bearer)) visible.set(bearer, this.#visible(subscriber.claims, changes, tables));
      const seen = await visible.get(bearer)!;
      for (const change of wanted) {
        // As hosted: row-level security is not asked about a row that is gone.
        if (change.type !== 'DELETE' && !seen.has(change.id)) continue;
        const mine = subscriber.subscriptions.filter((each) => wants(each, change));
        subscriber.change(
          mine.map(({ id }) => id),
          dataOf(change, tables.get(nameOf(change))!, subscriber.claims, mine),
        );
      }
    }
  }

  /** Which of the rows the bearer of the claims may see now, by the ids of their changes. */
  async #visible(
    claims: Claims,
    changes: readonly Change[],
    tables: ReadonlyMap<string, Table>,
  ): Promise<ReadonlySet<string>> {
    const seen = new Set<string>();
    for (const [name, table] of tables) {
      const rows = changes.filter((change) => change.type !== 'DELETE' && nameOf(change) === name);
      if (!rows.length) continue;
      const readable = table.keys.length && table.keys.every(({ readers }) => readers.includes(roleOf(claims)));
      // Without a key there is nothing to ask by, without the right to read it nobody to ask as: hosted sends an error.
      if (!table.secured || !readable) {
        for (const { id } of rows) seen.add(id);
        continue;
      }
      const declared = table.keys.map(({ name: key, declared: type }) => `${quoted(key)} ${type}`).join(', ');
      const joined = table.keys.map(({ name: key }) => `t.${quoted(key)} = k.${quoted(key)}`).join(' and ');
      const found = await this.#database.exclusive((driver) =>
        driver.transaction(async (transaction) => {
          await actAs(transaction, claims);
          return transaction.query<{ change_id: string }>(
            `select k.change_id from jsonb_to_recordset($1) as k(change_id text, ${declared})
             join ${table.name} as t on ${joined}`,
            [rows.map(({ id, record }) => ({ ...pick(record!, table.keys), change_id: id }))],
          );
        }),
      );
      const ids = new Set(found.rows.map(({ change_id }) => change_id));
      for (const { id } of rows) if (ids.has(id)) seen.add(id);
    }
    return seen;
  }

  async #describe({ schema_name, table_name }: Change): Promise<Table> {
    const columns = await this.#database.query<Column>(
      `select a.attname as name, t.typname as type, format_type(a.atttypid, a.atttypmod) as declared,
              coalesce(a.attnum = any (i.indkey::int2[]), false) as key,
              c.relrowsecurity as secured, c.relreplident = 'f' as full_identity,
              array(select role from unnest(array['anon', 'authenticated', 'service_role']) as role
                    where has_column_privilege(role, c.oid, a.attnum, 'select')) as readers
       from pg_class as c
       join pg_namespace as n on n.oid = c.relnamespace
       join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       join pg_type as t on t.oid = a.atttypid
       left join pg_index as i on i.indrelid = c.oid and i.indisprimary
       where n.nspname = $1 and c.relname = $2 order by a.attnum`,
      [schema_name, table_name],
    );
    return {
      name: `${quoted(schema_name)}.${quoted(table_name)}`,
      columns,
      keys: columns.filter(({ key }) => key),
      secured: columns[0]?.secured ?? false,
      fullIdentity: columns[0]?.full_identity ?? false,
    };
  }
}

const nameOf = ({ schema_name, table_name }: Change) => `${schema_name}.${table_name}`;
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
const pick = (row: Record<string, unknown>, columns: readonly { readonly name: string }[]) =>
  Object.fromEntries(columns.map(({ name }) => [name, row[name]]));

/** The change with as much of the old row as the table's replica identity logs. */
const identified = (change: Change, { keys, fullIdentity }: Table): Change =>
  change.old_record && !fullIdentity ? { ...change, old_record: pick(change.old_record, keys) } : change;

/** The change as hosted words it for one role, with the columns that were selected and may be read. */
function dataOf(change: Change, table: Table, claims: Claims, subscriptions: readonly Subscription[]) {
  const { schema_name, table_name, type, record, old_record, commit_timestamp } = change;
  const head = {
    schema: schema_name,
    table: table_name,
    commit_timestamp: new Date(commit_timestamp).toISOString(),
    type,
  };
  const role = roleOf(claims);
  const problem = !table.keys.length
    ? 'Error 400: Bad Request, no primary key'
    : table.keys.some(({ readers }) => !readers.includes(role))
      ? 'Error 401: Unauthorized'
      : undefined;
  if (problem) return { ...head, columns: [], ...(record && { record: {} }), errors: [problem] };
  const selected = subscriptions.every(({ columns }) => columns)
    ? new Set(subscriptions.flatMap(({ columns = [] }) => columns))
    : undefined;
  const columns = table.columns.filter(
    ({ name, key, readers }) => readers.includes(role) && (key || !selected || selected.has(name)),
  );
  const full = record && pick(record, columns);
  const tooLong = full && Buffer.byteLength(JSON.stringify(full)) > LONGEST_RECORD;
  const fits = (value: unknown) => Buffer.byteLength(JSON.stringify(value) ?? '') <= LONGEST_FIELD_THEN;
  return {
    ...head,
    columns: columns.map(({ name, type: typeName }) => ({ name, type: typeName })),
    ...(full && {
      record: tooLong ? Object.fromEntries(Object.entries(full).filter(([, value]) => fits(value))) : full,
    }),
    // With row-level security the old row is its key, whatever the replica identity logs.
    ...(old_record && {
      old_record: pick(old_record, table.secured ? table.keys : columns.filter(({ name }) => name in old_record)),
    }),
    errors: tooLong ? ['Error 413: Payload Too Large'] : null,
  };
}
