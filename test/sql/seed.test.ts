import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, describe, it } from 'node:test';
import { Database } from '../../local/database.ts';
import { makeKeys } from '../../local/keys.ts';
import { ADMIN, MEMBER, seed as seedLocally } from '../../local/seed.ts';
import { onEachEngine } from '../support/node/engines.ts';

const SEED = await readFile(new URL('../../supabase/seed.sql', import.meta.url), 'utf8');

onEachEngine('the seed', (database) => {
  const seed = () => database.exec(SEED);
  const everything = () =>
    Promise.all(
      [
        'select * from public.profiles order by email',
        'select * from private.site',
        'select * from public.usage_data order by date, model',
        'select * from public.chat_knowledge order by id',
        'select * from public.usage_tracking order by metric',
        'select * from public.usage_shares',
        'select * from public.usage_logs order by key',
        'select * from public.credit_purchases order by reference',
      ].map((sql) => database.query(sql)),
    );

  it('does nothing where its users do not exist', async () => {
    await seed();
    assert.ok((await everything()).every((rows) => rows.length === 0));
  });

  describe('for its users', () => {
    before(async () => {
      await database.query(
        `insert into auth.users (id, email, raw_app_meta_data)
         select gen_random_uuid(), email, '{}' from unnest($1::text[]) as email`,
        [[MEMBER.email, ADMIN.email]],
      );
      await seed();
    });

    it('gives the member ninety days of three models that end today', async () => {
      const rows = await database.query(
        `select email, source, count(*)::int as rows, count(distinct date)::int as days,
                max(date) = (now() at time zone 'utc')::date as today, bool_and(cost > 0 and co2_grams > 0) as priced
         from public.usage_data join auth.users as u on u.id = user_id group by email, source`,
      );
      assert.deepEqual(rows, [
        { email: MEMBER.email, source: 'import', rows: 270, days: 90, today: true, priced: true },
      ]);
    });

    it('makes the member the owner, and the admin an admin', async () => {
      const [site] = await database.query('select email from private.site join auth.users as u on u.id = owner_id');
      assert.deepEqual(site, { email: MEMBER.email });
      const admins = await database.query(`select email from auth.users where raw_app_meta_data ->> 'role' = 'admin'`);
      assert.deepEqual(admins, [{ email: ADMIN.email }]);
    });

    it('gives the chat something to know, to say first, and to be asked', async () => {
      const texts = await database.query<{ title: string }>('select title from public.chat_knowledge order by id');
      assert.deepEqual(
        texts.map(({ title }) => title),
        ['About Noor', 'Selected work', 'Questions that people ask'],
      );
      const [info] = await database.query<{ info: { greeting: string; suggestions: string[] } }>(
        'select public.chat_info() as info',
      );
      assert.match(info!.info.greeting, /Noor/);
      for (const question of info!.info.suggestions) {
        const [row] = await database.query<{ found: unknown[] }>('select private.find_passages($1, null) as found', [
          question,
        ]);
        assert.ok(row!.found.length > 0, question);
      }
    });

    it('leaves what its owner has changed since', async () => {
      await database.exec(`select private.save_chat_knowledge('d0c00000-0000-4000-8000-000000000001', 'Me', 'x', null);
                           delete from public.chat_knowledge where title <> 'Me';
                           update private.chat_settings set greeting = 'Hi', revision = revision + 1`);
      await seed();
      const rows = await database.query('select title, greeting from public.chat_knowledge, private.chat_settings');
      assert.deepEqual(rows, [{ title: 'Me', greeting: 'Hi' }]);
    });

    it('gives the member limits, and a share of a fixed id', async () => {
      const limits = await database.query(
        'select metric, period, used > 0 as used from public.usage_tracking order by 1',
      );
      assert.deepEqual(limits, [
        { metric: 'cost', period: 'month', used: true },
        { metric: 'tokens', period: 'day', used: true },
      ]);
      const shares = await database.query('select id, enabled from public.usage_shares');
      assert.deepEqual(shares, [{ id: '11f3117a-0000-4000-8000-000000000001', enabled: true }]);
    });

    it("fills the owner's log with a month of several people, visitors too, of which nothing lies ahead", async () => {
      const [log] = await database.query<Record<string, number | boolean>>(
        `select count(*)::int as rows, count(distinct user_id)::int as users, count(distinct at::date)::int as days,
                bool_or(user_id is null) as visitors, bool_or(cost is null) as unpriced, bool_or(status = 'error') as failed,
                bool_and(at <= now()) as past, bool_and(email = $1) as owned
         from public.usage_logs join auth.users as o on o.id = owner_id`,
        [MEMBER.email],
      );
      const { rows, days, ...facts } = log!;
      assert.ok(Number(rows) > 200 && Number(rows) < 500 && Number(days) >= 29, JSON.stringify(log));
      assert.deepEqual(facts, { users: 8, visitors: true, unpriced: true, failed: true, past: true, owned: true });
      const [paid] = await database.query(
        `select count(*) filter (where completed_payments > 0)::int as paying, sum(revenue) as revenue,
                count(*) filter (where internal)::int as internal from private.user_usage_rollup`,
      );
      assert.deepEqual(paid, { paying: 4, revenue: 212.2, internal: 3 });
    });

    it('leaves the same data when it runs twice', async () => {
      const before = await everything();
      await seed();
      assert.deepEqual(await everything(), before);
    });

    it('makes up the same figures each time', async () => {
      const figures = () =>
        Promise.all([
          database.query('select date, model, requests, cost, co2_grams from public.usage_data order by date, model'),
          database.query(
            `select key, at, model, cost, status from public.usage_logs where at < now() - interval '1 day' order by key`,
          ),
        ]);
      const before = await figures();
      await database.exec('delete from public.usage_data; delete from public.usage_logs');
      await seed();
      assert.deepEqual(await figures(), before);
    });

    it('tops the days up that went by', async () => {
      await database.query('update public.usage_data set date = date - 2');
      await seed();
      const [days] = await database.query('select count(distinct date)::int as days from public.usage_data');
      assert.deepEqual(days, { days: 92 });
    });
  });
});

describe("the local backend's seed", () => {
  it('signs its users up once', async () => {
    const keys = makeKeys();
    const database = await Database.open(undefined, keys);
    const users = () =>
      database.query<{ email: string }>(
        `select id, email, raw_app_meta_data, raw_user_meta_data, encrypted_password from auth.users
         where encrypted_password is not null order by email`,
      );
    await seedLocally(database, keys);
    const atFirst = await users();
    assert.deepEqual(
      atFirst.map(({ email }) => email),
      [ADMIN.email, MEMBER.email],
    );
    await seedLocally(database, keys);
    assert.deepEqual(await users(), atFirst);
    await database.close();
  });
});
