import type { TopicEvent } from '../store/backend.ts';
import type { Live } from '../store/live.ts';
import { readLocal, watchLocal, writeLocal } from '../store/local-storage.ts';
import type { LiveQueryOptions, QueryContext } from '../store/query.ts';
import { shareRows } from '../store/rows.ts';
import { store } from '../store/store.ts';
import { explained, mergeEntries } from './usage-logs-merge.ts';
import { WithOwnChat } from './usage-logs-own.ts';
import { sampleEntries, sampleUsers } from './usage-logs-sample.ts';
import {
  entryOrder,
  entryParameters,
  summaryOf,
  userKey,
  userParameters,
  type EntryView,
  type LogEntries,
  type LogEntry,
  type LogEntryDetail,
  type LogTotals,
  type LogUser,
  type LogUsers,
  type UserView,
} from './usage-logs-view.ts';

/** What the database answers. */
interface Answer<Row> {
  readonly rows: readonly Row[];
  readonly more: boolean;
  readonly next_cursor: string | null;
  readonly prev_cursor: string | null;
  readonly total: number | null;
  readonly total_estimated?: boolean;
  readonly totals: LogTotals | null;
  readonly revenue_total: number;
}

const NOTHING_READ = { rows: [], next: null };

/** How many calls are read at once, at first and when the reader goes on. */
const PAGE_ROWS = 200;

/** The most that the database answers. */
const MAX_ROWS = 1_000;

/** With more changed rows than this one page costs less than asking for each. */
const FEW_IDS = 100;

/** How many rows are read again when anything may have changed; what lies deeper stays as it was read. */
const REREAD_ROWS = 5_000;

const COLUMNS =
  'id,user_id,email,full_name,at,app,feature,model,context_tokens,cached_tokens,generated_tokens,tokens,cost,co2_grams,status,latency_ms,key'.split(
    ',',
  );
const DETAIL_COLUMNS = [...COLUMNS, 'provider', 'project', 'error', 'metadata'];

const MORE: TopicEvent = { event: 'more', payload: {} };

/**
 * A page of users with their sums, kept current: every call moves them, and payments that were completed or deleted do.
 * An admin sees everybody, an owner those they pay for, a member themselves; a sample while nobody is signed in.
 */
export function usageUsers(view: UserView): Live<LogUsers> {
  return store().live<LogUsers>({
    ...about(['usage_logs', 'credit_purchases']),
    key: `logs:users:${JSON.stringify(view)}`,
    cached: true,
    placeholder: () => ({ data: sampleUsers(view), sample: true }),
    async fetch({ backend, signal }) {
      const parameters = { ...userParameters(view), p_page: view.page, p_limit: view.size, p_summary: summaryOf(view) };
      const answer = await backend.fetch<Answer<LogUser>>({ rpc: 'usage_logs_page', parameters }, signal);
      const { rows, revenue_total: revenue } = answer;
      return { rows, ...countOf(answer), revenue };
    },
    reconcile: (shown, fetched) => ({ ...fetched, rows: shareRows(shown.rows, fetched.rows, userKey) }),
  });
}

/**
 * The calls of those users, a row each, from the first on; `readMore` reads further ones. A change that names its rows
 * reads only these; one that does not reads what is new, and more only where the sums tell that there is more to it.
 */
export function usageEntries(view: EntryView): Live<LogEntries> {
  const live = store().live<LogEntries>({
    ...about(['usage_logs', MORE.event]),
    key: `logs:entries:${JSON.stringify(view)}`,
    placeholder: () => ({ data: sampleEntries(view), sample: true }),
    async fetch(context, { shown, events }) {
      if (!shown || !events) return readAgain(view, shown, context);
      const signals = events.filter(({ event }) => event !== MORE.event);
      const current = signals.length ? await readChanged(view, shown, signals, context) : shown;
      return signals.length === events.length ? current : readOn(view, current, context);
    },
  });
  let shown = withOwn.get(live);
  if (!shown) withOwn.set(live, (shown = new WithOwnChat(live, view)));
  return shown;
}

/** One for each query, so that who asks twice gets the same. */
const withOwn = new WeakMap<Live<LogEntries>, WithOwnChat>();

/** Reads further rows of what `usageEntries` has shown; `data.rows` grows. */
export function readMore(entries: Live<LogEntries>): void {
  if (entries.snapshot.data?.next) entries.refresh?.(MORE);
}

/** All that is known of one call; undefined when it is gone. @throws {LivelitError} */
export async function readEntry(id: string, signal: AbortSignal): Promise<LogEntryDetail | undefined> {
  const backend = await store().connection.backend();
  const parameters = { p_ids: [id], p_columns: DETAIL_COLUMNS, p_summary: 'none' };
  const answer = await backend.fetch<Answer<LogEntryDetail>>({ rpc: 'usage_log_entries', parameters }, signal);
  return answer.rows[0];
}

