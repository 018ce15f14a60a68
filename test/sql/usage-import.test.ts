import assert from 'node:assert/strict';
import { it } from 'node:test';
import { onEachEngine } from '../support/node/engines.ts';
import { ANON, asUser, newMember, newVisitor } from '../support/node/sql.ts';
import { daysAgo } from '../support/node/usage-sql.ts';

onEachEngine('an import of usage', (database) => {
  const row = (fields: object = {}) => ({ date: daysAgo(1), model: 'm', requests: 1, ...fields });
  const importRows = (claims: Parameters<typeof asUser>[1], rows: unknown) =>
    asUser<{ changed: number }>(database, claims, 'select public.usage_import($1) as changed', [JSON.stringify(rows)]);
  const discard = (claims: Parameters<typeof asUser>[1], source: string) =>
    asUser<{ deleted: number }>(database, claims, 'select public.usage_discard($1) as deleted', [source]);

  it('writes what differs, of the caller and of this source, whatever a row says', async () => {
    const [member, other] = [await newMember(database), await newMember(database)];
    const sly = row({ user_id: other.id, source: 'openai' });
    assert.deepEqual(await importRows(member.claims, [sly]), [{ changed: 1 }]);
    assert.deepEqual(await importRows(member.claims, [sly]), [{ changed: 0 }]);
    assert.deepEqual(await importRows(member.claims, [row({ requests: 2 })]), [{ changed: 1 }]);
    const rows = await database.query(
      'select user_id, source, requests::int from public.usage_data where user_id in ($1, $2)',
      [member.id, other.id],
    );
    assert.deepEqual(rows, [{ user_id: member.id, source: 'import', requests: 2 }]);
  });

  it('is refused to who has no account', async () => {
    const visitor = await newVisitor(database);
    for (const claims of [visitor.claims, ANON]) {
      await assert.rejects(importRows(claims, [row()]), { code: '42501' });
    }
    await assert.rejects(discard(ANON, 'import'), { code: '42501' });
    assert.deepEqual(await discard(visitor.claims, 'import'), [{ deleted: 0 }]);
  });

  it('takes all rows or none', async () => {
    const member = await newMember(database);
    await assert.rejects(importRows(member.claims, [row(), row({ model: '' })]), { code: '23514' });
    await assert.rejects(importRows(member.claims, [row(), row({ requests: -1 })]), { code: '23514' });
    await assert.rejects(importRows(member.claims, { rows: [] }), { code: '22023' });
    await assert.rejects(
      importRows(
        member.claims,
        Array.from({ length: 5_001 }, () => row()),
      ),
      { code: '22023' },
    );
    assert.deepEqual(await database.query('select 1 from public.usage_data where user_id = $1', [member.id]), []);
  });

  it('gives way to what is known by itself, in charts and limits alike', async () => {
    const member = await newMember(database);
    const today = daysAgo(0);
    await asUser(database, member.claims, `select public.usage_limit_set('requests', 'day', 100)`);
    await importRows(member.claims, [row({ date: today, requests: 5 }), row({ date: today, model: 'n', requests: 1 })]);
    const counted = async () => {
      const [sums] = await asUser<{ requests: number }>(
        database,
        member.claims,
        'select sum(requests)::int as requests from public.usage_counted',
      );
      const [limit] = await database.query<{ used: number }>(
        'select used::int as used from public.usage_tracking where user_id = $1',
        [member.id],
      );
      return [sums!.requests, limit!.used];
    };
    assert.deepEqual(await counted(), [6, 6]);
    await database.query(
      `insert into public.usage_data (user_id, date, model, source, requests) values ($1, $2, 'm', 'openai', 3)`,
      [member.id, today],
    );
    assert.deepEqual(await counted(), [4, 4]);
  });

  it('is taken back by who made it, and nothing else is', async () => {
    const [member, other] = [await newMember(database), await newMember(database)];
    for (const { claims } of [member, other]) await importRows(claims, [row()]);
    await database.query(
      `insert into public.usage_data (user_id, date, model, source) values ($1, current_date, 'm', 'openai')`,
      [member.id],
    );
    assert.deepEqual(await discard(member.claims, 'import'), [{ deleted: 1 }]);
    await assert.rejects(discard(member.claims, 'openai'), { code: '22023' });
    const left = await database.query('select source from public.usage_data where user_id in ($1, $2) order by 1', [
      member.id,
      other.id,
    ]);
    assert.deepEqual(left, [{ source: 'import' }, { source: 'openai' }]);
  });
});
