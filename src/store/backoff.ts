/**
 * How long to wait before the next attempt, ms: anything up to base · 2^attempt, never more than the cap.
 *
 * Full jitter, because clients that failed together must not come back together.
 */
export function backoff(attempt: number, baseMs: number, capMs: number, random: () => number = Math.random): number {
  return random() * Math.min(capMs, baseMs * 2 ** attempt);
}
