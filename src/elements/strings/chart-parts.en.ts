import type { LimitMetric, LimitPeriod } from '../../services/usage-limits.ts';
import type { UsageGroup, UsageMetric } from '../../services/usage-series.ts';

/** The words of those parts of a chart that are loaded when they are wanted: table, menu, controls, limits. */
export const partStrings = {
  day: 'Day',
  /** Of a footprint, whose middle stands before. */
  estimate: (low: string, high: string) => `between ${low} and ${high}`,
  showTable: 'Show as table',
  showChart: 'Show as chart',
  download: (format: string) => `Download ${format.toUpperCase()}`,
  metric: 'Metric',
  metrics: {
    tokens: 'Tokens',
    input: 'Input tokens',
    output: 'Output tokens',
    cached: 'Cached input',
    requests: 'Requests',
    cost: 'Cost',
    co2: 'CO₂e',
  } satisfies Record<UsageMetric, string>,
  group: 'Divided',
  groups: { model: 'By model', project: 'By project', none: 'All together' } satisfies Record<UsageGroup, string>,
  range: 'Range',
  custom: 'Custom',
  from: 'From',
  to: 'To',
  type: 'Drawn as',
  types: { stacked: 'Stacked bars', bar: 'Bars side by side', line: 'Lines' },
  incomplete: 'Both days are needed.',
  future: 'That day is still to come (days are UTC).',
  reversed: 'The first day comes after the last.',
  tooLong: (days: number) => `A range has ${days} days at most.`,
  limit: (value: string) => `Daily limit ${value}`,
  limits: { day: 'Daily limit', month: 'Monthly limit' } satisfies Record<LimitPeriod, string>,
  units: { tokens: 'tokens', requests: 'requests', cost: '', co2: 'CO₂e' } satisfies Record<LimitMetric, string>,
  /** Of a limit, which is then in words: what was used of how much, and when it begins anew. */
  reached: (limit: string, used: string, of: string, unit: string, reset: string) =>
    `${limit} reached: ${used} of ${of}${unit && ` ${unit}`}. Resets ${reset}.`,
  dismiss: 'Dismiss',
} as const;
