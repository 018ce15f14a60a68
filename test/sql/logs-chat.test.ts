import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, beforeEach, describe, it } from 'node:test';
import { admit, finish, firstMessage, type Admission } from '../support/node/chat-sql.ts';
import { onEachEngine } from '../support/node/engines.ts';
import { ownSite, readLog, wrongSums } from '../support/node/log-sql.ts';
import { newMember, newVisitor, sentOn, type Person } from '../support/node/sql.ts';

onEachEngine('an exchange of the chat', (database) => {
  let owner: Person, visitor: Person;
  before(async () => {
    owner = await newMember(database);
  });
  beforeEach(async () => {
    await ownSite(database, owner);
    visitor = await newVisitor(database);
    await database.exec(
      'delete from public.usage_logs; delete from private.rate_buckets; delete from private.spend_daily',
    );
  });

  const begin = ({ id } = visitor) => admit(database, firstMessage(id));
  const logged = () => database.query<Record<string, unknown>>('select * from public.usage_logs order by at');

  it('is logged as what it was, for the owner', async () => {
    const run = await begin();
    await database.query(`update private.chat_runs set started_at = now() - interval '3 s' where message_id = $1`, [
      run.message_id,
    ]);
    await finish(database, run);
    const rows = await logged();
    assert.equal(rows.length, 1);
    assert.partialDeepStrictEqual(rows[0], {
      owner_id: owner.id,
      user_id: null,
      key: `chat:${run.message_id}:${run.run_id}`,
      app: 'chat',
      model: 'gpt-4o-mini',
      context_tokens: 100,
      cached_tokens: 10,
      generated_tokens: 20,
      cost: 0.000027,
      co2_grams: 0.5,
      status: 'ok',
      metadata: { session_id: run.session_id },
    });
    const latency = rows[0]!.latency_ms as number;
    assert.ok(latency >= 3_000 && latency < 60_000, `${latency} ms`);
  });

  it("is a member's own when they have an account, and a visitor's otherwise", async () => {
    const member = await newMember(database);
    for (const person of [member, visitor]) await finish(database, await begin(person));
    assert.deepEqual((await logged()).map(({ user_id }) => user_id).toSorted(), [member.id, null].toSorted());
    const { rows } = await readLog(database, member.claims, 'usage_log_entries');
    assert.deepEqual(
      rows.map(({ app, user_id }) => [app, user_id]),
      [['chat', member.id]],
    );
  });

  it('rolls up with those of all visitors, and survives them', async () => {
    const others = [visitor, await newVisitor(database)];
    for (const person of others) await finish(database, await begin(person));
    await database.query('delete from auth.users where id = any($1)', [others.map(({ id }) => id)]);
    const { rows } = await readLog(database, owner.claims, 'usage_logs_page');
    assert.partialDeepStrictEqual(rows, [
      { user_id: null, full_name: 'Portfolio visitors', requests: 2, cost: 0.000054 },
    ]);
    assert.deepEqual(await wrongSums(database), []);
  });

  it('is logged once, however often its end is told', async () => {
    const run = await begin();
    assert.equal(await finish(database, run), true);
    for (let time = 0; time < 3; time += 1) assert.equal(await finish(database, run), false);
    assert.equal((await logged()).length, 1);
  });

  it('is not logged by a worker that lost it, and once by the one that took over', async () => {
    const asked = firstMessage(visitor.id);
    const lost = await admit(database, asked);
    await database.query('update private.chat_runs set leased_until = now(), started_at = $2 where message_id = $1', [
      lost.message_id,
      '2026-01-01T00:00:00Z',
    ]);
    const run = await admit(database, asked);
    assert.notEqual(run.run_id, lost.run_id);
    assert.equal(await finish(database, lost), false);
    assert.equal(await finish(database, run), true);
    const rows = await logged();
    assert.deepEqual(
      rows.map(({ key }) => key),
      [`chat:${run.message_id}:${run.run_id}`],
    );
    assert.ok((rows[0]!.latency_ms as number) < 60_000, 'counted from the takeover');
  });

  const ENDS: [string, Partial<Parameters<typeof finish>[2]>, object][] = [
    ['that was stopped', { status: 'stopped' }, { status: 'stopped', cost: 0.000027 }],
    ['that failed on the way', { status: 'error' }, { status: 'error', generated_tokens: 20 }],
    [
      'that never reached the model',
      { status: 'error', input: 0, cached: 0, output: 0, cost: 0, co2: null },
      { status: 'error', context_tokens: 0, cost: 0, co2_grams: null },
    ],
    ['without a price', { cost: null, co2: null }, { cost: null, co2_grams: null, status: 'ok' }],
    ['of a provider that cannot count', { input: 5, cached: 10 }, { context_tokens: 5, cached_tokens: 5 }],
  ];
  for (const [which, ending, expected] of ENDS) {
    it(`${which} is logged too`, async () => {
      await finish(database, await begin(), ending);
      assert.partialDeepStrictEqual(await logged(), [expected]);
    });
  }

  it('that is begun again after it failed is another call of the model', async () => {
    const asked = firstMessage(visitor.id);
    const runs: Admission[] = [];
    for (const status of ['error', 'complete']) {
      runs.push(await admit(database, asked));
      await finish(database, runs.at(-1)!, { status });
    }
    assert.equal(runs[0]!.message_id, runs[1]!.message_id);
    assert.deepEqual(
      (await logged()).map(({ status }) => status),
      ['error', 'ok'],
    );
  });

  it('is told to the owner and the admins', async () => {
    await database.query('delete from realtime.messages');
    await finish(database, await begin());
    const events = async (topic: string) => (await sentOn(database, topic)).map(({ event }) => event);
    assert.deepEqual((await events(`user:${owner.id}`)).toSorted(), ['usage_data', 'usage_logs']);
    assert.deepEqual(await events('admin:usage'), ['usage_logs']);
    assert.deepEqual(await events(`user:${visitor.id}`), []);
  });

  describe('is not logged', () => {
    it('while the site has no owner', async () => {
      await database.exec('delete from private.site');
      assert.equal(await finish(database, await begin()), true);
      assert.deepEqual(await logged(), []);
    });

    it('when its end fails', async () => {
      const run = await begin();
      await assert.rejects(finish(database, run, { status: 'perhaps' }));
      assert.deepEqual(await logged(), []);
      assert.equal(await finish(database, run), true);
      assert.equal((await logged()).length, 1);
    });

    it('before it ends, or by an end that is made up', async () => {
      const run = await begin();
      await finish(database, { ...run, run_id: randomUUID() });
      assert.deepEqual(await logged(), []);
    });
  });
});
