import { Audience } from './audience.ts';
import type {
  Link,
  AuthStep,
  Backend,
  Credentials,
  Filter,
  Mutation,
  Query,
  Session,
  TopicEvent,
  TopicListener,
  TopicState,
} from './backend.ts';
import { LivelitError } from './error.ts';
import { LiveValue } from './live.ts';

type Row = Readonly<Record<string, unknown>>;

/** What is "mailed" to whoever asks for a code. */
export const MEMORY_CODE = '123456';

export interface MemoryBackendOptions {
  readonly tables?: Readonly<Record<string, readonly object[]>>;
  /** Answers of Edge Functions, by name. */
  readonly functions?: Readonly<Record<string, (body: object, signal: AbortSignal) => unknown>>;
  /** Answers of database functions, by name. */
  readonly procedures?: Readonly<Record<string, (parameters: Readonly<Record<string, unknown>>) => unknown>>;
  readonly session?: Session | null;
  /** As if the page had brought a client of its own. */
  readonly hosted?: boolean;
}

/**
 * The port without a server: for stories, samples and unit tests of the kernel. It knows no policies and no triggers;
 * what a database would send, its owner sends with `emit`.
 */
export class MemoryBackend implements Backend {
  readonly session: LiveValue<Session | null>;
  readonly hosted: boolean;
  readonly #options: MemoryBackendOptions;
  readonly #tables = new Map<string, Row[]>();
  readonly link = new LiveValue<Link>({
    status: 'live',
    data: { role: 'alone', latencyMs: undefined, nextRetryAt: undefined },
    sample: false,
  });
  readonly #topics = new Map<string, Audience>();
  #state: TopicState = { state: 'joined' };
  #asleep = false;
  /** Fetches that are held back, and what to do with them. */
  #gate: Promise<void> = Promise.resolve();
  #failure: LivelitError | undefined;

  constructor(options: MemoryBackendOptions = {}) {
    this.#options = options;
    this.hosted = options.hosted ?? false;
    for (const [name, rows] of Object.entries(options.tables ?? {})) this.fill(name, rows);
    this.session = new LiveValue<Session | null>({ status: 'live', data: options.session ?? null, sample: false });
  }

