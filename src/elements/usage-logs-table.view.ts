import {
  ACTIVITIES,
  ENTRY_SORTS,
  MAX_SEARCH_LENGTH,
  PAGE_SIZES,
  PERIODS,
  STATUSES,
  USER_SORTS,
  USER_TYPES,
  type EntryView,
  type UserView,
} from '../services/usage-logs-view.ts';

/** By whom the table is: a row a user, or a row a call. */
export type LogsBy = 'users' | 'entries';

/** All that decides what a table shows; both views keep their own order. */
export interface TableView extends Omit<UserView, 'sort' | 'ascending'>, Omit<EntryView, 'sort' | 'ascending'> {
  readonly by: LogsBy;
  readonly users: Pick<UserView, 'sort' | 'ascending'>;
  readonly entries: Pick<EntryView, 'sort' | 'ascending'>;
}

export const DEFAULT_VIEW: TableView = {
  by: 'users',
  search: '',
  userType: 'all',
  activity: 'all',
  page: 1,
  size: 50,
  users: { sort: 'last_activity_at', ascending: false },
  entries: { sort: 'at', ascending: false },
  user: '',
  model: '',
  app: '',
  status: '',
  period: '',
};

export const userViewOf = ({ search, userType, activity, page, size, users, estimate }: TableView): UserView => ({
  ...(estimate && { estimate }),
  search,
  userType,
  activity,
  page,
  size,
  ...users,
});

export const entryViewOf = (view: TableView): EntryView => {
  const { search, userType, activity, user, model, app, status, period, entries, estimate } = view;
  return { ...(estimate && { estimate }), search, userType, activity, user, model, app, status, period, ...entries };
};

/** Whether any filter is set that the table could be freed of. */
export const filtered = (view: TableView): boolean =>
  FILTERS.some((name) => view[name] !== DEFAULT_VIEW[name] && (view.by === 'entries' || !OF_CALLS.has(name)));

export const FILTERS = ['search', 'userType', 'activity', 'user', 'model', 'app', 'status', 'period'] as const;
/** What frees a view of them. */
export const UNFILTERED: Partial<TableView> = Object.fromEntries(FILTERS.map((name) => [name, DEFAULT_VIEW[name]]));

const OF_CALLS: ReadonlySet<string> = new Set(['user', 'model', 'app', 'status', 'period']);

const oneOf = <T extends string>(words: readonly T[], word: string | null, otherwise: T): T =>
  words.find((each) => each === word) ?? otherwise;

/** What an address says after `#`, `<name>.<word>=<value>` for each thing that is not as it is by itself; the rest is the page's. */
export function writeFragment(hash: string, name: string, view: TableView): string {
  const all = new URLSearchParams(hash.replace(/^#/, ''));
  for (const key of [...all.keys()]) if (key.startsWith(`${name}.`)) all.delete(key);
  const set = (word: string, value: string | number, standard: unknown) => {
    if (value !== standard) all.set(`${name}.${word}`, String(value));
  };
  const { sort, ascending } = view[view.by];
  const standard = DEFAULT_VIEW[view.by];
  set('by', view.by, DEFAULT_VIEW.by);
  for (const word of FILTERS) set(word, view[word], DEFAULT_VIEW[word]);
  set('sort', `${ascending ? '' : '-'}${sort}`, `${standard.ascending ? '' : '-'}${standard.sort}`);
  set('size', view.size, DEFAULT_VIEW.size);
  if (view.by === 'users') set('page', view.page, 1);
  // A page's own anchor is no `name=value`, and stays one.
  return String(all).replace(/=(?=&|$)/g, '');
}

/** The view that an address names; what it says wrongly is as if it had not been said. */
export function readFragment(hash: string, name: string): TableView | undefined {
  const all = new URLSearchParams(hash.replace(/^#/, ''));
  if (![...all.keys()].some((key) => key.startsWith(`${name}.`))) return undefined;
  const get = (word: string) => all.get(`${name}.${word}`);
  const by = oneOf(['users', 'entries'], get('by'), DEFAULT_VIEW.by);
  const sort = get('sort') ?? '';
  const column = sort.replace(/^-/, '');
  const ascending = !sort.startsWith('-');
  const users = USER_SORTS.find((each) => by === 'users' && each === column);
  const entries = ENTRY_SORTS.find((each) => by === 'entries' && each === column);
  const size = Number(get('size'));
  const page = Number(get('page'));
  return {
    by,
    search: (get('search') ?? '').slice(0, MAX_SEARCH_LENGTH),
    userType: oneOf(USER_TYPES, get('userType'), 'all'),
    activity: oneOf(ACTIVITIES, get('activity'), 'all'),
    user: /^(visitors|[0-9a-f-]{36})$/.exec(get('user') ?? '')?.[0] ?? '',
    model: get('model') ?? '',
    app: get('app') ?? '',
    status: oneOf(['', ...STATUSES], get('status'), ''),
    period: oneOf(['', ...(Object.keys(PERIODS) as (keyof typeof PERIODS)[])], get('period'), ''),
    users: users ? { sort: users, ascending } : DEFAULT_VIEW.users,
    entries: entries ? { sort: entries, ascending } : DEFAULT_VIEW.entries,
    size: PAGE_SIZES.find((each) => each === size) ?? DEFAULT_VIEW.size,
    page: Number.isInteger(page) && page > 0 ? page : 1,
  };
}
