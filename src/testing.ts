/** For stories and tests of a page: a project in memory, in place of a real one. */
import type { MemoryBackend } from './store/memory-backend.ts';
import { store } from './store/store.ts';
import type { Timings } from './store/timings.ts';

export { MEMORY_CODE, MemoryBackend, type MemoryBackendOptions } from './store/memory-backend.ts';
export type { TopicEvent, TopicState } from './store/backend.ts';

/** Connects the page to a project in memory; `disconnect()` leaves it. */
export function connectToMemory(backend: MemoryBackend, timings?: Partial<Timings>): void {
  store().connection.attach('memory:', () => Promise.resolve(backend), timings);
}
