import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { admit, finish, firstMessage, spentOf, type Asked } from '../support/node/chat-sql.ts';
import { onEachEngine } from '../support/node/engines.ts';
import { newVisitor, sentOn } from '../support/node/sql.ts';

onEachEngine('cleaning up the chat', (database) => {
  beforeEach(() =>
    database.exec(`delete from public.chat_sessions; delete from private.chat_runs; delete from private.spend_daily;
                   delete from auth.users; delete from private.rate_buckets`),
  );

  const cleanUp = async () => {
    const [row] = await database.query<{ done: Record<string, number> }>('select private.cleanup_chat() as done');
    return row!.done;
  };
  const visitor = async () => firstMessage((await newVisitor(database)).id);
  const lose = ({ session }: Asked, since: string) =>
    database.query(
      `update private.chat_runs set leased_until = now() - $2::interval where message_id in (
         select id from public.chat_messages where session_id = $1)`,
      [session, since],
    );
  const replyOf = async ({ session }: Asked) => {
    const [row] = await database.query<{ status: string; reason: string | null }>(
      `select status, reason from public.chat_messages where session_id = $1 and role = 'assistant'`,
      [session],
    );
    return row;
  };

  describe('ends replies', () => {
    it('whose worker was lost ten minutes ago, and keeps what was reserved', async () => {
      const asked = await visitor();
      await admit(database, asked);
      await lose(asked, '11 min');
      assert.partialDeepStrictEqual(await cleanUp(), { replies: 1 });
      assert.deepEqual(await replyOf(asked), { status: 'error', reason: 'worker_lost' });
      assert.equal(await spentOf(database), 1_000);
      assert.equal((await sentOn(database, `chat:${asked.session}`)).at(-1)?.payload.op, 'UPDATE');
      // It may be tried again, under the same ids.
      assert.partialDeepStrictEqual(await admit(database, asked), { ok: true, resume: false });
    });

    it('and leaves those alone that may still be taken over', async () => {
      const asked = await visitor();
      const run = await admit(database, asked);
      await lose(asked, '9 min');
      assert.partialDeepStrictEqual(await cleanUp(), { replies: 0 });
      assert.equal((await replyOf(asked))?.status, 'streaming');
      assert.equal(await finish(database, run), true);
    });

    it('and forgets the runs of deleted conversations', async () => {
      const asked = await visitor();
      await admit(database, asked);
      await lose(asked, '11 min');
      await database.query('delete from public.chat_sessions where id = $1', [asked.session]);
      await cleanUp();
      assert.deepEqual(await database.query('select 1 from private.chat_runs'), []);
    });
  });

  it('deletes conversations that have expired, and no others', async () => {
    const [old, fresh] = [await visitor(), await visitor()];
    for (const asked of [old, fresh]) await finish(database, await admit(database, asked));
    await database.query(`update public.chat_sessions set expires_at = now() - interval '1 s' where id = $1`, [
      old.session,
    ]);
    assert.partialDeepStrictEqual(await cleanUp(), { sessions: 1 });
    assert.deepEqual(await database.query('select id from public.chat_sessions'), [{ id: fresh.session }]);
    assert.deepEqual(await database.query('select distinct session_id from public.chat_messages'), [
      { session_id: fresh.session },
    ]);
  });

  it('forgets answers after a week', async () => {
    await database.exec(`insert into private.chat_answers (key, content, created_at) values
                           ('old', 'x', now() - interval '8 days'), ('fresh', 'x', now())`);
    assert.partialDeepStrictEqual(await cleanUp(), { answers: 1 });
    assert.deepEqual(await database.query('select key from private.chat_answers'), [{ key: 'fresh' }]);
  });

  describe('forgets visitors', () => {
    /** A user with an account or without, of so many days ago. */
    const user = async (days: number, fields: { anonymous?: boolean; mark?: object; seen?: number } = {}) => {
      const { anonymous = true, mark = { livelit: 'visitor' }, seen = days } = fields;
      const { id } = await newVisitor(database);
      await database.query(
        `update auth.users set is_anonymous = $2, email = case when not $2 then id || '@test.invalid' end,
                raw_user_meta_data = $3, created_at = now() - make_interval(days => $4),
                last_sign_in_at = now() - make_interval(days => $5)
         where id = $1`,
        [id, anonymous, mark, days, seen],
      );
      return id;
    };
    const users = async () => (await database.query<{ id: string }>('select id from auth.users')).map(({ id }) => id);

    it('whom the kit has signed in, and who have had nothing here for as long as conversations are kept', async () => {
      await user(31);
      assert.partialDeepStrictEqual(await cleanUp(), { visitors: 1 });
      assert.deepEqual(await users(), []);
    });

    it('with their last conversation', async () => {
      const id = await user(31);
      await admit(database, firstMessage(id));
      assert.partialDeepStrictEqual(await cleanUp(), { visitors: 0 });
      await database.exec(`update public.chat_sessions set expires_at = now() - interval '1 s'`);
      assert.partialDeepStrictEqual(await cleanUp(), { sessions: 1, visitors: 1 });
    });

    it('after as many days as the settings say', async () => {
      await user(31);
      await database.exec('update private.chat_settings set retention_days = 60');
      assert.partialDeepStrictEqual(await cleanUp(), { visitors: 0 });
      await database.exec('update private.chat_settings set retention_days = 30');
      assert.partialDeepStrictEqual(await cleanUp(), { visitors: 1 });
    });

    const KEPT: Record<string, () => Promise<string>> = {
      'who came lately': () => user(29),
      'who came back lately': () => user(31, { seen: 1 }),
      'who have an account': () => user(400, { anonymous: false }),
      'whom the page has signed in for itself': () => user(400, { mark: {} }),
    };
    for (const [who, make] of Object.entries(KEPT)) {
      it(`but none ${who}`, async () => {
        const id = await make();
        assert.partialDeepStrictEqual(await cleanUp(), { visitors: 0 });
        assert.deepEqual(await users(), [id]);
      });
    }
  });
});
