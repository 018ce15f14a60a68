import {
  entryOrder,
  PERIODS,
  userKey,
  type EntryView,
  type LogEntries,
  type LogEntry,
  type LogFilters,
  type LogTotals,
  type LogUser,
  type LogUsers,
  type UserView,
} from './usage-logs-view.ts';

type Sums = Omit<LogTotals, 'users' | 'revenue'>;

const MODELS = [
  { model: 'gpt-4o-mini', usdPerToken: 2.6e-7, gramsPerToken: 2e-5 },
  { model: 'gpt-4o', usdPerToken: 4e-6, gramsPerToken: 3e-4 },
  { model: 'gpt-5-mini', usdPerToken: 7e-7, gramsPerToken: 4e-5 },
] as const;

const APPS = ['chat', 'editor', 'summary'] as const;

const NAMES = [
  'Ada Example',
  'Bo Sample',
  'Cleo Demo',
  'Dan Specimen',
  'Eve Instance',
  'Finn Placeholder',
  'Gia Mock',
  'Hal Trial',
  'Ida Draft',
];

const INTERNAL = 'bo@example.com';

const ENTRIES = 240;
const HOUR_MS = 3_600_000;

/** Without random numbers, and without a pattern that the eye would find: from 0 to 1. */
const noise = (seed: number) => Math.abs(Math.sin(seed * 12.9898) * 43_758.5453) % 1;

/** Invented calls of invented people, the newest first, the same at every call but for the time. */
function invented(now: number): LogEntry[] {
  return Array.from({ length: ENTRIES }, (_, index) => {
    // One more than there are names: the visitors.
    const who = Math.floor(noise(index + 1) ** 1.6 * (NAMES.length + 1));
    const name = NAMES[who];
    const { model, usdPerToken, gramsPerToken } = MODELS[Math.floor(noise(index + 500) * MODELS.length)]!;
    const app = name ? APPS[Math.floor(noise(index + 900) * APPS.length)]! : 'chat';
    const context = Math.round(200 + 3_000 * noise(index + 40));
    const generated = Math.round(60 + 700 * noise(index + 80));
    const tokens = context + generated;
    const draw = noise(index + 300);
    return {
      id: `sample-${String(index).padStart(3, '0')}`,
      user_id: name ? `sample-${who}` : null,
      email: name ? `${name.split(' ')[0]!.toLowerCase()}@example.com` : null,
      full_name: name ?? 'Portfolio visitors',
      at: new Date(now - (0.02 + index ** 1.6 / 12) * HOUR_MS).toISOString(),
      app,
      feature: app === 'editor' ? 'complete' : '',
      model,
      context_tokens: context,
      cached_tokens: draw > 0.6 ? Math.round(context / 2) : 0,
      generated_tokens: generated,
      tokens,
      cost: tokens * usdPerToken,
      co2_grams: tokens * gramsPerToken,
      status: draw < 0.03 ? 'error' : draw < 0.07 ? 'stopped' : 'ok',
      latency_ms: Math.round(350 + generated * 9),
      key: `sample:${index}`,
    };
  });
}

/** A page of invented users, found and sorted as the database would. */
export function sampleUsers(view: UserView, now: number = Date.now()): LogUsers {
  const calls = invented(now);
  const all = [...new Set(calls.map(({ user_id: user }) => user))].map((user, index) =>
    userOf(
      calls.filter((call) => call.user_id === user),
      index,
    ),
  );
  const found = all.filter((user) => passes(user, view, user.last_activity_at!, now)).sort(userOrder(view));
  const revenue = sum(found, 'revenue');
  return {
    rows: found.slice((view.page - 1) * view.size, view.page * view.size),
    total: found.length,
    estimated: false,
    totals: { ...totalsOf(found), users: found.length, revenue },
    revenue: sum(all, 'revenue'),
  };
}

/** All invented calls that a view leaves. */
export function sampleEntries(view: EntryView, now: number = Date.now()): LogEntries {
  const since = view.period ? new Date(now - PERIODS[view.period] * HOUR_MS).toISOString() : '';
  const entries = invented(now);
  const activity = new Map(entries.toReversed().map(({ user_id: user, at }) => [user, at]));
  const rows = entries
    .filter(
      (row) =>
        passes(row, view, activity.get(row.user_id)!, now) &&
        (!view.user || view.user === (row.user_id ?? 'visitors')) &&
        (!view.model || view.model === row.model) &&
        (!view.app || view.app === row.app) &&
        (!view.status || view.status === row.status) &&
        row.at >= since,
    )
    .sort(entryOrder(view));
  const counted = rows.map((row) => ({ ...row, requests: 1, errors: row.status === 'error' ? 1 : 0, unpriced: 0 }));
  return { rows, total: rows.length, estimated: false, totals: totalsOf(counted), next: null, first: null };
}

function userOf(calls: readonly LogEntry[], index: number): LogUser {
  const [newest] = calls;
  const { user_id, email, full_name } = newest!;
  const paid = user_id !== null && index % 3 === 0;
  return {
    owner_id: 'sample',
    user_id,
    email,
    full_name,
    user_type: email === INTERNAL ? 'internal' : 'external',
    requests: calls.length,
    errors: calls.filter(({ status }) => status === 'error').length,
    context_tokens: sum(calls, 'context_tokens'),
    cached_tokens: sum(calls, 'cached_tokens'),
    generated_tokens: sum(calls, 'generated_tokens'),
    tokens: sum(calls, 'tokens'),
    cost: sum(calls, 'cost'),
    unpriced: 0,
    co2_grams: sum(calls, 'co2_grams'),
    first_activity_at: calls.at(-1)!.at,
    last_activity_at: newest!.at,
    has_completed_payment: paid,
    revenue: paid ? 20 + 10 * (index % 4) : 0,
  };
}

const ACTIVE_HOURS = { all: Infinity, active_24h: 24, active_7d: 168, active_30d: 720, inactive_30d: 720 } as const;

function passes(row: Pick<LogUser, 'email' | 'full_name'>, view: LogFilters, activeAt: string, now: number): boolean {
  const { search, userType, activity } = view;
  const label = `${row.email ?? ''} ${row.full_name ?? ''}`.toLowerCase();
  const recent = now - Date.parse(activeAt) < ACTIVE_HOURS[activity] * HOUR_MS;
  const internal = row.email === INTERNAL;
  return (
    label.includes(search.trim().toLowerCase()) &&
    (userType === 'all' || (userType === 'internal') === internal) &&
    recent === (activity !== 'inactive_30d')
  );
}

function userOrder({ sort, ascending }: UserView) {
  const turn = ascending ? 1 : -1;
  return (a: LogUser, b: LogUser) => {
    const [one, other] = [a[sort] ?? -1, b[sort] ?? -1];
    const order = one === other ? (userKey(a) < userKey(b) ? -1 : 1) : one < other ? -1 : 1;
    return order * turn;
  };
}

const sum = <Name extends string>(rows: readonly Readonly<Record<Name, number | null>>[], name: Name) =>
  rows.reduce((total, row) => total + (row[name] ?? 0), 0);

const totalsOf = (rows: readonly Readonly<Record<keyof Sums, number | null>>[]): Sums => ({
  requests: sum(rows, 'requests'),
  errors: sum(rows, 'errors'),
  context_tokens: sum(rows, 'context_tokens'),
  cached_tokens: sum(rows, 'cached_tokens'),
  generated_tokens: sum(rows, 'generated_tokens'),
  tokens: sum(rows, 'tokens'),
  cost: sum(rows, 'cost'),
  unpriced: sum(rows, 'unpriced'),
  co2_grams: sum(rows, 'co2_grams'),
});
