import { backoff } from './backoff.ts';
import type { Backend, Session, TopicEvent } from './backend.ts';
import { debug } from './debug.ts';
import { LivelitError } from './error.ts';
import { interrupted, type Lane, type OutboxEntry } from './lane.ts';
import { LiveValue } from './live.ts';
import { alone } from './locks.ts';
import type { OutboxStorage } from './outbox-storage.ts';
import { TabLease } from './tab-lease.ts';
import type { Timings } from './timings.ts';

/** What the outbox needs of the store that it belongs to. */
export interface OutboxHost {
  readonly backend: Backend | undefined;
  /** The project's address; empty while the page belongs to none. */
  readonly target: string;
  readonly timings: Timings;
  emit(lane: string, event: TopicEvent): void;
  /** An entry has arrived: the lane's queries call `forget` when they show it. False when no query watches. */
  delivered(entry: OutboxEntry): boolean;
  /** Where an entry is kept may have changed. */
  kept(): void;
  /** A delivery has failed, for now or for good. */
  failed(): void;
}

/** How long to wait for another tab that works on a lane: longer than a reply takes to stream. */
const LOCK_PATIENCE_MS = 45_000;

/** Sent by another tab, whose data shows it already; this one shows the entry until its own does. */
const arrived = (entry: OutboxEntry): OutboxEntry =>
  entry.deliveredAt ? entry : { ...entry, state: 'delivered', deliveredAt: Date.now() };

/** A durable, ordered, idempotent queue of writes, one order a lane. */
export class Outbox {
  /** The entries of the present user and project, oldest first. */
  readonly entries = new LiveValue<readonly OutboxEntry[]>({ status: 'live', data: [], sample: false });
  readonly #host: OutboxHost;
  readonly #lanes = new Map<string, Lane>();
  readonly #busy = new Set<string>();
  /** Ids that storage is known to have held: one that is gone from it was sent by another tab. */
  readonly #stored = new Set<string>();
  /** Ids that this tab has dropped: storage may have been read while they were still there. */
  readonly #forgotten = new Set<string>();
  /** Ids that a reload would lose. */
  readonly #unkept = new Set<string>();
  #all: readonly OutboxEntry[] = [];
  #userId: string | null = null;
  #storage: Promise<OutboxStorage> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = new AbortController();
  readonly #lease = new TabLease();
  /** Other tabs whose end is waited for, because they have left something unsent. */
  readonly #awaited = new Set<string>();
  /** Tells the other tabs that what is kept has changed: an entry's id when it was given up, otherwise nothing. */
  #news: BroadcastChannel | undefined;
  #caughtUp = Promise.resolve();

  constructor(host: OutboxHost) {
    this.#host = host;
  }

