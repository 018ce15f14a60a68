import type { Sessions } from '../database.ts';
import type { Claims } from '../keys.ts';

/** Thrown to leave the transaction without keeping anything of it. */
const undo = new Error('undo');

interface Transaction {
  query(sql: string, parameters?: unknown[]): Promise<unknown>;
}

/** Makes the rest of a transaction run as the bearer of the claims, as hosted Realtime and PostgREST do. */
export const actAs = (transaction: Transaction, claims: Claims, topic = ''): Promise<unknown> =>
  transaction.query(
    `select set_config('realtime.topic', $1, true), set_config('request.jwt.claims', $2, true),
            set_config('request.jwt.claim.sub', $3, true), set_config('role', $4, true)`,
    [topic, JSON.stringify(claims), claims.sub ?? '', roleOf(claims)],
  );

/**
 * Whether the bearer of the claims may listen to a private topic: as hosted does it, a probe row that only row-level
 * security can hide is written, looked for as the subscriber, and rolled back.
 */
export async function canReceive(database: Sessions, claims: Claims, topic: string): Promise<boolean> {
  let allowed = false;
  await database
    .exclusive((driver) =>
      driver.transaction(async (transaction) => {
        const probe = await transaction.query<{ id: string }>(
          `insert into realtime.messages (topic, extension, event, private) values ($1, 'broadcast', 'probe', true) returning id`,
          [topic],
        );
        await actAs(transaction, claims, topic);
        const found = await transaction.query('select 1 from realtime.messages where id = $1', [probe.rows[0]!.id]);
        allowed = found.rows.length > 0;
        throw undo;
      }),
    )
    .catch((reason: unknown) => {
      if (reason !== undo) throw reason;
    });
  return allowed;
}

export const roleOf = (claims: Claims) =>
  claims.role === 'authenticated' || claims.role === 'service_role' ? claims.role : 'anon';
