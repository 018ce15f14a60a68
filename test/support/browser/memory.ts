import { disconnect } from '../../../src/connect.ts';
import type { Session } from '../../../src/store/backend.ts';
import type { Live } from '../../../src/store/live.ts';
import type { Timings } from '../../../src/store/timings.ts';
import { connectToMemory, MemoryBackend, type MemoryBackendOptions } from '../../../src/testing.ts';
import { until } from './page.ts';

export const MEMBER: Session = { userId: 'u1', anonymous: false, email: 'u1@test.invalid' };
export const OTHER: Session = { userId: 'u2', anonymous: false, email: 'u2@test.invalid' };

const QUICK = {
  debounceMs: 20,
  maxWaitMs: 80,
  lingerMs: 20,
  retryBaseMs: 10,
  retryCapMs: 40,
  joinPatienceMs: 40,
  connectPatienceMs: 20,
};

/** Connects the page to a project in memory, as this member or as nobody. */
export function connectMemory(options: MemoryBackendOptions = {}, timings: Partial<Timings> = {}): MemoryBackend {
  const backend = new MemoryBackend({ session: MEMBER, ...options });
  connectToMemory(backend, { ...QUICK, ...timings });
  return backend;
}

export const switchTo = (backend: MemoryBackend, session: Session | null): void =>
  backend.session.set({ status: 'live', data: session, sample: false });

/** Everything that a Live has shown since it was watched. */
export function record<T>(live: Live<T>): { readonly seen: Live<T>['snapshot'][]; readonly leave: () => void } {
  const seen = [live.snapshot];
  const leave = live.subscribe(() => seen.push(live.snapshot));
  return { seen, leave };
}

export const untilStatus = <T>(live: Live<T>, status: Live<T>['snapshot']['status']) =>
  until(() => live.snapshot.status === status && live.snapshot, `status ${status}`);

export function leaveMemory(): void {
  disconnect();
  localStorage.clear();
}
