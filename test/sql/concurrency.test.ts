import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { atOnce, times } from '../support/node/concurrency.ts';
import { onPostgres } from '../support/node/engines.ts';
import { asUser, newMember, newVisitor, sentOn, SERVICE } from '../support/node/sql.ts';

/** Callers at once. */
const CROWD = 50;

onPostgres(`${CROWD} sessions at once`, (database) => {
  const ask = async <T>(sql: string, parameters: unknown[]) =>
    (await asUser<{ answer: T }>(database, SERVICE, `select ${sql} as answer`, parameters))[0]!.answer;
  const count = (answers: readonly unknown[], wanted: unknown) => answers.filter((each) => each === wanted).length;

  describe('take_token', () => {
    const take = (key: string) => () => ask<number>('private.take_token($1, 10, $2)', [key, 1 / 3600]);
    const takeAtOnce = (key: string) =>
      atOnce(
        database,
        'private.rate_buckets',
        times(CROWD, () => take(key)),
      );

    it('grants a new bucket as many as it holds', async () => {
      const waits = await takeAtOnce(randomUUID());
      assert.equal(count(waits, 0), 10);
      assert.ok(waits.every((wait) => wait === 0 || wait > 3_000));
    });

    it('grants a bucket in use what is left in it', async () => {
      const key = randomUUID();
      for (let taken = 0; taken < 4; taken += 1) await take(key)();
      assert.equal(count(await takeAtOnce(key), 0), 6);
    });

    it('grants a bucket that has refilled no more than its capacity', async () => {
      const key = randomUUID();
      await database.query(
        `insert into private.rate_buckets (key, tokens, updated_at) values ($1, 0, now() - interval '30 days')`,
        [key],
      );
      assert.equal(count(await takeAtOnce(key), 0), 10);
    });
  });

  describe('a key', () => {
    const KEYS = 'private.user_api_keys';
    const set = (id: string, envelope: string, kid: string) =>
      ask(`public.api_key_set($1, 'openai', $2, $3, 'wxyz', 'print', 'valid')`, [id, envelope, kid]);
    const reseal = (id: string, envelope: string) => () =>
      ask<boolean>(`public.api_key_reseal($1, 'openai', 'v1.old', $2, 'k2', 'print2')`, [id, envelope]);
    const stored = async (id: string) =>
      (await database.query<{ envelope: string }>(`select envelope from ${KEYS} where user_id = $1`, [id]))[0]!
        .envelope;

    it('is sealed anew by one of all who do so', async () => {
      const { id } = await newMember(database);
      await set(id, 'v1.old', 'k1');
      const calls = times(CROWD, (index) => reseal(id, `v1.new${index}`));
      const answers = await atOnce(database, KEYS, calls);
      assert.equal(count(answers, true), 1);
      assert.equal(await stored(id), `v1.new${answers.indexOf(true)}`);
    });

    it('that its user replaces at the same time is what they say', async () => {
      const { id } = await newMember(database);
      await set(id, 'v1.old', 'k1');
      const crowd = times(10, (index) => reseal(id, `v1.new${index}`));
      await atOnce<unknown>(database, KEYS, [...crowd, () => set(id, 'v1.theirs', 'k2'), ...crowd]);
      assert.equal(await stored(id), 'v1.theirs');
    });
  });

  describe('the daily budget', () => {
    const reserve = (scope: string, amount: number) => () =>
      ask<boolean>('private.reserve_spend($1, $2, 1000)', [scope, amount]);
    const settle = (scope: string, reserved: number, spent: number) => () =>
      ask(`private.settle_spend($1, (now() at time zone 'utc')::date, $2, $3)`, [scope, reserved, spent]);
    const spentOn = async (scope: string) =>
      (
        await database.query<{ micro_usd: number }>('select micro_usd from private.spend_daily where scope = $1', [
          scope,
        ])
      )[0]?.micro_usd;

    it('is reserved up to the cap and never past it', async () => {
      const scope = randomUUID();
      const answers = await atOnce(
        database,
        'private.spend_daily',
        times(CROWD, () => reserve(scope, 30)),
      );
      assert.equal(count(answers, true), 33);
      assert.equal(await spentOn(scope), 990);
    });

    it('is the sum of what was spent once all is settled', async () => {
      const scope = randomUUID();
      await reserve(scope, 1_000)();
      const calls = times(CROWD, (index) => settle(scope, 20, index % 7));
      await atOnce(database, 'private.spend_daily', calls);
      assert.equal(
        await spentOn(scope),
        times(CROWD, (index) => index % 7).reduce((sum, spent) => sum + spent, 0),
      );
    });
  });

  it('add usage up exactly, in one row', async () => {
    const { id } = await newMember(database);
    await atOnce(
      database,
      'public.usage_data',
      times(
        CROWD,
        (index) => () => ask(`private.add_usage($1, 'gpt-4o', '', 'chat', $2, 1, 2, 0.000001, 0.0001)`, [id, index]),
      ),
    );
    assert.deepEqual(
      await database.query(
        `select requests, context_tokens, cached_tokens, generated_tokens, cost, co2_grams
         from public.usage_data where user_id = $1`,
        [id],
      ),
      [
        {
          requests: CROWD,
          context_tokens: (CROWD * (CROWD - 1)) / 2,
          cached_tokens: CROWD,
          generated_tokens: 2 * CROWD,
          cost: 0.00005,
          co2_grams: 0.005,
        },
      ],
    );
    const told = (await sentOn(database, `user:${id}`)).filter(({ event }) => event === 'usage_data');
    assert.deepEqual(told.map(({ payload }) => payload.op).sort(), ['INSERT', ...times(CROWD - 1, () => 'UPDATE')]);
  });

  describe('profiles', () => {
    const profilesOf = async (ids: readonly string[]) =>
      (
        await database.query<{ id: string }>('select id from public.profiles where id = any($1) order by id', [ids])
      ).map(({ id }) => id);

    it('come with each sign-up', async () => {
      const people = await atOnce(
        database,
        'public.profiles',
        times(CROWD, () => () => newMember(database)),
      );
      const ids = people.map(({ id }) => id).sort();
      assert.deepEqual(await profilesOf(ids), ids);
      for (const id of ids) {
        assert.deepEqual(
          (await sentOn(database, `user:${id}`)).map(({ payload }) => payload.op),
          ['INSERT'],
        );
      }
    });

    it('come once to a visitor who upgrades in every tab', async () => {
      const { id } = await newVisitor(database);
      const upgrade = 'update auth.users set email = $2, is_anonymous = false where id = $1';
      await atOnce(
        database,
        'auth.users',
        times(CROWD, () => () => database.query(upgrade, [id, `${id}@test.invalid`])),
      );
      assert.deepEqual(await profilesOf([id]), [id]);
    });
  });
});
