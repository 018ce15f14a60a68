import type { Database } from './database.ts';

/** Adds a few invented requests of today to a user's usage, as the demo page's button asks for. */
export async function makeTraffic(database: Database, email: string): Promise<void> {
  const pick = <T>(from: readonly T[]) => from[Math.floor(Math.random() * from.length)]!;
  const model = pick(['gpt-4o-mini', 'gpt-4o', 'gpt-5-mini']);
  const thousands = 5 + Math.floor(Math.random() * 40);
  await database.query(
    `select private.add_usage(id, $2, 'website', 'import', $3, 0, $4, $5, $6) from auth.users where email = $1`,
    [email, model, thousands * 1000, thousands * 250, thousands * 0.002, thousands * 0.02],
  );
}
