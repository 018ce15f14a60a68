import { readBody } from '../_shared/body.ts';
import { withCors } from '../_shared/cors.ts';
import { FunctionError } from '../_shared/errors.ts';
import { PROVIDERS } from '../_shared/providers/providers.ts';
import { caller, isService, rpc } from '../_shared/service.ts';
import { syncUsage, type Run } from './run.ts';

/** Keeps the worker alive for work that outlives the response; hosted only, a local Deno simply lives on. */
declare const EdgeRuntime: { waitUntil(work: Promise<unknown>): void } | undefined;

/** So many of the queue are looked at in one call. */
const QUEUE_LENGTH = 20;

/** After this no further user is begun, ms: hosted ends a call after 150 s. The others keep their place. */
const QUEUE_LIMIT_MS = 90_000;

/**
 * `POST /functions/v1/sync-usage`: `{ mode: 'user', provider? }` with a user's token answers `{ runs }`, for each provider
 * of which there is a key (or the one that is named) the row of `sync_runs`, and a `message` when it was not complete;
 * `{ mode: 'due' }` with the secret key as `apikey` answers `{ synced, waiting }` and is meant for a timer.
 */
export const handler: (request: Request) => Promise<Response> = withCors(async (request) => {
  const { mode, provider } = await readBody(request);
  if (mode === 'due') {
    if (!isService(request)) throw new FunctionError('forbidden', 'secret_key', 'This takes the secret key.');
    return Response.json(await syncDue());
  }
  const { id, anonymous } = await caller(request);
  if (anonymous) throw new FunctionError('forbidden', 'account', 'Usage needs an account. Please sign up first.');
  if (mode !== 'user') throw new FunctionError('invalid', 'mode', '"mode" is one of: user, due.');
  const work = syncUser(id, provider);
  // Who leaves the page has asked for the sync all the same.
  if (typeof EdgeRuntime !== 'undefined') EdgeRuntime.waitUntil(work.catch(() => undefined));
  return Response.json({ runs: await work });
});

/** @throws {FunctionError} Why none could begin. */
async function syncUser(userId: string, provider: unknown): Promise<readonly Run[]> {
  if (provider !== undefined && (typeof provider !== 'string' || !PROVIDERS.has(provider))) {
    throw new FunctionError('invalid', 'provider', `"provider" is one of: ${[...PROVIDERS.keys()].join(', ')}.`);
  }
  const names = provider === undefined ? await rpc<string[]>('sync_providers', { p_user_id: userId }) : [provider];
  const runs = await Promise.allSettled(names.map((name) => syncUsage(userId, name, 'user')));
  const ended = runs.filter((run) => run.status === 'fulfilled').map(({ value }) => value);
  const refused = runs.find((run) => run.status === 'rejected');
  if (refused && !ended.length) throw refused.reason;
  return ended;
}

/** One after the other: they share this call's time, and often a provider's limits. */
async function syncDue(): Promise<{ readonly synced: readonly unknown[]; readonly waiting: number }> {
  const end = performance.now() + QUEUE_LIMIT_MS;
  const queue = await rpc<{ user_id: string; provider: string }[]>('sync_due', { p_limit: QUEUE_LENGTH });
  const synced: unknown[] = [];
  for (const { user_id, provider } of queue) {
    if (performance.now() > end) break;
    const run: Run | FunctionError = await syncUsage(user_id, provider, 'due').catch((error: unknown) =>
      // Somebody else has begun it meanwhile; or the database fails, and the next will say so too.
      FunctionError.from(error),
    );
    if (!(run instanceof FunctionError)) synced.push({ user_id, provider, status: run.status });
  }
  return { synced, waiting: queue.length - synced.length };
}