  /** Begins to work for a project: what an earlier page left behind is sent too. */
  async open(): Promise<void> {
    const { target } = this.#host;
    this.#closed = new AbortController();
    const { signal } = this.#closed;
    this.#news = globalThis.BroadcastChannel && new BroadcastChannel(`livelit:outbox:${target}`);
    if (this.#news) this.#news.onmessage = ({ data }) => void this.#catchUp(data as string);
    this.#storage ??= import('./outbox-storage.ts').then(({ openOutboxStorage }) => openOutboxStorage());
    const kept = await (await this.#storage).all();
    if (signal.aborted) return;
    // What was written before there was a project, or anywhere to keep it.
    const early = this.#all.filter((entry) => !entry.target || this.#unkept.has(entry.id));
    this.#adopt(kept);
    await Promise.all(early.map((entry) => this.#keep({ ...entry, target: entry.target || target })));
    this.flush();
  }

  close(): void {
    this.#closed.abort();
    this.#news?.close();
    this.#news = undefined;
    this.#lease.release();
    this.#awaited.clear();
    clearTimeout(this.#timer);
    this.#show(this.#all);
  }

  /** Teaches the outbox how a lane delivers; entries of an unknown lane wait. */
  register(lane: Lane): void {
    if (this.#lanes.has(lane.name)) return;
    this.#lanes.set(lane.name, lane);
    void this.#flushLane(lane);
  }

  /** Takes a write. It is in `entries` when this returns, and survives a reload a moment later. */
  add<Payload>(lane: Lane<Payload>, payload: Payload, id: string): void {
    const entry: OutboxEntry<Payload> = {
      id,
      lane: lane.name,
      target: this.#host.target,
      userId: this.#whose(),
      payload,
      tab: this.#lease.id,
      // What is read from storage is ordered by this: two writes of one moment must not change places.
      createdAt: Math.max(Date.now(), (this.#all.at(-1)?.createdAt ?? 0) + 1),
      state: 'pending',
      attempts: 0,
      nextAt: 0,
    };
    this.#lanes.set(lane.name, lane as Lane);
    void this.#keep(entry).then(() => this.#flushLane(lane as Lane));
  }

  /** Tries an entry again now. */
  retry(id: string): void {
    const entry = this.#all.find((each) => each.id === id);
    if (entry?.state !== 'failed' && entry?.state !== 'pending') return;
    const insisted = entry.insisted === true || entry.state === 'failed';
    void this.#keep({ ...entry, insisted, tab: this.#lease.id, state: 'pending', nextAt: 0, error: undefined }).then(
      () => this.flush(),
    );
  }

  /** Gives an entry up. One that is on its way is not called back. */
  discard(id: string): void {
    const entry = this.#all.find((each) => each.id === id);
    // The other tabs would take it for one that has arrived.
    if (entry?.state === 'failed' || entry?.state === 'pending') this.#drop(id, id);
  }

  /** A visitor's session has ended: what they have not sent yet is sent by the visitor that comes next. */
  disown(userId: string): void {
    const theirs = this.#all.filter((entry) => entry.userId === userId && entry.state !== 'delivered');
    for (const entry of theirs) if (entry.state !== 'sending') void this.#keep({ ...entry, userId: null });
  }

  /** Drops an entry that the data now shows. */
  forget(id: string): void {
    this.#drop(id, '');
  }

  #drop(id: string, news: string): void {
    if (!this.#all.some((entry) => entry.id === id)) return;
    this.#forgotten.add(id);
    this.#show(this.#all.filter((entry) => entry.id !== id));
    this.#stored.delete(id);
    this.#unkept.delete(id);
    void this.#storage?.then((storage) => storage.delete(id)).then(() => this.#news?.postMessage(news));
  }

  /** Sends whatever is due; with `now`, also what waits for its next attempt because the network was down. */
  flush(now = false): void {
    // The user may have changed, and with it what is theirs.
    this.#whose();
    this.#show(this.#all);
    for (const entry of now ? this.#all : []) {
      if (entry.state === 'pending' && entry.error?.code === 'offline') void this.#keep({ ...entry, nextAt: 0 });
    }
    for (const lane of this.#lanes.values()) void this.#flushLane(lane);
    this.#wakeLater();
  }

  /** Whether closing the page would lose a write that has not arrived. */
  get atRisk(): boolean {
    const unsent = this.#all.filter(({ state }) => state !== 'delivered');
    return unsent.some(({ id }) => this.#unkept.has(id));
  }

  get #session(): Session | null | undefined {
    return this.#host.backend?.session.snapshot.data;
  }

  /** Whose writes are shown and taken: the present user's, or of who has to sign in again. */
  #whose(): string | null {
    const session = this.#host.backend?.session.snapshot;
    if (session?.status !== 'error') this.#userId = session?.data?.userId ?? null;
    return this.#userId;
  }

  #mine(entry: OutboxEntry): boolean {
    return entry.target === this.#host.target && (entry.userId === null || entry.userId === this.#whose());
  }

  #show(all: readonly OutboxEntry[]): void {
    this.#all = all;
    const mine = all.filter((entry) => this.#mine(entry));
    const shown = this.entries.snapshot.data ?? [];
    const same = mine.length === shown.length && mine.every((entry, index) => entry === shown[index]);
    if (!same) this.entries.set({ status: 'live', data: mine, sample: false });
    const open = all.filter(({ state }) => state !== 'failed');
    if (!open.some(({ tab }) => tab === this.#lease.id)) this.#lease.release();
    for (const { tab } of open) if (tab !== this.#lease.id) this.#inherit(tab);
  }

  /** What another tab leaves behind unsent, this one sends. */
  #inherit(tab: string): void {
    if (this.#awaited.has(tab) || !this.#host.target) return;
    this.#awaited.add(tab);
    void this.#lease.inherit(tab, this.#closed.signal, async () => {
      // Yet another tab may have been faster.
      await this.#catchUp();
      this.#awaited.delete(tab);
      const left = this.#all.filter((entry) => entry.tab === tab && entry.state !== 'failed');
      for (const entry of left) await this.#keep({ ...interrupted(entry), tab: this.#lease.id });
      this.flush();
    });
  }

  /** Shows an entry in its new state at once, and keeps it; resolves when it would survive a reload. */
  async #keep(entry: OutboxEntry): Promise<void> {
    const known = this.#all.some((each) => each.id === entry.id);
    this.#show(known ? this.#all.map((each) => (each.id === entry.id ? entry : each)) : [...this.#all, entry]);
    debug.delivery(entry.lane, entry.id, entry.state);
    if (!this.#storage) {
      this.#unkept.add(entry.id);
      return;
    }
    // Until it is kept anew, what storage holds of it is old.
    this.#stored.delete(entry.id);
    // Before another tab can read it: it would take this one for dead.
    const unsent = entry.state === 'pending' || entry.state === 'sending';
    if (unsent && entry.tab === this.#lease.id && !this.#closed.signal.aborted) await this.#lease.hold();
    const kept = await (await this.#storage).put(entry);
    // Forgotten while it was being kept: it must not come back with the next visit.
    if (!this.#all.some((each) => each.id === entry.id)) return (await this.#storage).delete(entry.id);
    if (kept) this.#unkept.delete(entry.id);
    else this.#unkept.add(entry.id);
    this.#stored.add(entry.id);
    this.#news?.postMessage('');
    this.#host.kept();
  }

  async #flushLane(lane: Lane): Promise<void> {
    if (!this.#deliverable(lane) || this.#busy.has(lane.name)) return;
    this.#busy.add(lane.name);
    try {
      // One tab at a time works on a lane; delivering twice is harmless, waiting for ever is not.
      const lock = `livelit:outbox:${this.#host.target}:${lane.name}`;
      await alone(lock, LOCK_PATIENCE_MS, () => this.#deliverAll(lane), this.#closed.signal);
    } finally {
      this.#busy.delete(lane.name);
    }
    this.#wakeLater();
    // What came while the lane was being let go has found it busy.
    void this.#flushLane(lane);
  }

  /** The entry to send now, if there is one; a lane that nobody may use yet waits for somebody to sign in. */
  #deliverable(lane: Lane): OutboxEntry | undefined {
    const entry = this.#next(lane);
    const open = this.#host.backend !== undefined && !this.#closed.signal.aborted;
    return open && entry && entry.nextAt <= Date.now() && this.#sendable(lane, entry) ? entry : undefined;
  }

  #sendable(lane: Lane, entry: OutboxEntry): boolean {
    if (!this.#mine(entry)) return false;
    // Never as somebody else, not even as the visitor that one is until the next sign-in.
    return this.#session ? true : lane.anonymous === true && this.#whose() === null;
  }

  /** The entry whose turn it is; one that failed for good lets the next ones pass. */
  #next(lane: Lane): OutboxEntry | undefined {
    return this.#all.find(
      (entry) =>
        entry.lane === lane.name && entry.state === 'pending' && entry.tab === this.#lease.id && this.#mine(entry),
    );
  }

  async #deliverAll(lane: Lane): Promise<void> {
    // While this tab waited for the lane, another one may have sent what both know of, or been told to wait.
    await this.#catchUp();
    for (let entry = this.#deliverable(lane); entry; entry = this.#deliverable(lane)) {
      await this.#deliver(lane, entry, this.#host.backend!);
    }
  }

  /** Sends one entry; leaves it delivered, failed, or pending with the time of its next attempt. */
  async #deliver(lane: Lane, entry: OutboxEntry, backend: Backend): Promise<void> {
    const { timings } = this.#host;
    const userChanged = new AbortController();
    const signal = AbortSignal.any([this.#closed.signal, userChanged.signal]);
    let current: OutboxEntry = { ...entry, state: 'sending', attempts: entry.attempts + 1, error: undefined };
    let session: Session | undefined;
    const leave = backend.session.subscribe(() => {
      if (session && session.userId !== this.#session?.userId) userChanged.abort();
    });
    await this.#keep(current);
    try {
      // Keeping takes a moment, and in it somebody else may have signed in.
      if (!this.#sendable(lane, entry)) {
        await this.#keep(entry);
        return;
      }
      session = this.#session ?? (await backend.signIn('anonymous'));
      current = { ...current, userId: session.userId };
      await this.#keep(current);
      signal.throwIfAborted();
      await lane.deliver(current, { backend, signal, emit: (event) => this.#host.emit(lane.name, event) });
      current = { ...current, state: 'delivered', deliveredAt: Date.now() };
      await this.#keep(current);
      if (!this.#host.delivered(current)) this.forget(current.id);
    } catch (reason) {
      const { code, reason: cause, message, retryable, retryAfterMs } = LivelitError.from(reason);
      // A visitor whose session has ended, or is unknown to the server, comes back as a new one. A member does not.
      const gone = code === 'unauthenticated' || backend.session.snapshot.data === null;
      if (session?.anonymous && gone) current = { ...current, userId: null };
      if (signal.aborted) {
        await this.#keep({ ...current, state: 'pending' });
        return;
      }
      this.#host.failed();
      const error = { code, reason: cause, message };
      const wait = retryAfterMs ?? backoff(entry.attempts, timings.retryBaseMs, timings.retryCapMs);
      await this.#keep(
        retryable
          ? { ...current, state: 'pending', error, nextAt: Date.now() + Math.ceil(wait) }
          : { ...current, state: 'failed', error },
      );
    } finally {
      leave();
    }
  }

  /** Another tab has queued, sent or given up something: all show the same. */
  #catchUp(givenUp = ''): Promise<void> {
    // One after the other: what is told while one reads, the next one reads.
    this.#caughtUp = this.#caughtUp.then(() => this.#readKept(givenUp));
    return this.#caughtUp;
  }

  async #readKept(givenUp: string): Promise<void> {
    const { signal } = this.#closed;
    this.#show(this.#all.filter(({ id }) => id !== givenUp));
    const kept = (await (await this.#storage)?.all()) ?? [];
    if (signal.aborted) return;
    this.#adopt(kept);
  }

  /** Takes over what storage holds, except where this tab knows better. */
  #adopt(kept: readonly OutboxEntry[]): void {
    const theirs = new Map(kept.map((entry) => [entry.id, entry]));
    const known = this.#all.flatMap((entry) => {
      // What is being kept at this moment, and what this tab sends, it knows best.
      if (!this.#stored.has(entry.id)) return [entry];
      const their = theirs.get(entry.id);
      const own = entry.tab === this.#lease.id;
      if (!their) return entry.state === 'failed' ? [] : [own ? entry : arrived(entry)];
      return own && their.tab === this.#lease.id ? [entry] : [their];
    });
    const ids = new Set(this.#all.map(({ id }) => id));
    for (const { id } of kept) if (!ids.has(id)) this.#stored.add(id);
    const fresh = kept.filter(({ id }) => !ids.has(id) && !this.#forgotten.has(id));
    const before = new Set(this.#all);
    this.#show([...known, ...fresh].toSorted((a, b) => a.createdAt - b.createdAt));
    // What another tab has delivered is let go of as soon as this one's data shows it, too.
    for (const entry of this.#all) {
      if (entry.state === 'delivered' && !before.has(entry) && !this.#host.delivered(entry)) this.forget(entry.id);
    }
  }

  /** Sets the one timer to the earliest next attempt. */
  #wakeLater(): void {
    clearTimeout(this.#timer);
    const later = [...this.#lanes.values()].flatMap((lane) => this.#next(lane)?.nextAt ?? []);
    const wait = Math.min(...later) - Date.now();
    // What is due but cannot be sent waits for a session or a backend, which call `flush` when they come.
    if (wait > 0 && wait < Infinity) this.#timer = setTimeout(() => this.flush(), wait);
  }
}
