import type { Page } from 'playwright-core';
import type { LocalBackend } from '../../../local/backend.ts';
import { until } from './until.ts';

/** Longer than the debounce window: each round is the first signal after a quiet spell, as a person sees it. */
const QUIET_MS = 700;

/** The clock that this process and the browser share, ms since 1970 with fractions. */
const now = () => performance.timeOrigin + performance.now();

/**
 * Writes usage of a member again and again, and measures each time how long the dashboard takes from the commit until
 * the new model stands in the legend of its first chart, on screen; ms.
 */
export async function commitToPaint(
  page: Page,
  backend: LocalBackend,
  userId: string,
  rounds: number,
): Promise<number[]> {
  await page.bringToFront();
  await page.evaluate(() => {
    const painted: number[] = [];
    Object.assign(globalThis, { painted });
    const legend = document.querySelector('usage-chart')!.shadowRoot!.querySelector('[part="legend"]')!;
    const note = () => painted.push(performance.timeOrigin + performance.now());
    // The second frame begins when the first one, which has the change in it, is on screen.
    new MutationObserver(() => requestAnimationFrame(() => requestAnimationFrame(note))).observe(legend, {
      childList: true,
      subtree: true,
      characterData: true,
    });
  });
  const latencies: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await backend.database.query(
      `insert into usage_data (user_id, date, model, source, requests, context_tokens)
       values ($1, (now() at time zone 'utc')::date, $2, 'import', 1, $3)`,
      // More than all before: the legend names only the largest.
      [userId, `${rounds}-${round}`, (round + 2) * 1_000_000_000],
    );
    const committed = now();
    const times = await until(async () => {
      const all = await page.evaluate(() => (globalThis as unknown as { painted: number[] }).painted.splice(0));
      return all.length > 0 && all;
    });
    latencies.push(times[0]! - committed);
    await until(() => now() - committed > QUIET_MS);
  }
  return latencies.toSorted((a, b) => a - b);
}

/** The value that a share of the sorted numbers does not exceed. */
export const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
