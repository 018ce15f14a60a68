import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { onEachEngine } from '../support/node/engines.ts';
import { ANON, asUser, newAdmin, newMember, newVisitor, sentOn, type Person } from '../support/node/sql.ts';
import { callService, usageRow } from '../support/node/usage-sql.ts';

interface Shared {
  readonly label: string;
  readonly days: readonly Record<string, unknown>[];
}

onEachEngine('a share', (database) => {
  const share = async ({ claims }: Pick<Person, 'claims'>, label = 'My usage') => {
    const sql = 'select public.usage_share_create($1) as id';
    return (await asUser<{ id: string }>(database, claims, sql, [label]))[0]!.id;
  };
  const use = ({ id }: Person, rows: readonly object[], source = 'openai') =>
    callService(database, 'public.usage_apply($1, $2, null, null, $3)', [id, source, JSON.stringify(rows)]);
  const revoke = ({ claims }: Person, id: string) =>
    asUser(database, claims, 'update public.usage_shares set enabled = false where id = $1', [id]);
  const shown = async (id: string, from = '2026-01-01', to = '2026-12-31') =>
    (
      await asUser<{ answer: Shared | null }>(database, ANON, 'select public.usage_share_daily($1, $2, $3) as answer', [
        id,
        from,
        to,
      ])
    )[0]!.answer;
  const pings = async (id: string) => (await sentOn(database, `share:${id}`)).map(({ event }) => event);

  describe('shows whoever has its id', () => {
    it('daily totals of its owner, and no model, project or id', async () => {
      const [owner, other] = [await newMember(database), await newMember(database)];
      await use(owner, [usageRow('2026-11-01'), usageRow('2026-11-01', { model: 'secret-model', cost: null })]);
      await use(other, [usageRow('2026-11-02')]);
      const answer = await shown(await share(owner));
      assert.deepEqual(answer, {
        label: 'My usage',
        days: [
          {
            date: '2026-11-01',
            requests: 4,
            context_tokens: 200,
            cached_tokens: 20,
            generated_tokens: 40,
            cost: 0.25,
            unpriced: true,
            co2_grams: 3,
            provisional: false,
            sample: false,
          },
        ],
      });
    });

    it('the days that are asked for, two years at most', async () => {
      const owner = await newMember(database);
      await use(
        owner,
        ['2024-01-01', '2024-12-01', '2026-11-01', '2026-11-02'].map((day) => usageRow(day)),
      );
      const id = await share(owner);
      const days = async (from: string, to: string) => (await shown(id, from, to))!.days.map(({ date }) => date);
      assert.deepEqual(await days('2026-11-02', '2026-11-02'), ['2026-11-02']);
      assert.deepEqual(await days('2000-01-01', '2026-11-01'), ['2024-12-01', '2026-11-01']);
    });

    it('samples only while there is nothing else', async () => {
      const owner = await newMember(database);
      const id = await share(owner);
      await use(owner, [usageRow('2026-11-01')], 'sample');
      assert.partialDeepStrictEqual((await shown(id))!.days, [{ date: '2026-11-01', sample: true }]);
      await use(owner, [usageRow('2026-11-02')]);
      assert.partialDeepStrictEqual((await shown(id))!.days, [{ date: '2026-11-02', sample: false }]);
    });
  });

  describe('shows nothing', () => {
    it('once it is revoked, until it is switched on again', async () => {
      const owner = await newMember(database);
      const id = await share(owner);
      await revoke(owner, id);
      assert.equal(await shown(id), null);
      await asUser(database, owner.claims, 'update public.usage_shares set enabled = true where id = $1', [id]);
      assert.equal((await shown(id))!.label, 'My usage');
    });

    it('for an id that is none', async () => {
      assert.equal(await shown(randomUUID()), null);
    });

    it('of its table to whoever has only the key', async () => {
      await share(await newMember(database));
      await assert.rejects(asUser(database, ANON, 'select id from public.usage_shares'), { code: '42501' });
    });
  });

  describe('belongs to its owner', () => {
    it('who alone sees it among theirs', async () => {
      const owner = await newMember(database);
      const id = await share(owner);
      const ids = async ({ claims }: Person) =>
        (await asUser<{ id: string }>(database, claims, 'select id from public.usage_shares')).map((row) => row.id);
      assert.deepEqual(await ids(owner), [id]);
      for (const make of [newMember, newAdmin, newVisitor]) assert.deepEqual(await ids(await make(database)), []);
    });

    it('and nobody else changes or deletes it', async () => {
      const id = await share(await newMember(database));
      for (const make of [newMember, newAdmin, newVisitor]) {
        const person = await make(database);
        await revoke(person, id);
        await asUser(database, person.claims, 'delete from public.usage_shares where id = $1', [id]);
      }
      assert.notEqual(await shown(id), null);
    });

    it("and cannot be made by a visitor, in another's name, or with a chosen id", async () => {
      const [member, visitor] = [await newMember(database), await newVisitor(database)];
      await assert.rejects(share(visitor), { code: '42501' });
      await assert.rejects(share({ claims: { ...ANON, sub: '' } }), { code: '42501' });
      const insert = (columns: string, value: string) =>
        asUser(database, member.claims, `insert into public.usage_shares (${columns}) values ($1)`, [value]);
      await assert.rejects(insert('user_id', visitor.id), { code: '42501' });
      await assert.rejects(insert('id', randomUUID()), { code: '42501' });
    });

    it('who sees when it was switched off', async () => {
      const owner = await newMember(database);
      const id = await share(owner);
      await revoke(owner, id);
      const [row] = await asUser<{ revoked_at: string }>(
        database,
        owner.claims,
        'select revoked_at from public.usage_shares where id = $1',
        [id],
      );
      assert.notEqual(row!.revoked_at, null);
    });
  });

  describe('is heard', () => {
    it('when the usage of its owner changes, and tells nothing of it', async () => {
      const [owner, other] = [await newMember(database), await newMember(database)];
      const id = await share(owner);
      await use(other, [usageRow('2026-11-01')]);
      assert.deepEqual(await pings(id), []);
      const rows = [usageRow('2026-11-01'), usageRow('2026-11-02')];
      await use(owner, rows);
      await use(owner, rows);
      await use(owner, [usageRow('2026-11-02', { requests: 7 })]);
      const sent = await sentOn(database, `share:${id}`);
      assert.equal(sent.length, 2);
      for (const { event, payload } of sent) {
        assert.equal(event, 'usage_data');
        assert.deepEqual(Object.keys(payload).sort(), ['at', 'id', 'ids', 'n', 'op', 'table']);
        assert.partialDeepStrictEqual(payload, { n: 1, ids: null });
      }
    });

    it('once more when it is revoked, and then no more', async () => {
      const owner = await newMember(database);
      const id = await share(owner);
      await revoke(owner, id);
      await use(owner, [usageRow('2026-11-01')]);
      await revoke(owner, id);
      assert.deepEqual(await pings(id), ['usage_shares']);
    });

    it('by whoever still listens when it is switched on again', async () => {
      const owner = await newMember(database);
      const id = await share(owner);
      await revoke(owner, id);
      await asUser(database, owner.claims, 'update public.usage_shares set enabled = true where id = $1', [id]);
      assert.deepEqual(await pings(id), ['usage_shares', 'usage_shares']);
    });

    it('once more when it is deleted, or its owner is', async () => {
      const owner = await newMember(database);
      const [first, second] = [await share(owner), await share(owner)];
      await asUser(database, owner.claims, 'delete from public.usage_shares where id = $1', [first]);
      await database.query('delete from auth.users where id = $1', [owner.id]);
      assert.deepEqual([await pings(first), await pings(second)], [['usage_shares'], ['usage_shares']]);
    });
  });
});
