import { LivelitError } from '../store/error.ts';
import type { Lane, OutboxEntry } from '../store/lane.ts';
import type { Live } from '../store/live.ts';
import { readLocal, watchLocal, writeLocal } from '../store/local-storage.ts';
import { shareValue } from '../store/rows.ts';
import { store } from '../store/store.ts';
import { makeId } from '../store/make-id.ts';

export type LimitMetric = 'tokens' | 'requests' | 'cost' | 'co2';
export type LimitPeriod = 'day' | 'month';

/** A limit that the signed-in member has set themselves, and what is used of it. It stops nothing: it tells. */
export interface UsageLimit {
  readonly user_id: string;
  readonly metric: LimitMetric;
  /** Of UTC. */
  readonly period: LimitPeriod;
  /** Tokens, requests, USD or grams CO₂e. */
  readonly limit_value: number;
  readonly used: number;
  /** The UTC day with which the period began that `used` is about, `YYYY-MM-DD`. */
  readonly period_start: string;
  /** When `used` came to the limit in this period; null while it has not. */
  readonly crossed_at: string | null;
  /** `pending` and `failed` are said of a change that has not arrived. */
  readonly status: 'saved' | 'pending' | 'failed';
  readonly error?: OutboxEntry['error'];
}

interface Payload {
  readonly metric: LimitMetric;
  readonly period: LimitPeriod;
  readonly value: number | null;
}

/** Beyond it the database's `numeric(18, 6)` ends. */
const MAX_LIMIT = 1e12;

const DAY_MS = 86_400_000;

/** The limits of the signed-in member; none while nobody is. Kept current by the topic `user:<uid>`. */
export function usageLimits(): Live<readonly UsageLimit[]> {
  return store().live<readonly UsageLimit[]>({
    key: 'usage:limits',
    requires: 'account',
    placeholder: () => ({ data: [], sample: false }),
    topics: ({ session }) => [`user:${session!.userId}`],
    relevant: ({ event }) => event === 'usage_tracking',
    async fetch({ backend, session, signal }) {
      const rows = await backend.fetch<readonly UsageLimit[]>(
        {
          from: 'usage_tracking',
          columns: 'user_id,metric,period,limit_value,used,period_start,crossed_at',
          where: [['user_id', 'eq', session!.userId]],
          order: ['metric', 'period'],
        },
        signal,
      );
      return rows.map((row) => ({ ...row, status: 'saved' as const }));
    },
    reconcile: shareValue,
    overlay: { lane: changes as Lane, show, shows },
    cached: true,
  });
}

/**
 * Sets the signed-in member's limit of a metric in each UTC day or month; null takes it away. It is in `usageLimits()`
 * when this returns.
 *
 * @throws {LivelitError} `invalid` unless the value is null or greater than 0; nothing is queued then.
 */
export function setUsageLimit(metric: LimitMetric, period: LimitPeriod, value: number | null): void {
  if (value !== null && !(value > 0 && value < MAX_LIMIT)) {
    throw new LivelitError('invalid', 'A limit is a number greater than 0.', { reason: 'value' });
  }
  store().write(changes, { id: makeId(), payload: { metric, period, value } });
}

/** When the period of a limit ends, ms since 1970: from then on nothing of the next one is used. */
export function resetsAt({ period, period_start }: Pick<UsageLimit, 'period' | 'period_start'>): number {
  const start = new Date(period_start);
  return period === 'day' ? start.getTime() + DAY_MS : start.setUTCMonth(start.getUTCMonth() + 1);
}

/** A limit as it stands now: the server says what is used only when it changes, so its period may be over. */
export const limitNow = (limit: UsageLimit, now = Date.now()): UsageLimit =>
  resetsAt(limit) > now ? limit : { ...limit, ...periodAt(limit.period, now), used: 0, crossed_at: null };

/** Whether somebody has said in this browser that they know that a limit is reached, in its present period. */
export const limitDismissed = (limit: UsageLimit): boolean => readLocal(dismissedKey(limit)) === limit.crossed_at;

export const dismissLimit = (limit: UsageLimit): void => writeLocal(dismissedKey(limit), limit.crossed_at ?? undefined);

/** Calls back when somebody has dismissed a limit, in this tab or another one; answers the way out. */
export const watchDismissals = (changed: () => void): (() => void) => watchLocal(DISMISSED, changed);

const DISMISSED = 'livelit:limit:';

const dismissedKey = ({ metric, period }: UsageLimit) => `${DISMISSED}${metric}:${period}`;

const periodAt = (period: LimitPeriod, now: number) => {
  const today = new Date(now).toISOString().slice(0, 10);
  return { period_start: period === 'day' ? today : `${today.slice(0, 7)}-01` };
};

const changes: Lane<Payload> = {
  name: 'usage:limits',
  deliver: ({ payload: { metric, period, value } }, { backend, signal }) =>
    backend.write(
      { rpc: 'usage_limit_set', parameters: { p_metric: metric, p_period: period, p_limit_value: value } },
      signal,
    ),
};

/** The limits under the changes that have not arrived. */
const show = (data: readonly UsageLimit[] | undefined, entries: readonly OutboxEntry[]) =>
  data && (entries as readonly OutboxEntry<Payload>[]).reduce(withChange, data);

function withChange(limits: readonly UsageLimit[], entry: OutboxEntry<Payload>): readonly UsageLimit[] {
  const { metric, period, value } = entry.payload;
  const own = limits.find((limit) => same(limit, entry.payload));
  const others = limits.filter((limit) => limit !== own);
  const status = entry.state === 'failed' ? ('failed' as const) : ('pending' as const);
  const change = { status, error: entry.error };
  // What could not be taken away is still there, and says so.
  if (value === null) return own && status === 'failed' ? [...others, { ...own, ...change }].sort(byMetric) : others;
  const unused = {
    user_id: entry.userId ?? '',
    metric,
    period,
    ...periodAt(period, Date.now()),
    used: 0,
    crossed_at: null,
  };
  return [...others, { ...(own ?? unused), limit_value: value, ...change }].sort(byMetric);
}

const shows = (data: readonly UsageLimit[], { payload }: OutboxEntry) =>
  (data.find((limit) => same(limit, payload as Payload))?.limit_value ?? null) === (payload as Payload).value;

const same = (limit: Pick<UsageLimit, 'metric' | 'period'>, { metric, period }: Payload) =>
  limit.metric === metric && limit.period === period;

const byMetric = (a: UsageLimit, b: UsageLimit) => (a.metric + a.period < b.metric + b.period ? -1 : 1);
