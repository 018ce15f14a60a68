/** Of a user: all their calls as sums, as `usage_logs_page` answers it. */
export interface LogUser {
  readonly owner_id: string;
  /** Null for the visitors of a site, who are one row together. */
  readonly user_id: string | null;
  readonly email: string | null;
  readonly full_name: string | null;
  readonly user_type: 'internal' | 'external';
  readonly requests: number;
  readonly errors: number;
  /** Input tokens, the cached ones included. */
  readonly context_tokens: number;
  readonly cached_tokens: number;
  readonly generated_tokens: number;
  /** Input and output. */
  readonly tokens: number;
  /** USD; null when no call has a known price. */
  readonly cost: number | null;
  /** Calls without a known price, which `cost` leaves out. */
  readonly unpriced: number;
  /** Grams CO2e. */
  readonly co2_grams: number;
  /** ISO 8601; null for who has only paid. */
  readonly first_activity_at: string | null;
  readonly last_activity_at: string | null;
  readonly has_completed_payment: boolean;
  /** USD. */
  readonly revenue: number;
}

/** One call of a model, as `usage_log_entries` answers it. */
export interface LogEntry {
  readonly id: string;
  readonly user_id: string | null;
  readonly email: string | null;
  readonly full_name: string | null;
  /** ISO 8601. */
  readonly at: string;
  readonly app: string;
  readonly feature: string;
  readonly model: string;
  readonly context_tokens: number;
  readonly cached_tokens: number;
  readonly generated_tokens: number;
  readonly tokens: number;
  /** USD; null when no price is known. */
  readonly cost: number | null;
  /** Grams CO2e; null when it is unknown. */
  readonly co2_grams: number | null;
  readonly status: 'ok' | 'stopped' | 'error';
  readonly latency_ms: number | null;
  /** Made by the app that has reported it. */
  readonly key: string;
  /** Of this page's chat, and not yet confirmed by the log. */
  readonly pending?: boolean;
}

/** What is read of one call alone, when somebody looks at it. */
export interface LogEntryDetail extends LogEntry {
  readonly provider: string;
  readonly project: string;
  readonly error: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** The sums of all that the filters leave; `users` and `revenue` by user only. */
export interface LogTotals {
  readonly users?: number;
  readonly requests: number;
  readonly errors: number;
  readonly context_tokens: number;
  readonly cached_tokens: number;
  readonly generated_tokens: number;
  readonly tokens: number;
  readonly cost: number;
  readonly unpriced: number;
  readonly co2_grams: number;
  readonly revenue?: number;
}

/** One page of users. */
export interface LogUsers {
  readonly rows: readonly LogUser[];
  /** Of all pages. */
  readonly total: number;
  /** There are so many that nobody has counted them all. */
  readonly estimated: boolean;
  /** Undefined for a view that estimates. */
  readonly totals?: LogTotals | undefined;
  /** USD, of everybody whom the reader may see, whatever the filters. */
  readonly revenue: number;
}

/** The calls from the first on, as far as they have been read. */
export interface LogEntries {
  readonly rows: readonly LogEntry[];
  /** Of all that the filters leave, read or not. */
  readonly total: number;
  /** There are so many that nobody has counted them all. */
  readonly estimated: boolean;
  /** Undefined for a view that estimates. */
  readonly totals?: LogTotals | undefined;
  /** Where the rows go on; null at the end. */
  readonly next: string | null;
  /** Where the first row is; null while there is none. */
  readonly first: string | null;
}

export const USER_TYPES = ['all', 'internal', 'external'] as const;
export const ACTIVITIES = ['all', 'active_24h', 'active_7d', 'active_30d', 'inactive_30d'] as const;
export const STATUSES = ['ok', 'stopped', 'error'] as const;
export const USER_SORTS = [
  'last_activity_at',
  'first_activity_at',
  'requests',
  'tokens',
  'cost',
  'co2_grams',
  'revenue',
  'email',
] as const;
export const ENTRY_SORTS = ['at', 'cost', 'tokens', 'latency_ms'] as const;
/** How far back, from now on: hours. */
export const PERIODS = { '1h': 1, '24h': 24, '7d': 168, '30d': 720 } as const;
/** How many users a page may have. */
export const PAGE_SIZES = [25, 50, 100, 200] as const;

export type UserSort = (typeof USER_SORTS)[number];
export type EntrySort = (typeof ENTRY_SORTS)[number];

/** Which users: those that a table of users shows, and those whose calls a table of calls shows. */
export interface LogFilters {
  /** Any part of an address or a name; at most 200 characters. */
  readonly search: string;
  readonly userType: (typeof USER_TYPES)[number];
  readonly activity: (typeof ACTIVITIES)[number];
}

export interface Summary {
  /** Counts past 10,000 are the planner's, and there are no sums: for logs so large that sums take long. */
  readonly estimate?: boolean;
}

export interface UserView extends LogFilters, Summary {
  readonly sort: UserSort;
  readonly ascending: boolean;
  /** From 1 on. */
  readonly page: number;
  readonly size: number;
}

export interface EntryView extends LogFilters, Summary {
  readonly sort: EntrySort;
  readonly ascending: boolean;
  /** Of one user, by id; `visitors`; or, empty, of all. */
  readonly user: string;
  readonly model: string;
  readonly app: string;
  readonly status: '' | LogEntry['status'];
  readonly period: '' | keyof typeof PERIODS;
}

/** The longest search that the database takes; what is longer is cut. */
export const MAX_SEARCH_LENGTH = 200;

const HOUR_MS = 3_600_000;

const filterParameters = ({ search, userType, activity }: LogFilters) => ({
  p_search: search.trim().slice(0, MAX_SEARCH_LENGTH) || null,
  p_user_type: userType,
  p_activity: activity,
});

/** What a function is asked to tell of all rows, besides those that it answers. */
export const summaryOf = ({ estimate }: Summary) => (estimate ? 'count' : 'totals');

/** What `usage_logs_page` is asked for, but for the place. */
export const userParameters = (view: UserView) => ({
  ...filterParameters(view),
  p_sort: view.sort,
  p_ascending: view.ascending,
});

/** What `usage_log_entries` is asked for, but for the place. */
export function entryParameters(view: EntryView) {
  const { user, model, app, status, period } = view;
  return {
    ...filterParameters(view),
    ...(user === 'visitors' ? { p_visitors: true } : user && { p_user_id: user }),
    ...(model && { p_model: model }),
    ...(app && { p_app: app }),
    ...(status && { p_status: status }),
    ...(period && { p_from: new Date(Date.now() - PERIODS[period] * HOUR_MS).toISOString() }),
    p_sort: view.sort,
    p_ascending: view.ascending,
  };
}

/** The order of a table of calls, as the database has it: without a price or latency = least, ties by id. */
export function entryOrder({ sort, ascending }: Pick<EntryView, 'sort' | 'ascending'>) {
  const turn = ascending ? 1 : -1;
  const value = (entry: LogEntry) => entry[sort] ?? -1;
  return (a: LogEntry, b: LogEntry): number => {
    const [one, other] = [value(a), value(b)];
    const order = one === other ? (a.id < b.id ? -1 : a.id > b.id ? 1 : 0) : one < other ? -1 : 1;
    return order * turn;
  };
}

/** A user of the table, whoever pays for them. */
export const userKey = ({ owner_id: owner, user_id: user }: LogUser): string => `${owner}:${user ?? ''}`;
