import type { Session } from '../../../local/database.ts';

type Run = Pick<Session, 'exec'>;

/**
 * Makes so many users with a completed payment each, one in ten internal, who are all there are besides the owner. Past
 * the triggers, which would send a message for each; `makeLog` recomputes the sums.
 */
export async function makeUsers(session: Run, owner: string, users: number): Promise<void> {
  await session.exec(`
    set session_replication_role = replica;
    truncate public.usage_logs, public.credit_purchases, private.user_usage_rollup, public.profiles;
    delete from auth.users;
    insert into auth.users (id, email, raw_app_meta_data, raw_user_meta_data)
      select md5('user-' || n)::uuid, 'user-' || n || case when n % 10 = 0 then '@in' else '@out' end || '.test.invalid',
             '{}'::jsonb, '{}'::jsonb
      from generate_series(1, ${users}) as n
      union all select '${owner}', 'owner@test.invalid', '{}', '{}';
    insert into public.profiles (id, email, full_name) select id, email, 'Example ' || left(id::text, 6) from auth.users;
    insert into public.credit_purchases (owner_id, user_id, status, amount, amount_usd)
      select '${owner}', id, 'completed', 5, 5 from auth.users;
    insert into private.site (owner_id, internal_domains) values ('${owner}', '{in.test.invalid}')
      on conflict (singleton) do update set owner_id = excluded.owner_id;
    set session_replication_role = origin;`);
}

/** Makes the log so many rows long: of all users, over ninety days and more, of four models. */
export async function makeLog(session: Run, owner: string, rows: number): Promise<void> {
  await session.exec(`
    set session_replication_role = replica;
    truncate public.usage_logs, private.user_usage_rollup;
    ${insertLog(owner, rows)};
    set session_replication_role = origin;
    select private.rebuild_usage_rollup();`);
  await session.exec('vacuum analyze');
}

/**
 * A statement that writes so many rows, a user after the other. The newest of each user lies at a time of their own in the
 * last ninety days, whatever the number of rows; the others lie before it.
 */
export const insertLog = (owner: string, rows: number, skip = 0): string => `
  with users as materialized (select array_agg(id order by id) as ids from auth.users)
  insert into public.usage_logs (owner_id, user_id, app, model, context_tokens, cached_tokens, generated_tokens, cost,
                                 co2_grams, status, latency_ms, at)
  select '${owner}', ids[who + 1], 'app-' || n % 3, 'model-' || n % 4, n % 3000, 0, n % 700,
         case when n % 50 > 0 then n % 977 / 1e4 end, n % 89 / 1e2, case when n % 100 = 0 then 'error' else 'ok' end,
         n % 9000, now() - interval '90 days' * (who::float / cardinality(ids) + n / cardinality(ids) / 10.0)
  from users, generate_series(${skip + 1}, ${skip + rows}) as n,
       lateral (select n % cardinality(ids) as who offset 0) as whose`;
