import type { Database } from '../database.ts';
import type { Claims } from '../keys.ts';
import { roleOf } from './authorization.ts';
import { requestOf, unable, type Binding, type Filter, type Request } from './bindings.ts';
import type { Change } from './changes.ts';

/** A request that Postgres agreed to: the filters' values are compared as it writes them into JSON. */
export interface Subscription extends Omit<Request, 'filters'> {
  readonly filters: readonly { readonly column: string; readonly values: ReadonlySet<string> }[];
}

/** Whether a change is of the kind and table that the subscription asked for. */
export const concerns = ({ event, schema, table }: Subscription, change: Change): boolean =>
  (event === '*' || event === change.type) &&
  (schema === '*' || schema === change.schema_name) &&
  (table === '*' || table === change.table_name);

/** Whether the new row passes the filters; of a row that is gone, what the replica identity has logged of it. */
export function passes({ filters }: Subscription, change: Change): boolean {
  const row = change.record ?? change.old_record ?? {};
  return filters.every(({ column, values }) => {
    const value = row[column];
    return value !== null && value !== undefined && values.has(JSON.stringify(value));
  });
}

/** Hosted's most values of an `in`. */
const MOST_VALUES = 100;

/** Checks a binding against the publication and its table. @throws an Error in hosted's words. */
export async function subscribe(database: Database, binding: Binding, claims: Claims): Promise<Subscription> {
  const request = requestOf(binding);
  const published = await database.query(
    `select 1 from pg_publication_tables where pubname = 'supabase_realtime'
     and ($1 = '*' or schemaname = $1) and ($2 = '*' or tablename = $2) limit 1`,
    [request.schema, request.table],
  );
  if (!published.length) throw unable(request);
  const types = await readableTypes(database, request, claims);
  for (const column of request.columns ?? []) {
    if (!types.has(column)) throw unable(request, `P0001 (raise_exception) invalid column for select ${column}`);
  }
  const filters = await Promise.all(
    request.filters.map(async (filter) => {
      const type = types.get(filter.column);
      // Also a column that may not be read: its changes would tell, guess by guess, what is in it.
      if (!type) throw unable(request, `P0001 (raise_exception) invalid column for filter ${filter.column}`);
      const values = await valuesOf(database, filter, type).catch((error: unknown) => {
        const { code = '', message } = error as Error & { code?: string };
        throw unable(request, `${code} ${message}`);
      });
      if (values.size <= MOST_VALUES) return { column: filter.column, values };
      throw unable(request, 'P0001 (raise_exception) too many values for `in` filter. Maximum 100');
    }),
  );
  return { ...request, filters };
}

async function readableTypes(
  database: Database,
  { schema, table }: Request,
  claims: Claims,
): Promise<ReadonlyMap<string, string>> {
  const columns = await database.query<{ name: string; type: string }>(
    `select attname as name, atttypid::regtype::text as type from pg_attribute
     where attrelid = to_regclass(format('%I.%I', $1::text, $2::text)) and attnum > 0 and not attisdropped
     and has_column_privilege($3, attrelid, attnum, 'select')`,
    [schema, table, roleOf(claims)],
  );
  return new Map(columns.map(({ name, type }) => [name, type]));
}

/** The values of a filter as the column's type has them: `EQ.7F…` finds the UUID `7f…`. */
async function valuesOf(database: Database, { operator, value }: Filter, type: string): Promise<Set<string>> {
  const [row] = await database.query<{ value: unknown }>(
    `select to_jsonb($1::text::${type}${operator === 'in' ? '[]' : ''}) as value`,
    [value],
  );
  const values = operator === 'in' ? (row?.value as unknown[]) : [row?.value];
  return new Set(values.map((each) => JSON.stringify(each)));
}
