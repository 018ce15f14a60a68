import type { PagePreferences } from '../services/page-preferences.ts';
import {
  MAX_DAYS,
  METRICS,
  rangeDays,
  type UsageGroup,
  type UsageMetric,
  type UsageRange,
} from '../services/usage-series.ts';

/** `stacked`: bars on each other; `bar`: beside each other; `line`: a line each. */
export type ChartType = 'stacked' | 'bar' | 'line';

export const TYPES: readonly ChartType[] = ['stacked', 'bar', 'line'];
export const GROUPS: readonly UsageGroup[] = ['model', 'project', 'none'];

const DEFAULT_DAYS = 30;

/** As many as have a colour of their own beside the rest. */
const DEFAULT_TOP = 7;

/** What can be chosen of a chart: by its attributes, or by its controls. */
export interface UsageChartChoice {
  readonly metric: UsageMetric;
  readonly group: UsageGroup;
  readonly type: ChartType;
  readonly days: number;
  readonly from: string;
  readonly to: string;
}

/** … beside what only its attributes say. */
export interface Chosen extends UsageChartChoice {
  readonly top: number;
  readonly share: string;
}

/** As it is said, and where nothing is. */
export type Said = Omit<Chosen, 'metric'> & { readonly metric: UsageMetric | '' };

/** What is chosen; what makes no sense counts as not said, and what is not said is what is preferred on this page. */
export function soundChoice(
  { metric, group, type, days, from, to, top, share }: Said,
  preferred: PagePreferences = {},
): Chosen {
  const custom = from !== '' && rangeDays({ from, to }).length > 0;
  return {
    metric: isMetric(metric) ? metric : (preferred.metric ?? 'tokens'),
    // A share tells nothing by which it could be divided.
    group: share ? 'none' : GROUPS.includes(group) ? group : 'model',
    type: TYPES.includes(type) ? type : 'stacked',
    days: isCount(days) && days <= MAX_DAYS ? days : (preferred.days ?? DEFAULT_DAYS),
    from: custom ? from : '',
    to: custom ? to : '',
    top: isCount(top) ? top : DEFAULT_TOP,
    share,
  };
}

export const rangeOf = ({ days, from, to }: Pick<UsageChartChoice, 'days' | 'from' | 'to'>): UsageRange =>
  from ? { from, to } : { days };

const isMetric = (word: string): word is UsageMetric => (METRICS as readonly string[]).includes(word);

const isCount = (number: number) => Number.isInteger(number) && number >= 1;
