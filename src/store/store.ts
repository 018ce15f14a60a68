import type { Backend, TopicEvent, TopicListener, TopicState } from './backend.ts';
import { connectionOf, type Connection } from './connection.ts';
import { LivelitError } from './error.ts';
import type { Lane, OutboxEntry } from './lane.ts';
import { LiveQuery, type QueryHost } from './live-query.ts';
import { LiveValue, type Live } from './live.ts';
import { Outbox, type OutboxHost } from './outbox.ts';
import type { LiveQueryOptions } from './query.ts';
import type { KeptSnapshot } from './snapshots.ts';
import { TIMINGS, type Timings } from './timings.ts';

/** The page's way to its project. */
export interface ConnectionControl extends Live<Connection> {
  /** The address of the project, or undefined before `connect()`. */
  readonly target: string | undefined;
  /** Connects the page; a second time to the same project does nothing. @throws LivelitError `conflict` for another. */
  attach(target: string, load: () => Promise<Backend>, timings?: Partial<Timings>): void;
  /** Leaves the project: sockets, timers and listeners are gone when this returns. */
  detach(): void;
  /** The backend, for calls that answer: signing in, a function that is asked something. */
  backend(): Promise<Backend>;
}

/** What all bundles of a page share. Frozen at these three for version 1: an older bundle meets a newer store. */
export interface Store {
  /** The query of this key: the one that exists, or a new one. */
  live<T>(options: LiveQueryOptions<T>): Live<T>;
  /** Sends a write on its lane; what becomes of it shows in the data. One that exists needs no lane to be named. */
  write<Payload>(lane: Lane<Payload> | null, write: OutboxWrite<Payload>): void;
  readonly connection: ConnectionControl;
}

/** A write to send, or what to do with one that was refused. */
export type OutboxWrite<Payload> =
  { readonly id: string; readonly payload: Payload } | { readonly retry: string } | { readonly discard: string };

const MINUTE_MS = 60_000;

/** Begins the keys of what is kept for a user: they can be found, and forgotten, together. */
const ownerPrefix = (target: string, userId: string) => `${target}\n${userId}\n`;

/** Asks before the page is left; the browser chooses the words. */
const warn = (event: Event) => event.preventDefault();

const KEY = Symbol.for('livelit.store.v1');

/** The page's only store, whichever bundle made it. */
export function store(): Store {
  const page = globalThis as { [KEY]?: Store };
  return (page[KEY] ??= new PageStore());
}

class PageStore implements Store, QueryHost, OutboxHost {
  readonly connection: ConnectionControl;
  readonly outbox = new Outbox(this);
  backend: Backend | undefined;
  target = '';
  timings: Timings = TIMINGS;
  readonly #queries = new Map<string, LiveQuery<unknown>>();
  /** Queries that somebody reads; usually the same, but one that was let go of may be read again. */
  readonly #read = new Set<LiveQuery<unknown>>();
  readonly #fetching = new Set<object>();
  readonly #topics = new Map<TopicListener, TopicState>();
  readonly #state = new LiveValue<Connection>();
  #project: 'loading' | 'ready' | LivelitError | undefined;
  #loading: Promise<Backend> | undefined;
  #detached = new AbortController();
  #lastSyncAt: number | undefined;
  /** When the server confirmed something, within the last minute. */
  readonly #syncs: number[] = [];
  #errors = 0;
  #polling = false;
  #warning = false;
  #suspend: ReturnType<typeof setTimeout> | undefined;
  asleep = false;