const layoutPrefix = () => `livelit:logs:${store().connection.target ?? ''}:`;

/** What a reader has made of a table on this project: kept in the browser, the same in all its tabs. */
export const readLayout = (name: string): string | undefined => readLocal(layoutPrefix() + name);
export const keepLayout = (name: string, layout: string | undefined): void => writeLocal(layoutPrefix() + name, layout);
export const watchLayouts = (changed: () => void): (() => void) => watchLocal(layoutPrefix(), changed);

function about(events: readonly string[]) {
  return {
    requires: 'account',
    topics: ({ session }) => [session!.admin ? 'admin:usage' : `user:${session!.userId}`],
    relevant: ({ event }) => events.includes(event),
  } satisfies Partial<LiveQueryOptions<never>>;
}

function read(view: EntryView, place: object, { backend, signal }: QueryContext): Promise<Answer<LogEntry>> {
  const parameters = { ...entryParameters(view), p_columns: COLUMNS, p_summary: summaryOf(view), ...place };
  return backend.fetch({ rpc: 'usage_log_entries', parameters }, signal);
}

/** How many rows there are in all, and their sums. */
const countOf = ({ totals, total, total_estimated: estimated = false }: Answer<unknown>) => ({
  total: totals?.users ?? totals?.requests ?? total ?? 0,
  estimated,
  totals: totals ?? undefined,
});

/** From the first row on, as many as are shown; deeper than `REREAD_ROWS` what is shown stays. */
async function readAgain(
  view: EntryView,
  { rows: shown, next: end }: Pick<LogEntries, 'rows' | 'next'> = NOTHING_READ,
  context: QueryContext,
): Promise<LogEntries> {
  const wanted = Math.min(Math.max(shown.length, PAGE_ROWS), REREAD_ROWS);
  const answer = await read(view, { p_limit: Math.min(wanted, MAX_ROWS) }, context);
  const rows = [...answer.rows];
  let next = answer.next_cursor;
  while (next && rows.length < wanted) {
    const place = { p_limit: Math.min(wanted - rows.length, MAX_ROWS), p_cursor: next, p_summary: 'none' };
    const further = await read(view, place, context);
    rows.push(...further.rows);
    next = further.next_cursor;
  }
  const { prev_cursor: first } = answer;
  if (next && shown.length > wanted) {
    const order = entryOrder(view);
    const last = rows.at(-1)!;
    rows.push(...shown.slice(wanted).filter((row) => order(row, last) > 0));
    next = end;
  }
  return { rows: shareRows(shown, rows), ...countOf(answer), next, first };
}

/** What signals have named, or what is new. */
async function readChanged(
  view: EntryView,
  shown: LogEntries,
  signals: readonly TopicEvent[],
  context: QueryContext,
): Promise<LogEntries> {
  const ids = new Set(signals.flatMap(({ payload }) => (payload.ids as readonly string[] | null) ?? []));
  if (ids.size <= FEW_IDS && signals.every(({ payload }) => payload.ids)) {
    const answer = await read(view, { p_ids: [...ids], p_limit: FEW_IDS }, context);
    const rows = mergeEntries(shown.rows, ids, answer.rows, entryOrder(view), shown.next !== null);
    return rows.length ? { ...shown, rows, ...countOf(answer) } : readAgain(view, shown, context);
  }
  if (view.sort !== 'at' || view.ascending || !shown.first) return readAgain(view, shown, context);
  const place = { p_cursor: shown.first, p_backward: true, p_limit: MAX_ROWS };
  const answer = await read(view, place, context);
  const { rows, prev_cursor: first, more } = answer;
  // What signals have named since then is there already.
  const known = new Set(shown.rows.slice(0, rows.length).map(({ id }) => id));
  const added = rows.filter(({ id }) => !known.has(id));
  if (more || !explained(shown, added, countOf(answer))) return readAgain(view, shown, context);
  if (!added.length) return shown;
  return { ...shown, rows: [...added, ...shown.rows], ...countOf(answer), first: first ?? shown.first };
}

async function readOn(view: EntryView, shown: LogEntries, context: QueryContext): Promise<LogEntries> {
  if (!shown.next) return shown;
  const place = { p_cursor: shown.next, p_limit: MAX_ROWS, p_summary: 'none' };
  const { rows, next_cursor: next } = await read(view, place, context);
  return { ...shown, rows: [...shown.rows, ...rows], next };
}
