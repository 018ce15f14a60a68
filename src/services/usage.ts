import { LivelitError } from '../store/error.ts';
import type { Live } from '../store/live.ts';
import { shareRows } from '../store/rows.ts';
import { store } from '../store/store.ts';
import { sampleUsage } from './sample-data.ts';
import { lastDays, type UsageRow } from './usage-series.ts';

export type { UsageMetric, UsageRow, UsageSeries } from './usage-series.ts';

/** The longest range that can be asked for, days. */
export const MAX_DAYS = 366;

const COLUMNS = 'id,date,model,project,source,requests,context_tokens,cached_tokens,generated_tokens,cost,co2_grams';

/**
 * The usage of the signed-in member on the last UTC days, today included, oldest first; kept current by the topic
 * `user:<uid>`. Sample rows while nobody with an account is signed in.
 *
 * @throws {LivelitError} `invalid` unless `days` is a whole number from 1 to 366.
 */
export function dailyUsage({ days = 30 }: { readonly days?: number } = {}): Live<readonly UsageRow[]> {
  if (!Number.isInteger(days) || days < 1 || days > MAX_DAYS) {
    throw new LivelitError('invalid', `A range has 1 to ${MAX_DAYS} days, not ${days}.`, { reason: 'days' });
  }
  return store().live<readonly UsageRow[]>({
    key: `usage:daily:${days}`,
    requires: 'account',
    placeholder: () => ({ data: sampleUsage(days), sample: true }),
    topics: ({ session }) => [`user:${session!.userId}`],
    relevant: ({ event }) => event === 'usage_data',
    fetch: ({ backend, session, signal }) =>
      backend.fetch(
        {
          from: 'usage_data',
          columns: COLUMNS,
          where: [
            ['user_id', 'eq', session!.userId],
            // Asked anew at each fetch: at midnight UTC the range moves on.
            ['date', 'gte', lastDays(days)[0]],
          ],
          order: ['date', 'model', 'project', 'source'],
        },
        signal,
      ),
    reconcile: shareRows,
    cached: true,
  });
}
