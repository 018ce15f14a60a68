import { backoff } from './backoff.ts';
import type { Backend, Session, TopicEvent, TopicListener } from './backend.ts';
import { Debounce } from './debounce.ts';
import { LivelitError } from './error.ts';
import { LiveValue, type Live, type Snapshot, type Status } from './live.ts';
import type { Lane, Outbox, OutboxEntry } from './outbox.ts';
import type { Timings } from './timings.ts';

/** What a fetch may use. */
export interface QueryContext {
  readonly backend: Backend;
  readonly session: Session | null;
  /** The project's address: what is kept in the browser is kept by it. */
  readonly target: string;
  readonly signal: AbortSignal;
}

/** Unsent writes of a lane, shown over the data until the data shows them itself. */
export interface Overlay<T> {
  readonly lane: Lane;
  show(data: T | undefined, entries: readonly OutboxEntry[]): T | undefined;
  /** Whether the data shows the write, so that the overlay may let go of it. */
  shows(data: T, entry: OutboxEntry): boolean;
}

export interface LiveQueryOptions<T> {
  /** Two queries of the same key are one. */
  readonly key: string;
  /** Who must be signed in for a fetch: nobody, anybody (the default), or somebody with an account. */
  readonly requires?: 'nothing' | 'session' | 'account';
  /** Shown while nobody who may fetch is signed in, or no project is connected. */
  readonly placeholder?: () => { readonly data: T; readonly sample: boolean };
  /** What makes the data stale. */
  readonly topics?: (context: QueryContext) => readonly string[] | Promise<readonly string[]>;
  readonly fetch: (context: QueryContext) => Promise<T>;
  /** Whether an event concerns this query at all. */
  readonly relevant?: (event: TopicEvent) => boolean;
  /** The row-wise fast path: the data with the event in it, the same data when nothing changes, or undefined to fetch. */
  readonly apply?: (data: T, event: TopicEvent) => T | undefined;
  /** Puts what was fetched in place of what is shown; keeps what is newer there. */
  readonly reconcile?: (shown: T, fetched: T) => T;
  readonly overlay?: Overlay<T>;
  /** A further reason to start over, besides the session; answers the way out. */
  readonly watch?: (startOver: () => void) => () => void;
}

/** What a query needs of the store that it belongs to. */
export interface QueryHost {
  readonly backend: Backend | undefined;
  readonly target: string;
  readonly timings: Timings;
  readonly outbox: Outbox;
  join(topic: string, listener: TopicListener): () => void;
  /** A fetch began or ended. */
  busy(change: 1 | -1): void;
  /** The server has confirmed the data. */
  synced(): void;
  /** Nobody has read the query for the linger. */
  release(key: string): void;
}

/**
 * A Live over a project: joins first, fetches second and replays what came in between, so that no change is lost
 * between the two; fetches again after every gap; lets the newest fetch win.
 */
export class LiveQuery<T> implements Live<T> {
  readonly options: LiveQueryOptions<T>;
  readonly #host: QueryHost;
  readonly #value = new LiveValue<T>();
  readonly #signals: Debounce;
  #linger: ReturnType<typeof setTimeout> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  /** Identifies one activation: what was begun under an older one is ignored. */
  #run: AbortController | undefined;
  #leave: (() => void)[] = [];
  /** Undefined: nothing is known. */
  #data: T | undefined;
  #sample = false;
  #owner: string | null = null;
  #at: number | undefined;
  #error: LivelitError | undefined;
  #waiting = true;
  /** Topics that are not joined at present. */
  readonly #gaps = new Set<string>();
  #fetching = false;
  #fetchAgain = false;
  /** Events that came during the running fetch, to be applied to what it brings. */
  #replay: TopicEvent[] = [];
  #failures = 0;
  #shown: { data: T | undefined; entries: readonly OutboxEntry[]; result: T | undefined } | undefined;

  constructor(options: LiveQueryOptions<T>, host: QueryHost) {
    this.options = options;
    this.#host = host;
    this.#signals = new Debounce(() => void this.#fetch(), host.timings.debounceMs, host.timings.maxWaitMs);
  }

  get snapshot(): Snapshot<T> {
    return this.#value.snapshot;
  }

