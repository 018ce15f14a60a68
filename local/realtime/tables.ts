import type { Database } from '../database.ts';
import type { Claims } from '../keys.ts';
import { actAs } from './authorization.ts';
import type { Change } from './changes.ts';

export interface Column {
  readonly name: string;
  readonly type: string;
  /** The type as a declaration has it, with its modifiers. */
  readonly declared: string;
  readonly key: boolean;
  /** The roles that may select it. */
  readonly readers: readonly string[];
}

export interface Table {
  /** Qualified and quoted. */
  readonly name: string;
  readonly columns: readonly Column[];
  /** Those of the primary key. */
  readonly keys: readonly Column[];
  /** Whether row-level security is on. */
  readonly secured: boolean;
  /** Whether the whole old row is logged, not its key only. */
  readonly fullIdentity: boolean;
}

/** Looks up a table of which there was a change; undefined when it is gone by now. */
export async function describeTable(database: Database, schema: string, name: string): Promise<Table | undefined> {
  const columns = await database.query<Column & { secured: boolean; full_identity: boolean }>(
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
    [schema, name],
  );
  const [first] = columns;
  return (
    first && {
      name: `${quoted(schema)}.${quoted(name)}`,
      columns,
      keys: columns.filter(({ key }) => key),
      secured: first.secured,
      fullIdentity: first.full_identity,
    }
  );
}

/** Which of a table's changed rows the bearer of the claims may see now, by the ids of their changes. */
export async function visibleRows(
  database: Database,
  claims: Claims,
  { name, keys }: Table,
  changes: readonly Change[],
): Promise<readonly string[]> {
  const joined = keys.map((key) => `t.${quoted(key.name)} = (k.row ->> ${literal(key.name)})::${key.declared}`);
  const found = await database.exclusive((driver) =>
    driver.transaction(async (transaction) => {
      await actAs(transaction, claims);
      return transaction.query<{ position: number }>(
        `select k.position::int as position from jsonb_array_elements($1) with ordinality as k(row, position)
         join ${name} as t on ${joined.join(' and ')}`,
        [changes.map(({ record }) => pick(record!, keys))],
      );
    }),
  );
  return found.rows.map(({ position }) => changes[position - 1]!.id);
}

export const pick = (row: Record<string, unknown>, columns: readonly { readonly name: string }[]) =>
  Object.fromEntries(columns.map(({ name }) => [name, row[name]]));

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;
