import type { PostgrestError, Session as AuthSession, SupabaseClient } from '@supabase/supabase-js';
import type {
  AuthStep,
  Backend,
  Credentials,
  Filter,
  Link,
  Mutation,
  Query,
  Session,
  TopicListener,
} from './backend.ts';
import { Channels } from './channels.ts';
import { LivelitError } from './error.ts';
import { LiveValue, type Live } from './live.ts';
import { readLocal, watchLocal, writeLocal } from './local-storage.ts';
import type { Client, SupabaseTarget } from './own-client.ts';
import { answerError, authError, functionError } from './supabase-error.ts';
import type { TopicTables } from './table-changes.ts';
import { Tabs } from './tabs.ts';
import { alone } from './locks.ts';
import type { Timings } from './timings.ts';

/** Hosted's default `max_rows`: no answer is longer, so what is longer is asked for in pages. */
const PAGE_ROWS = 1_000;

/** How long after a sign-out the other tabs may take to hear of it. */
const LEFT_MS = 10_000;

export interface SupabaseBackendOptions extends SupabaseTarget {
  readonly timings: Timings;
  /** The tables behind topics, for a project that sends no broadcasts. */
  readonly tables?: TopicTables | undefined;
  /** Proves that a visitor is a person, where the project asks for it; the page renders the captcha. */
  readonly captchaToken?: (() => Promise<string>) | undefined;
  /** The client is the kit's own, and goes with the backend; a client of the page outlives it. */
  readonly own: boolean;
}

export { ownClient } from './own-client.ts';

/** The port over supabase-js. */
export class SupabaseBackend implements Backend {
  readonly #client: Client;
  readonly #options: SupabaseBackendOptions;
  readonly link = new LiveValue<Link>();
  #tabs!: Tabs;
  #channels: Channels | undefined;
  #leaveLink = () => {};
  #accessToken: string | undefined;
  readonly #session = new LiveValue<Session | null>({ status: 'loading', data: undefined, sample: false });
  readonly #unwatch: () => void;
  #visiting: Promise<Session> | undefined;
  #renewing: Promise<void> | undefined;
  #leaving = false;

  constructor(client: Client, options: SupabaseBackendOptions) {
    this.#client = client;
    this.#options = options;
    this.#shareAs('');
    // Synchronous on purpose: auth-js holds a lock while it calls, and a call back into it would wait for ever.
    const { data } = client.auth.onAuthStateChange((_event, session) => this.#show(session));
    // Storage may tell of a sign-out in another tab later than auth-js does.
    const unwatchLeft = watchLocal(this.#leftKey, () => {
      if (this.#session.snapshot.status === 'error') this.#session.set({ status: 'live', data: null, sample: false });
    });
    this.#unwatch = () => {
      data.subscription.unsubscribe();
      unwatchLeft();
    };
  }

  get session(): Live<Session | null> {
    return this.#session;
  }

  get hosted(): boolean {
    return !this.#options.own;
  }

  async fetch<T>(query: Query, signal: AbortSignal): Promise<T> {
    const token = this.#accessToken;
    if ('rpc' in query) {
      const answer = await this.#client.rpc(query.rpc, query.parameters).abortSignal(signal);
      if (answer.error) throw this.#noticed(answerError(answer.error, answer.status), token);
      return answer.data as T;
    }
    const rows: unknown[] = [];
    const limit = query.limit ?? Infinity;
    for (;;) {
      const wanted = Math.min(PAGE_ROWS, limit - rows.length);
      let request = where(
        this.#client.from(query.from).select(query.columns ?? '*') as unknown as RowQuery,
        query.where,
      );
      for (const column of query.order) {
        request = request.order(column.replace(/^-/, ''), { ascending: !column.startsWith('-') });
      }
      const { data, error, status } = await request.range(rows.length, rows.length + wanted - 1).abortSignal(signal);
      if (error) throw this.#noticed(answerError(error, status), token);
      rows.push(...data);
      if (data.length < wanted || rows.length >= limit) return rows as T;
    }
  }

