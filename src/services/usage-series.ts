import { LivelitError } from '../store/error.ts';

/** What one model used on one UTC day, for one project, from one source: a row of the view `usage_counted`. */
export interface UsageRow {
  readonly id: string;
  /** UTC day, `YYYY-MM-DD`. */
  readonly date: string;
  readonly model: string;
  readonly project: string;
  /** `share` for the totals that somebody else shares. */
  readonly source: 'openai' | 'anthropic' | 'chat' | 'import' | 'sample' | 'share';
  readonly requests: number;
  /** Input tokens, the cached ones included. */
  readonly context_tokens: number;
  readonly cached_tokens: number;
  readonly generated_tokens: number;
  /** USD; null when no price is known for the model. */
  readonly cost: number | null;
  /** Some of what was added up here has no known price; the cost is that of the rest. */
  readonly unpriced?: boolean;
  /** Grams CO2e; null when it is unknown. */
  readonly co2_grams: number | null;
}

/** `tokens` is input and output together; `cached` is the part of the input that was read from the provider's cache. */
export type UsageMetric = 'tokens' | 'input' | 'output' | 'cached' | 'requests' | 'cost' | 'co2';

/** What the numbers are divided by. */
export type UsageGroup = 'model' | 'project' | 'none';

/** The last days, today included; or UTC days `YYYY-MM-DD`, both inclusive, `to` being today unless said. */
export type UsageRange = { readonly days?: number } | { readonly from: string; readonly to?: string | undefined };

/** What one model or project used: one value a day. */
export interface UsageLine {
  /** Empty for the rest, for everything together, and for what belongs to no project. */
  readonly name: string;
  /** The sum of all that is not among the largest. */
  readonly rest: boolean;
  readonly values: readonly number[];
  readonly total: number;
}

/** What a chart draws; a day without rows is 0. */
export interface UsageSeries {
  /** UTC days, `YYYY-MM-DD`, without gaps. */
  readonly days: readonly string[];
  /** Ordered by name, so that a change of the numbers moves none of them; the rest is last. */
  readonly lines: readonly UsageLine[];
  /** Models with rows that have no value for the metric: unpriced, or of unknown footprint. They count as 0 above. */
  readonly unknown: readonly string[];
  readonly total: number;
}

/** Sums over a range. */
export type UsageSums = Readonly<Record<UsageMetric, number>>;

/** The sums of a range, and of the equally long one that ended the day before it. */
export interface UsageTotals {
  readonly current: UsageSums;
  readonly previous: UsageSums;
  /** From −1 on, 0.25 being a quarter more than before; null where there was nothing before. */
  readonly change: Readonly<Record<UsageMetric, number | null>>;
}

export const METRICS: readonly UsageMetric[] = ['tokens', 'input', 'output', 'cached', 'requests', 'cost', 'co2'];

/** The longest range that can be asked for, days. */
export const MAX_DAYS = 366;

const DAY_MS = 86_400_000;

/** The last `count` UTC days, today included, oldest first. */
export function lastDays(count: number, now: number = Date.now()): string[] {
  return Array.from({ length: count }, (_, index) => utcDay(now - (count - 1 - index) * DAY_MS));
}

const utcDay = (time: number) => new Date(time).toISOString().slice(0, 10);

/** A day that the calendar has: `2026-02-30` is none. */
const dayTime = (day: string | undefined) => {
  const time = day && /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(day) : NaN;
  return !Number.isNaN(time) && utcDay(time) === day ? time : NaN;
};

/** The UTC days of a range, oldest first; none when it is no range of 1 to 366 days. */
export function rangeDays(range: UsageRange, now: number = Date.now()): string[] {
  if (!('from' in range)) {
    const { days = 30 } = range;
    return Number.isInteger(days) && days >= 1 && days <= MAX_DAYS ? lastDays(days, now) : [];
  }
  const end = range.to ? dayTime(range.to) : dayTime(utcDay(now));
  const count = (end - dayTime(range.from)) / DAY_MS + 1;
  return count >= 1 && count <= MAX_DAYS ? lastDays(count, end) : [];
}

/**
 * A range in a word, as the keys of queries name it.
 *
 * @throws {LivelitError} `invalid` unless it has 1 to 366 days.
 */
export function rangeName(range: UsageRange): string {
  if (!rangeDays(range).length) {
    throw new LivelitError('invalid', `A range has 1 to ${MAX_DAYS} days.`, { reason: 'days' });
  }
  return 'from' in range ? `${range.from}..${range.to ?? ''}` : String(range.days ?? 30);
}

/** As many days, ending the day before the first of these. */
export const previousDays = (days: readonly string[]): string[] =>
  days[0] ? lastDays(days.length, Date.parse(days[0]) - DAY_MS) : [];

/** Adds rows up by day and model or project; all but the `top` largest become one line, the rest. */
export function usageSeries(
  rows: readonly UsageRow[],
  days: readonly string[],
  metric: UsageMetric,
  group: UsageGroup = 'model',
  top = Infinity,
): UsageSeries {
  const place = new Map(days.map((day, index) => [day, index]));
  const sums = new Map<string, number[]>();
  const unknown = new Set<string>();
  for (const row of rows) {
    const index = place.get(row.date);
    if (index === undefined) continue;
    const value = valueOf(row, metric);
    if (value === null || (metric === 'cost' && row.unpriced)) unknown.add(row.model);
    const name = group === 'none' ? '' : row[group];
    let values = sums.get(name);
    if (!values) sums.set(name, (values = new Array<number>(days.length).fill(0)));
    values[index]! += value ?? 0;
  }
  const all = [...sums]
    .map(([name, values]) => ({ name, rest: false, values, total: sum(values) }))
    .sort((a, b) => b.total - a.total || byName(a, b));
  const lines: UsageLine[] = all.slice(0, top).sort(byName);
  const others = all.slice(top);
  if (others.length) {
    const values = days.map((_, index) => sum(others.map((line) => line.values[index]!)));
    lines.push({ name: '', rest: true, values, total: sum(values) });
  }
  return { days, lines, unknown: [...unknown].sort(), total: sum(lines.map(({ total }) => total)) };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

const byName = (a: { readonly name: string }, b: { readonly name: string }) => (a.name < b.name ? -1 : 1);

/** The sums of the rows on these days, beside those of as many days before. */
export function usageSums(rows: readonly UsageRow[], days: readonly string[]): UsageTotals {
  const present = new Set(days);
  const past = new Set(previousDays(days));
  const of = <Value>(value: (metric: UsageMetric) => Value) =>
    Object.fromEntries(METRICS.map((metric) => [metric, value(metric)])) as Record<UsageMetric, Value>;
  const current = of(() => 0);
  const previous = of(() => 0);
  for (const row of rows) {
    const sums = present.has(row.date) ? current : past.has(row.date) ? previous : undefined;
    if (sums) for (const metric of METRICS) sums[metric] += valueOf(row, metric) ?? 0;
  }
  return { current, previous, change: of((metric) => usageChange(current[metric], previous[metric])) };
}

/** By which part of `previous` something has grown; null where there was nothing. */
export const usageChange = (current: number, previous: number): number | null =>
  previous > 0 ? current / previous - 1 : null;

function valueOf(row: UsageRow, metric: UsageMetric): number | null {
  switch (metric) {
    case 'tokens':
      return row.context_tokens + row.generated_tokens;
    case 'input':
      return row.context_tokens;
    case 'output':
      return row.generated_tokens;
    case 'cached':
      return row.cached_tokens;
    case 'requests':
      return row.requests;
    case 'cost':
      return row.cost;
    case 'co2':
      return row.co2_grams;
  }
}
