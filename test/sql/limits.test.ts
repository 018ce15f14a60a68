import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { onEachEngine } from '../support/node/engines.ts';
import { asUser, SERVICE } from '../support/node/sql.ts';

onEachEngine('limits', (database) => {
  const ask = async <T>(sql: string, parameters: unknown[]) =>
    (await asUser<{ answer: T }>(database, SERVICE, `select ${sql} as answer`, parameters))[0]!.answer;

  describe('take_token', () => {
    const take = (key: string, capacity = 3, perSecond = 1 / 60) =>
      ask<number>('private.take_token($1, $2, $3)', [key, capacity, perSecond]);
    const takeAll = async (key: string, times: number) => {
      const waits: number[] = [];
      while (waits.length < times) waits.push(await take(key));
      return waits;
    };
    /** Lets time pass for a bucket. */
    const age = (key: string, seconds: number) =>
      database.query(
        `update private.rate_buckets set updated_at = updated_at - make_interval(secs => $2) where key = $1`,
        [key, seconds],
      );

    it('grants as many as the bucket holds', async () => {
      const waits = await takeAll(randomUUID(), 4);
      assert.deepEqual(waits.slice(0, 3), [0, 0, 0]);
    });

    it('answers the seconds until the next one', async () => {
      const key = randomUUID();
      await takeAll(key, 3);
      const wait = await take(key);
      assert.ok(wait > 50 && wait <= 60, `${wait}`);
      await age(key, 40);
      const shorter = await take(key);
      assert.ok(shorter > 10 && shorter <= 20, `${shorter}`);
    });

    it('takes nothing when it refuses', async () => {
      const key = randomUUID();
      await takeAll(key, 13);
      await age(key, 60);
      assert.equal(await take(key), 0);
    });

    it('refills as time goes by', async () => {
      const key = randomUUID();
      await takeAll(key, 3);
      await age(key, 120);
      const waits = await takeAll(key, 3);
      assert.deepEqual(waits.slice(0, 2), [0, 0]);
      assert.ok(waits[2]! > 0);
    });

    it('never holds more than its capacity', async () => {
      const key = randomUUID();
      await takeAll(key, 1);
      await age(key, 86_400);
      const waits = await takeAll(key, 5);
      assert.deepEqual(waits.slice(0, 3), [0, 0, 0]);
      assert.ok(waits[3]! > 0 && waits[4]! > 0);
    });

    it('keeps buckets apart', async () => {
      const key = randomUUID();
      await takeAll(key, 4);
      assert.equal(await take(randomUUID()), 0);
    });
  });

  describe('reserve_spend', () => {
    const reserve = (scope: string, amount: number, cap = 1_000) =>
      ask<boolean>('private.reserve_spend($1, $2, $3)', [scope, amount, cap]);
    const spent = async (scope: string) =>
      (
        await database.query<{ micro_usd: number; today: boolean }>(
          `select micro_usd, day = (now() at time zone 'utc')::date as today from private.spend_daily where scope = $1`,
          [scope],
        )
      )[0];

    it('adds up to the cap exactly', async () => {
      const scope = randomUUID();
      assert.equal(await reserve(scope, 400), true);
      assert.equal(await reserve(scope, 600), true);
      assert.deepEqual(await spent(scope), { micro_usd: 1_000, today: true });
    });

    it('reserves nothing above the cap', async () => {
      const scope = randomUUID();
      await reserve(scope, 400);
      assert.equal(await reserve(scope, 601), false);
      assert.equal((await spent(scope))?.micro_usd, 400);
    });

    it('refuses a first reservation above the cap', async () => {
      const scope = randomUUID();
      assert.equal(await reserve(scope, 1_001), false);
      assert.equal(await spent(scope), undefined);
    });

    it("is not held back by yesterday's spending", async () => {
      const scope = randomUUID();
      await reserve(scope, 1_000);
      await database.query('update private.spend_daily set day = day - 1 where scope = $1', [scope]);
      assert.equal(await reserve(scope, 1_000), true);
    });

    describe('and settle_spend', () => {
      const settle = (scope: string, reserved: number, amount: number, daysAgo = 0) =>
        ask(`private.settle_spend($1, (now() at time zone 'utc')::date - $4::int, $2, $3)`, [
          scope,
          reserved,
          amount,
          daysAgo,
        ]);

      for (const [spending, left] of [
        [120, 420],
        [500, 800],
        [0, 300],
        [700, 1_000],
      ] as const) {
        it(`leaves ${left} of 300 and a reserved 500 that became ${spending}`, async () => {
          const scope = randomUUID();
          await reserve(scope, 300);
          await reserve(scope, 500);
          await settle(scope, 500, spending);
          assert.equal((await spent(scope))?.micro_usd, left);
        });
      }

      it('never goes below zero', async () => {
        const scope = randomUUID();
        await reserve(scope, 100);
        await settle(scope, 500, 0);
        assert.equal((await spent(scope))?.micro_usd, 0);
      });

      it('changes the day of the reservation only', async () => {
        const scope = randomUUID();
        await reserve(scope, 500);
        await settle(scope, 500, 0, 1);
        assert.equal((await spent(scope))?.micro_usd, 500);
      });
    });
  });
});
