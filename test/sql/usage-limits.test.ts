import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { onEachEngine } from '../support/node/engines.ts';
import { ANON, asUser, newAdmin, newMember, newVisitor, sentOn, type Person } from '../support/node/sql.ts';
import { callService, daysAgo, signalsOf, usageRow } from '../support/node/usage-sql.ts';

onEachEngine('a limit', (database) => {
  const limit = ({ claims }: Pick<Person, 'claims'>, metric: string, period: string, value: number | null) =>
    asUser(database, claims, 'select public.usage_limit_set($1, $2, $3)', [metric, period, value]);
  const use = ({ id }: Person, rows: readonly object[], source = 'openai') =>
    callService(database, 'public.usage_apply($1, $2, null, null, $3)', [id, source, JSON.stringify(rows)]);
  const limitsOf = ({ id }: Person) =>
    database.query<{ metric: string; used: number; crossed: boolean }>(
      `select metric, used, crossed_at is not null as crossed from public.usage_tracking where user_id = $1 order by 1`,
      [id],
    );
  const today = daysAgo(0);

  it('is measured when it is set, by what its metric counts', async () => {
    const member = await newMember(database);
    await use(member, [usageRow(today), usageRow(today, { model: 'other', cost: null, co2_grams: null })]);
    for (const metric of ['tokens', 'requests', 'cost', 'co2']) await limit(member, metric, 'day', 100);
    assert.deepEqual(await limitsOf(member), [
      { metric: 'co2', used: 1.5, crossed: false },
      { metric: 'cost', used: 0.25, crossed: false },
      { metric: 'requests', used: 4, crossed: false },
      { metric: 'tokens', used: 240, crossed: true },
    ]);
  });

  it('is crossed by usage, once, and not when usage was corrected', async () => {
    const member = await newMember(database);
    await limit(member, 'requests', 'month', 5);
    await use(member, [usageRow(today, { requests: 4 })]);
    assert.partialDeepStrictEqual(await limitsOf(member), [{ used: 4, crossed: false }]);
    await use(member, [usageRow(today, { requests: 5 })]);
    assert.partialDeepStrictEqual(await limitsOf(member), [{ used: 5, crossed: true }]);
    await use(member, [usageRow(today, { requests: 3 })]);
    assert.partialDeepStrictEqual(await limitsOf(member), [{ used: 3, crossed: false }]);
  });

  it('counts its period only, and no samples', async () => {
    const member = await newMember(database);
    await limit(member, 'requests', 'day', 100);
    await use(member, [usageRow(daysAgo(1)), usageRow(today)]);
    await use(member, [usageRow(today)], 'sample');
    assert.partialDeepStrictEqual(await limitsOf(member), [{ used: 2 }]);
  });

  it('counts the chat, unless the sync brings it as well', async () => {
    const member = await newMember(database);
    await limit(member, 'requests', 'day', 100);
    await use(member, [usageRow(today)], 'chat');
    assert.partialDeepStrictEqual(await limitsOf(member), [{ used: 2 }]);
    await database.query('insert into private.site (owner_id, chat_in_synced_org) values ($1, true)', [member.id]);
    await use(member, [usageRow(today)]);
    assert.partialDeepStrictEqual(await limitsOf(member), [{ used: 2 }]);
    await database.query('delete from private.site');
  });

  it('signals when what is used of it moves, and only then', async () => {
    const member = await newMember(database);
    await limit(member, 'requests', 'day', 100);
    const before = await signalsOf(database, member, 'usage_tracking');
    await use(member, [usageRow(today)]);
    assert.equal(await signalsOf(database, member, 'usage_tracking'), before + 1);
    await use(member, [usageRow(today, { cost: 9 })]);
    assert.equal(await signalsOf(database, member, 'usage_tracking'), before + 1);
  });

  it('is told after the usage that moves it', async () => {
    const member = await newMember(database);
    await limit(member, 'requests', 'day', 100);
    await use(member, [usageRow(today)]);
    const events = (await sentOn(database, `user:${member.id}`)).map(({ event }) => event);
    assert.deepEqual(events.slice(-2), ['usage_data', 'usage_tracking']);
  });

  it('begins anew with a new period', async () => {
    const member = await newMember(database);
    await limit(member, 'requests', 'day', 1);
    await use(member, [usageRow(today)]);
    await database.exec('alter table public.usage_tracking disable trigger usage_tracking_measure');
    await database.query(
      `update public.usage_tracking set period_start = period_start - 1, used = 50, crossed_at = now() - interval '1 day'
       where user_id = $1`,
      [member.id],
    );
    await database.exec('alter table public.usage_tracking enable trigger usage_tracking_measure');
    await use(member, [usageRow(today, { model: 'other' })]);
    const [row] = await database.query(
      `select used, crossed_at > now() - interval '1 hour' as anew from public.usage_tracking where user_id = $1`,
      [member.id],
    );
    assert.deepEqual(row, { used: 4, anew: true });
  });

  it('goes when it is set to nothing', async () => {
    const member = await newMember(database);
    await limit(member, 'cost', 'month', 5);
    await limit(member, 'cost', 'month', 7);
    assert.equal((await limitsOf(member)).length, 1);
    await limit(member, 'cost', 'month', null);
    assert.deepEqual(await limitsOf(member), []);
  });

  describe('belongs to its user', () => {
    it('and to nobody else', async () => {
      const [member, other, admin] = [await newMember(database), await newMember(database), await newAdmin(database)];
      for (const each of [member, other]) await limit(each, 'cost', 'day', 5);
      const sql = 'select user_id from public.usage_tracking';
      assert.deepEqual(await asUser(database, member.claims, sql), [{ user_id: member.id }]);
      assert.deepEqual(await asUser(database, admin.claims, sql), []);
      await asUser(database, member.claims, 'update public.usage_tracking set limit_value = 1');
      await asUser(database, admin.claims, 'delete from public.usage_tracking');
      const kept = 'select limit_value from public.usage_tracking where user_id = $1';
      assert.deepEqual(await database.query(kept, [other.id]), [{ limit_value: 5 }]);
    });

    it('who has an account', async () => {
      await assert.rejects(limit(await newVisitor(database), 'cost', 'day', 5), { code: '42501' });
      await assert.rejects(limit({ claims: { ...ANON, sub: '' } }, 'cost', 'day', 5), { code: '42501' });
    });

    it('who cannot say what is used of it, nor speak for another', async () => {
      const [member, other] = [await newMember(database), await newMember(database)];
      await limit(member, 'cost', 'day', 5);
      for (const sql of [
        'update public.usage_tracking set used = 0 where user_id = $1',
        `insert into public.usage_tracking (user_id, metric, period, limit_value) values ($1, 'cost', 'day', 1)`,
      ]) {
        await assert.rejects(asUser(database, member.claims, sql, [other.id]), { code: '42501' });
      }
    });
  });
});
