import type { Database } from './database.ts';

/** Adds a few invented requests of today to a user's usage and a call to their log, as the demo page's button asks for. */
export async function makeTraffic(database: Database, email: string): Promise<void> {
  const pick = <T>(from: readonly T[]) => from[Math.floor(Math.random() * from.length)]!;
  const model = pick(['gpt-4o-mini', 'gpt-4o', 'gpt-5-mini']);
  const thousands = 5 + Math.floor(Math.random() * 40);
  await database.query(
    `select private.add_usage(id, $2, 'website', 'import', $3, 0, $4, $5, $6) from auth.users where email = $1`,
    [email, model, thousands * 1000, thousands * 250, thousands * 0.002, thousands * 0.02],
  );
  // Of anybody who uses the owner's apps.
  await database.query(
    `insert into public.usage_logs (owner_id, user_id, app, model, context_tokens, generated_tokens, cost, co2_grams, latency_ms)
     select s.owner_id, (select id from public.profiles order by random() limit 1), $1, $2, $3, $4, $5, $6, $4 * 9
     from private.site as s`,
    [
      pick(['editor', 'cli', 'summaries']),
      model,
      thousands * 90,
      thousands * 20,
      thousands * 0.0002,
      thousands * 0.002,
    ],
  );
}
