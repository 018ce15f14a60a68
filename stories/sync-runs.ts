import type { SyncRun, SyncState, SyncStatistics } from 'livelit';

export const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

/** A run that ended so many minutes ago. */
export const syncRun = (minutes: number, fields: Partial<SyncRun> = {}): SyncRun => ({
  id: crypto.randomUUID(),
  provider: 'openai',
  mode: 'due',
  status: 'ok',
  window_from: minutesAgo(minutes + 2 * 1_440).slice(0, 10),
  window_to: minutesAgo(minutes).slice(0, 10),
  rows_changed: 12,
  error_reason: null,
  retry_at: null,
  finished_at: minutesAgo(minutes),
  duration_ms: 840,
  ...fields,
});

/** What the database says of these runs, newest first. */
export const syncStateOf = (runs: readonly SyncRun[], schedule: SyncState['schedule']): SyncState => ({
  schedule,
  running_until: null,
  complete_at: runs.find(({ status }) => status === 'ok')?.finished_at ?? null,
  last: runs[0] ?? null,
});

export const syncStatisticsOf = (runs: readonly SyncRun[]): SyncStatistics => {
  const count = (wanted: SyncRun['status']) => runs.filter(({ status }) => status === wanted).length;
  const average_ms = runs.length ? 840 : null;
  return { ok: count('ok'), partial: count('partial'), failed: count('error'), average_ms, last: runs };
};
