import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, it } from 'node:test';
import { admit, finish, firstMessage, messagesOf, spentOf, type Asked } from '../support/node/chat-sql.ts';
import { onEachEngine } from '../support/node/engines.ts';
import { newVisitor } from '../support/node/sql.ts';

const UUID = /^[0-9a-f]{8}-/;

onEachEngine('chat_admit', (database) => {
  beforeEach(() => database.exec('delete from private.rate_buckets; delete from private.spend_daily'));

  const ask = (asked: Asked) => admit(database, asked);
  const first = async () => firstMessage((await newVisitor(database)).id);

  it('saves a first message, its session and a place for the reply', async () => {
    const asked = await first();
    const answer = await ask(asked);
    assert.partialDeepStrictEqual(answer, { ok: true, resume: false, created: true, session_id: asked.session });
    for (const id of [answer.run_id, answer.user_message_id, answer.message_id]) assert.match(id!, UUID);
    assert.deepEqual(await messagesOf(database, asked), [
      { role: 'user', author: 'visitor', content: asked.content, status: 'complete' },
      { role: 'assistant', author: 'model', content: '', status: 'streaming' },
    ]);
    const sessions = await database.query('select user_id from public.chat_sessions where id = $1', [asked.session]);
    assert.deepEqual(sessions, [{ user_id: asked.user }]);
  });

  it('begins a session once', async () => {
    const asked = await first();
    await ask(asked);
    await database.query(`update public.chat_sessions set last_message_at = now() - interval '1 h'`);
    const answer = await ask({ ...asked, client: randomUUID() });
    assert.equal(answer.created, false);
    const [session] = await database.query<{ recent: boolean }>(
      `select last_message_at > now() - interval '1 min' as recent from public.chat_sessions where id = $1`,
      [asked.session],
    );
    assert.deepEqual(session, { recent: true });
  });

  describe('refuses', () => {
    const LENGTHS: Record<string, string | null> = {
      'no text': null,
      'an empty text': '',
      'white space': ' \t\r\n',
      '2,001 characters': 'x'.repeat(2_001),
    };
    for (const [what, content] of Object.entries(LENGTHS)) {
      it(what, async () => {
        const asked = { ...(await first()), content };
        assert.deepEqual(await ask(asked), { ok: false, code: 'invalid', reason: 'length' });
        assert.deepEqual(await messagesOf(database, asked), []);
      });
    }

    it("somebody else's session", async () => {
      const [theirs, mine] = [await first(), await first()];
      await ask(theirs);
      const asked = { ...mine, session: theirs.session };
      assert.deepEqual(await ask(asked), { ok: false, code: 'forbidden', reason: 'session' });
      assert.equal((await messagesOf(database, theirs)).length, 2);
    });

    it('an expired session', async () => {
      const asked = await first();
      await ask(asked);
      await database.query(`update public.chat_sessions set expires_at = now() - interval '1 s' where id = $1`, [
        asked.session,
      ]);
      const again = { ...asked, client: randomUUID() };
      assert.deepEqual(await ask(again), { ok: false, code: 'forbidden', reason: 'session_expired' });
    });

    it('the 201st message of a session, and not the repeat of an earlier one', async () => {
      const asked = await first();
      await finish(database, await ask(asked));
      await database.query(
        `insert into public.chat_messages (session_id, user_id, role, author)
         select $1, $2, 'user', 'visitor' from generate_series(1, 196)`,
        [asked.session, asked.user],
      );
      const last = { ...asked, client: randomUUID() };
      const run = await ask(last);
      assert.equal(run.ok, true);
      const over = { ...asked, client: randomUUID() };
      assert.deepEqual(await ask(over), { ok: false, code: 'forbidden', reason: 'session_full' });
      await finish(database, run, { status: 'error' });
      assert.partialDeepStrictEqual(await ask(last), { ok: true, resume: false });
    });

    for (const [what, change] of [
      ['another text', { content: 'Something else' }],
      ['another session', { session: randomUUID() }],
    ] as const) {
      it(`${what} under the same client id`, async () => {
        const asked = await first();
        await ask(asked);
        assert.deepEqual(await ask({ ...asked, ...change }), { ok: false, code: 'conflict', reason: 'client_id' });
      });
    }

    it('an eleventh message in a row, and says when to come back', async () => {
      const asked = await first();
      for (let sent = 0; sent < 10; sent += 1) {
        assert.equal((await ask({ ...asked, client: randomUUID() })).ok, true);
      }
      const { retry_after_s, ...answer } = await ask(asked);
      assert.deepEqual(answer, { ok: false, code: 'rate_limited', reason: 'too_many_messages' });
      assert.ok(retry_after_s! >= 1 && retry_after_s! <= 6, `${retry_after_s}`);
      assert.equal((await messagesOf(database, asked)).length, 20);
      assert.equal((await ask(await first())).ok, true);
    });

    for (const [bucket, refill] of [
      ['chat:address:a1b2', 20],
      ['chat:all', 1],
    ] as const) {
      it(`everybody who shares the empty bucket ${bucket}`, async () => {
        await database.query('insert into private.rate_buckets (key, tokens, updated_at) values ($1, 0, now())', [
          bucket,
        ]);
        const { code, retry_after_s } = await ask({ ...(await first()), address: 'a1b2' });
        assert.deepEqual([code, retry_after_s], ['rate_limited', refill]);
      });
    }

    it("what today's budget does not hold, until midnight UTC", async () => {
      const asked = { ...(await first()), cap: 1_500 };
      assert.equal((await ask(asked)).ok, true);
      const { retry_after_s, ...answer } = await ask({ ...asked, client: randomUUID() });
      assert.deepEqual(answer, { ok: false, code: 'budget', reason: 'daily_cap' });
      const midnight = new Date().setUTCHours(24, 0, 0, 0);
      assert.ok(Math.abs(retry_after_s! - (midnight - Date.now()) / 1000) < 5, `${retry_after_s}`);
      assert.equal(await spentOf(database), 1_000);
      assert.equal((await messagesOf(database, asked)).length, 2);
    });
  });
});
