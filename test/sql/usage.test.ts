import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { onEachEngine } from '../support/node/engines.ts';
import { ANON, asUser, newAdmin, newMember, newVisitor, SERVICE } from '../support/node/sql.ts';

const INSERT = `insert into public.usage_data (user_id, date, model, source) values ($1, '2026-11-01', 'gpt-4o', 'sample')`;
const ADD = `select private.add_usage($1, 'gpt-4o-mini', '', 'chat', $2, $3, $4, $5, $6)`;

onEachEngine('usage_data', (database) => {
  const addUsage = (id: string, ...amounts: (number | null)[]) => asUser(database, SERVICE, ADD, [id, ...amounts]);
  const rowsOf = (id: string) =>
    database.query(
      `select date = (now() at time zone 'utc')::date as today, model, project, source, requests, context_tokens,
              cached_tokens, generated_tokens, cost, co2_grams
       from public.usage_data where user_id = $1`,
      [id],
    );

  describe('read', () => {
    it("is a member's own", async () => {
      const [member, other] = [await newMember(database), await newMember(database)];
      for (const { id } of [member, other]) await database.query(INSERT, [id]);
      const seen = await asUser(database, member.claims, 'select user_id from public.usage_data');
      assert.deepEqual(seen, [{ user_id: member.id }]);
    });

    it("is an admin's own", async () => {
      const [admin, other] = [await newAdmin(database), await newMember(database)];
      await database.query(INSERT, [other.id]);
      assert.deepEqual(await asUser(database, admin.claims, 'select user_id from public.usage_data'), []);
    });

    it('is nothing for a visitor, even where a row has their id', async () => {
      const { id, claims } = await newVisitor(database);
      await database.query(INSERT, [id]);
      assert.deepEqual(await asUser(database, claims, 'select user_id from public.usage_data'), []);
    });

    it('is refused to whoever has only the key', async () => {
      await assert.rejects(asUser(database, ANON, 'select user_id from public.usage_data'), { code: '42501' });
    });
  });

  describe('written', () => {
    const WRITES = {
      insert: INSERT,
      update: 'update public.usage_data set requests = 1 where user_id = $1',
      delete: 'delete from public.usage_data where user_id = $1',
      'add up': `select private.add_usage($1, 'gpt-4o', '', 'chat', 1, 0, 1, 0, 0)`,
    };
    for (const [verb, sql] of Object.entries(WRITES)) {
      it(`refuses ${verb} to everybody but the service`, async () => {
        const member = await newMember(database);
        const [admin, visitor] = [await newAdmin(database), await newVisitor(database)];
        for (const claims of [ANON, visitor.claims, member.claims, admin.claims]) {
          await assert.rejects(asUser(database, claims, sql, [claims.sub ?? member.id]), { code: '42501' });
        }
        await asUser(database, SERVICE, sql, [member.id]);
      });
    }
  });

  describe('add_usage', () => {
    it("begins today's row", async () => {
      const { id } = await newMember(database);
      await addUsage(id, 100, 20, 30, 0.000045, 0.01);
      assert.deepEqual(await rowsOf(id), [
        {
          today: true,
          model: 'gpt-4o-mini',
          project: '',
          source: 'chat',
          requests: 1,
          context_tokens: 100,
          cached_tokens: 20,
          generated_tokens: 30,
          cost: 0.000045,
          co2_grams: 0.01,
        },
      ]);
    });

    it('adds up', async () => {
      const { id } = await newMember(database);
      await addUsage(id, 100, 20, 30, 0.000045, 0.01);
      await addUsage(id, 1, 2, 3, 0.000001, 0.02);
      const [row, ...more] = await rowsOf(id);
      assert.equal(more.length, 0);
      assert.partialDeepStrictEqual(row, {
        requests: 2,
        context_tokens: 101,
        cached_tokens: 22,
        generated_tokens: 33,
        cost: 0.000046,
        co2_grams: 0.03,
      });
    });

    it('keeps what is unpriced unpriced', async () => {
      const { id } = await newMember(database);
      await addUsage(id, 1, 0, 1, null, null);
      await addUsage(id, 1, 0, 1, 0.5, 0.5);
      assert.partialDeepStrictEqual(await rowsOf(id), [{ requests: 2, cost: null, co2_grams: null }]);
    });

    it('makes a row unpriced by one unpriced addition', async () => {
      const { id } = await newMember(database);
      await addUsage(id, 1, 0, 1, 0.5, 0.5);
      await addUsage(id, 1, 0, 1, null, 0.5);
      assert.partialDeepStrictEqual(await rowsOf(id), [{ cost: null, co2_grams: 1 }]);
    });

    it('keeps users, models, projects and sources apart', async () => {
      const { id } = await newMember(database);
      for (const [model, project, source] of [
        ['a', '', 'chat'],
        ['b', '', 'chat'],
        ['a', 'p', 'chat'],
        ['a', '', 'openai'],
      ]) {
        await database.query('select private.add_usage($1, $2, $3, $4, 1, 0, 1, 0, 0)', [id, model, project, source]);
      }
      assert.equal((await rowsOf(id)).length, 4);
    });
  });
});
