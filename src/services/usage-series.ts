/** One row of `usage_data`: what one model used on one UTC day, for one project, from one source. */
export interface UsageRow {
  readonly id: string;
  /** UTC day, `YYYY-MM-DD`. */
  readonly date: string;
  readonly model: string;
  readonly project: string;
  readonly source: 'openai' | 'chat' | 'import' | 'sample';
  readonly requests: number;
  /** Input tokens, the cached ones included. */
  readonly context_tokens: number;
  readonly cached_tokens: number;
  readonly generated_tokens: number;
  /** USD; null when no price is known for the model. */
  readonly cost: number | null;
  /** Grams CO2e; null when it is unknown. */
  readonly co2_grams: number | null;
}

export type UsageMetric = 'tokens' | 'requests' | 'cost' | 'co2';

/** What a chart draws: one value a day for each model; a day without rows is 0. */
export interface UsageSeries {
  /** UTC days, `YYYY-MM-DD`, without gaps. */
  readonly days: readonly string[];
  /** Ordered by name, so that a change of the numbers moves none of them. */
  readonly models: readonly { readonly model: string; readonly values: readonly number[] }[];
  /** Rows that have no value for the metric: unpriced, or of unknown footprint. They count as 0 above. */
  readonly unknown: number;
  readonly total: number;
}

const DAY_MS = 86_400_000;

/** The last `count` UTC days, today included, oldest first. */
export function lastDays(count: number, now: number = Date.now()): string[] {
  return Array.from({ length: count }, (_, index) => utcDay(now - (count - 1 - index) * DAY_MS));
}

const utcDay = (time: number) => new Date(time).toISOString().slice(0, 10);

/** Adds rows up by day and model. */
export function usageSeries(rows: readonly UsageRow[], days: readonly string[], metric: UsageMetric): UsageSeries {
  const place = new Map(days.map((day, index) => [day, index]));
  const models = new Map<string, number[]>();
  let unknown = 0;
  let total = 0;
  for (const row of rows) {
    const index = place.get(row.date);
    if (index === undefined) continue;
    const value = valueOf(row, metric);
    if (value === null) unknown += 1;
    const values = models.get(row.model) ?? new Array<number>(days.length).fill(0);
    values[index]! += value ?? 0;
    total += value ?? 0;
    models.set(row.model, values);
  }
  const ordered = [...models].sort(([a], [b]) => (a < b ? -1 : 1)).map(([model, values]) => ({ model, values }));
  return { days, models: ordered, unknown, total };
}

function valueOf(row: UsageRow, metric: UsageMetric): number | null {
  switch (metric) {
    case 'tokens':
      return row.context_tokens + row.generated_tokens;
    case 'requests':
      return row.requests;
    case 'cost':
      return row.cost;
    case 'co2':
      return row.co2_grams;
  }
}
