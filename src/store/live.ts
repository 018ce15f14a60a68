import type { TopicEvent } from './backend.ts';
import type { LivelitError } from './error.ts';

/**
 * `idle` nothing to do yet · `loading` nothing to show yet · `live` shown and current · `refreshing` shown, and being
 * fetched again silently · `stale` shown, but the connection is down · `error` nothing helps without somebody's doing.
 */
export type Status = 'idle' | 'loading' | 'live' | 'refreshing' | 'stale' | 'error';

/** What is known at one moment. A change makes a new object, so `===` tells whether anything is new. */
export interface Snapshot<T> {
  readonly status: Status;
  readonly data: T | undefined;
  readonly error?: LivelitError | undefined;
  /** When the data was last confirmed by the server, ms since 1970. */
  readonly at?: number | undefined;
  /** The data is invented, to show something useful; say so wherever it is shown. */
  readonly sample: boolean;
}

/** What can be read and watched. */
export interface Live<T> {
  readonly snapshot: Snapshot<T>;
  /** Calls back after each change; answers the way out, which may be taken twice. */
  subscribe(listener: () => void): () => void;
  /** Looks again, where there is somewhere to look: at everything, or at what the event is about. */
  refresh?(event?: TopicEvent): void;
}

export const NOTHING: Snapshot<never> = { status: 'idle', data: undefined, sample: false };

/** A Live whose owner sets it. */
export class LiveValue<T> implements Live<T> {
  #snapshot: Snapshot<T>;
  readonly #listeners = new Set<() => void>();

  constructor(snapshot: Snapshot<T> = NOTHING) {
    this.#snapshot = snapshot;
  }

  get snapshot(): Snapshot<T> {
    return this.#snapshot;
  }

  get watched(): boolean {
    return this.#listeners.size > 0;
  }

  subscribe(listener: () => void): () => void {
    // The same function may be given twice, by two elements that share it; each has its own way out.
    const own = () => listener();
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  /** Shows a new snapshot; one that says the same as the last is not shown again. */
  set(next: Snapshot<T>): void {
    const last = this.#snapshot;
    const same =
      last.status === next.status &&
      last.data === next.data &&
      last.error === next.error &&
      last.at === next.at &&
      last.sample === next.sample;
    if (same) return;
    this.#snapshot = next;
    // A copy, because a listener may leave or come while it is called.
    for (const listener of [...this.#listeners]) {
      try {
        listener();
      } catch (error) {
        // One broken listener must not silence the others, nor go unnoticed.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
