import assert from 'node:assert/strict';
import { before, beforeEach, describe, it } from 'node:test';
import { onEachEngine } from '../support/node/engines.ts';
import { logEntry, logUsage, ownSite, purchase } from '../support/node/log-sql.ts';
import { newMember, sentOn, type Person, type Sent } from '../support/node/sql.ts';

onEachEngine('the signals of the log', (database) => {
  let owner: Person, member: Person, other: Person;
  before(async () => {
    owner = await newMember(database);
    await ownSite(database, owner);
  });
  beforeEach(async () => {
    [member, other] = [await newMember(database), await newMember(database)];
    await database.query('delete from realtime.messages');
  });

  const heard = async ({ id }: Person) => told(await sentOn(database, `user:${id}`));
  const pings = async () => told(await sentOn(database, 'admin:usage'));
  const told = (sent: Sent[]) => sent.map(({ event, payload }) => [event, payload.op, payload.n]);
  const idsOf = async ({ id }: Person) =>
    (await database.query<{ id: string }>('select id from public.usage_logs where user_id = $1 order by id', [id])).map(
      (row) => row.id,
    );
  const use = (users: readonly (Person | null)[]) =>
    logUsage(
      database,
      users.map((user) => logEntry({ user_id: user?.id ?? null })),
    );

  it('go to who acted with their own ids, to the owner with all, and to the admins without any', async () => {
    await use([member, member, other, null]);
    assert.deepEqual(await heard(member), [['usage_logs', 'INSERT', 2]]);
    assert.deepEqual(await heard(other), [['usage_logs', 'INSERT', 1]]);
    assert.deepEqual(await heard(owner), [['usage_logs', 'INSERT', 4]]);
    const [mine] = await sentOn(database, `user:${member.id}`);
    assert.deepEqual((mine!.payload.ids as string[]).toSorted(), await idsOf(member));
    assert.deepEqual(await pings(), [['usage_logs', 'UPDATE', 1]]);
  });

  it('tell the admins nothing but that there is something', async () => {
    await use([member]);
    const [{ event, payload }] = (await sentOn(database, 'admin:usage')) as [Sent];
    assert.equal(event, 'usage_logs');
    const { at, id, ...rest } = payload;
    assert.deepEqual(rest, { table: 'usage_logs', op: 'UPDATE', n: 1, ids: null });
    assert.ok(typeof at === 'number' && id);
  });

  it('go once to an owner who acts', async () => {
    await use([owner, owner]);
    assert.deepEqual(await heard(owner), [['usage_logs', 'INSERT', 2]]);
  });

  it('name fifty, and count more', async () => {
    for (const n of [50, 51]) {
      await database.query('delete from realtime.messages');
      await use(Array.from({ length: n }, () => member));
      for (const { id } of [member, owner]) {
        const [{ payload }] = (await sentOn(database, `user:${id}`)) as [Sent];
        assert.deepEqual([payload.n, (payload.ids as unknown[] | null)?.length ?? null], [n, n === 50 ? 50 : null]);
      }
      assert.equal((await pings()).length, 1);
    }
  });

  it('come of an update, a move and a delete, to everybody whom it concerns', async () => {
    await use([member]);
    await database.query('delete from realtime.messages');
    await database.query('update public.usage_logs set cost = 1 where user_id = $1', [member.id]);
    await database.query('update public.usage_logs set user_id = $2 where user_id = $1', [member.id, other.id]);
    await database.query('delete from public.usage_logs where user_id = $1', [other.id]);
    assert.deepEqual(await heard(member), [
      ['usage_logs', 'UPDATE', 1],
      ['usage_logs', 'UPDATE', 1],
    ]);
    assert.deepEqual(await heard(other), [
      ['usage_logs', 'UPDATE', 1],
      ['usage_logs', 'DELETE', 1],
    ]);
    assert.deepEqual(
      (await heard(owner)).map(([, op]) => op),
      ['UPDATE', 'UPDATE', 'DELETE'],
    );
    assert.equal((await pings()).length, 3);
  });

  it('are silent where nothing changes, and of a key that is known', async () => {
    const entry = logEntry({ user_id: member.id });
    await logUsage(database, [entry]);
    await database.query('delete from realtime.messages');
    await logUsage(database, [entry]);
    await database.query('update public.usage_logs set cost = 1 where false');
    await database.query('delete from public.usage_logs where false');
    assert.deepEqual(await database.query('select topic from realtime.messages'), []);
  });

  describe('of payments', () => {
    const steps = async (person: Person) => [await heard(person), await heard(owner), await pings()];
    const silent = [[], [], []];

    it('are silent while one is tried, fails, or is tried again', async () => {
      for (const status of ['pending', 'failed', 'refunded']) await purchase(database, member, status);
      await database.query(`update public.credit_purchases set status = 'failed' where user_id = $1`, [member.id]);
      await database.query(`update public.credit_purchases set amount = 3 where user_id = $1`, [member.id]);
      assert.deepEqual(await steps(member), silent);
    });

    const TOLD: [string, string, (id: string) => Promise<unknown>, string][] = [
      [
        'one is completed',
        'pending',
        (id) => database.query(`update public.credit_purchases set status = 'completed' where id = $1`, [id]),
        'UPDATE',
      ],
      [
        'a completed one is given back',
        'completed',
        (id) => database.query(`update public.credit_purchases set status = 'refunded' where id = $1`, [id]),
        'UPDATE',
      ],
      [
        'a completed one is corrected',
        'completed',
        (id) => database.query('update public.credit_purchases set amount = 1 where id = $1', [id]),
        'UPDATE',
      ],
      [
        'a pending one is deleted',
        'pending',
        (id) => database.query('delete from public.credit_purchases where id = $1', [id]),
        'DELETE',
      ],
    ];
    for (const [when, status, change, op] of TOLD) {
      it(`come when ${when}`, async () => {
        const id = await purchase(database, member, status);
        await database.query('delete from realtime.messages');
        await change(id);
        const signal = [['credit_purchases', op, 1]];
        assert.deepEqual(await steps(member), [signal, signal, [['credit_purchases', 'UPDATE', 1]]]);
        assert.deepEqual((await sentOn(database, `user:${member.id}`))[0]!.payload.ids, [id]);
        assert.deepEqual((await sentOn(database, 'admin:usage'))[0]!.payload.ids, null);
      });
    }

    it('come when a completed one is written, and of many written at once only of those', async () => {
      await database.query(
        `insert into public.credit_purchases (owner_id, user_id, status, amount)
         select $1, $2, case when n <= 60 then 'completed' else 'pending' end, 5 from generate_series(1, 100) as n`,
        [owner.id, member.id],
      );
      const signal = [['credit_purchases', 'INSERT', 60]];
      assert.deepEqual(await steps(member), [signal, signal, [['credit_purchases', 'UPDATE', 1]]]);
      assert.equal((await sentOn(database, `user:${member.id}`))[0]!.payload.ids, null);
    });

    it('come to both when a completed one moves, even as it is given back', async () => {
      for (const status of ['completed', 'refunded']) {
        const id = await purchase(database, member);
        await database.query('delete from realtime.messages');
        await database.query('update public.credit_purchases set user_id = $2, status = $3 where id = $1', [
          id,
          other.id,
          status,
        ]);
        const signal = [['credit_purchases', 'UPDATE', 1]];
        for (const person of [member, other, owner]) assert.deepEqual(await heard(person), signal);
      }
    });
  });
});
