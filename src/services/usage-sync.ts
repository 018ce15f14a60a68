import type { LiveQueryOptions, Overlay } from '../store/query.ts';
import { LivelitError } from '../store/error.ts';
import type { Lane, OutboxEntry } from '../store/lane.ts';
import type { Live } from '../store/live.ts';
import { alone } from '../store/locks.ts';
import { makeId } from '../store/make-id.ts';
import { store } from '../store/store.ts';

/** One reading of a provider, as a row of `sync_runs`. */
export interface SyncRun {
  readonly id: string;
  readonly provider: 'openai' | 'anthropic';
  /** Whether somebody asked for it, or it was due. */
  readonly mode: 'user' | 'due';
  /** `partial`: some days were saved before it failed; the next run goes on from there. */
  readonly status: 'ok' | 'partial' | 'error';
  /** The UTC days that were read, both included. */
  readonly window_from: string;
  readonly window_to: string;
  readonly rows_changed: number;
  /** Why it was not complete: `no_key key_invalid key_kind provider provider_busy provider_answer stale taken_over`. */
  readonly error_reason: string | null;
  /** Before this time the provider does not want to be asked, ISO 8601. */
  readonly retry_at: string | null;
  /** ISO 8601. */
  readonly finished_at: string;
  readonly duration_ms: number | null;
  /** Why it was not complete, in words; only of a run that this page has asked for. */
  readonly message?: string;
}

/** How usage gets in, and when next. */
export interface SyncState {
  /** Null before the first `startAutoSync`. */
  readonly schedule: {
    readonly every_minutes: number;
    readonly enabled: boolean;
    /** When the next run is due, ISO 8601. */
    readonly next_at: string;
    /** How many runs in a row have failed. */
    readonly failures: number;
  } | null;
  /** Until when the run that has not ended counts as running, ISO 8601; its worker prolongs it while it lives. */
  readonly running_until: string | null;
  /** When a run last brought all there is, ISO 8601: the age of the data. */
  readonly complete_at: string | null;
  /** The newest run that has ended. */
  readonly last: SyncRun | null;
}

/** How the runs of the last 30 days went. */
export interface SyncStatistics {
  readonly ok: number;
  readonly partial: number;
  readonly failed: number;
  /** Their mean, ms; null without any run. */
  readonly average_ms: number | null;
  /** The newest ten, newest first. */
  readonly last: readonly SyncRun[];
}

/** The shortest and the longest interval, minutes: constraint `sync_schedules_every_minutes_range`. */
export const MIN_INTERVAL = 15;
export const MAX_INTERVAL = 10_080;

/** How long a project's own timer, which looks every minute, may take to begin a run that is due, ms. */
const GRACE_MS = 90_000;

/** Between two attempts, ms: what could not be read a moment ago cannot be read now. */
const PAUSE_MS = 300_000;

/** How long to wait for another tab that does the same, ms: no run takes longer than a function may. */
const PATIENCE_MS = 150_000;

/** How the signed-in member's usage gets in: what runs, what ran last, when it is due next. */
export const syncState = (): Live<SyncState> =>
  store().live<SyncState>({ ...about('sync_state', ['sync_runs', 'sync_schedules']), overlay });

/** How well it got in during the last 30 days. */
export const syncStatistics = (): Live<SyncStatistics> =>
  store().live<SyncStatistics>(about('sync_statistics', ['sync_runs']));

/** Whether a run has begun and not ended. */
export const syncRunning = ({ running_until: until }: SyncState): boolean =>
  until !== null && Date.parse(until) > Date.now();

/** The share of runs that brought all there was, 0 to 1; null without any run. */
export function syncSuccessRate({ ok, partial, failed }: SyncStatistics): number | null {
  const all = ok + partial + failed;
  return all ? ok / all : null;
}

/**
 * Reads the member's usage from their providers now, and resolves with a run each when all have ended. What was wrong
 * with a run is in the run.
 *
 * @param provider - Only this one; all of which there is a key, unless said.
 * @throws {LivelitError} `conflict` while it is read already, `rate_limited` when it is too early, `unauthenticated` and
 * `forbidden` without an account, `offline`, `unavailable`.
 */
export async function syncNow(provider?: SyncRun['provider']): Promise<readonly SyncRun[]> {
  const backend = await store().connection.backend();
  const request = { mode: 'user', ...(provider && { provider }) };
  const answer = await backend.invoke('sync-usage', request, new AbortController().signal);
  return (answer as { readonly runs: readonly SyncRun[] }).runs;
}

