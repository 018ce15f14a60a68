import type { Database } from './database.ts';
import type { Functions } from './functions.ts';
import type { Keys } from './keys.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** What pg_cron and pg_net do on a hosted project: who is due is synced, and what is old is cleaned up. */
export function startTimers({
  url,
  keys,
  functions,
  database,
}: {
  readonly url: string;
  readonly keys: Keys;
  readonly functions: Functions;
  readonly database: Database;
}): () => void {
  const say = (error: unknown) => console.error(error instanceof Error ? error.message : String(error));
  const timers = [
    setInterval(() => void syncDue(url, keys, functions).catch(say), MINUTE_MS),
    setInterval(() => void database.query('select private.cleanup_chat()').catch(say), 10 * MINUTE_MS),
    setInterval(() => void database.query('select private.cleanup_usage()').catch(say), DAY_MS),
  ];
  return () => timers.forEach(clearInterval);
}

/** Asks the function `sync-usage` for everybody who is due. */
export const syncDue = (url: string, { secret }: Keys, functions: Functions): Promise<Response> =>
  functions.handle(
    new Request(`${url}/functions/v1/sync-usage`, {
      method: 'POST',
      headers: { apikey: secret, 'content-type': 'application/json' },
      body: JSON.stringify({ mode: 'due' }),
    }),
  );
