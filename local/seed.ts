import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from './database.ts';
import type { Keys } from './keys.ts';

interface Login {
  readonly email: string;
  readonly password: string;
}

/** Demo logins. They open nothing but a database on this machine. */
export const MEMBER: Login = { email: 'member@livelit.test', password: 'member-demo' };
export const ADMIN: Login = { email: 'admin@livelit.test', password: 'admin-demo' };

const SEED = join(import.meta.dirname, '../supabase/seed.sql');

/** Makes the demo users once, then tops their usage up to today. */
export async function seed(database: Database, keys: Keys): Promise<void> {
  const [known] = await database.query<{ count: number }>(
    'select count(*)::int as count from auth.users where email = $1',
    [MEMBER.email],
  );
  if (!known?.count) {
    await signUp(database, keys, MEMBER, 'Mira Member');
    await signUp(database, keys, ADMIN, 'Ada Admin');
  }
  await database.exec(await readFile(SEED, 'utf8'));
}

async function signUp(database: Database, keys: Keys, login: Login, fullName: string): Promise<void> {
  const response = await database.exclusive(() =>
    database.app.fetch(
      new Request('http://localhost/auth/v1/signup', {
        method: 'POST',
        headers: { apikey: keys.publishable, 'content-type': 'application/json' },
        body: JSON.stringify({ ...login, data: { full_name: fullName } }),
      }),
    ),
  );
  if (!response.ok) throw new Error(`The demo user ${login.email} was not made: ${await response.text()}`);
}
