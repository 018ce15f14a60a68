import type { LogEntry, LogTotals, LogUser } from 'livelit';

const PEOPLE = [
  ['Ines Okafor', 'ines@example.org', 'internal'],
  ['Marek Dvořák', 'marek.dvorak@harbour.example', 'external'],
  ['Layla Haddad', 'layla@studio-haddad.example', 'external'],
  ['Tomás Quintero', 'tomas@quintero.example', 'external'],
  ['Yuki Arai', 'yuki.arai@example.org', 'internal'],
  ['Femke de Wit', 'femke@dewit.example', 'external'],
  ['Noor Rahman', 'noor@rahman.example', 'external'],
  ['Sven Lindqvist', 'sven.lindqvist@fjord-and-sons.example', 'external'],
  ['Amara Nwosu', 'amara@nwosu.example', 'external'],
  [null, 'no.name.given@example.net', 'external'],
  ['Portfolio visitors', null, 'external'],
] as const;

const MODELS = ['gpt-4o-mini', 'gpt-4.1', 'gpt-5-mini', 'ft:gpt-4o-mini:harbour'] as const;
const APPS = ['chat', 'editor', 'summaries'] as const;
const MINUTE_MS = 60_000;

/** From 0 to 1, without a pattern that the eye would find. */
const noise = (seed: number) => Math.abs(Math.sin(seed * 12.9898) * 43_758.5453) % 1;

const uuid = (seed: number) => `${seed.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`;

/** So many calls, the newest first, a few minutes apart. */
export const logEntries = (count: number, now = Date.now()): LogEntry[] =>
  Array.from({ length: count }, (_, index) => {
    const who = Math.floor(noise(index + 1) ** 1.4 * PEOPLE.length);
    const [full_name, email] = PEOPLE[who]!;
    const model = MODELS[Math.floor(noise(index + 77) ** 1.5 * MODELS.length)]!;
    const context_tokens = Math.round(150 + 4_200 * noise(index + 3) ** 2);
    const generated_tokens = Math.round(40 + 900 * noise(index + 9));
    const tokens = context_tokens + generated_tokens;
    const draw = noise(index + 21);
    const status = draw < 0.04 ? 'error' : draw < 0.08 ? 'stopped' : 'ok';
    return {
      id: uuid(0xfffffff - index),
      user_id: email === null ? null : uuid(who),
      email,
      full_name,
      at: new Date(now - index * 4.7 * MINUTE_MS - 40_000).toISOString(),
      app: email === null ? 'chat' : APPS[Math.floor(noise(index + 5) * APPS.length)]!,
      feature: '',
      model,
      context_tokens,
      cached_tokens: Math.round(context_tokens * 0.3),
      generated_tokens,
      tokens,
      cost: model.startsWith('ft:') ? null : tokens * 1.7e-6,
      co2_grams: tokens * 4e-5,
      status,
      latency_ms: Math.round(280 + generated_tokens * 8),
      key: `story:${index}`,
    };
  });

/** So many users. */
export const logUsers = (count: number, now = Date.now()): LogUser[] =>
  Array.from({ length: count }, (_, index) => {
    const [name, address, user_type] = PEOPLE[index % PEOPLE.length]!;
    const round = Math.floor(index / PEOPLE.length);
    const requests = Math.round(3 + 900 * noise(index + 31) ** 3);
    const context_tokens = Math.round(requests * 1_400 * (0.6 + noise(index)));
    const generated_tokens = Math.round(requests * 410 * (0.6 + noise(index + 1)));
    const paid = address !== null && noise(index + 4) > 0.55;
    return {
      owner_id: uuid(1),
      user_id: address === null ? null : uuid(index),
      email: address && (round ? address.replace('@', `+${round}@`) : address),
      full_name: name && (round ? `${name} ${round + 1}` : name),
      user_type,
      requests,
      errors: Math.round(requests * 0.02),
      context_tokens,
      cached_tokens: Math.round(context_tokens * 0.3),
      generated_tokens,
      tokens: context_tokens + generated_tokens,
      cost: (context_tokens * 0.4 + generated_tokens * 1.6) / 1e6,
      unpriced: index === 2 ? 12 : 0,
      co2_grams: generated_tokens * 4e-4,
      first_activity_at: new Date(now - (90 + index) * 1_440 * MINUTE_MS).toISOString(),
      last_activity_at: new Date(now - index ** 1.9 * 3 * MINUTE_MS).toISOString(),
      has_completed_payment: paid,
      revenue: paid ? 10 + 5 * Math.floor(noise(index + 6) * 12) : 0,
    };
  });

const sum = (rows: readonly object[], name: string) =>
  rows.reduce((total, row) => total + ((row as Record<string, number | null>)[name] ?? 0), 0);

export const logTotals = (rows: readonly (LogUser | LogEntry)[]): LogTotals => ({
  requests: rows.length,
  errors: rows.filter((row) => 'status' in row && row.status === 'error').length,
  context_tokens: sum(rows, 'context_tokens'),
  cached_tokens: sum(rows, 'cached_tokens'),
  generated_tokens: sum(rows, 'generated_tokens'),
  tokens: sum(rows, 'tokens'),
  cost: sum(rows, 'cost'),
  unpriced: rows.filter(({ cost }) => cost === null).length,
  co2_grams: sum(rows, 'co2_grams'),
});

type Parameters = Readonly<Record<string, unknown>>;

/** A project's two functions over rows that may change; they page, and sort no further. */
export function logProcedures(users: () => readonly LogUser[], entries: () => readonly LogEntry[]) {
  return {
    usage_logs_page({ p_page, p_limit, p_search, p_summary }: Parameters) {
      const found = users().filter(({ email }) => !p_search || email?.includes(p_search as string));
      const from = ((p_page as number | null) ?? 1) - 1;
      const limit = p_limit as number;
      const totals = {
        ...logTotals(found),
        users: found.length,
        requests: sum(found, 'requests'),
        errors: sum(found, 'errors'),
        unpriced: 0,
        revenue: sum(found, 'revenue'),
      };
      return {
        rows: found.slice(from * limit, (from + 1) * limit),
        next_cursor: null,
        ...(p_summary === 'totals' ? { totals } : { total: found.length, total_estimated: found.length > 10_000 }),
        revenue_total: sum(users(), 'revenue'),
      };
    },
    usage_log_entries({ p_cursor, p_backward, p_limit, p_ids, p_status, p_user_id, p_columns }: Parameters) {
      const found = entries().filter(
        (row) => (!p_status || row.status === p_status) && (!p_user_id || row.user_id === p_user_id),
      );
      const totals = logTotals(found);
      const answer = (rows: readonly object[], next: string | null) => ({
        rows,
        more: next !== null,
        prev_cursor: found[0]?.id ?? null,
        next_cursor: next,
        totals,
      });
      if (Array.isArray(p_ids)) {
        const chosen = found.filter(({ id }) => p_ids.includes(id));
        const further = { provider: 'openai', project: 'website', error: null, metadata: { session_id: uuid(7) } };
        const whole = (p_columns as readonly string[]).includes('metadata');
        return answer(whole ? chosen.map((row) => ({ ...row, ...further })) : chosen, null);
      }
      const at = found.findIndex(({ id }) => id === p_cursor);
      if (p_backward) return answer(found.slice(0, at), null);
      const rows = found.slice(at + 1, at + 1 + (p_limit as number));
      return answer(rows, at + 1 + rows.length < found.length ? rows.at(-1)!.id : null);
    },
  };
}
