import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, beforeEach, it } from 'node:test';
import {
  admit,
  finish,
  firstMessage,
  progress,
  spentOf,
  stop,
  type Admission,
  type Asked,
} from '../support/node/chat-sql.ts';
import { atOnce, times } from '../support/node/concurrency.ts';
import { onPostgres } from '../support/node/engines.ts';
import { asUser, newMember, newVisitor, type Person } from '../support/node/sql.ts';

const REPLIES = 100;

const WORKERS = 40;
const CALLS = 75;

onPostgres('the chat in a crowd', (database) => {
  let owner: Person;
  before(async () => {
    owner = await newMember(database);
    await database.query('insert into private.site (owner_id) values ($1)', [owner.id]);
  });
  beforeEach(() =>
    database.exec('delete from private.rate_buckets; delete from private.spend_daily; delete from public.usage_data'),
  );

  const usage = () =>
    database.query(
      `select requests, context_tokens, cached_tokens, generated_tokens, cost, co2_grams from public.usage_data
       where user_id = $1 and source = 'chat'`,
      [owner.id],
    );

  it(`adds ${REPLIES} replies that end at once to the owner's usage, to the last micro-USD`, async () => {
    const visitors = await Promise.all(times(REPLIES, () => newVisitor(database)));
    const runs = await Promise.all(visitors.map(({ id }) => admit(database, firstMessage(id))));
    const calls = runs.map(
      (run, index) => () => finish(database, run, { input: index, cached: 1, output: 2, cost: index, co2: 0.0001 }),
    );
    assert.deepEqual(
      await atOnce(database, 'public.chat_messages', calls),
      times(REPLIES, () => true),
    );
    const sum = (REPLIES * (REPLIES - 1)) / 2;
    assert.deepEqual(await usage(), [
      {
        requests: REPLIES,
        context_tokens: sum,
        cached_tokens: REPLIES,
        generated_tokens: 2 * REPLIES,
        cost: sum / 1e6,
        co2_grams: REPLIES / 1e4,
      },
    ]);
    assert.equal(await spentOf(database), sum);
  });

  it('survives a storm: no call fails, no deadlock, every reply is begun, ended and paid for once', async (t) => {
    const visitors = await Promise.all(times(5, () => newVisitor(database)));
    const sessions = visitors.flatMap(({ id }) => [firstMessage(id), firstMessage(id)]);
    const sent: Asked[] = [];
    const runs: Admission[] = [];
    let ended = 0;
    const one = <T>(all: readonly T[]): T => all[Math.floor(Math.random() * all.length)]!;

    async function ask(asked: Asked) {
      sent.push(asked);
      const answer = await admit(database, { ...asked, cap: 1e9 });
      if (answer.ok && !answer.resume) runs.push(answer);
    }
    async function end(run: Admission) {
      if (await finish(database, run, { status: one(['complete', 'error']) })) ended += 1;
    }
    const calls: (() => Promise<unknown>)[] = [
      () => ask({ ...one(sessions), client: randomUUID() }),
      () => ask(one(sent)),
      () => ask(sent.at(-1)!),
      () => progress(database, one(runs), 'Hi', one([0, 2])),
      () => progress(database, runs.at(-1)!, '', 0),
      () => end(one(runs)),
      () => end(runs.at(-1)!),
      () => stop(database, one(visitors).id, one(runs)),
      // A worker is lost.
      () =>
        database.query('update private.chat_runs set leased_until = now() where message_id = $1', [
          one(runs).message_id,
        ]),
      // Limits forgive, a sync writes, a member and a visitor look and change what is theirs.
      () =>
        database.query('delete from private.rate_buckets where key = $1', [
          one(['chat:all', `chat:user:${one(visitors).id}`]),
        ]),
      () => database.query(`select private.add_usage($1, 'gpt-4o', '', 'openai', 1, 0, 1, 0, 0)`, [owner.id]),
      () => asUser(database, owner.claims, 'update public.profiles set company = $1', [randomUUID()]),
      () => asUser(database, one(visitors).claims, 'select * from public.chat_messages order by seq'),
    ];
    await ask(sessions[0]!);

    const start = performance.now();
    await Promise.all(
      times(WORKERS, async () => {
        for (let call = 0; call < CALLS; call += 1) await one(calls)();
      }),
    );
    t.diagnostic(
      `${WORKERS * CALLS} calls in ${Math.round(performance.now() - start)} ms, ${runs.length} replies begun`,
    );
    for (const run of runs) await end(run);

    assert.deepEqual(await database.query('select 1 from private.chat_runs'), []);
    const [total] = (await usage()) as { requests: number; cost: number }[];
    assert.equal(total?.requests, ended);
    assert.equal(total?.cost, (ended * 27) / 1e6);
    // A reply that was taken over keeps what its lost worker had reserved.
    assert.equal(await spentOf(database), 27 * ended + 1_000 * (runs.length - ended));
    const wrong = await database.query(
      `select asked.id from public.chat_messages as asked left join public.chat_messages as reply on reply.reply_to = asked.id
       where asked.role = 'user' group by asked.id having count(reply.id) <> 1 or bool_or(reply.status = 'streaming')`,
    );
    assert.deepEqual(wrong, []);
  });
});