  subscribe(listener: () => void): () => void {
    clearTimeout(this.#linger);
    if (!this.#run) this.start();
    const leave = this.#value.subscribe(listener);
    return () => {
      leave();
      if (this.#value.watched) return;
      clearTimeout(this.#linger);
      this.#linger = setTimeout(() => {
        this.#stop();
        this.#host.release(this.options.key);
      }, this.#host.timings.lingerMs);
    };
  }

  /** Begins again from the top: another session, another project, another set of topics. */
  start(): void {
    this.#stop();
    const run = (this.#run = new AbortController());
    const { options } = this;
    const { backend, timings, outbox } = this.#host;
    if (options.overlay) {
      outbox.register(options.overlay.lane);
      this.#leave.push(outbox.entries.subscribe(() => this.#publish()));
    }
    if (options.watch) this.#leave.push(options.watch(() => this.start()));
    const session = backend?.session.snapshot;
    this.#waiting = true;
    if (!backend) {
      this.#forgetOthers(null);
      // A page that connects late must not flash invented numbers first.
      this.#retry = setTimeout(() => this.#showPlaceholder(), timings.connectPatienceMs);
    } else if (session?.status === 'live' && !permitted(options.requires, session.data ?? null)) {
      this.#showPlaceholder();
    } else if (session?.status === 'live') {
      const context = { backend, session: session.data ?? null, target: this.#host.target, signal: run.signal };
      this.#forgetOthers(context.session);
      this.#waiting = false;
      void this.#joinAndFetch(context);
    }
    this.#publish();
  }

  /** Ends for good. */
  close(): void {
    clearTimeout(this.#linger);
    this.#stop();
  }

  /** Fetches again: somebody asked for it, or a write has arrived. */
  refresh(): void {
    if (!this.#waiting) void this.#fetch();
  }

  /** Takes an event as if it had come from a topic. */
  receive(event: TopicEvent): void {
    const { apply, relevant } = this.options;
    if (relevant && !relevant(event)) return;
    if (!apply) return this.#signals.signal();
    if (this.#fetching) this.#replay.push(event);
    if (this.#data === undefined) return;
    const next = apply(this.#data, event);
    if (next === undefined) return this.#signals.signal();
    this.#data = next;
    this.#publish();
  }

  /** A write of the lane has arrived; its overlay goes as soon as the data shows it. */
  delivered(entry: OutboxEntry): void {
    if (this.#data !== undefined && this.options.overlay?.shows(this.#data, entry)) {
      this.#host.outbox.forget(entry.id);
    } else {
      this.refresh();
    }
  }

  #stop(): void {
    this.#run?.abort();
    this.#run = undefined;
    clearTimeout(this.#retry);
    this.#signals.cancel();
    for (const leave of this.#leave.splice(0)) leave();
    this.#gaps.clear();
    if (this.#fetching) this.#host.busy(-1);
    this.#fetching = false;
    this.#fetchAgain = false;
    this.#replay = [];
    this.#failures = 0;
    this.#error = undefined;
  }

  /** What somebody else was shown, or what was invented, is not shown to this user. */
  #forgetOthers(session: Session | null): void {
    const owner = session?.userId ?? null;
    if (this.#sample || (this.#owner !== null && this.#owner !== owner)) {
      this.#data = undefined;
      this.#at = undefined;
    }
    this.#sample = false;
    this.#owner = owner;
  }

  #showPlaceholder(): void {
    const placeholder = this.options.placeholder?.();
    this.#data = placeholder?.data;
    this.#sample = placeholder?.sample ?? false;
    this.#at = undefined;
    this.#owner = null;
    this.#publish();
  }

  async #joinAndFetch(context: QueryContext): Promise<void> {
    try {
      // Calling it inside `try` also catches what a plain function throws.
      const topics = (await this.options.topics?.(context)) ?? [];
      if (context.signal.aborted) return;
      for (const topic of topics) this.#gaps.add(topic);
      for (const topic of topics) this.#leave.push(this.#host.join(topic, this.#listener(topic)));
      if (!topics.length) void this.#fetch();
      else if (this.#gaps.size) {
        this.#retry = setTimeout(() => void this.#fetch(), this.#host.timings.joinPatienceMs);
      }
    } catch (reason) {
      this.#fail(reason, context.signal, () => void this.#joinAndFetch(context));
    }
    this.#publish();
  }

  #listener(topic: string): TopicListener {
    return {
      onEvent: (event) => this.receive(event),
      onState: (state) => {
        if (state.state === 'joined') {
          this.#gaps.delete(topic);
          // Whatever was sent during the gap is gone.
          if (!this.#gaps.size) {
            clearTimeout(this.#retry);
            void this.#fetch();
          }
        } else {
          this.#gaps.add(topic);
          // Without the topic there is still the data.
          if (state.state === 'refused' && this.#data === undefined) void this.#fetch();
        }
        this.#publish();
      },
    };
  }

  async #fetch(): Promise<void> {
    const run = this.#run;
    const { backend, target } = this.#host;
    if (!run || !backend) return;
    if (this.#fetching) {
      this.#fetchAgain = true;
      return;
    }
    this.#fetching = true;
    this.#host.busy(1);
    const begun = Date.now();
    this.#publish();
    try {
      const session = backend.session.snapshot.data ?? null;
      const fetched = await this.options.fetch({ backend, session, target, signal: run.signal });
      if (run.signal.aborted) return;
      this.#take(fetched, begun);
    } catch (reason) {
      this.#fail(reason, run.signal, () => void this.#fetch());
    }
    if (run.signal.aborted) return;
    this.#fetching = false;
    this.#replay = [];
    this.#host.busy(-1);
    this.#publish();
    if (!this.#fetchAgain) return;
    this.#fetchAgain = false;
    void this.#fetch();
  }

  #take(fetched: T, begun: number): void {
    const { apply, reconcile, overlay } = this.options;
    let data = this.#data !== undefined && reconcile ? reconcile(this.#data, fetched) : fetched;
    for (const event of this.#replay) {
      const next = apply?.(data, event);
      if (next === undefined) this.#fetchAgain = true;
      else data = next;
    }
    this.#data = data;
    this.#at = Date.now();
    this.#error = undefined;
    this.#failures = 0;
    this.#host.synced();
    const { outbox } = this.#host;
    for (const entry of outbox.entries.snapshot.data ?? []) {
      if (entry.lane !== overlay?.lane.name || entry.deliveredAt === undefined) continue;
      // A fetch that began after the write arrived has seen it, whether or not it shows.
      if (entry.deliveredAt <= begun || overlay.shows(data, entry)) outbox.forget(entry.id);
    }
  }

  #fail(reason: unknown, signal: AbortSignal, again: () => void): void {
    if (signal.aborted) return;
    this.#error = LivelitError.from(reason);
    const { retryBaseMs, retryCapMs } = this.#host.timings;
    if (!this.#error.retryable) return;
    const wait = this.#error.retryAfterMs ?? backoff(this.#failures++, retryBaseMs, retryCapMs);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(again, wait);
  }

  #publish(): void {
    this.#value.set({
      status: this.#status(),
      data: this.#withOverlay(),
      error: this.#error,
      at: this.#at,
      sample: this.#sample,
    });
  }

  /** The data under the unsent writes; the same object as long as neither has changed. */
  #withOverlay(): T | undefined {
    const { overlay } = this.options;
    if (!overlay) return this.#data;
    const entries = this.#host.outbox.entries.snapshot.data ?? [];
    if (this.#shown?.data !== this.#data || this.#shown?.entries !== entries) {
      const own = entries.filter((entry) => entry.lane === overlay.lane.name);
      this.#shown = { data: this.#data, entries, result: overlay.show(this.#data, own) };
    }
    return this.#shown.result;
  }

  #status(): Status {
    if (this.#waiting) {
      const connecting = this.#host.backend !== undefined && this.#host.backend.session.snapshot.status === 'loading';
      return connecting && this.#data === undefined ? 'loading' : 'idle';
    }
    if (this.#error && !this.#error.retryable) return 'error';
    if (this.#data === undefined) return this.#error ? 'error' : 'loading';
    if (this.#fetching) return 'refreshing';
    return this.#error || this.#gaps.size ? 'stale' : 'live';
  }
}

const permitted = (requires: LiveQueryOptions<unknown>['requires'], session: Session | null): boolean => {
  if (requires === 'nothing') return true;
  return session !== null && (requires !== 'account' || !session.anonymous);
};
