import type { Live } from '../store/live.ts';
import type { LiveQueryOptions, QueryContext } from '../store/query.ts';
import { shareRows, shareValue } from '../store/rows.ts';
import { store } from '../store/store.ts';
import { sampleUsage } from './sample-data.ts';
import {
  previousDays,
  rangeDays,
  rangeName,
  usageSums,
  type UsageRange,
  type UsageRow,
  type UsageSums,
  type UsageTotals,
} from './usage-series.ts';

const NUMBERS = 'date,requests,context_tokens,cached_tokens,generated_tokens,cost,co2_grams';

/**
 * The usage of the signed-in member on the UTC days of a range, oldest first; kept current by the topic `user:<uid>`.
 * Without what does not count: the chat's own rows where the sync brings them as well, and samples, once there is
 * anything else. Sample rows while nobody with an account is signed in. The last 30 days unless said.
 *
 * @throws {LivelitError} `invalid` unless the range has 1 to 366 days.
 */
export function dailyUsage(range: UsageRange = {}): Live<readonly UsageRow[]> {
  return store().live<readonly UsageRow[]>({
    ...about(range, 'daily'),
    placeholder: () => ({ data: sampleOf(range), sample: true }),
    // They are samples all, or none.
    sampled: ([first]) => first?.source === 'sample',
    fetch: (context) =>
      rowsOn(rangeDays(range), context, {
        from: 'usage_counted',
        columns: `id,model,project,source,${NUMBERS}`,
        order: ['date', 'model', 'project', 'source'],
      }),
    reconcile: shareRows,
    watch: keepSynced,
  });
}

/**
 * The sums of the equally long time before a range, for each metric: what `dailyUsage(range)` is compared with. Kept
 * current as that is.
 *
 * @throws {LivelitError} `invalid` unless the range has 1 to 366 days.
 */
export const previousUsage = (range: UsageRange = {}): Live<UsageSums> =>
  sums(range, 'previous', ({ previous }) => previous, previousDays);

/**
 * The sums of a range and of the equally long one before it, for each metric, with the change between the two; kept
 * current as `dailyUsage` is. Where the range ends today, its last day is not over.
 *
 * @throws {LivelitError} `invalid` unless the range has 1 to 366 days.
 */
export const usageTotals = (range: UsageRange = {}): Live<UsageTotals> =>
  sums(
    range,
    'totals',
    (totals) => totals,
    (days) => [...previousDays(days), ...days],
  );

/** Some of the totals of a range, from a row for each of the days that they need. */
function sums<T>(
  range: UsageRange,
  what: string,
  select: (totals: UsageTotals) => T,
  daysOf: (days: readonly string[]) => readonly string[],
): Live<T> {
  const selected = (rows: readonly UsageRow[]) => select(usageSums(rows, rangeDays(range)));
  return store().live<T>({
    ...about(range, what),
    placeholder: () => ({ data: selected(sampleOf(range, 2)), sample: true }),
    fetch: async (context) => {
      const query = { from: 'usage_daily', columns: NUMBERS, order: ['date', 'source'] };
      return selected(await rowsOn(daysOf(rangeDays(range)), context, query));
    },
    reconcile: shareValue,
  });
}

/** What is stored is shown, and made current when that is due. Loaded beside it: a chart does not wait for it. */
function keepSynced(): () => void {
  let left = false;
  let leave = () => {};
  void import('./usage-sync.ts').then((sync) => {
    if (!left) leave = sync.keepSynced();
  });
  return () => {
    left = true;
    leave();
  };
}

/** What all queries about a range have in common. */
const about = (range: UsageRange, what: string) =>
  ({
    key: `usage:${what}:${rangeName(range)}`,
    requires: 'account',
    topics: ({ session }) => [`user:${session!.userId}`],
    relevant: ({ event }) => event === 'usage_data',
    cached: true,
  }) satisfies Partial<LiveQueryOptions<never>>;

/** The member's rows of some days, which are asked for anew each time: a range may move on at midnight UTC. */
const rowsOn = (
  days: readonly string[],
  { backend, session, signal }: QueryContext,
  query: { readonly from: string; readonly columns: string; readonly order: readonly string[] },
) =>
  backend.fetch<readonly UsageRow[]>(
    {
      ...query,
      where: [
        ['user_id', 'eq', session!.userId],
        ['date', 'gte', days[0]],
        ['date', 'lte', days.at(-1)],
      ],
    },
    signal,
  );

/** An invented range as long as this one, or a multiple, on the same days. */
function sampleOf(range: UsageRange, periods = 1): UsageRow[] {
  const days = rangeDays(range);
  return sampleUsage(days.length * periods, Date.parse(days.at(-1)!));
}
