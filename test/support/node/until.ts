import { setTimeout as pause } from 'node:timers/promises';

type Falsy = false | null | undefined | '' | 0;

/** How often a condition is looked at, ms. */
const POLL_MS = 5;

/** Waits until a condition holds and answers its value. @throws with its source when it does not come true. */
export async function until<T>(condition: () => T | Promise<T>, limitMs = 20_000): Promise<Exclude<T, Falsy>> {
  const end = performance.now() + limitMs;
  for (;;) {
    const value = await condition();
    if (value) return value as Exclude<T, Falsy>;
    if (performance.now() > end) throw new Error(`Did not come true in ${limitMs} ms: ${String(condition)}`);
    await pause(POLL_MS);
  }
}
