import type { Live } from '../store/live.ts';
import { shareValue } from '../store/rows.ts';
import { store } from '../store/store.ts';
import { sampleUsage } from './sample-data.ts';
import { previousDays, rangeDays, rangeName, type UsageRange, type UsageRow } from './usage-series.ts';

/** What the owner of a share lets everybody see. */
export interface UsageShare {
  /** What the owner calls it; may be empty. */
  readonly label: string;
  /** A row for each UTC day, of no model and no project; those of the time before the range come first. */
  readonly rows: readonly UsageRow[];
}

interface SharedDay extends Pick<
  UsageRow,
  'date' | 'requests' | 'context_tokens' | 'cached_tokens' | 'generated_tokens' | 'cost' | 'co2_grams'
> {
  readonly unpriced: boolean;
  readonly sample: boolean;
}

/** As the database writes ids, and only so does it let anybody listen to one. */
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The daily totals of a share on a range, and of as many days before it, for whoever knows its id: nobody has to sign in.
 * Null when there is no such share, or its owner has switched it off; then nothing of what was shown before is kept, here
 * or in the browser. Kept current by the topic `share:<id>`. The last 30 days unless said.
 *
 * @throws {LivelitError} `invalid` unless the range has 1 to 366 days.
 */
export function usageShare(id: string, range: UsageRange = {}): Live<UsageShare | null> {
  const share = id.trim().toLowerCase();
  const known = ID.test(share);
  const span = () => {
    const days = rangeDays(range);
    return [...previousDays(days), ...days];
  };
  return store().live<UsageShare | null>({
    key: `usage:share:${share}:${rangeName(range)}`,
    requires: 'nothing',
    topics: () => (known ? [`share:${share}`] : []),
    revocable: true,
    placeholder: () => {
      const days = span();
      return { data: { label: '', rows: sampleUsage(days.length, Date.parse(days.at(-1)!)) }, sample: true };
    },
    sampled: (shared) => shared?.rows[0]?.source === 'sample',
    async fetch({ backend, signal }) {
      if (!known) return null;
      const days = span();
      const parameters = { p_share_id: share, p_from: days[0], p_to: days.at(-1) };
      const shared = await backend.fetch<{ label: string; days: readonly SharedDay[] } | null>(
        { rpc: 'usage_share_daily', parameters },
        signal,
      );
      return shared && { label: shared.label, rows: shared.days.map(rowOf) };
    },
    reconcile: shareValue,
  });
}

function rowOf(day: SharedDay): UsageRow {
  const { date, requests, context_tokens, cached_tokens, generated_tokens, cost, unpriced, co2_grams } = day;
  const numbers = { requests, context_tokens, cached_tokens, generated_tokens, cost, unpriced, co2_grams };
  return { id: date, date, model: '', project: '', source: day.sample ? 'sample' : 'share', ...numbers };
}
