import type { Backend, Session, TopicEvent, TopicListener } from './backend.ts';
import { LivelitError } from './error.ts';
import { debug } from './debug.ts';
import { LiveValue, type Live, type Snapshot, type Status } from './live.ts';
import type { OutboxEntry } from './lane.ts';
import type { Outbox } from './outbox.ts';
import { permitted, type LiveQueryOptions } from './query.ts';
import { Refetch } from './refetch.ts';
import type { KeptSnapshot } from './snapshots.ts';
import type { Timings } from './timings.ts';

/** What a query needs of the store that it belongs to. */
export interface QueryHost {
  readonly backend: Backend | undefined;
  readonly target: string;
  readonly timings: Timings;
  readonly outbox: Outbox;
  join(topic: string, listener: TopicListener): () => void;
  /** Somebody reads the query from now on, or nobody does any more. */
  reading<T>(query: LiveQuery<T>, on: boolean): void;
  /** The query's fetch runs, or does not. */
  fetching(query: object, on: boolean): void;
  /** The server has confirmed something; `polled` when nobody told that there was something new. */
  synced(polled: boolean): void;
  /** A fetch has failed. */
  failed(): void;
  /** Nobody looks at the page: it does not look for changes by itself. */
  readonly asleep: boolean;
  /** What was shown of this query last time, to this user. */
  recall(key: string): Promise<KeptSnapshot | undefined>;
  keep(key: string, data: unknown, at: number): void;
}

/**
 * A Live over a project: joins first, fetches second and replays what came in between, so that no change is lost
 * between the two; fetches again after every gap; lets the newest fetch win.
 */
export class LiveQuery<T> implements Live<T> {
  readonly options: LiveQueryOptions<T>;
  readonly #host: QueryHost;
  readonly #value = new LiveValue<T>();
  #linger: ReturnType<typeof setTimeout> | undefined;
  #patience: ReturnType<typeof setTimeout> | undefined;
  /** Present while somebody who may fetch is signed in: what the topics are, and then the data. */
  #joining: Refetch<readonly string[]> | undefined;
  #refetch: Refetch<T> | undefined;
  #started = false;
  #leave: (() => void)[] = [];
  #poll: ReturnType<typeof setTimeout> | undefined;
  /** The fetch began while nobody told what changes; one that merely ends then is no looking by itself. */
  #begunDeaf = false;
  /** Topics that are not joined at present. */
  readonly #gaps = new Set<string>();
  /** Undefined: nothing is known. */
  #data: T | undefined;
  #sample = false;
  /** What has been told since the last fetch began; undefined when anything may have changed. */
  #events: readonly TopicEvent[] | undefined;
  /** Something has changed since the last reader left. */
  #missed = false;
  /** Whose the data is. */
  #owner: string | null = null;
  #at: number | undefined;
  #shown: { data: T | undefined; entries: readonly OutboxEntry[]; result: T | undefined } | undefined;

  constructor(options: LiveQueryOptions<T>, host: QueryHost) {
    this.options = options;
    this.#host = host;
  }

  get snapshot(): Snapshot<T> {
    return this.#value.snapshot;
  }

