import { backoff } from './backoff.ts';
import type { TopicEvent } from './backend.ts';
import { Debounce } from './debounce.ts';
import { LivelitError } from './error.ts';
import type { Timings } from './timings.ts';

/** What a query's fetches are for. */
export interface RefetchOwner<T> {
  fetch(signal: AbortSignal): Promise<T>;
  /**
   * A fetch that began then has brought this, and these events came while it ran. False when one of them needs another
   * fetch.
   */
  take(fetched: T, begunAt: number, meanwhile: readonly TopicEvent[]): boolean;
  /** A fetch began, ended or failed. */
  changed(): void;
  /** … the last of these. */
  failed(): void;
}

/** Fetches of one thing: one runs and at most one waits, bursts of signals become one, failures are retried. */
export class Refetch<T> {
  /** Why the last fetch failed; undefined once one has succeeded. */
  error: LivelitError | undefined;
  readonly #owner: RefetchOwner<T>;
  readonly #timings: Timings;
  readonly #signals: Debounce;
  readonly #stopped = new AbortController();
  #running = false;
  #again = false;
  #meanwhile: TopicEvent[] = [];
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(timings: Timings, owner: RefetchOwner<T>) {
    this.#timings = timings;
    this.#owner = owner;
    this.#signals = new Debounce(() => void this.now(), timings.debounceMs, timings.maxWaitMs);
  }

  get running(): boolean {
    return this.#running;
  }

  /** Fetches when the signals pause, see `Debounce`. */
  signal(): void {
    this.#signals.signal();
  }

  /** Remembers an event for the result of the running fetch, which may not contain it yet. */
  note(event: TopicEvent): void {
    if (this.#running) this.#meanwhile.push(event);
  }

  /** Fetches at once, or again after the fetch that runs. */
  async now(): Promise<void> {
    const { signal } = this.#stopped;
    if (signal.aborted) return;
    if (this.#running) {
      this.#again = true;
      return;
    }
    clearTimeout(this.#retry);
    this.#running = true;
    this.#owner.changed();
    const begunAt = Date.now();
    try {
      const fetched = await this.#owner.fetch(signal);
      if (signal.aborted) return;
      this.error = undefined;
      this.#failures = 0;
      if (!this.#owner.take(fetched, begunAt, this.#meanwhile)) this.#again = true;
    } catch (reason) {
      if (signal.aborted) return;
      this.#fail(LivelitError.from(reason));
    }
    this.#running = false;
    this.#meanwhile = [];
    this.#owner.changed();
    if (!this.#again) return;
    this.#again = false;
    void this.now();
  }

  /** Fetches after a while, unless something makes it fetch before. */
  later(ms: number): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.now(), ms);
  }

  /** Ends for good; what still runs is called off. */
  stop(): void {
    this.#stopped.abort();
    this.#signals.cancel();
    clearTimeout(this.#retry);
    this.#running = false;
  }

  #fail(error: LivelitError): void {
    this.error = error;
    this.#owner.failed();
    if (!error.retryable) return;
    const { retryBaseMs, retryCapMs } = this.#timings;
    this.later(error.retryAfterMs ?? backoff(this.#failures++, retryBaseMs, retryCapMs));
  }
}