  /** The topics that somebody listens to. */
  get topics(): readonly string[] {
    return [...this.#topics.keys()];
  }

  /** Replaces a table's rows. */
  fill(table: string, rows: readonly object[]): void {
    this.#tables.set(table, [...(rows as readonly Row[])]);
  }

  emit(topic: string, event: TopicEvent): void {
    if (!this.#asleep) this.#topics.get(topic)?.tell(event);
  }

  /** Tells every listener where its topic stands: `lost`, `refused`, `joined` again. */
  turn(state: TopicState): void {
    this.#state = state;
    if (!this.#asleep) this.#tell(state);
  }

  #tell(state: TopicState): void {
    for (const audience of this.#topics.values()) audience.turn(state);
  }

  /** Holds all fetches back until the returned function is called. */
  hold(): () => void {
    let release = () => {};
    this.#gate = new Promise((resolve) => (release = resolve));
    return release;
  }

  /** Makes every fetch and write fail until it is called without an error. */
  fail(error?: LivelitError): void {
    this.#failure = error;
  }

  async fetch<T>(query: Query, signal: AbortSignal): Promise<T> {
    await this.#pass(signal);
    if ('rpc' in query) return this.#call(query.rpc, query.parameters ?? {}) as T;
    const rows = this.#rows(query.from, query.where).sort(by(query.order));
    return rows.slice(0, query.limit) as T;
  }

  async write(mutation: Mutation, signal: AbortSignal): Promise<void> {
    await this.#pass(signal);
    if ('rpc' in mutation) {
      this.#call(mutation.rpc, mutation.parameters ?? {});
      return;
    }
    const chosen = new Set(this.#rows(mutation.update, mutation.where));
    const rows = this.#tables.get(mutation.update) ?? [];
    this.#tables.set(
      mutation.update,
      rows.map((row) => (chosen.has(row) ? { ...row, ...mutation.values } : row)),
    );
  }

  async invoke(name: string, body: object, signal: AbortSignal): Promise<unknown> {
    await this.#pass(signal);
    const answer = this.#options.functions?.[name];
    if (!answer) throw new LivelitError('unavailable', `There is no function "${name}".`, { reason: 'function' });
    return answer(body, signal);
  }

  join(topic: string, listener: TopicListener): () => void {
    const audience = this.#topics.get(topic) ?? new Audience(this.#asleep ? undefined : this.#state);
    this.#topics.set(topic, audience);
    return audience.admit(listener, () => {
      if (this.#topics.get(topic) === audience) this.#topics.delete(topic);
    });
  }

  signIn(credentials: Credentials): Promise<Session> {
    const anonymous = credentials === 'anonymous';
    const email = anonymous ? '' : credentials.email;
    const session = { userId: anonymous ? 'visitor' : email, anonymous, email };
    this.session.set({ status: 'live', data: session, sample: false });
    return Promise.resolve(session);
  }

  /** Every code that is mailed is `MEMORY_CODE`. */
  async authenticate(step: AuthStep): Promise<Session | null> {
    await this.#pass(new AbortController().signal);
    const last = this.session.snapshot.data;
    if (step.step === 'send-code' || step.step === 'recover') return null;
    if (step.step === 'set-password') {
      if (last) return last;
      throw new LivelitError('unauthenticated', 'Please sign in first.', { reason: 'session_not_found' });
    }
    if (step.step === 'enter-code' && step.code !== MEMORY_CODE) {
      throw new LivelitError('invalid', 'This code is wrong.', { reason: 'otp_expired' });
    }
    // A visitor who gets an account keeps their id.
    const session = { userId: last?.anonymous ? last.userId : step.email, anonymous: false, email: step.email };
    this.session.set({ status: 'live', data: session, sample: false });
    return session;
  }

  signOut(): Promise<void> {
    this.session.set({ status: 'live', data: null, sample: false });
    return Promise.resolve();
  }

  wake(): void {
    if (!this.#asleep) return;
    this.#asleep = false;
    this.#tell(this.#state);
  }

  sleep(): void {
    if (this.#asleep) return;
    this.#asleep = true;
    const error = new LivelitError('unavailable', 'Paused while the page is hidden.', { reason: 'suspended' });
    this.#tell({ state: 'lost', error });
  }

  close(): void {
    this.#topics.clear();
  }

  async #pass(signal: AbortSignal): Promise<void> {
    await this.#gate;
    signal.throwIfAborted();
    if (this.#failure) throw this.#failure;
  }

  #call(name: string, parameters: Readonly<Record<string, unknown>>): unknown {
    const procedure = this.#options.procedures?.[name];
    if (!procedure)
      throw new LivelitError('invalid', `There is no database function "${name}".`, { reason: 'PGRST202' });
    return procedure(parameters);
  }

  #rows(table: string, filters: readonly Filter[] = []): Row[] {
    return (this.#tables.get(table) ?? []).filter((row) => filters.every((filter) => passes(row, filter)));
  }
}

function passes(row: Row, [column, operator, value]: Filter): boolean {
  const own = row[column];
  if (operator === 'in') return (value as readonly unknown[]).includes(own);
  if (operator === 'eq') return own === value;
  if (operator === 'neq') return own !== value;
  const order = compare(own, value);
  return operator === 'gt' ? order > 0 : operator === 'gte' ? order >= 0 : operator === 'lt' ? order < 0 : order <= 0;
}

const by =
  (columns: readonly string[]) =>
  (a: Row, b: Row): number => {
    for (const column of columns) {
      const name = column.replace(/^-/, '');
      const order = compare(a[name], b[name]);
      if (order) return column === name ? order : -order;
    }
    return 0;
  };

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
}
