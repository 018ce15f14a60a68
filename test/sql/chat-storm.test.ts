import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, beforeEach, it } from 'node:test';
import {
  admit,
  call,
  edit,
  finish,
  firstMessage,
  progress,
  regenerate,
  spentOf,
  stop,
  type Admission,
  type Asked,
} from '../support/node/chat-sql.ts';
import { atOnce, times } from '../support/node/concurrency.ts';
import { onPostgres } from '../support/node/engines.ts';
import { asUser, newMember, newVisitor, type Person } from '../support/node/sql.ts';

const REPLIES = 100;

/** A text that the site knows. */
const TEXT_ID = randomUUID();

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
    const begun: string[] = [];
    let ended = 0;
    const one = <T>(all: readonly T[]): T => all[Math.floor(Math.random() * all.length)]!;

    async function ask(asked: Asked) {
      sent.push(asked);
      const answer = await admit(database, { ...asked, cap: 1e9 });
      if (answer.ok && !answer.resume) {
        runs.push(answer);
        begun.push(answer.session_id!);
      }
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
      // Who runs the site looks, changes what it knows and how it greets, and time cleans up.
      () => asUser(database, owner.claims, `select public.chat_session_list('all')`),
      () => asUser(database, owner.claims, 'select public.chat_session_read($1)', [one(begun)]),
      () => asUser(database, owner.claims, `select public.chat_settings_set($1)`, [{ greeting: randomUUID() }]),
      () =>
        asUser(database, owner.claims, `select public.chat_knowledge_set($1, 'Me', $2)`, [
          TEXT_ID,
          `Hi ${randomUUID()}`,
        ]),
      () => database.query('select private.cleanup_chat()'),
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

  it('survives people who change their minds: no call fails, no deadlock, nothing stays open', async (t) => {
    const visitors = await Promise.all(times(4, () => newVisitor(database)));
    const sessions = visitors.map(({ id }) => firstMessage(id));
    const runs: Admission[] = [];
    const one = <T>(all: readonly T[]): T => all[Math.floor(Math.random() * all.length)]!;
    const keep = (answer: Admission) => void (answer.ok && !answer.resume && runs.push(answer));
    const asked = (run: Admission) => sessions.find(({ session }) => session === run.session_id)!;
    const again = (each: Asked) => ({ ...each, client: randomUUID(), cap: 1e9 });
    const calls: (() => Promise<unknown>)[] = [
      async () => keep(await admit(database, again(one(sessions)))),
      async () => keep(await admit(database, again(one(sessions)))),
      async () => {
        const run = one(runs);
        keep(await regenerate(database, again(asked(run)), run.message_id!));
      },
      async () => {
        const run = one(runs);
        keep(await edit(database, again(asked(run)), run.user_message_id!, 'Better?'));
      },
      () => progress(database, one(runs), 'Hi', 0),
      () => finish(database, one(runs)),
      () => finish(database, runs.at(-1)!),
      () => stop(database, owner.id, one(runs)),
      () =>
        call(database, 'public.chat_owner_reply($1, $2, $3, $4)', [
          owner.id,
          one(sessions).session,
          randomUUID(),
          'Hello',
        ]),
      () =>
        asUser(database, owner.claims, `select public.chat_owner_here(id, false) from public.chat_sessions limit 1`),
      () =>
        database.query('delete from private.rate_buckets where key = $1', [
          one(['chat:all', `chat:owner:${owner.id}`, `chat:user:${one(visitors).id}`]),
        ]),
      async () => {
        // A conversation is deleted, and goes on as a new one.
        const { user, session } = one(sessions);
        const { claims } = visitors.find(({ id }) => id === user)!;
        const sql = 'select public.chat_session_delete(id) from public.chat_sessions where id = $1';
        if (Math.random() < 0.2) await asUser(database, claims, sql, [session]);
      },
    ];
    for (const each of sessions) keep(await admit(database, again(each)));
    const start = performance.now();
    await Promise.all(
      times(WORKERS / 2, async () => {
        for (let made = 0; made < CALLS; made += 1) await one(calls)();
      }),
    );
    t.diagnostic(`${(WORKERS / 2) * CALLS} calls in ${Math.round(performance.now() - start)} ms, ${runs.length} runs`);
    for (const run of runs) await finish(database, run);
    assert.deepEqual(await database.query('select 1 from private.chat_runs'), []);
    assert.deepEqual(await database.query(`select 1 from public.chat_messages where status = 'streaming'`), []);
    const [paid] = await database.query<{ runs: number }>(
      `select sum(requests)::int as runs from public.usage_data where user_id = $1 and source = 'chat'`,
      [owner.id],
    );
    assert.equal(await spentOf(database), 27 * paid!.runs);
    // Of two that are shown, none answers the same question.
    const twice = await database.query(
      `select reply_to from public.chat_messages where superseded_at is null and reply_to is not null
       group by reply_to having count(*) > 1`,
    );
    assert.deepEqual(twice, []);
  });
});