/**
 * Has the member's usage read by itself, whether or not a page is open. The interval is what is meant, not a promise:
 * usage that moves is read up to twice as often, usage that rests down to a quarter, and after failures it waits longer.
 *
 * @throws {LivelitError} `invalid` unless the minutes are whole, from 15 to 10,080 (a week).
 */
export function startAutoSync(minutes: number): void {
  if (!Number.isInteger(minutes) || minutes < MIN_INTERVAL || minutes > MAX_INTERVAL) {
    throw new LivelitError('invalid', 'The interval is from 15 minutes to a week.', { reason: 'minutes' });
  }
  store().write(lane, { id: makeId(), payload: { every_minutes: minutes, enabled: true } });
}

/** Has it read only when somebody asks; the interval is remembered. */
export function stopAutoSync(): void {
  store().write(lane, { id: makeId(), payload: { enabled: false } });
}

const keepers = new Set<object>();
let end = () => {};

/**
 * Reads the member's usage when it is due and nobody else does: not every project has a timer. What is stored is shown
 * meanwhile. Works as long as somebody wants it; answers the way out.
 */
export function keepSynced(): () => void {
  const keeper = {};
  keepers.add(keeper);
  if (keepers.size === 1) end = begin();
  return () => {
    if (keepers.delete(keeper) && !keepers.size) end();
  };
}

function begin(): () => void {
  const state = syncState();
  const stopped = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let notBefore = 0;
  const plan = () => {
    clearTimeout(timer);
    const { data, status } = state.snapshot;
    // What is remembered from the last visit may be long done.
    if (status !== 'live' || !data?.schedule?.enabled) return;
    const { schedule, running_until: busyUntil } = data;
    const due = Math.max(Date.parse(schedule.next_at), busyUntil === null ? 0 : Date.parse(busyUntil));
    const at = Math.max(due + GRACE_MS, notBefore);
    timer = setTimeout(() => void sync(), at - Date.now());
  };
  const sync = async () => {
    notBefore = Date.now() + PAUSE_MS;
    const due = state.snapshot.data?.schedule?.next_at;
    const { target } = store().connection;
    await alone(
      `livelit:sync:${target}`,
      PATIENCE_MS,
      async () => {
        // Another tab has done it while this one waited.
        if (state.snapshot.data?.schedule?.next_at !== due) return;
        // Why not is in the run, and in `syncState()`.
        await syncNow().catch(() => undefined);
      },
      stopped.signal,
    );
    if (!stopped.signal.aborted) plan();
  };
  const leave = state.subscribe(plan);
  plan();
  return () => {
    stopped.abort();
    clearTimeout(timer);
    leave();
  };
}

/** One function of the database answers for the member, and these tables tell when it answers anew. */
const about = (rpc: string, tables: readonly string[]) =>
  ({
    key: `usage:${rpc}`,
    requires: 'account',
    topics: ({ session }) => [`user:${session!.userId}`],
    relevant: ({ event }) => tables.includes(event),
    fetch: ({ backend, signal }) => backend.fetch({ rpc }, signal),
    cached: true,
  }) satisfies LiveQueryOptions<never>;

type Setting = { readonly every_minutes?: number; readonly enabled: boolean };

const lane: Lane<Setting> = {
  name: 'sync:schedule',
  deliver({ payload: { every_minutes: minutes, enabled }, userId }, { backend, signal }) {
    return backend.write(
      minutes === undefined
        ? { update: 'sync_schedules', where: [['user_id', 'eq', userId]], values: { enabled } }
        : { rpc: 'sync_schedule_set', parameters: { p_every_minutes: minutes, p_enabled: enabled } },
      signal,
    );
  },
};

const overlay: Overlay<SyncState> = {
  lane: lane as Lane,
  show: (data, entries) =>
    data &&
    (entries as readonly OutboxEntry<Setting>[]).filter(({ state }) => state !== 'failed').reduce(withSetting, data),
  shows: (data, { payload }) => withSetting(data, { payload: payload as Setting }) === data,
};

function withSetting(data: SyncState, { payload }: { readonly payload: Setting }): SyncState {
  const { schedule } = data;
  // There is nothing to switch off.
  if (!schedule && payload.every_minutes === undefined) return data;
  const minutes = payload.every_minutes ?? schedule!.every_minutes;
  if (schedule?.enabled === payload.enabled && schedule.every_minutes === minutes) return data;
  const next = schedule?.next_at ?? new Date().toISOString();
  return { ...data, schedule: { failures: 0, next_at: next, ...schedule, ...payload, every_minutes: minutes } };
}
