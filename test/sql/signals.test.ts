import assert from 'node:assert/strict';
import { it } from 'node:test';
import { onEachEngine } from '../support/node/engines.ts';
import { newMember, sentOn, type Sent } from '../support/node/sql.ts';

/** Inserts rows of as many days. */
const INSERT_DAYS = `
  insert into public.usage_data (user_id, date, model, source, cost)
  select user_id, date '2026-01-01' + day, 'secret-model', 'import', 12.5
  from unnest($1::uuid[]) as user_id, generate_series(1, $2::int) as day
  on conflict do nothing`;

onEachEngine('the signal of a statement', (database) => {
  /** A member, and what their topic hears from then on. */
  async function listener(): Promise<{ id: string; heard: () => Promise<Sent[]> }> {
    const { id } = await newMember(database);
    const before = (await sentOn(database, `user:${id}`)).length;
    return { id, heard: async () => (await sentOn(database, `user:${id}`)).slice(before) };
  }

  const insertDays = (ids: string[], days: number) => database.query(INSERT_DAYS, [ids, days]);
  const idsOf = async (id: string) => {
    const rows = await database.query<{ id: string }>('select id from public.usage_data where user_id = $1', [id]);
    return rows.map((row) => row.id).sort();
  };
  const sorted = (ids: unknown) => (ids as string[]).toSorted();

  it('is one message, named like the table', async () => {
    const { id, heard } = await listener();
    await insertDays([id], 3);
    const signals = await heard();
    assert.deepEqual(
      signals.map(({ event, payload }) => [event, payload.table, payload.op, payload.n]),
      [['usage_data', 'usage_data', 'INSERT', 3]],
    );
    assert.deepEqual(sorted(signals[0]!.payload.ids), await idsOf(id));
  });

  it('carries keys and no other value', async () => {
    const { id, heard } = await listener();
    await insertDays([id], 1);
    const [{ payload }] = (await heard()) as [Sent];
    assert.deepEqual(Object.keys(payload).sort(), ['at', 'id', 'ids', 'n', 'op', 'table']);
    assert.doesNotMatch(JSON.stringify(payload), /secret-model|12\.5|2026-01/);
  });

  it('says when, in ms', async () => {
    const { id, heard } = await listener();
    const earliest = Date.now() - 1_000;
    await insertDays([id], 1);
    const at = (await heard())[0]!.payload.at as number;
    assert.ok(at > earliest && at < Date.now() + 1_000, `${at}`);
  });

  for (const [n, named] of [
    [50, true],
    [51, false],
  ] as const) {
    it(`${named ? 'names' : 'counts'} ${n} rows`, async () => {
      const { id, heard } = await listener();
      await insertDays([id], n);
      const signals = await heard();
      assert.equal(signals.length, 1);
      assert.equal(signals[0]!.payload.n, n);
      if (named) assert.equal(new Set(signals[0]!.payload.ids as string[]).size, n);
      else assert.equal(signals[0]!.payload.ids, null);
    });
  }

  it('goes to each owner with their own rows', async () => {
    const [one, two] = [await listener(), await listener()];
    await insertDays([one.id, two.id], 2);
    for (const { id, heard } of [one, two]) {
      const signals = await heard();
      assert.equal(signals.length, 1);
      assert.equal(signals[0]!.payload.n, 2);
      assert.deepEqual(sorted(signals[0]!.payload.ids), await idsOf(id));
    }
  });

  it('tells of an update each row once', async () => {
    const { id, heard } = await listener();
    await insertDays([id], 2);
    await database.query('update public.usage_data set requests = 5 where user_id = $1', [id]);
    const [, { payload }] = (await heard()) as [Sent, Sent];
    assert.partialDeepStrictEqual(payload, { table: 'usage_data', op: 'UPDATE', n: 2 });
    assert.deepEqual(sorted(payload.ids), await idsOf(id));
  });

  it('tells both owners when a row moves from one to the other', async () => {
    const [from, to] = [await listener(), await listener()];
    await insertDays([from.id], 1);
    await database.query('update public.usage_data set user_id = $2 where user_id = $1', [from.id, to.id]);
    assert.equal((await from.heard()).at(-1)?.payload.op, 'UPDATE');
    assert.equal((await to.heard()).at(-1)?.payload.op, 'UPDATE');
  });

  it('tells of a delete', async () => {
    const { id, heard } = await listener();
    await insertDays([id], 2);
    const ids = await idsOf(id);
    await database.query('delete from public.usage_data where user_id = $1', [id]);
    const signals = await heard();
    assert.equal(signals.length, 2);
    assert.partialDeepStrictEqual(signals[1]!.payload, { table: 'usage_data', op: 'DELETE', n: 2 });
    assert.deepEqual(sorted(signals[1]!.payload.ids), ids);
  });

  it('is one update for an upsert that adds to a row', async () => {
    const { id, heard } = await listener();
    for (let time = 0; time < 2; time += 1) {
      await database.query(`select private.add_usage($1, 'gpt-4o', '', 'chat', 1, 0, 1, 0, 0)`, [id]);
    }
    assert.deepEqual(
      (await heard()).map(({ payload }) => [payload.op, payload.n]),
      [
        ['INSERT', 1],
        ['UPDATE', 1],
      ],
    );
  });

  it('is silence where nothing changes', async () => {
    const { id, heard } = await listener();
    await insertDays([id], 2);
    await insertDays([id], 2);
    await database.query('update public.usage_data set requests = 0 where user_id = $1 and false', [id]);
    await database.query('delete from public.usage_data where user_id = $1 and false', [id]);
    assert.equal((await heard()).length, 1);
  });

  it('is undone with its transaction', async () => {
    const { id, heard } = await listener();
    await assert.rejects(
      database.exclusive((session) =>
        session.transaction(async (transaction) => {
          await transaction.query('delete from public.profiles where id = $1', [id]);
          await transaction.query('select 1 / 0');
        }),
      ),
      /division by zero/,
    );
    assert.deepEqual(await heard(), []);
  });

  it('tells a member of their profile', async () => {
    const { id, heard } = await listener();
    await database.query(`update public.profiles set company = 'Acme' where id = $1`, [id]);
    assert.deepEqual(
      (await heard()).map(({ event, payload }) => [event, payload.op, payload.ids]),
      [['profiles', 'UPDATE', [id]]],
    );
  });
});
