import { randomUUID } from 'node:crypto';
import type { Sessions } from '../../../local/database.ts';
import type { Claims } from '../../../local/keys.ts';

/** What the local backend's database and a real server have in common. */
export interface SqlDatabase extends Sessions {
  query<Row>(sql: string, parameters?: unknown[]): Promise<Row[]>;
  exec(sql: string): Promise<void>;
}

/** Whoever has only the publishable key. */
export const ANON: Claims = { role: 'anon' };
export const SERVICE: Claims = { role: 'service_role' };

/** A user of the database, without a password: who they are is said with their claims. */
export interface Person {
  readonly id: string;
  readonly claims: Claims & { readonly sub: string };
}

/** Makes a user with an account. */
export const newMember = (database: SqlDatabase) => newPerson(database, `${randomUUID()}@test.invalid`);

/** Makes a user without an account, as the chat's visitors are. */
export const newVisitor = (database: SqlDatabase) => newPerson(database, null);

/** Makes a user with an account whom the server calls an admin. */
export const newAdmin = (database: SqlDatabase) =>
  newPerson(database, `${randomUUID()}@test.invalid`, { role: 'admin' });

async function newPerson(database: SqlDatabase, email: string | null, app_metadata: object = {}): Promise<Person> {
  const id = randomUUID();
  const is_anonymous = email === null;
  await database.query(
    `insert into auth.users (id, email, is_anonymous, raw_app_meta_data, raw_user_meta_data)
     values ($1, $2, $3, $4, '{"full_name": "Vera Example"}')`,
    [id, email, is_anonymous, app_metadata],
  );
  return { id, claims: { sub: id, role: 'authenticated', is_anonymous, app_metadata, email: email ?? '' } };
}

/** Runs one statement as the bearer of the claims, as the REST interface would; `topic` as Realtime would. */
export function asUser<Row>(
  database: SqlDatabase,
  claims: Claims,
  sql: string,
  parameters: unknown[] = [],
  topic = '',
): Promise<Row[]> {
  return database.exclusive((session) =>
    session.transaction(async (transaction) => {
      await transaction.query(
        `select set_config('request.jwt.claims', $1, true), set_config('request.jwt.claim.sub', $2, true),
                set_config('realtime.topic', $3, true), set_config('role', $4, true)`,
        [JSON.stringify(claims), claims.sub ?? '', topic, claims.role],
      );
      return (await transaction.query<Row>(sql, parameters)).rows;
    }),
  );
}

/** A message as `realtime.send` left it. */
export interface Sent {
  readonly event: string;
  readonly payload: Record<string, unknown>;
}

/** What was sent on a private topic, oldest first. */
export const sentOn = (database: SqlDatabase, topic: string) =>
  database.query<Sent>(
    `select event, payload from realtime.messages
     where topic = $1 and extension = 'broadcast' and private order by inserted_at, ctid`,
    [topic],
  );
