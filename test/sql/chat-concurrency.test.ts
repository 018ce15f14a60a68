import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, it } from 'node:test';
import {
  admit,
  finish,
  firstMessage,
  messagesOf,
  progress,
  spentOf,
  stop,
  type Admission,
  type Asked,
} from '../support/node/chat-sql.ts';
import { atOnce, times, whileOpen } from '../support/node/concurrency.ts';
import { onPostgres } from '../support/node/engines.ts';
import { newVisitor } from '../support/node/sql.ts';

onPostgres('the chat under concurrent calls', (database) => {
  beforeEach(() => database.exec('delete from private.rate_buckets; delete from private.spend_daily'));

  const first = async () => firstMessage((await newVisitor(database)).id);
  const admitAtOnce = (all: readonly Asked[]) =>
    atOnce(
      database,
      'public.chat_sessions',
      all.map((asked) => () => admit(database, asked)),
    );
  const begun = (answers: readonly Admission[]) => answers.filter(({ ok, resume }) => ok && !resume);
  const sessionsOf = ({ session }: Asked) =>
    database.query<{ user_id: string }>('select user_id from public.chat_sessions where id = $1', [session]);
  const expire = ({ message_id }: Admission) =>
    database.query(`update private.chat_runs set leased_until = now() - interval '1 s' where message_id = $1`, [
      message_id,
    ]);
  const replyOf = async (asked: Asked) => (await messagesOf(database, asked))[1]!;

  describe('chat_admit', () => {
    it('stays within the daily cap when two hundred visitors ask', async () => {
      const all = await Promise.all(times(200, first));
      const answers = await admitAtOnce(all.map((asked) => ({ ...asked, cap: 20_500 })));
      assert.equal(begun(answers).length, 20);
      assert.equal(await spentOf(database), 20_000);
      const [saved] = await database.query(
        `select count(distinct session_id)::int as sessions, count(*)::int as messages from public.chat_messages
         where user_id = any($1)`,
        [all.map(({ user }) => user)],
      );
      assert.deepEqual(saved, { sessions: 20, messages: 40 });
    });

    /** The limits let one message through, so whoever is counted twice is refused. */
    const lastChance = async (): Promise<Asked> => {
      const asked = { ...(await first()), cap: 1_000 };
      await database.query(
        `insert into private.rate_buckets (key, tokens, updated_at) values ($1, 1, clock_timestamp())`,
        [`chat:user:${asked.user}`],
      );
      return asked;
    };

    it('takes a first message that comes twenty times once, and lets the others follow the reply', async () => {
      const asked = await lastChance();
      const answers = await admitAtOnce(times(20, () => asked));
      const [run, ...more] = begun(answers);
      assert.equal(more.length, 0);
      assert.equal(run?.created, true);
      for (const answer of answers) {
        assert.partialDeepStrictEqual(answer, {
          ok: true,
          message_id: run.message_id!,
          user_message_id: run.user_message_id!,
        });
      }
      assert.equal((await messagesOf(database, asked)).length, 2);
      assert.equal((await sessionsOf(asked)).length, 1);
      assert.equal(await spentOf(database), 1_000);
    });

    it('takes a later message that comes twenty times once', async () => {
      const earlier = await first();
      await finish(database, await admit(database, earlier), { cost: 0 });
      const asked = { ...earlier, client: randomUUID() };
      const answers = await admitAtOnce(times(20, () => asked));
      assert.equal(begun(answers).length, 1);
      assert.ok(answers.every(({ ok }) => ok));
      assert.equal((await messagesOf(database, asked)).length, 4);
      assert.equal(await spentOf(database), 1_000);
    });

    it('begins a session once for ten messages', async () => {
      const asked = await first();
      const answers = await admitAtOnce(times(10, () => ({ ...asked, client: randomUUID() })));
      assert.equal(begun(answers).length, 10);
      assert.equal(answers.filter(({ created }) => created).length, 1);
      assert.equal((await messagesOf(database, asked)).length, 20);
    });

    it('fills a session to its limit and not past it', async () => {
      const asked = await first();
      await admit(database, asked);
      await database.query(
        `insert into public.chat_messages (session_id, user_id, role, author)
         select $1, $2, 'user', 'visitor' from generate_series(1, 196)`,
        [asked.session, asked.user],
      );
      const answers = await admitAtOnce(times(5, () => ({ ...asked, client: randomUUID() })));
      assert.equal(begun(answers).length, 1);
      assert.equal(answers.filter(({ reason }) => reason === 'session_full').length, 4);
    });

    it('takes one id in two sessions for one of them, and leaves nothing of the other', async () => {
      const asked = await first();
      const both = [asked, { ...asked, session: randomUUID() }];
      const answers = await admitAtOnce(both);
      assert.equal(begun(answers).length, 1);
      const lost = answers.findIndex(({ ok }) => !ok);
      assert.deepEqual(answers[lost], { ok: false, code: 'conflict', reason: 'client_id' });
      assert.deepEqual(await sessionsOf(both[lost]!), []);
      assert.equal(await spentOf(database), 1_000);
    });

    it('gives a session that two people begin to one of them', async () => {
      const [one, two] = [await first(), await first()];
      const both = [one, { ...two, session: one.session }];
      const answers = await admitAtOnce(both);
      const owner = both[answers.findIndex(({ ok }) => ok)]!;
      assert.deepEqual(
        answers.find(({ ok }) => !ok),
        { ok: false, code: 'forbidden', reason: 'session' },
      );
      assert.deepEqual(await sessionsOf(one), [{ user_id: owner.user }]);
      assert.equal((await messagesOf(database, one)).length, 2);
      assert.equal(await spentOf(database), 1_000);
    });

    it('lets one of twenty take a lost reply over', async () => {
      const asked = await first();
      await expire(await admit(database, asked));
      const answers = await admitAtOnce(times(20, () => asked));
      const [run, ...more] = begun(answers);
      assert.equal(more.length, 0);
      assert.ok(answers.every(({ ok }) => ok));
      assert.equal(await spentOf(database), 2_000);
      assert.equal(await finish(database, run!), true);
    });
  });

  describe('a worker whose reply is being taken over', () => {
    const lost = async () => {
      const asked = await first();
      const run = await admit(database, asked);
      await expire(run);
      return { asked, run };
    };

    it('writes nothing and is told to stop', async () => {
      const { asked, run } = await lost();
      const [next, told] = await whileOpen(
        database,
        (inside) => admit(inside, asked),
        () => progress(database, run, 'I am late', 0),
      );
      assert.equal(next.resume, false);
      assert.deepEqual(told, { stop: true });
      assert.equal((await replyOf(asked)).content, '');
      assert.deepEqual(await progress(database, next, 'Hello', 0), { stop: false });
    });

    it('ends nothing', async () => {
      const { asked, run } = await lost();
      const [next, ended] = await whileOpen(
        database,
        (inside) => admit(inside, asked),
        () => finish(database, run),
      );
      assert.equal(ended, false);
      assert.partialDeepStrictEqual(await replyOf(asked), { content: '', status: 'streaming' });
      assert.equal(await finish(database, next), true);
    });

    it('keeps it when it ends first', async () => {
      const { asked, run } = await lost();
      const [ended, repeat] = await whileOpen(
        database,
        (inside) => finish(inside, run),
        () => admit(database, asked),
      );
      assert.equal(ended, true);
      assert.partialDeepStrictEqual(repeat, { resume: true, status: 'complete', content: 'I build things.' });
    });

    it('keeps it when it writes first', async () => {
      const { asked, run } = await lost();
      const [told, repeat] = await whileOpen(
        database,
        (inside) => progress(inside, run, 'Hello', 0),
        () => admit(database, asked),
      );
      assert.deepEqual(told, { stop: false });
      assert.partialDeepStrictEqual(repeat, { resume: true, status: 'streaming', content: 'Hello' });
    });
  });

  describe('two workers with one lease', () => {
    it('write each offset once', async () => {
      const asked = await first();
      const run = await admit(database, asked);
      const told = await atOnce(
        database,
        'private.chat_runs',
        ['one', 'two'].map((text) => () => progress(database, run, text, 0)),
      );
      assert.deepEqual(told.map((each) => each.stop).sort(), [false, true]);
      assert.match((await replyOf(asked)).content, /^(one|two)$/);
    });

    it('end the reply once', async () => {
      const run = await admit(database, await first());
      const ended = await atOnce(
        database,
        'public.chat_messages',
        times(20, () => () => finish(database, run)),
      );
      assert.equal(ended.filter(Boolean).length, 1);
      assert.equal(await spentOf(database), 27);
    });
  });

  describe('chat_stop', () => {
    it('is learnt by a progress that comes at the same time', async () => {
      const asked = await first();
      const run = await admit(database, asked);
      const answers = await whileOpen(
        database,
        (inside) => stop(inside, asked.user, run),
        () => progress(database, run, 'Hello', 0),
      );
      assert.deepEqual(answers, [true, { stop: true }]);
    });

    it('outlives a progress that came first', async () => {
      const asked = await first();
      const run = await admit(database, asked);
      const answers = await whileOpen(
        database,
        (inside) => progress(inside, run, 'Hello', 0),
        () => stop(database, asked.user, run),
      );
      assert.deepEqual(answers, [{ stop: false }, true]);
      assert.deepEqual(await progress(database, run, '', 5), { stop: true });
    });

    it('comes too late for an end that came first', async () => {
      const asked = await first();
      const run = await admit(database, asked);
      const answers = await whileOpen(
        database,
        (inside) => finish(inside, run),
        () => stop(database, asked.user, run),
      );
      assert.deepEqual(answers, [true, false]);
    });
  });
});
