import type { UsageRow } from './usage-series.ts';

/** Column and value; tokens of the input include the cached ones, costs are USD, footprints grams CO2e. */
const COLUMNS: readonly (readonly [string, (row: UsageRow) => string | number | null])[] = [
  ['date_utc', (row) => row.date],
  ['model', (row) => row.model],
  ['project', (row) => row.project],
  ['source', (row) => row.source],
  ['requests', (row) => row.requests],
  ['input_tokens', (row) => row.context_tokens],
  ['cached_tokens', (row) => row.cached_tokens],
  ['output_tokens', (row) => row.generated_tokens],
  ['cost_usd', (row) => row.cost],
  ['co2_grams', (row) => row.co2_grams],
];

/** Rows of usage as CSV (RFC 4180, numbers with a point, nothing where nothing is known), safe to open in a spreadsheet. */
export function usageCsv(rows: readonly UsageRow[]): string {
  const lines = [COLUMNS.map(([name]) => name), ...rows.map((row) => COLUMNS.map(([, read]) => read(row)))];
  return lines.map(csvLine).join('');
}

/** One line of CSV: texts that a spreadsheet would run are made plain texts, null is nothing. */
export const csvLine = (cells: readonly (string | number | null)[]): string => `${cells.map(cell).join(',')}\r\n`;

function cell(value: string | number | null): string {
  if (typeof value !== 'string') return value === null ? '' : String(value);
  // A spreadsheet runs what begins like this; https://owasp.org/www-community/attacks/CSV_Injection
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