  constructor() {
    const state = this.#state;
    const target = () => this.target || undefined;
    this.connection = {
      get snapshot() {
        return state.snapshot;
      },
      get target() {
        return target();
      },
      subscribe: (listener) => state.subscribe(listener),
      attach: (address, load, timings) => this.#attach(address, load, timings),
      detach: () => this.#detach(),
      backend: () =>
        this.#loading ??
        Promise.reject(new LivelitError('unavailable', 'Call connect() first.', { reason: 'not_connected' })),
    };
    this.outbox.entries.subscribe(() => this.#show());
    this.#show();
  }

  live<T>(options: LiveQueryOptions<T>): Live<T> {
    let query = this.#queries.get(options.key) as LiveQuery<T> | undefined;
    if (!query) {
      query = new LiveQuery(options, this);
      this.#queries.set(options.key, query as LiveQuery<unknown>);
    }
    return query;
  }

  write<Payload>(lane: Lane<Payload> | null, write: OutboxWrite<Payload>): void {
    if (lane) this.outbox.register(lane as Lane);
    if ('retry' in write) this.outbox.retry(write.retry);
    else if ('discard' in write) this.outbox.discard(write.discard);
    else if (lane) this.outbox.add(lane, write.payload, write.id);
  }

  join(topic: string, listener: TopicListener): () => void {
    this.#topics.set(listener, { state: 'joining' });
    const leave = this.backend!.join(topic, {
      onEvent: (event) => {
        listener.onEvent(event);
        this.synced(false);
      },
      onState: (state) => {
        this.#topics.set(listener, state);
        if (![...this.#topics.values()].some((each) => each.state === 'lost')) this.#polling = false;
        listener.onState(state);
        this.#show();
      },
    });
    this.#show();
    return () => {
      leave();
      this.#topics.delete(listener);
      this.#show();
    };
  }

  reading<T>(query: LiveQuery<T>, on: boolean): void {
    const { key } = query.options;
    const erased = query as unknown as LiveQuery<unknown>;
    if (on) {
      this.#read.add(erased);
      if (!this.#queries.has(key)) this.#queries.set(key, erased);
    } else {
      this.#read.delete(erased);
      if (this.#queries.get(key) === erased) this.#queries.delete(key);
    }
  }

  fetching(query: object, on: boolean): void {
    // Said with every change of a query, which may be each word of a reply.
    if (on === this.#fetching.has(query)) return;
    if (on) this.#fetching.add(query);
    else this.#fetching.delete(query);
    this.#show();
  }

  synced(polled: boolean): void {
    const now = Date.now();
    this.#lastSyncAt = now;
    // In place: events may come by the thousand.
    this.#syncs.push(now);
    while (this.#syncs[0]! <= now - MINUTE_MS) this.#syncs.shift();
    if (polled) this.#polling = true;
    this.#show();
  }

  failed(): void {
    this.#errors += 1;
    this.#show();
  }

  kept(): void {
    if (this.#warning === this.outbox.atRisk) return;
    this.#warning = !this.#warning;
    // Only while it is true: a page with this listener is not kept for the way back.
    if (this.#warning) globalThis.addEventListener?.('beforeunload', warn);
    else globalThis.removeEventListener?.('beforeunload', warn);
  }

  async recall(key: string): Promise<KeptSnapshot | undefined> {
    const owner = this.#owner;
    if (owner === undefined) return undefined;
    const { recallSnapshot } = await import('./snapshots.ts');
    return recallSnapshot(owner + key);
  }

  keep(key: string, data: unknown, at: number): void {
    const owner = this.#owner;
    if (owner === undefined) return;
    void import('./snapshots.ts').then(({ keepSnapshot }) => keepSnapshot({ key: owner + key, data, at }));
  }

  /** Whose snapshots are kept and shown. */
  get #owner(): string | undefined {
    const userId = this.backend?.session.snapshot.data?.userId;
    // A project in memory has nothing to come back to.
    return userId === undefined || !this.target.startsWith('http') ? undefined : ownerPrefix(this.target, userId);
  }

  emit(lane: string, event: TopicEvent): void {
    for (const query of this.#of(lane)) query.receive(event);
  }

  delivered(entry: OutboxEntry): boolean {
    const queries = this.#of(entry.lane);
    for (const query of queries) query.delivered(entry);
    return queries.length > 0;
  }

  #of(lane: string): LiveQuery<unknown>[] {
    return [...this.#queries.values()].filter(({ options }) => options.overlay?.lane.name === lane);
  }

  #attach(target: string, load: () => Promise<Backend>, timings: Partial<Timings> = {}): void {
    if (this.target === target) return;
    if (this.target) {
      throw new LivelitError('conflict', `This page is connected to ${this.target}. Call disconnect() first.`, {
        reason: 'connected',
      });
    }
    this.target = target;
    this.timings = { ...TIMINGS, ...timings };
    this.#detached = new AbortController();
    this.#project = 'loading';
    this.#show();
    this.#loading = load();
    this.#loading.then(
      (backend) => this.#open(backend),
      (reason: unknown) => {
        this.#project = new LivelitError('unavailable', 'The connection to the project could not be loaded.', {
          reason: 'backend',
          cause: reason,
        });
        this.#show();
      },
    );
  }

  #open(backend: Backend): void {
    const { signal } = this.#detached;
    if (signal.aborted) return backend.close();
    this.backend = backend;
    this.#project = 'ready';
    let session = backend.session.snapshot;
    const leave = backend.session.subscribe(() => {
      const before = session;
      session = backend.session.snapshot;
      if (before.data && before.data.userId !== session.data?.userId) this.#forget(before.data.userId);
      if (before.data?.anonymous && !session.data) this.outbox.disown(before.data.userId);
      if (before.data !== session.data || before.status !== session.status) this.#startOver();
      this.#show();
    });
    signal.addEventListener('abort', leave);
    signal.addEventListener(
      'abort',
      backend.link.subscribe(() => this.#show()),
    );
    const on = (target: EventTarget | undefined, event: string, listener: () => void) =>
      target?.addEventListener?.(event, listener, { signal });
    on(globalThis, 'online', () => this.#wake());
    on(globalThis, 'offline', () => this.#show());
    on(globalThis.document, 'visibilitychange', () => this.#visibilityChanged());
    // Into the back-forward cache and out of it again: the browser has cut the socket, or would have to.
    on(globalThis, 'pagehide', () => this.#sleep());
    on(globalThis, 'pageshow', () => this.#wake());
    void this.outbox.open();
    this.#startOver();
    this.#show();
  }

  #detach(): void {
    this.#detached.abort();
    clearTimeout(this.#suspend);
    this.asleep = false;
    this.#errors = 0;
    this.#syncs.length = 0;
    this.#polling = false;
    this.target = '';
    this.outbox.close();
    this.backend?.close();
    this.backend = undefined;
    this.#loading = undefined;
    this.#project = undefined;
    this.#startOver();
    this.#topics.clear();
    this.#show();
  }

  #startOver(): void {
    for (const query of [...this.#read]) query.start();
    this.outbox.flush();
  }

  #visibilityChanged(): void {
    clearTimeout(this.#suspend);
    if (document.visibilityState !== 'hidden') return this.#wake();
    this.#suspend = setTimeout(() => this.#sleep(), this.timings.suspendAfterMs);
  }

  /** Somebody may be looking again, or the network may be back. */
  #wake(): void {
    clearTimeout(this.#suspend);
    this.asleep = false;
    this.backend?.wake();
    this.outbox.flush(true);
    this.#show();
  }

  #sleep(): void {
    this.asleep = true;
    this.backend?.sleep();
  }

  #forget(userId: string): void {
    const prefix = ownerPrefix(this.target, userId);
    void import('./snapshots.ts').then(({ forgetSnapshots }) => forgetSnapshots(prefix));
  }

  #show(): void {
    const last = this.#state.snapshot.data;
    const next = connectionOf({
      project: this.#project,
      online: globalThis.navigator?.onLine,
      sessionError: this.backend?.session.snapshot.error,
      topics: [...this.#topics.values()],
      entries: this.outbox.entries.snapshot.data ?? [],
      fetching: this.#fetching.size > 0,
      polling: this.#polling,
      link: this.backend?.link.snapshot.data,
      lastSyncAt: this.#lastSyncAt,
      errors: this.#errors,
      syncsPerMinute: this.#syncs.length,
    });
    const same = last && (Object.keys(next) as (keyof Connection)[]).every((name) => last[name] === next[name]);
    if (!same) this.#state.set({ status: 'live', data: next, sample: false });
  }
}
