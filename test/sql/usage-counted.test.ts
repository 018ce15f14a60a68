import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Claims } from '../../local/keys.ts';
import { onEachEngine } from '../support/node/engines.ts';
import { ANON, asUser, newAdmin, newMember, newVisitor, type Person } from '../support/node/sql.ts';
import { callService, usageRow } from '../support/node/usage-sql.ts';

onEachEngine('what counts of usage', (database) => {
  const use = ({ id }: Person, source: string, day = '2026-11-01') =>
    callService(database, 'public.usage_apply($1, $2, null, null, $3)', [id, source, JSON.stringify([usageRow(day)])]);
  const seen = async ({ claims }: { readonly claims: Claims }, view = 'usage_counted') => {
    const sql = `select date::text || ' ' || source as row from public.${view} order by 1`;
    return (await asUser<{ row: string }>(database, claims, sql)).map(({ row }) => row);
  };
  /** The chat's key belongs to the organisation that is synced for its owner, until the end of the work. */
  const inSyncedOrg = async (owner: Person, work: () => Promise<void>) => {
    await database.query('insert into private.site (owner_id, chat_in_synced_org) values ($1, true)', [owner.id]);
    await work();
    await database.query('delete from private.site');
  };

  for (const view of ['usage_counted', 'usage_daily', 'usage_by_model']) {
    describe(`in ${view}`, () => {
      it('is everything that was used for real', async () => {
        const member = await newMember(database);
        for (const source of ['openai', 'anthropic', 'chat']) await use(member, source);
        await use(member, 'import', '2026-11-02');
        assert.deepEqual(await seen(member, view), [
          '2026-11-01 anthropic',
          '2026-11-01 chat',
          '2026-11-01 openai',
          '2026-11-02 import',
        ]);
      });

      it("is not the owner's chat where the sync brings it as well, but everybody else's", async () => {
        const [owner, other] = [await newMember(database), await newMember(database)];
        for (const each of [owner, other]) for (const source of ['openai', 'chat']) await use(each, source);
        await inSyncedOrg(owner, async () => {
          assert.deepEqual(await seen(owner, view), ['2026-11-01 openai']);
          assert.deepEqual(await seen(other, view), ['2026-11-01 chat', '2026-11-01 openai']);
        });
        assert.deepEqual(await seen(owner, view), ['2026-11-01 chat', '2026-11-01 openai']);
      });

      it('is samples only while there is nothing else, on whatever day', async () => {
        const member = await newMember(database);
        await use(member, 'sample', '2026-10-01');
        assert.deepEqual(await seen(member, view), ['2026-10-01 sample']);
        await use(member, 'chat', '2026-11-01');
        assert.deepEqual(await seen(member, view), ['2026-11-01 chat']);
      });

      it('is samples beside a chat that does not count', async () => {
        const member = await newMember(database);
        for (const source of ['sample', 'chat']) await use(member, source);
        await inSyncedOrg(member, async () => assert.deepEqual(await seen(member, view), ['2026-11-01 sample']));
      });

      it("is the samples of one although another's are replaced", async () => {
        const [member, other] = [await newMember(database), await newMember(database)];
        for (const each of [member, other]) await use(each, 'sample');
        await use(other, 'openai');
        assert.deepEqual(await seen(member, view), ['2026-11-01 sample']);
      });
    });
  }

  it("is one's own, and nobody else's", async () => {
    const member = await newMember(database);
    const [other, admin, visitor] = [await newMember(database), await newAdmin(database), await newVisitor(database)];
    for (const each of [member, visitor]) await use(each, 'openai');
    assert.deepEqual(await seen(member), ['2026-11-01 openai']);
    for (const { claims } of [other, admin, visitor]) assert.deepEqual(await seen({ claims }), []);
    await assert.rejects(seen({ claims: ANON }), { code: '42501' });
  });

  it('is nothing that anybody can write to', async () => {
    const member = await newMember(database);
    await use(member, 'openai');
    for (const sql of [
      `insert into public.usage_counted (user_id, date, model, source) values ($1, '2026-11-01', 'm', 'chat')`,
      'update public.usage_counted set requests = 0 where user_id = $1',
      'delete from public.usage_counted where user_id = $1',
    ]) {
      await assert.rejects(asUser(database, member.claims, sql, [member.id]), { code: '42501' });
    }
  });

  it('is what a share shows', async () => {
    const member = await newMember(database);
    for (const source of ['sample', 'chat', 'openai']) await use(member, source);
    const [share] = await asUser<{ id: string }>(database, member.claims, `select public.usage_share_create('') as id`);
    const days = async () => {
      const sql = `select public.usage_share_daily($1, '2026-11-01', '2026-11-01') -> 'days' as days`;
      return (await asUser<{ days: { requests: number }[] }>(database, ANON, sql, [share!.id]))[0]!.days;
    };
    assert.partialDeepStrictEqual(await days(), [{ requests: 4 }]);
    await inSyncedOrg(member, async () => assert.partialDeepStrictEqual(await days(), [{ requests: 2 }]));
  });
});