  async write(mutation: Mutation, signal: AbortSignal): Promise<void> {
    const token = this.#accessToken;
    const request =
      'rpc' in mutation
        ? this.#client.rpc(mutation.rpc, mutation.parameters)
        : where(this.#client.from(mutation.update).update(mutation.values), mutation.where);
    const { error, status } = await request.abortSignal(signal);
    if (error) throw this.#noticed(answerError(error, status), token);
  }

  async invoke(name: string, body: object, signal: AbortSignal): Promise<unknown> {
    const token = this.#accessToken;
    const answer = await this.#client.functions.invoke<unknown>(name, { body: { ...body }, signal });
    if (answer.error) throw this.#noticed(await functionError(answer.error as Error), token);
    return answer.data;
  }

  join(topic: string, listener: TopicListener): () => void {
    return this.#tabs.join(topic, listener);
  }

  deafTo(table: string): boolean {
    const { tables } = this.#options;
    return tables !== undefined && !Object.values(tables).some((behind) => behind.some((each) => each.table === table));
  }

  wake(): void {
    this.#tabs.wake();
  }

  sleep(): void {
    this.#tabs.sleep();
  }

  signIn(credentials: Credentials): Promise<Session> {
    if (credentials !== 'anonymous') return this.#signIn(this.#client.auth.signInWithPassword(credentials));
    // Two first messages must not make two visitors.
    this.#visiting ??= this.#visit().finally(() => (this.#visiting = undefined));
    return this.#visiting;
  }

  async authenticate(step: AuthStep): Promise<Session | null> {
    const { takeStep } = await import('./supabase-account.ts');
    const session = await takeStep({ auth: this.#client.auth, captchaToken: this.#options.captchaToken }, step);
    if (session) this.#show(session);
    return session && this.#session.snapshot.data!;
  }

  async signOut(): Promise<void> {
    this.#leaving = true;
    writeLocal(this.#leftKey, String(Date.now()));
    try {
      // This browser only: signing out here must not sign the person's phone out.
      const { error } = await this.#client.auth.signOut({ scope: 'local' });
      if (error) throw authError(error);
    } finally {
      this.#leaving = false;
    }
  }

  close(): void {
    this.#unwatch();
    this.#leaveLink();
    this.#tabs.close();
    if (this.#options.own) void this.#client.auth.dispose();
  }

  /** A token that the server refuses is renewed, beside the retry of what was refused; one that is new by now is not. */
  #noticed(error: LivelitError, token: string | undefined): LivelitError {
    const refused = error.code === 'unauthenticated' && token === this.#accessToken;
    if (refused && this.#session.snapshot.data) void this.#renewOnce();
    return error;
  }

  /** The topics of another user begin: tabs share a socket as long as they show the same one. */
  #shareAs(userId: string): void {
    this.#tabs?.close();
    this.#leaveLink();
    const { url, key, timings, tables } = this.#options;
    const tabs = new Tabs({
      name: `livelit:${url}:${tables ? 'changes' : 'broadcast'}:${userId}`,
      timings,
      open: () =>
        (this.#channels = new Channels({ url, key, timings, tables, token: (renew) => this.#tokenFor(renew) })),
    });
    this.#tabs = tabs;
    const show = () => this.link.set(tabs.link.snapshot);
    this.#leaveLink = tabs.link.subscribe(show);
    show();
  }

  async #tokenFor(renew: boolean): Promise<string | undefined> {
    if (renew) await this.#renewOnce();
    return (await this.#client.auth.getSession()).data.session?.access_token;
  }

  /** Two refreshes at once would spend one refresh token twice. */
  #renewOnce(): Promise<void> {
    this.#renewing ??= this.#renew().finally(() => (this.#renewing = undefined));
    return this.#renewing;
  }

  /** Asks for a new token, once among the tabs: a refresh token that is used twice ends the session. */
  async #renew(): Promise<void> {
    const refused = this.#accessToken;
    await alone(`livelit:renew:${this.#options.url}`, this.#options.timings.leaderSilenceMs, async () => {
      const { data } = await this.#client.auth.getSession();
      // Another tab was first; its token is in the storage that both share.
      if (data.session && data.session.access_token !== refused) {
        this.#show(data.session);
        return;
      }
      const { error } = await this.#client.auth.refreshSession();
      // auth-js holds on to a session whose token has time left, although the server no longer knows its user. A
      // client of the page is left to the page.
      if (error && authError(error).code === 'invalid' && this.#options.own) {
        await this.#client.auth.signOut({ scope: 'local' });
      }
    });
  }

  get #leftKey(): string {
    return `livelit:left:${this.#options.url}`;
  }

  /** Another tab has signed the user out, which auth-js tells as it tells that a session has ended. */
  get #leftElsewhere(): boolean {
    return Date.now() - Number(readLocal(this.#leftKey) ?? 0) < LEFT_MS;
  }

  async #visit(): Promise<Session> {
    const captchaToken = await this.#options.captchaToken?.();
    // Whom the chat's clean-up may forget one day; the visitors of a page's own client are the page's.
    const data = this.#options.own ? { livelit: 'visitor' } : {};
    const options = { data, ...(captchaToken !== undefined && { captchaToken }) };
    return this.#signIn(this.#client.auth.signInAnonymously({ options }));
  }

  async #signIn(attempt: ReturnType<SupabaseClient['auth']['signInAnonymously']>): Promise<Session> {
    const { data, error } = await attempt;
    if (error) throw authError(error);
    this.#show(data.session);
    return this.#session.snapshot.data!;
  }

