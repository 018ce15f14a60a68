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
  if (!globalThis.navigator?.locks) return work();
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
