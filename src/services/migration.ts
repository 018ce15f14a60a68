import type { Backend } from '../store/backend.ts';
import { LivelitError } from '../store/error.ts';
import { store } from '../store/store.ts';
import type { UsageRow } from './usage-series.ts';

/** Where a migration from samples to real usage stands. */
export interface MigrationProgress {
  /** Looking for a key, reading usage with it, taking stored samples away, done. */
  readonly step: 'key' | 'sync' | 'samples' | 'done';
  /** 0 to 100. */
  readonly progress: number;
}

/** All of a member's usage that counts, for safe keeping. Plain data. */
export interface UsageBackup {
  readonly version: 1;
  /** ISO 8601. */
  readonly exported_at: string;
  readonly rows: readonly Omit<UsageRow, 'id'>[];
}

/** What the database takes at once: `usage_import`. */
const IMPORT_ROWS = 5_000;

const NUMBERS = ['requests', 'context_tokens', 'cached_tokens', 'generated_tokens'] as const;

/**
 * Brings the member from samples to real usage: reads it with their key, and takes samples away once it is there. What is
 * shown changes by itself, as soon as there is something real; when a step fails, samples stay, and it can be done again.
 *
 * @throws {LivelitError} `invalid`, reason `no_key`, without a key; with the reason of the run when usage could not be read.
 */
export async function migrateUsage(onStep: (progress: MigrationProgress) => void = () => undefined): Promise<void> {
  const backend = await store().connection.backend();
  const { signal } = new AbortController();
  onStep({ step: 'key', progress: 0 });
  const keys = await backend.fetch<readonly unknown[]>({ rpc: 'api_keys' }, signal);
  if (!keys.length) {
    throw new LivelitError('invalid', 'There is no key to read usage with. Please add one first.', {
      reason: 'no_key',
    });
  }
  onStep({ step: 'sync', progress: 10 });
  const { runs } = (await backend.invoke('sync-usage', { mode: 'user' }, signal)) as { readonly runs: readonly Run[] };
  const failed = runs.find(({ status }) => status !== 'ok');
  if (failed) throw new LivelitError('unavailable', failed.message ?? '', { reason: failed.error_reason });
  onStep({ step: 'samples', progress: 90 });
  await backend.write({ rpc: 'usage_discard', parameters: { p_source: 'sample' } }, signal);
  onStep({ step: 'done', progress: 100 });
}

interface Run {
  readonly status: string;
  readonly error_reason: string;
  readonly message?: string;
}

/** Everything that counts of the member's usage, oldest first. */
export async function exportUsage(): Promise<UsageBackup> {
  const backend = await store().connection.backend();
  const rows = await backend.fetch<UsageBackup['rows']>(
    {
      from: 'usage_counted',
      columns: `date,model,project,source,${NUMBERS.join()},cost,co2_grams`,
      where: [['user_id', 'eq', memberOf(backend)]],
      order: ['date', 'model', 'project', 'source'],
    },
    new AbortController().signal,
  );
  return { version: 1, exported_at: new Date().toISOString(), rows };
}

/**
 * Takes a backup in, as the source `import`. Doing it again changes nothing; what is known of the same day, model and
 * project by itself goes before it.
 *
 * @throws {LivelitError} `invalid` when it is no backup; the message names the row. Nothing is taken in then.
 */
export async function importUsage(backup: unknown): Promise<void> {
  const backend = await store().connection.backend();
  const rows = checked(backup);
  const { signal } = new AbortController();
  for (let start = 0; start < rows.length; start += IMPORT_ROWS) {
    const part = rows.slice(start, start + IMPORT_ROWS);
    await backend.write({ rpc: 'usage_import', parameters: { p_rows: part } }, signal);
  }
}

/** Takes back what was imported. */
export async function discardImport(): Promise<void> {
  const backend = await store().connection.backend();
  await backend.write({ rpc: 'usage_discard', parameters: { p_source: 'import' } }, new AbortController().signal);
}

function memberOf(backend: Backend): string {
  const session = backend.session.snapshot.data;
  if (session && !session.anonymous) return session.userId;
  throw new LivelitError('unauthenticated', 'Please sign in first.', { reason: 'account' });
}

/** The rows of a backup; of several rows of one day, model and project (each had a source of its own) the sum. */
function checked(backup: unknown): readonly object[] {
  const { version, rows } = (backup ?? {}) as Partial<UsageBackup>;
  if (version !== 1 || !Array.isArray(rows)) {
    throw new LivelitError('invalid', 'This is no backup of usage.', { reason: 'format' });
  }
  const sums = new Map<string, Record<string, unknown>>();
  rows.forEach((row: unknown, index) => {
    const checkedRow = rowOf(row, index);
    const key = [checkedRow.date, checkedRow.model, checkedRow.project].join('\n');
    const sum = sums.get(key);
    sums.set(key, sum ? added(sum, checkedRow) : checkedRow);
  });
  return [...sums.values()];
}

function rowOf(row: unknown, index: number): Record<string, unknown> {
  const fields = (row ?? {}) as Record<string, unknown>;
  const { date, model, project = '', cost = null, co2_grams = null } = fields;
  const refuse = (field: string, what: string) => {
    const message = `Row ${index + 1}: ${field} is ${what}.`;
    return new LivelitError('invalid', message, { reason: field });
  };
  if (typeof date !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(date) || Number.isNaN(Date.parse(date))) {
    throw refuse('date', 'a day, YYYY-MM-DD');
  }
  if (typeof model !== 'string' || !model || model.length > 128)
    throw refuse('model', 'a name of at most 128 characters');
  if (typeof project !== 'string' || project.length > 128) throw refuse('project', 'a name of at most 128 characters');
  for (const name of NUMBERS) {
    if (!Number.isSafeInteger(fields[name] ?? 0) || Number(fields[name] ?? 0) < 0) throw refuse(name, 'a whole number');
  }
  for (const [name, value] of Object.entries({ cost, co2_grams })) {
    if (value !== null && !(Number(value) >= 0 && Number.isFinite(Number(value))))
      throw refuse(name, 'a number, or null');
  }
  const numbers = Object.fromEntries(NUMBERS.map((name) => [name, Number(fields[name] ?? 0)]));
  return { date, model, project, ...numbers, cost, co2_grams };
}

function added(sum: Record<string, unknown>, row: Record<string, unknown>): Record<string, unknown> {
  const plus = (name: string) =>
    sum[name] === null || row[name] === null ? null : Number(sum[name]) + Number(row[name]);
  const names = [...NUMBERS, 'cost', 'co2_grams'];
  return { ...sum, ...Object.fromEntries(names.map((name) => [name, plus(name)])) };
}