  #show(session: AuthSession | null): void {
    const last = this.#session.snapshot.data;
    if ((session?.user.id ?? '') !== (last?.userId ?? '')) this.#shareAs(session?.user.id ?? '');
    // Pushed to the open channels, which would otherwise end with the token that they were joined with.
    if (session?.access_token !== this.#accessToken) {
      this.#accessToken = session?.access_token;
      void this.#channels?.renew();
    }
    if (session) {
      const { id: userId, is_anonymous: anonymous = false, email = '', app_metadata: metadata } = session.user;
      const next: Session = { userId, anonymous, email, ...(metadata?.role === 'admin' && { admin: true }) };
      const same = last && JSON.stringify(last) === JSON.stringify(next);
      this.#session.set({ status: 'live', data: same ? last : next, sample: false });
      return;
    }
    // A session that ended without anybody's wish; a visitor's is simply made anew when it is needed, and of its own
    // client a page knows why it is signed out.
    const ended =
      last && !last.anonymous && this.#options.own && !this.#leaving && !this.#leftElsewhere
        ? new LivelitError('unauthenticated', 'Your session has ended. Please sign in again.', {
            reason: 'session_ended',
          })
        : undefined;
    const error = last === null ? this.#session.snapshot.error : ended;
    this.#session.set({ status: error ? 'error' : 'live', data: null, error, sample: false });
  }
}

/** The part of supabase-js's query builders that the filters need. */
interface Filterable<Self> {
  filter(column: string, operator: string, value: unknown): Self;
  in(column: string, values: readonly unknown[]): Self;
}

/** supabase-js's builder of a SELECT, without its types for a schema that is known: they do not end here. */
interface RowQuery extends Filterable<RowQuery> {
  order(column: string, options: { ascending: boolean }): RowQuery;
  range(from: number, to: number): RowQuery;
  abortSignal(
    signal: AbortSignal,
  ): PromiseLike<
    | { readonly data: unknown[]; readonly error: null; readonly status: number }
    | { readonly data: null; readonly error: PostgrestError; readonly status: number }
  >;
}

function where<Builder extends Filterable<Builder>>(builder: Builder, filters: readonly Filter[] = []): Builder {
  return filters.reduce(
    (narrowed, [column, operator, value]) =>
      operator === 'in' ? narrowed.in(column, value as readonly unknown[]) : narrowed.filter(column, operator, value),
    builder,
  );
}
