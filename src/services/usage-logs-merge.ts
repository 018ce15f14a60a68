import type { LogEntries, LogEntry } from './usage-logs-view.ts';

type Order = (a: LogEntry, b: LogEntry) => number;

/**
 * Rows in order with what has been read again of them: those that were asked for and did not come are gone, those that
 * came stand where they belong. What belongs after the last row is left out while there is more to be read.
 */
export function mergeEntries(
  rows: readonly LogEntry[],
  asked: ReadonlySet<string>,
  fetched: readonly LogEntry[],
  order: Order,
  more: boolean,
): readonly LogEntry[] {
  const last = rows.at(-1);
  const kept = rows.filter((row) => !asked.has(row.id));
  for (const row of fetched) {
    if (more && last && order(row, last) > 0) continue;
    kept.splice(placeOf(kept, row, order), 0, row);
  }
  return kept;
}

/** Before how many rows in order a row does not stand. */
export function placeOf(rows: readonly LogEntry[], row: LogEntry, order: Order): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (order(rows[middle]!, row) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

const COUNTED = ['context_tokens', 'generated_tokens', 'cost', 'co2_grams'] as const;

/** Sums have at most six decimals in the database; what differs by less than half of the last is the same. */
const TOLERANCE = 5e-7;

type Count = Pick<LogEntries, 'total' | 'estimated' | 'totals'>;

/** Whether the sums have changed by these rows alone: then nothing else was written, changed or deleted. */
export function explained(shown: Count, added: readonly LogEntry[], fetched: Count): boolean {
  const { totals: before } = shown;
  const { totals: after } = fetched;
  // A number alone would not tell of a row that has changed.
  if (!before || !after || fetched.total - shown.total !== added.length) return false;
  if (after.errors - before.errors !== added.filter(({ status }) => status === 'error').length) return false;
  return COUNTED.every((name) => {
    const sum = added.reduce((total, row) => total + (row[name] ?? 0), before[name]);
    return Math.abs(after[name] - sum) < TOLERANCE * Math.max(1, Math.abs(sum) * 1e-6);
  });
}
