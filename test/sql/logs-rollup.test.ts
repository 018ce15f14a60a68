import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { onEachEngine } from '../support/node/engines.ts';
import { logEntry, logUsage, ownSite, purchase, wrongSums } from '../support/node/log-sql.ts';
import { randomOf } from '../support/node/random.ts';
import { newMember, newVisitor, type Person } from '../support/node/sql.ts';

const STEPS = process.env.LIVELIT_FULL ? 1_000 : 120;
/** The key of all visitors together. */
const VISITORS = '00000000-0000-0000-0000-000000000000';
const seeds = process.env.SEED ? [Number(process.env.SEED)] : [1, 2, 3];

onEachEngine('the sums of a user', (database) => {
  let owner: Person;
  before(async () => {
    owner = await newMember(database);
    await ownSite(database, owner);
  });

  const sumsOf = async (user: Pick<Person, 'id'> | null, { id } = owner) => {
    const [row] = await database.query<Record<string, unknown>>(
      'select *, context_tokens + generated_tokens as tokens from private.user_usage_rollup where owner_id = $1 and actor_id = $2',
      [id, user?.id ?? VISITORS],
    );
    return row;
  };
  const used = (user: Pick<Person, 'id'> | null, fields: object = {}) =>
    logUsage(database, [logEntry({ user_id: user?.id ?? null, ...fields })]);

  it('add up what they used, what failed and what has no price', async () => {
    const member = await newMember(database);
    await used(member, { context_tokens: 100, cached_tokens: 10, generated_tokens: 20, cost: 0.25, co2_grams: 1.5 });
    await used(member, { context_tokens: 5, status: 'error', cost: null });
    assert.partialDeepStrictEqual(await sumsOf(member), {
      requests: 2,
      errors: 1,
      unpriced: 1,
      context_tokens: 105,
      cached_tokens: 10,
      generated_tokens: 20,
      tokens: 125,
      cost: 0.25,
      co2_grams: 1.5,
    });
  });

  it('know the first and the last activity, also of rows that come late, move and go', async () => {
    const member = await newMember(database);
    for (const at of ['2026-11-05T12:00:00Z', '2026-11-01T12:00:00Z', '2026-11-09T12:00:00Z'])
      await used(member, { at });
    const span = async () => {
      const sums = await sumsOf(member);
      return [sums?.first_activity_at, sums?.last_activity_at];
    };
    const days = (...dates: number[]) => dates.map((date) => `2026-11-0${date}T12:00:00+00:00`);
    assert.deepEqual(await span(), days(1, 9));
    await database.query(
      `update public.usage_logs set at = '2026-11-02T12:00:00Z' where user_id = $1 and at < '2026-11-02'`,
      [member.id],
    );
    assert.deepEqual(await span(), days(2, 9));
    await database.query(`delete from public.usage_logs where user_id = $1 and at > '2026-11-06'`, [member.id]);
    assert.deepEqual(await span(), days(2, 5));
  });

  it('are of all visitors together', async () => {
    const before = Number((await sumsOf(null))?.requests ?? 0);
    for (const visitor of [await newVisitor(database), await newVisitor(database), null]) await used(visitor);
    assert.equal((await sumsOf(null))?.requests, before + 3);
  });

  it('count completed payments, in USD, and nothing else', async () => {
    const member = await newMember(database);
    for (const status of ['pending', 'failed', 'refunded']) await purchase(database, member, status);
    assert.equal(await sumsOf(member), undefined);
    const id = await purchase(database, member, 'pending', 30);
    await database.query(`update public.credit_purchases set status = 'completed' where id = $1`, [id]);
    await database.query(
      `insert into public.credit_purchases (owner_id, user_id, status, amount, currency, usd_rate)
       values ($1, $2, 'completed', 10, 'EUR', 1.155)`,
      [owner.id, member.id],
    );
    assert.partialDeepStrictEqual(await sumsOf(member), { completed_payments: 2, revenue: 41.55, requests: 0 });
    await database.query(`update public.credit_purchases set status = 'refunded' where id = $1`, [id]);
    assert.partialDeepStrictEqual(await sumsOf(member), { completed_payments: 1, revenue: 11.55 });
    await database.query('delete from public.credit_purchases where user_id = $1', [member.id]);
    assert.equal(await sumsOf(member), undefined);
  });

  it('refuse a payment in another currency without its rate', async () => {
    await assert.rejects(
      database.query(`insert into public.credit_purchases (owner_id, amount, currency) values ($1, 10, 'EUR')`, [
        owner.id,
      ]),
      { code: '23502' },
    );
  });

  it('move to the visitors when the account goes, money included', async () => {
    const member = await newMember(database);
    const before = { requests: 0, revenue: 0, ...(await sumsOf(null)) };
    await used(member);
    await purchase(database, member, 'completed', 7);
    await database.query('delete from auth.users where id = $1', [member.id]);
    assert.equal(await sumsOf(member), undefined);
    assert.partialDeepStrictEqual(await sumsOf(null), { requests: before.requests + 1, revenue: before.revenue + 7 });
  });

  it('go with the owner', async () => {
    const other = await newMember(database);
    await database.query(
      `insert into public.usage_logs (owner_id, user_id, app, model) values ($1, $1, 'a', 'm'), ($1, $2, 'a', 'm'), ($1, null, 'a', 'm')`,
      [other.id, owner.id],
    );
    await database.query('delete from auth.users where id = $1', [other.id]);
    assert.deepEqual(
      await database.query('select 1 from private.user_usage_rollup where $1 in (owner_id, actor_id)', [other.id]),
      [],
    );
    assert.deepEqual(await wrongSums(database), []);
  });

  describe('tell the internal', () => {
    const internal = async (user: Person) => (await sumsOf(user))?.internal;

    it('by the domains of the site, as they and the addresses change', async () => {
      const [member, other] = [await newMember(database), await newMember(database)];
      for (const each of [member, other]) await used(each);
      await database.query(`update private.site set internal_domains = '{in.test.invalid}'`);
      assert.equal(await internal(member), false);
      await database.query(`update auth.users set email = 'Vera@IN.test.invalid' where id = $1`, [member.id]);
      assert.equal(await internal(member), true);
      assert.equal((await sumsOf(member))?.label, 'vera@in.test.invalid vera example');
      await database.query(`update auth.users set email = 'in.test.invalid@evil.test' where id = $1`, [other.id]);
      assert.equal(await internal(other), false);
      await database.query(`update private.site set internal_domains = '{}'`);
      assert.equal(await internal(member), false);
    });

    it('the owner, whatever the address', async () => {
      await used(owner);
      assert.equal(await internal(owner), true);
      const next = await newMember(database);
      await used(next);
      await ownSite(database, next);
      assert.deepEqual([await internal(owner), await internal(next)], [false, true]);
      await ownSite(database, owner);
    });
  });

  describe('are checked', () => {
    it('and the rows named that differ, also those that are missing or too many', async () => {
      const [wrong, missing] = [await newMember(database), await newMember(database)];
      for (const each of [wrong, missing]) await used(each, { cost: 1 });
      assert.deepEqual(await wrongSums(database), []);
      await database.query('update private.user_usage_rollup set cost = 2 where actor_id = $1', [wrong.id]);
      await database.query('delete from private.user_usage_rollup where actor_id = $1', [missing.id]);
      const nobody = randomUUID();
      await database.query('insert into private.user_usage_rollup (actor_id, owner_id) values ($1, $2)', [
        nobody,
        owner.id,
      ]);
      const found = await wrongSums(database);
      assert.deepEqual(new Set(found.map(({ user_id }) => user_id)), new Set([wrong.id, missing.id, nobody]));
      assert.partialDeepStrictEqual(
        found.find(({ user_id }) => user_id === wrong.id),
        { stored: { cost: 2 }, recomputed: { cost: 1 } },
      );
      const [mended] = await database.query('select private.rebuild_usage_rollup() as rows');
      assert.deepEqual(mended, { rows: 3 });
      assert.deepEqual(await wrongSums(database), []);
      assert.deepEqual(await database.query('select private.rebuild_usage_rollup() as rows'), [{ rows: 0 }]);
    });
  });

  for (const seed of seeds) {
    it(`equal the log after ${STEPS} random changes (SEED=${seed})`, async () => {
      const random = randomOf(seed);
      const one = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
      const owners = [await newMember(database), await newMember(database)];
      let users: (Person | null)[] = [null, ...owners, await newMember(database), await newMember(database)];
      const at = () => new Date(Date.UTC(2026, 0, 1) + Math.floor(random() * 40) * 6 * 3_600_000);
      const row = () => [one(owners).id, one(users)?.id ?? null, at(), one(['ok', 'error', 'stopped'])];
      const some = (table: string) =>
        `(select id from public.${table} where hashtext(id::text) % 5 = ${Math.floor(random() * 5)})`;
      const insert = () =>
        database.query(
          `insert into public.usage_logs (owner_id, user_id, at, status, app, model, context_tokens, cached_tokens,
                                          generated_tokens, cost, co2_grams)
           select $1, case when n % 3 > 0 then $2::uuid end, $3::timestamptz + n * interval '1 hour', $4, 'a', 'm', n * 7, n, n * 3,
                  case when n % 4 > 0 then n / 8.0 end, case when n % 5 > 0 then n / 16.0 end
           from generate_series(1, $5::int) as n`,
          [...row(), Math.ceil(random() * 12)],
        );
      const steps: (() => Promise<unknown>)[] = [
        insert,
        insert,
        () =>
          database.query(
            `update public.usage_logs set user_id = $1, owner_id = $2, at = $3 where id in ${some('usage_logs')}`,
            [one(users)?.id ?? null, one(owners).id, at()],
          ),
        () =>
          database.query(
            `update public.usage_logs set cost = nullif(context_tokens % 4, 0), generated_tokens = generated_tokens + 1,
                    status = $1 where id in ${some('usage_logs')}`,
            [one(['ok', 'error'])],
          ),
        () => database.query(`update public.usage_logs set model = 'other', id = gen_random_uuid()`),
        () => database.query(`delete from public.usage_logs where id in ${some('usage_logs')}`),
        () => database.query(`delete from public.usage_logs where at = (select max(at) from public.usage_logs)`),
        () => purchase(database, one(users.filter((user) => user !== null)), one(['pending', 'completed']), 5),
        () =>
          database.query(
            `update public.credit_purchases set status = $1, user_id = $2, amount = amount + 1
             where id in ${some('credit_purchases')}`,
            [one(['pending', 'completed', 'failed', 'refunded']), one(users)?.id ?? null],
          ),
        () => database.query(`delete from public.credit_purchases where id in ${some('credit_purchases')}`),
        async () => {
          const gone = users.at(-1)!;
          await database.query('delete from auth.users where id = $1', [gone.id]);
          users = [...users.slice(0, -1), await newMember(database)];
        },
      ];
      for (let step = 0; step < STEPS; step += 1) {
        const change = Math.floor(random() * steps.length);
        await steps[change]!();
        assert.deepEqual(await wrongSums(database), [], `step ${step}, change ${change}`);
      }
      const [kept] = await database.query<{ rows: number }>(
        'select count(*)::int as rows from private.user_usage_rollup',
      );
      assert.ok(kept!.rows > 3, 'something was summed up');
    });
  }
});
