/** How long the browser may take to give out a lock that nobody else wants, ms; it takes less than ten. */
const ANSWER_MS = 2_000;

let answering: Promise<boolean> | undefined;

/** Whether locks work here. Some webviews have locks that never answer, not even when they are called off. */
export function locksWork(): Promise<boolean> {
  if (!globalThis.navigator?.locks) return Promise.resolve(false);
  answering ??= new Promise((resolve) => {
    setTimeout(() => resolve(false), ANSWER_MS);
    const name = `livelit:answer:${Math.random()}`;
    navigator.locks.request(name, () => resolve(true)).catch(() => resolve(false));
  });
  return answering;
}

/**
 * Runs work while no other tab does the same. Without Web Locks (plain http, sandboxed frames), or when the lock does not
 * come in time, it runs all the same: what is done under a lock here may be done twice, but not never.
 */
export async function alone(
  name: string,
  patienceMs: number,
  work: () => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  if (!(await locksWork())) return work();
  const patience = AbortSignal.timeout(patienceMs);
  let mine = false;
  try {
    await navigator.locks.request(name, { signal: signal ? AbortSignal.any([signal, patience]) : patience }, () => {
      mine = true;
      return work();
    });
  } catch (error) {
    if (mine) throw error;
    if (!signal?.aborted) await work();
  }
}
