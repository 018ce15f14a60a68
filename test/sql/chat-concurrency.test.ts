import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, it } from 'node:test';
import {
  admit,
  call,
  edit,
  finish,
  firstMessage,
  messagesOf,
  progress,
  regenerate,
  spentOf,
  stop,
  type Admission,
  type Asked,
} from '../support/node/chat-sql.ts';
import { atOnce, times, whileOpen } from '../support/node/concurrency.ts';
import { onPostgres } from '../support/node/engines.ts';
import { newAdmin, newVisitor } from '../support/node/sql.ts';

/** How many ask at once; every tenth fits into the budget. */
const CROWD = process.env.LIVELIT_FULL ? 500 : 60;

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
    it(`stays within the daily cap when ${CROWD} visitors ask at once`, async (t) => {
      const all = await Promise.all(times(CROWD, first));
      // A thousand for each, what stands around the question, and a micro-USD for each of its bytes.
      const each = 1_000 + 100 + 15;
      const cap = Math.floor((CROWD / 10) * each + each / 2);
      const start = performance.now();
      const answers = await admitAtOnce(all.map((asked) => ({ ...asked, perByte: 1, cap })));
      t.diagnostic(`${CROWD} questions in ${Math.round(performance.now() - start)} ms`);
      assert.equal(begun(answers).length, CROWD / 10);
      // So many at once are more than the site answers in a minute, besides.
      assert.ok(answers.every(({ ok, code }) => ok || code === 'budget' || code === 'rate_limited'));
      assert.equal(await spentOf(database), (CROWD / 10) * each);
      const [saved] = await database.query(
        `select count(distinct session_id)::int as sessions, count(*)::int as messages from public.chat_messages
         where user_id = any($1)`,
        [all.map(({ user }) => user)],
      );
      assert.deepEqual(saved, { sessions: CROWD / 10, messages: CROWD / 5 });
    });

    it(`never passes the daily cap while ${CROWD} replies begin and end`, async () => {
      const all = await Promise.all(times(CROWD, first));
      const cap = 10_000;
      let most = 0;
      let begun = 0;
      let refused = 0;
      await Promise.all(
        all.map(async (asked, index) => {
          const run = await admit(database, { ...asked, cap });
          most = Math.max(most, await spentOf(database));
          if (!run.ok) {
            refused += 1;
            return;
          }
          begun += 1;
          await finish(database, run, { cost: (index * 37) % 1_001 });
          most = Math.max(most, await spentOf(database));
        }),
      );
      assert.ok(begun >= 10 && refused > 0, `${begun} begun, ${refused} refused`);
      assert.ok(most > cap / 2 && most <= cap, `${most}`);
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

  describe('turns that change at once', () => {
    const replyAsOwner = (user: string, { session }: Asked, client: string) =>
      call<{ ok: boolean; message_id: string; created: boolean }>(database, 'public.chat_owner_reply($1, $2, $3, $4)', [
        user,
        session,
        client,
        'Hello',
      ]);
    async function answered(): Promise<{ asked: Asked; run: Admission }> {
      const asked = await first();
      const run = await admit(database, asked);
      await finish(database, run);
      return { asked, run };
    }
    const left = async (asked: Asked) => {
      const rows = await database.query<{ role: string }>(
        'select role from public.chat_messages where session_id = $1 and superseded_at is null order by seq',
        [asked.session],
      );
      return rows.map(({ role }) => role);
    };

    it('regenerate a reply once, whoever asks for it ten times', async () => {
      const { asked, run } = await answered();
      const client = randomUUID();
      const answers = await atOnce(
        database,
        'public.chat_sessions',
        times(10, () => () => regenerate(database, asked, run.message_id!, client)),
      );
      assert.equal(begun(answers).length, 1);
      assert.equal(new Set(answers.map(({ message_id }) => message_id)).size, 1);
      assert.deepEqual(await left(asked), ['user', 'assistant']);
    });

    it('regenerate a reply once, when two clients ask for it', async () => {
      const { asked, run } = await answered();
      const answers = await atOnce(
        database,
        'public.chat_sessions',
        times(5, () => () => regenerate(database, asked, run.message_id!)),
      );
      assert.equal(begun(answers).length, 1);
      assert.ok(answers.every(({ ok, reason }) => ok || reason === 'superseded'));
      assert.deepEqual(await left(asked), ['user', 'assistant']);
    });

    it('leave one question and one reply, when it is edited and regenerated', async () => {
      const { asked, run } = await answered();
      const answers = await atOnce(database, 'public.chat_sessions', [
        () => regenerate(database, asked, run.message_id!),
        () => edit(database, asked, run.user_message_id!, 'Better?'),
        () => edit(database, asked, run.user_message_id!, 'Best?'),
      ]);
      assert.ok(begun(answers).length >= 1 && answers.every(({ ok, reason }) => ok || reason === 'superseded'));
      assert.deepEqual(await left(asked), ['user', 'assistant']);
    });

    it("keep the owner's words once, whoever sends them twenty times", async () => {
      const { asked } = await answered();
      const { id } = await newAdmin(database);
      const client = randomUUID();
      const answers = await atOnce(
        database,
        'public.chat_messages',
        times(20, () => () => replyAsOwner(id, asked, client)),
      );
      assert.equal(answers.filter(({ created }) => created).length, 1);
      assert.equal(new Set(answers.map(({ message_id }) => message_id)).size, 1);
      assert.deepEqual(await left(asked), ['user', 'assistant', 'assistant']);
    });

    it('are left to whoever ends them, when they are cleaned up meanwhile', async () => {
      const asked = await first();
      const run = await admit(database, asked);
      await database.query(`update private.chat_runs set leased_until = now() - interval '1 h' where message_id = $1`, [
        run.message_id,
      ]);
      const [ended] = await whileOpen(
        database,
        (inside) => finish(inside, run),
        () => database.query('select private.cleanup_chat()'),
      );
      assert.equal(ended, true);
      assert.equal((await replyOf(asked)).status, 'complete');
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
