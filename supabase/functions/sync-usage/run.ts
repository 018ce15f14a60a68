import { FunctionError, redact, type FunctionErrorCode } from '../_shared/errors.ts';
import { ProviderError } from '../_shared/providers/provider.ts';
import { PROVIDERS } from '../_shared/providers/providers.ts';
import { rpc } from '../_shared/service.ts';
import { usageRows } from '../_shared/usage-rows.ts';
import { markKey } from '../_shared/user-keys.ts';
import { keyOf } from './key.ts';
import { readPatiently } from './read.ts';

/** So many days are read and saved together; a run that breaks off keeps those that it has saved. */
const PART_DAYS = 45;

const DAY_MS = 86_400_000;

type Begun =
  | { readonly ok: true; readonly run_id: string; readonly from: string; readonly to: string; readonly owner: boolean }
  | { readonly ok: false; readonly code: FunctionErrorCode; readonly reason: string; readonly retry_after_s?: number };

/** A row of `sync_runs`, and why it was not complete, in words. */
export type Run = Readonly<Record<string, unknown>> & { readonly message?: string };

const SENTENCES: Readonly<Record<string, string>> = {
  running: 'A sync is running already.',
  provider_busy: 'The provider has asked to wait. Please try again later.',
  too_many_syncs: 'That were many syncs in a short time. Please wait a moment.',
  taken_over: 'This sync took too long, and another one has begun in its place.',
};

/** Why a run ends early. */
interface Ending {
  readonly code: FunctionErrorCode;
  readonly reason: string;
  readonly message: string;
  readonly retryAfterS?: number | undefined;
}

/**
 * Reads what a provider has of a user's usage since the last time, and saves what differs. What goes wrong on the way is
 * said in the run.
 *
 * @throws {FunctionError} `conflict` while one runs, `rate_limited` when it is too early.
 */
export async function syncUsage(userId: string, providerName: string, mode: 'user' | 'due'): Promise<Run> {
  const begun = await rpc<Begun>('sync_begin', { p_user_id: userId, p_provider: providerName, p_mode: mode });
  if (!begun.ok) {
    const sentence = SENTENCES[begun.reason] ?? 'This cannot be synced now.';
    throw new FunctionError(begun.code, begun.reason, sentence, begun.retry_after_s);
  }
  const ending = await read(userId, providerName, begun).catch((error: unknown): Ending =>
    FunctionError.from(redacted(error)),
  );
  const run = await rpc<Run | null>('sync_end', {
    p_run_id: begun.run_id,
    p_code: ending?.code ?? null,
    p_reason: ending?.reason ?? null,
    p_retry_after_s: ending?.retryAfterS ?? null,
  });
  if (!run) throw new FunctionError('conflict', 'taken_over', SENTENCES.taken_over!);
  return ending ? { ...run, message: ending.message } : run;
}

async function read(
  userId: string,
  providerName: string,
  { run_id, from, to, owner }: Begun & { ok: true },
): Promise<Ending | undefined> {
  const provider = PROVIDERS.get(providerName);
  const keyOwner = { userId, provider: providerName };
  const key = provider && (await keyOf(keyOwner, owner));
  if (!key) {
    return { code: 'invalid', reason: 'no_key', message: 'There is no admin key to read usage with. Please add one.' };
  }
  const reading = { provider: providerName, today: to, region: Deno.env.get('GRID_REGION') };
  try {
    for (const part of parts(from, to)) {
      const report = await readPatiently(provider, key.key, part.from, part.to);
      // Whole days only: what a provider sends beyond them is not replaced, so it is not written either.
      const rows = usageRows(report, reading).filter(({ date }) => date >= part.from && date <= part.to);
      const saved = await rpc<boolean>('sync_progress', {
        p_run_id: run_id,
        p_from: part.from,
        p_to: part.to,
        p_rows: rows,
      });
      if (!saved) return { code: 'conflict', reason: 'taken_over', message: SENTENCES.taken_over! };
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    // So that its owner sees it where keys are shown.
    if (error.blamesKey && key.stored) await markKey(keyOwner, key.stored, 'invalid');
    return {
      code: error.blamesKey ? 'invalid' : error.reason === 'provider_busy' ? 'rate_limited' : 'unavailable',
      reason: error.reason,
      message: error.message,
      retryAfterS: error.retryAfterS,
    };
  }
}

/** Days, oldest first: what comes before a part that fails is complete. */
function* parts(from: string, to: string) {
  const day = (time: number) => new Date(time).toISOString().slice(0, 10);
  for (let start = Date.parse(from); start <= Date.parse(to); start += PART_DAYS * DAY_MS) {
    yield { from: day(start), to: day(Math.min(start + (PART_DAYS - 1) * DAY_MS, Date.parse(to))) };
  }
}

const redacted = (error: unknown) =>
  error instanceof FunctionError ? error : new Error(redact(error instanceof Error ? error.message : String(error)));