  subscribe(listener: () => void): () => void {
    clearTimeout(this.#linger);
    if (!this.#started) this.start();
    const leave = this.#value.subscribe(listener);
    if (this.#missed) this.#stale();
    return () => {
      leave();
      if (this.#value.watched) return;
      clearTimeout(this.#linger);
      this.#linger = setTimeout(() => this.#stop(), this.#host.timings.lingerMs);
    };
  }

  /** Begins again from the top: another session, another project, another set of topics. */
  start(): void {
    this.#stop();
    this.#started = true;
    this.#host.reading(this, true);
    const { overlay, watch, requires } = this.options;
    const { backend, timings, outbox } = this.#host;
    if (overlay) {
      outbox.register(overlay.lane);
      this.#leave.push(outbox.entries.subscribe(() => this.#changed()));
    }
    if (watch) this.#leave.push(watch(() => this.start()));
    const session = backend?.session.snapshot;
    if (!backend) {
      this.#forget();
      // A page that connects late must not flash invented numbers first.
      this.#patience = setTimeout(() => this.#showPlaceholder(), timings.connectPatienceMs);
    } else if (session && session.status !== 'loading') {
      const who = session.data ?? null;
      if (permitted(requires, who)) this.#activate(backend, who);
      // Samples are for who never signed in; who has to do so again is told so.
      else if (session.status === 'error') this.#forget();
      else this.#showPlaceholder();
    }
    this.#changed();
  }

  /** Fetches again: somebody asked for it, or a write has arrived. */
  refresh(event?: TopicEvent): void {
    this.#events = event && this.#events && [...this.#events, event];
    void this.#refetch?.now();
  }

  /** Takes an event as if it had come from a topic. */
  receive(event: TopicEvent): void {
    const { apply, table, relevant } = this.options;
    if (relevant ? !relevant(event) : table && table !== event.event) return;
    if (!apply) {
      this.#events = this.#events && [...this.#events, event];
      debug.refresh(this.options.key);
      return this.#stale();
    }
    this.#refetch?.note(event);
    if (this.#data === undefined) return;
    const next = apply(this.#data, event);
    if (next === undefined) return this.#stale();
    this.#data = next;
    this.#changed();
  }

  /** Fetches soon; while nobody reads, not before somebody does again. */
  #stale(): void {
    this.#missed = !this.#value.watched;
    if (!this.#missed) this.#refetch?.signal();
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
    this.#started = false;
    this.#missed = false;
    this.#joining?.stop();
    this.#refetch?.stop();
    this.#joining = undefined;
    this.#refetch = undefined;
    clearTimeout(this.#patience);
    clearTimeout(this.#poll);
    this.#poll = undefined;
    for (const leave of this.#leave.splice(0)) leave();
    this.#gaps.clear();
    this.#host.fetching(this, false);
    this.#host.reading(this, false);
  }

  /** What somebody else was shown, or what was invented, is not shown to this user. */
  #forgetOthers(session: Session | null): void {
    const owner = session?.userId ?? null;
    if (this.#sample || (this.#owner !== null && this.#owner !== owner)) this.#forget();
    this.#owner = owner;
  }

  #forget(): void {
    this.#events = undefined;
    this.#data = undefined;
    this.#at = undefined;
    this.#sample = false;
    this.#owner = null;
  }

  #showPlaceholder(): void {
    const placeholder = this.options.placeholder?.();
    this.#forget();
    this.#data = placeholder?.data;
    this.#sample = placeholder?.sample ?? false;
    this.#changed();
  }

  #activate(backend: Backend, session: Session | null): void {
    const { topics, fetch } = this.options;
    const { timings, target } = this.#host;
    this.#forgetOthers(session);
    this.#events = undefined;
    const changed = () => this.#changed();
    const context = { backend, session, target };
    const { key, cached } = this.options;
    const refetch = new Refetch<T>(timings, {
      fetch: async (signal) => {
        const events = this.#events;
        this.#events = [];
        this.#begunDeaf = this.#gaps.size > 0;
        try {
          return await traced(key, () => fetch({ ...context, signal }, { shown: this.#data, events }));
        } catch (error) {
          // What has been told is still to be read.
          this.#events = events && [...events, ...(this.#events ?? [])];
          throw error;
        }
      },
      take: (fetched, begunAt, meanwhile) => this.#take(fetched, begunAt, meanwhile),
      changed,
      failed: () => this.#host.failed(),
    });
    if (cached && this.#data === undefined) void this.#recall(refetch);
    // Topics come first, so that nothing is lost in between; but data without a socket beats no data.
    const joining = new Refetch<readonly string[]>(timings, {
      fetch: async (signal) => (await topics?.({ ...context, signal })) ?? [],
      take: (names) => {
        for (const topic of names) this.#gaps.add(topic);
        for (const topic of names) this.#join(topic, refetch);
        if (names.length) refetch.later(timings.joinPatienceMs);
        else void refetch.now();
        return true;
      },
      changed,
      failed: () => this.#host.failed(),
    });
    this.#refetch = refetch;
    this.#joining = joining;
    void joining.now();
  }

  #join(topic: string, refetch: Refetch<T>): void {
    const leave = this.#host.join(topic, {
      onEvent: (event) => this.receive(event),
      onState: ({ state }) => {
        const over = state === 'refused' && this.options.revocable;
        if (over) leave();
        if (over || state === 'joined') this.#gaps.delete(topic);
        else this.#gaps.add(topic);
        // Whatever was sent during the gap is gone. Where nobody may listen there is still the data.
        this.#events = undefined;
        if (!this.#gaps.size || (state === 'refused' && this.#data === undefined)) void refetch.now();
        this.#changed();
      },
    });
    this.#leave.push(leave);
  }

  #take(fetched: T, begunAt: number, meanwhile: readonly TopicEvent[]): boolean {
    const { apply, reconcile, overlay } = this.options;
    let data = this.#data !== undefined && reconcile ? reconcile(this.#data, fetched) : fetched;
    let whole = true;
    for (const event of meanwhile) {
      const next = apply?.(data, event);
      if (next === undefined) whole = false;
      else data = next;
    }
    this.#data = data;
    this.#at = Date.now();
    this.#host.synced(this.#begunDeaf);
    if (this.options.cached) this.#host.keep(this.options.key, data, this.#at);
    const { outbox } = this.#host;
    for (const entry of outbox.entries.snapshot.data ?? []) {
      if (entry.lane !== overlay?.lane.name || entry.deliveredAt === undefined) continue;
      // A fetch that began after the write arrived has seen it, whether or not it shows.
      if (entry.deliveredAt <= begunAt || overlay.shows(data, entry)) outbox.forget(entry.id);
    }
    return whole;
  }

  /** Shows what was shown last time, until the server answers. */
  async #recall(refetch: Refetch<T>): Promise<void> {
    const kept = await this.#host.recall(this.options.key);
    if (!kept || this.#refetch !== refetch || this.#data !== undefined) return;
    this.#data = kept.data as T;
    this.#at = kept.at;
    this.#changed();
  }

  /** While nobody tells what changes, the query looks by itself. */
  #pollLater(): void {
    const { table } = this.options;
    const deaf = this.#gaps.size > 0 || (table !== undefined && this.#host.backend?.deafTo?.(table));
    if (!this.#refetch || !deaf) {
      clearTimeout(this.#poll);
      this.#poll = undefined;
      return;
    }
    // Give or take a quarter, so that a thousand pages behind one proxy do not ask at once.
    const wait = this.#host.timings.pollMs * (0.75 + Math.random() / 2);
    this.#poll ??= setTimeout(() => {
      this.#poll = undefined;
      if (!this.#host.asleep) this.refresh();
      this.#pollLater();
    }, wait);
  }

  #changed(): void {
    this.#pollLater();
    this.#host.fetching(this, this.#running);
    this.#value.set({
      status: this.#status(),
      data: this.#withOverlay(),
      error: this.#error,
      at: this.#at,
      sample: this.#sample || (this.#data !== undefined && this.options.sampled?.(this.#data) === true),
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
    return this.#shown?.result;
  }

  #status(): Status {
    if (!this.#refetch) {
      const session = this.#host.backend?.session.snapshot.status;
      // Somebody has to sign in again: until then nothing comes, and nobody should wait for it.
      if (session === 'error') return 'error';
      return session === 'loading' && this.#data === undefined ? 'loading' : 'idle';
    }
    const error = this.#error;
    if (error && (!error.retryable || this.#data === undefined)) return 'error';
    if (this.#data === undefined) return 'loading';
    if (this.#running) return 'refreshing';
    return error || this.#gaps.size ? 'stale' : 'live';
  }

  get #running(): boolean {
    return this.#joining?.running === true || this.#refetch?.running === true;
  }

  get #error(): LivelitError | undefined {
    if (!this.#refetch) return this.#host.backend?.session.snapshot.error;
    return this.#refetch.error ?? this.#joining?.error;
  }
}

/** Runs a fetch, and tells a developer who listens. */
async function traced<T>(key: string, fetch: () => Promise<T>): Promise<T> {
  debug.fetching(key);
  const begun = performance.now();
  try {
    const fetched = await fetch();
    debug.fetched(key, performance.now() - begun);
    return fetched;
  } catch (error) {
    debug.failed(key, LivelitError.from(error).code);
    throw error;
  }
}
