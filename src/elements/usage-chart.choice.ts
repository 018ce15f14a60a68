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

/** What is chosen; what makes no sense counts as not said. */
export function soundChoice({ metric, group, type, days, from, to, top, share }: Chosen): Chosen {
  const custom = from !== '' && rangeDays({ from, to }).length > 0;
  return {
    metric: METRICS.includes(metric) ? metric : 'tokens',
    // A share tells nothing by which it could be divided.
    group: share ? 'none' : GROUPS.includes(group) ? group : 'model',
    type: TYPES.includes(type) ? type : 'stacked',
    days: isCount(days) && days <= MAX_DAYS ? days : DEFAULT_DAYS,
    from: custom ? from : '',
    to: custom ? to : '',
    top: isCount(top) ? top : DEFAULT_TOP,
    share,
  };
}

export const rangeOf = ({ days, from, to }: UsageChartChoice): UsageRange => (from ? { from, to } : { days });

const isCount = (number: number) => Number.isInteger(number) && number >= 1;
