import type { Change } from './changes.ts';
import { pick, type Table } from './tables.ts';

/** Hosted's longest change, and the longest field that is left of one that is longer; bytes. */
const LONGEST_CHANGE = 2 ** 20;
const LONGEST_FIELD_THEN = 64;

export type Data = Record<string, unknown>;

/** What hosted says instead of a change that a role cannot be shown, whatever it asked for. */
export function problemOf(change: Change, { keys }: Table, role: string): string | undefined {
  if (change.type === 'DELETE') return undefined;
  if (!keys.length) return 'Error 400: Bad Request, no primary key';
  return keys.every(({ readers }) => readers.includes(role)) ? undefined : 'Error 401: Unauthorized';
}

export const POLICY_FAILED = 'Error 500: Internal Server Error, RLS policy evaluation failed';

/** A change of which nothing but its table is told. */
export const withheld = ({ schema_name, table_name, type }: Change, problem: string): Data => ({
  schema: schema_name,
  table: table_name,
  commit_timestamp: null,
  type,
  columns: [],
  record: {},
  ...(type === 'UPDATE' && { old_record: {} }),
  errors: [problem],
});

/** The change with as much of the old row as the table's replica identity logs. */
export const identified = (change: Change, { keys, fullIdentity }: Table): Change =>
  change.old_record && !fullIdentity ? { ...change, old_record: pick(change.old_record, keys) } : change;

/** The change as hosted words it for one role: the columns that it may read, and of those the selected ones. */
export function dataOf(change: Change, table: Table, role: string, selected: readonly string[] | undefined): Data {
  const { schema_name, table_name, type, record, old_record, commit_timestamp } = change;
  const columns = table.columns.filter(
    ({ name, key, readers }) => readers.includes(role) && (key || !selected || selected.includes(name)),
  );
  const tooLong = bytesOf(record) + bytesOf(old_record) > LONGEST_CHANGE;
  const shown = (row: Record<string, unknown>, among = columns) =>
    pick(
      row,
      among.filter(({ name }) => name in row && !(tooLong && bytesOf(row[name]) > LONGEST_FIELD_THEN)),
    );
  return {
    schema: schema_name,
    table: table_name,
    commit_timestamp: new Date(commit_timestamp).toISOString(),
    type,
    columns: columns.map(({ name, type: typeName }) => ({ name, type: typeName })),
    ...(record && { record: shown(record) }),
    // Nobody can be asked who may see a row that is gone: with row-level security its key is all that is told.
    ...(old_record && {
      old_record: shown(old_record, type === 'DELETE' && table.secured ? columns.filter(({ key }) => key) : columns),
    }),
    errors: tooLong ? ['Error 413: Payload Too Large'] : null,
  };
}

const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value) ?? '');
