import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { onEachEngine } from '../support/node/engines.ts';
import { ANON, asUser, newAdmin, newMember, newVisitor, sentOn, type Person } from '../support/node/sql.ts';
import { callService, signalsOf, usageRow } from '../support/node/usage-sql.ts';

const APPLY = 'public.usage_apply($1, $2, $3, $4, $5)';

onEachEngine('usage_apply', (database) => {
  const apply = ({ id }: Person, rows: readonly object[], from: string | null = null, to: string | null = null) =>
    callService<object>(database, APPLY, [id, 'openai', from, to, JSON.stringify(rows)]);
  const rowsOf = ({ id }: Person, source = 'openai') =>
    database.query<{ day: string; requests: number }>(
      'select date::text as day, requests from public.usage_data where user_id = $1 and source = $2 order by 1',
      [id, source],
    );

  it('writes rows, and counts them', async () => {
    const member = await newMember(database);
    const rows = [usageRow('2026-11-01'), usageRow('2026-11-02')];
    assert.deepEqual(await apply(member, rows), { read: 2, inserted: 2, updated: 0, deleted: 0 });
    assert.deepEqual(await rowsOf(member), [
      { day: '2026-11-01', requests: 2 },
      { day: '2026-11-02', requests: 2 },
    ]);
  });

  it('writes nothing that is the same already, and signals nothing', async () => {
    const member = await newMember(database);
    const rows = [
      usageRow('2026-11-01', { cost: 0.12345649 }),
      usageRow('2026-11-02', { cost: null, co2_grams: null }),
    ];
    await apply(member, rows);
    const before = await signalsOf(database, member, 'usage_data');
    assert.deepEqual(await apply(member, rows, '2026-11-01', '2026-11-02'), {
      read: 2,
      inserted: 0,
      updated: 0,
      deleted: 0,
    });
    assert.equal(await signalsOf(database, member, 'usage_data'), before);
  });

  const CHANGES = {
    requests: 3,
    context_tokens: 101,
    cached_tokens: 11,
    generated_tokens: 21,
    cost: null,
    cost_source: 'billed',
    co2_grams: 2,
    provisional: true,
  };
  for (const [column, value] of Object.entries(CHANGES)) {
    it(`writes and signals the one row of which ${column} differs`, async () => {
      const member = await newMember(database);
      await apply(member, [usageRow('2026-11-01'), usageRow('2026-11-02')]);
      const changed = [usageRow('2026-11-01'), usageRow('2026-11-02', { [column]: value })];
      assert.partialDeepStrictEqual(await apply(member, changed), { inserted: 0, updated: 1 });
      assert.partialDeepStrictEqual((await sentOn(database, `user:${member.id}`)).at(-1), {
        event: 'usage_data',
        payload: { op: 'UPDATE', n: 1 },
      });
    });
  }

  it('deletes what is gone between its days, of its source and user only', async () => {
    const [member, other] = [await newMember(database), await newMember(database)];
    const days = ['2026-11-01', '2026-11-02', '2026-11-03', '2026-11-04'];
    for (const each of [member, other])
      await apply(
        each,
        days.map((day) => usageRow(day)),
      );
    await callService(database, APPLY, [member.id, 'import', null, null, JSON.stringify([usageRow('2026-11-02')])]);
    const done = await apply(member, [usageRow('2026-11-03')], '2026-11-02', '2026-11-03');
    assert.partialDeepStrictEqual(done, { updated: 0, deleted: 1 });
    assert.deepEqual(
      (await rowsOf(member)).map(({ day }) => day),
      ['2026-11-01', '2026-11-03', '2026-11-04'],
    );
    assert.equal((await rowsOf(other)).length, 4);
    assert.equal((await rowsOf(member, 'import')).length, 1);
  });

  it('refuses rows outside of its days, and writes none of them', async () => {
    const member = await newMember(database);
    const rows = [usageRow('2026-11-01'), usageRow('2026-11-09')];
    await assert.rejects(apply(member, rows, '2026-11-01', '2026-11-02'), { code: '22023' });
    assert.deepEqual(await rowsOf(member), []);
  });

  it('refuses what is no usage', async () => {
    const member = await newMember(database);
    for (const fields of [
      { requests: -1 },
      { model: '' },
      { cost: -1 },
      { cost_source: 'guessed' },
      { requests: null },
    ]) {
      await assert.rejects(apply(member, [usageRow('2026-11-01', fields)]), JSON.stringify(fields));
    }
  });

  it('is refused to everybody but the service', async () => {
    const [member, admin, visitor] = [await newMember(database), await newAdmin(database), await newVisitor(database)];
    for (const claims of [member.claims, admin.claims, visitor.claims, ANON]) {
      const parameters = [member.id, 'openai', null, null, '[]'];
      await assert.rejects(asUser(database, claims, `select ${APPLY}`, parameters), { code: '42501' });
    }
  });

  describe('leads to views', () => {
    for (const view of ['usage_daily', 'usage_by_model']) {
      it(`${view}: one's own, and nobody else's`, async () => {
        const [member, other] = [await newMember(database), await newMember(database)];
        const [admin, visitor] = [await newAdmin(database), await newVisitor(database)];
        for (const each of [member, other, visitor]) await apply(each, [usageRow('2026-11-01')]);
        const seen = ({ claims }: Pick<Person, 'claims'>) =>
          asUser<{ user_id: string }>(database, claims, `select user_id from public.${view}`);
        assert.deepEqual(await seen(member), [{ user_id: member.id }]);
        assert.deepEqual([await seen(admin), await seen(visitor)], [[], []]);
        await assert.rejects(asUser(database, ANON, `select 1 from public.${view}`), { code: '42501' });
      });
    }

    it('that add up, and say when a price is missing', async () => {
      const member = await newMember(database);
      await apply(member, [
        usageRow('2026-11-01'),
        usageRow('2026-11-01', { project: 'q', cost: null, provisional: true }),
        usageRow('2026-11-01', { model: 'gpt-5-mini' }),
      ]);
      const read = (what: string) =>
        asUser(database, member.claims, `select requests, cost, unpriced, provisional from public.${what} order by 1`);
      assert.deepEqual(await read('usage_daily'), [{ requests: 6, cost: 0.5, unpriced: true, provisional: true }]);
      assert.deepEqual(await read('usage_by_model'), [
        { requests: 2, cost: 0.25, unpriced: false, provisional: false },
        { requests: 4, cost: 0.25, unpriced: true, provisional: true },
      ]);
    });
  });
});
