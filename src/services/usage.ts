import { LivelitError } from '../store/error.ts';
import type { Live } from '../store/live.ts';
import type { LiveQueryOptions } from '../store/query.ts';
import { shareRows } from '../store/rows.ts';
import { store } from '../store/store.ts';
import { sampleUsage } from './sample-data.ts';
import {
  MAX_DAYS,
  previousDays,
  rangeDays,
  usageSums,
  type UsageRange,
  type UsageRow,
  type UsageTotals,
} from './usage-series.ts';

const NUMBERS = 'date,requests,context_tokens,cached_tokens,generated_tokens,cost,co2_grams';

/**
 * The usage of the signed-in member on the UTC days of a range, oldest first; kept current by the topic `user:<uid>`.
 * Sample rows while nobody with an account is signed in. The last 30 days unless said.
 *
 * @throws {LivelitError} `invalid` unless the range has 1 to 366 days.
 */
export function dailyUsage(range: UsageRange = {}): Live<readonly UsageRow[]> {
  return store().live<readonly UsageRow[]>({
    ...about(range, 'daily'),
    placeholder: () => ({ data: sampleOf(range), sample: true }),
    fetch: rowsOf(range, `id,model,project,source,${NUMBERS}`, (days) => days),
    reconcile: shareRows,
    watch: keepSynced,
  });
}

/**
 * The sums of a range and of the equally long one before it, for each metric, with the change between the two; kept
 * current as `dailyUsage` is. Where the range ends today, its last day is not over.
 *
 * @throws {LivelitError} `invalid` unless the range has 1 to 366 days.
 */
export function usageTotals(range: UsageRange = {}): Live<UsageTotals> {
  const rows = rowsOf(range, NUMBERS, (days) => [...previousDays(days), ...days]);
  return store().live<UsageTotals>({
    ...about(range, 'totals'),
    placeholder: () => ({ data: usageSums(sampleOf(range, 2), rangeDays(range)), sample: true }),
    fetch: async (context) => usageSums(await rows(context), rangeDays(range)),
    // Plain numbers: what says the same stays the same object, and nothing is painted again.
    reconcile: (shown, fetched) => (JSON.stringify(shown) === JSON.stringify(fetched) ? shown : fetched),
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
function about(range: UsageRange, what: string) {
  if (!rangeDays(range).length) {
    throw new LivelitError('invalid', `A range has 1 to ${MAX_DAYS} days.`, { reason: 'days' });
  }
  const name = 'from' in range ? `${range.from}..${range.to ?? ''}` : String(range.days ?? 30);
  return {
    key: `usage:${what}:${name}`,
    requires: 'account',
    topics: ({ session }) => [`user:${session!.userId}`],
    relevant: ({ event }) => event === 'usage_data',
    cached: true,
  } satisfies Partial<LiveQueryOptions<never>>;
}

/** Fetches the member's rows; the days are asked for anew each time, because a range may move on at midnight UTC. */
const rowsOf =
  (range: UsageRange, columns: string, daysOf: (days: readonly string[]) => readonly string[]) =>
  ({ backend, session, signal }: Parameters<LiveQueryOptions<unknown>['fetch']>[0]) => {
    const days = daysOf(rangeDays(range));
    return backend.fetch<readonly UsageRow[]>(
      {
        from: 'usage_data',
        columns,
        where: [
          ['user_id', 'eq', session!.userId],
          ['date', 'gte', days[0]],
          ['date', 'lte', days.at(-1)],
        ],
        order: ['date', 'model', 'project', 'source'],
      },
      signal,
    );
  };

/** An invented range as long as this one, or a multiple, on the same days. */
function sampleOf(range: UsageRange, periods = 1): UsageRow[] {
  const days = rangeDays(range);
  return sampleUsage(days.length * periods, Date.parse(days.at(-1)!));
}
