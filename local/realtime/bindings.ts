import { createHash } from 'node:crypto';

/** What a join asks for in `config.postgres_changes`; every field comes from outside. */
export interface Binding {
  readonly event?: unknown;
  readonly schema?: unknown;
  readonly table?: unknown;
  readonly filter?: unknown;
  readonly select?: unknown;
}

/** `column=eq.value` or `column=in.(a,b)`; the value as Postgres reads it, of `in` an array. */
export interface Filter {
  readonly column: string;
  readonly operator: 'eq' | 'in';
  readonly value: string;
}

/** A binding that was understood: which changes it wants, and which columns of them. `*` is any. */
export interface Request {
  readonly id: number;
  readonly event: string;
  readonly schema: string;
  readonly table: string;
  readonly filters: readonly Filter[];
  readonly columns: readonly string[] | undefined;
}

/** The same for the same parameters, as hosted's hash of them. */
export const idOf = (binding: Binding): number =>
  createHash('sha1').update(JSON.stringify(binding)).digest().readUInt32BE() & 0x7ff_ffff;

const EVENTS = ['INSERT', 'UPDATE', 'DELETE'];
const FILTER = /^([^=]+)=(\w+)\.(.*)$/s;

/** @throws an Error in hosted's words when the binding cannot be understood. */
export function requestOf(binding: Binding): Request {
  const { event, schema, table, filter, select } = binding;
  const name = typeof event === 'string' ? event.toUpperCase() : '*';
  if (!isName(schema) || !isName(table) || (schema ?? table) === undefined || (filter !== undefined && !table)) {
    throw new Error(
      'No subscription params provided. Please provide at least a `schema` or `table` to subscribe to: ' +
        JSON.stringify(binding),
    );
  }
  const request = {
    id: idOf(binding),
    event: EVENTS.includes(name) ? name : '*',
    schema: schema ?? 'public',
    table: table ?? '*',
    filters: filtersOf(filter),
    columns: columnsOf(select),
  };
  if (request.schema !== '*' && request.table !== '*') return request;
  if (request.columns) {
    throw new Error(
      'Column selection is not supported for wildcard subscriptions. Provide an explicit schema and table name.',
    );
  }
  if (request.filters.length) throw unparsed(filter, 'the local server has filters on one table only');
  return request;
}

const isName = (value: unknown): value is string | undefined => value === undefined || typeof value === 'string';

function columnsOf(select: unknown): readonly string[] | undefined {
  if (typeof select === 'string') {
    throw new Error(
      'Error parsing `select` params: expected a list of column name strings, e.g. select: ["col1", "col2"]',
    );
  }
  const columns = Array.isArray(select) ? select.filter((column) => typeof column === 'string') : [];
  return columns.length ? columns : undefined;
}

/** Several filters are parted by commas, and all have to hold. Hosted knows more operators than these two. */
function filtersOf(filter: unknown): readonly Filter[] {
  if (filter === undefined || (typeof filter === 'string' && !filter.trim())) return [];
  if (typeof filter !== 'string') throw unparsed(filter, 'a filter is a string');
  return partsOf(filter).map((part) => {
    const [, column, operator, value] = FILTER.exec(part.trim()) ?? [];
    if (column === undefined || value === undefined || (operator !== 'eq' && operator !== 'in')) {
      throw unparsed(part, 'the local server has eq and in');
    }
    if (operator === 'eq') return { column, operator, value: unquoted(value) };
    if (!/^\(.*\)$/s.test(value)) throw unparsed(part, '`in` filter value must be wrapped by parentheses');
    return { column, operator, value: `{${value.slice(1, -1)}}` };
  });
}

/** Cuts at the commas outside of parentheses and quotes; a quote opens after a dot, a comma or a parenthesis only. */
const PART = /(?:^|,)((?:(?<=[.(,])"(?:\\.|[^"\\])*"|\((?:(?<=[(,])"(?:\\.|[^"\\])*"|[^)])*\)|[^,])*)/gs;
const partsOf = (filter: string): readonly string[] => [...filter.matchAll(PART)].map(([, part = '']) => part);

const unquoted = (value: string) =>
  /^"(?:\\.|[^"\\])*"$/s.test(value) ? value.slice(1, -1).replace(/\\(.)/gs, '$1') : value;

const unparsed = (filter: unknown, reason: string) =>
  new Error(`Error parsing \`filter\` params: [${JSON.stringify(filter)}]; ${reason}`);

/** What hosted says to a table that is not published, and, with what Postgres said, to parameters that it refuses. */
export function unable({ event, schema, table, filters, columns }: Request, exception?: string): Error {
  const shown = filters.map(({ column, operator, value }) => `{"${column}", "${operator}", "${value}", false}`);
  const parameters =
    `[event: ${event}, schema: ${schema}, table: ${table}, filters: [${shown.join(', ')}], ` +
    `select: ${columns ? JSON.stringify(columns) : 'nil'}]`;
  return new Error(
    'Unable to subscribe to changes with given parameters. ' +
      (exception === undefined
        ? `Please check Realtime is enabled for the given connect parameters: ${parameters}`
        : `An exception happened so please check your connect parameters: ${parameters}. Exception: ERROR ${exception}`),
  );
}
