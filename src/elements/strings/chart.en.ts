import type { UsageGroup, UsageMetric } from '../../services/usage-series.ts';

/** Every word that a chart says at once, in English; beside the others, because a page without a chart does not load them. */
export const chartStrings = {
  title: {
    tokens: 'Tokens per day',
    input: 'Input tokens per day',
    output: 'Output tokens per day',
    cached: 'Cached input tokens per day',
    requests: 'Requests per day',
    cost: 'Cost per day',
    co2: 'CO₂e per day',
  } satisfies Record<UsageMetric, string>,
  nameless: { model: 'No model', project: 'No project', none: 'All' } satisfies Record<UsageGroup, string>,
  rest: 'Other',
  last: (days: number) => (days === 1 ? 'Today' : `Last ${days} days`),
  empty: (period: string) => `${period}: no usage yet. It appears here by itself as soon as there is some.`,
  unshared: 'This chart is not shared at present.',
  unknown: (what: 'price' | 'footprint', models: readonly string[]) => {
    const more = models.length > 2 ? ` and ${models.length - 2} more` : '';
    return `Without a known ${what}, not counted: ${models.slice(0, 2).join(', ') || 'a part'}${more}`;
  },
  unknownValue: 'unknown',
  summary: (title: string, period: string, total: string) => `${title}, ${period.toLowerCase()}: ${total} in total`,
  plot: (title: string) => `${title}, chart`,
  keys: 'Left and right arrow keys go from day to day, up and down through what is drawn, Escape leaves.',
  total: 'Total',
  /** As `+12%`, and what it is compared with. */
  change: (change: string, days: number) => `${change} vs. previous ${days === 1 ? 'day' : `${days} days`}`,
  point: (day: string, total: string, lines: readonly string[]) =>
    [`${day}: ${total}`, ...(lines.length > 1 ? lines : [])].join('; '),
  pointOf: (name: string, day: string, value: string) => `${name}, ${day}: ${value}`,
  utc: 'UTC days',
  zone: (time: string, zone: string) => `UTC days; the last one began ${time} in ${zone}`,
  controls: 'What is shown',
  more: 'More',
} as const;
