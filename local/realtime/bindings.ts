import { createHash } from 'node:crypto';

/** What a join asks for in `config.postgres_changes`; every field comes from outside. */
export interface Binding {
  readonly event?: unknown;
  readonly schema?: unknown;
  readonly table?: unknown;
  readonly filter?: unknown;
  readonly select?: unknown;
}

/** A row that changed, as the triggers of `changes.sql` keep it. */
export interface Change {
  readonly id: string;
  readonly schema_name: string;
  readonly table_name: string;
  readonly type: 'INSERT' | 'UPDATE' | 'DELETE';
  readonly record: Record<string, unknown> | null;
  readonly old_record: Record<string, unknown> | null;
  readonly commit_timestamp: string;
}

type Matcher = (row: Record<string, unknown>) => boolean;

/** A binding that was understood: which changes it wants, and which columns of them. */
export interface Subscription {
  /** The same for the same parameters, as hosted's hash of them. */
  readonly id: number;
  readonly event: string;
  readonly schema: string;
  /** Undefined listens to the whole schema. */
  readonly table: string | undefined;
  readonly columns: readonly string[] | undefined;
  readonly matches: Matcher;
}

const EVENTS = new Set(['*', 'INSERT', 'UPDATE', 'DELETE']);
const FILTER = /^(\w+)=(eq|in)\.(.*)$/s;

/** @throws an Error in hosted's words when the binding cannot be understood. */
export function subscriptionOf(binding: Binding): Subscription {
  const { event = '*', schema, table, filter, select } = binding;
  if (typeof event !== 'string' || !EVENTS.has(event.toUpperCase())) throw unable(binding);
  if (typeof schema !== 'string' || (table !== undefined && typeof table !== 'string')) throw unable(binding);
  if (select !== undefined && !(Array.isArray(select) && table)) throw unable(binding);
  return {
    id: createHash('sha1').update(JSON.stringify(binding)).digest().readUInt32BE() & 0x7ff_ffff,
    event: event.toUpperCase(),
    schema,
    table: table === '*' ? undefined : table,
    columns: select as string[] | undefined,
    matches: matcherOf(filter),
  };
}

/** Whether a change is what the subscription asked for; row-level security is another question. */
export const wants = ({ event, schema, table, matches }: Subscription, change: Change): boolean =>
  (event === '*' || event === change.type) &&
  (schema === '*' || schema === change.schema_name) &&
  (table === undefined || table === change.table_name) &&
  matches(change.record ?? change.old_record ?? {});

/** The two operators that the kit and old self-hosted servers share; hosted knows more. */
function matcherOf(filter: unknown): Matcher {
  if (filter === undefined || filter === '') return () => true;
  const [, column, operator, value] = (typeof filter === 'string' && FILTER.exec(filter)) || [];
  if (column === undefined || value === undefined) {
    throw new Error(`Error parsing \`filter\` params: [${JSON.stringify(filter)}]; the local server has eq and in`);
  }
  const wanted = new Set(operator === 'in' ? listOf(value) : [value]);
  return (row) => row[column] !== null && row[column] !== undefined && wanted.has(textOf(row[column]));
}

/** The members of PostgREST's `(a,"b,c")`. */
const listOf = (value: string): string[] =>
  [...value.replace(/^\(|\)$/g, '').matchAll(/"((?:[^"\\]|\\.)*)"|([^,]+)/g)].map(([, quoted, bare = '']) =>
    quoted === undefined ? bare.trim() : quoted.replace(/\\(.)/g, '$1'),
  );

const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

/** What hosted says to a table that is not published, and to parameters that it does not understand. */
export const unable = ({ event, schema, table, filter }: Binding) =>
  new Error(
    'Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect ' +
      `parameters: [event: ${String(event)}, schema: ${String(schema)}, table: ${String(table)}, ` +
      `filters: ${JSON.stringify(filter === undefined ? [] : [filter])}]`,
  );
