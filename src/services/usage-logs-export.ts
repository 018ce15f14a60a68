import { store } from '../store/store.ts';
import { csvLine } from './usage-csv.ts';
import { entryParameters, userParameters, type EntryView, type LogFilters, type UserView } from './usage-logs-view.ts';

export type LogFileFormat = 'csv' | 'json';

/** A piece of a file, and how far it goes. */
export interface LogFilePiece {
  readonly text: string;
  /** Rows so far. */
  readonly rows: number;
  /** Rows in all, when the file was begun; may grow while it is read. */
  readonly total: number;
}

type Cell = string | number | boolean | null;
type Row = Readonly<Record<string, Cell>>;

interface Answer {
  readonly rows: readonly Row[];
  readonly next_cursor: string | null;
  readonly totals: { readonly users?: number; readonly requests: number } | null;
}

/** The most that the database answers at once, by function. */
const USERS_ROWS = 200;
const ENTRIES_ROWS = 1_000;

const USER_COLUMNS =
  'owner_id,user_id,email,full_name,user_type,requests,errors,context_tokens,cached_tokens,generated_tokens,tokens,cost,unpriced,co2_grams,first_activity_at,last_activity_at,has_completed_payment,revenue'.split(
    ',',
  );
const ENTRY_COLUMNS =
  'id,at,user_id,email,full_name,app,feature,provider,model,project,context_tokens,cached_tokens,generated_tokens,tokens,cost,co2_grams,status,error,latency_ms,key'.split(
    ',',
  );

/**
 * All users that the filters of a view leave, or all calls, piece by piece as they are read: CSV (RFC 4180, safe to open in
 * a spreadsheet) or a JSON array. Users come in the order of their addresses, because nobody changes place in it while
 * the file is written; calls in the order of the view. Costs are USD, footprints grams CO2e, times ISO 8601.
 *
 * @throws {LivelitError} when it cannot be read to the end.
 */
export function exportUsers(view: UserView, format: LogFileFormat, signal: AbortSignal) {
  const parameters = { ...userParameters({ ...view, sort: 'email', ascending: true }), p_limit: USERS_ROWS };
  return pieces('usage_logs_page', parameters, USER_COLUMNS, format, signal);
}

/** … of calls. */
export function exportEntries(view: EntryView, format: LogFileFormat, signal: AbortSignal) {
  const parameters = { ...entryParameters(view), p_limit: ENTRIES_ROWS, p_columns: ENTRY_COLUMNS };
  return pieces('usage_log_entries', parameters, ENTRY_COLUMNS, format, signal);
}

/** The name of a file: what it has, and the day on which it was made, UTC. */
export const logFileName = (by: 'users' | 'entries', { search }: LogFilters, format: LogFileFormat): string => {
  const found = search
    .trim()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '');
  const what = by === 'users' ? 'usage-by-user' : 'usage-log';
  return `${[what, found, new Date().toISOString().slice(0, 10)].filter(Boolean).join('-')}.${format}`;
};

async function* pieces(
  rpc: string,
  parameters: object,
  columns: readonly string[],
  format: LogFileFormat,
  signal: AbortSignal,
): AsyncGenerator<LogFilePiece> {
  const backend = await store().connection.backend();
  let cursor: string | null = null;
  let rows = 0;
  let total = 0;
  do {
    const place = { p_cursor: cursor, p_summary: rows ? 'none' : 'totals' };
    const answer: Answer = await backend.fetch({ rpc, parameters: { ...parameters, ...place } }, signal);
    signal.throwIfAborted();
    total = Math.max(answer.totals?.users ?? answer.totals?.requests ?? total, rows + answer.rows.length);
    const begin = rows ? '' : format === 'csv' ? csvLine(columns) : '[\n';
    const text = answer.rows.map((row, index) => {
      const cells = columns.map((name) => row[name] ?? null);
      if (format === 'csv') return csvLine(cells.map((cell) => (typeof cell === 'boolean' ? String(cell) : cell)));
      return `${rows + index ? ',\n' : ''}${JSON.stringify(Object.fromEntries(columns.map((name, at) => [name, cells[at]])))}`;
    });
    rows += answer.rows.length;
    cursor = answer.next_cursor;
    const end = cursor || format === 'csv' ? '' : '\n]\n';
    yield { text: begin + text.join('') + end, rows, total };
  } while (cursor);
}
