import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, beforeEach, describe, it } from 'node:test';
import {
  admit,
  finish,
  firstMessage,
  messagesOf,
  progress,
  spentOf,
  type Admission,
  type Asked,
} from '../support/node/chat-sql.ts';
import { onEachEngine } from '../support/node/engines.ts';
import { newVisitor } from '../support/node/sql.ts';

onEachEngine('chat_admit, asked again', (database) => {
  beforeEach(() => database.exec('delete from private.rate_buckets; delete from private.spend_daily'));

  const ask = (asked: Asked) => admit(database, asked);
  const first = async () => firstMessage((await newVisitor(database)).id);

  describe('a repeat', () => {
    it('of an answered message gets the reply', async () => {
      const asked = await first();
      const run = await ask(asked);
      await finish(database, run, { content: 'Forty-two.' });
      assert.deepEqual(await ask(asked), {
        ok: true,
        resume: true,
        created: false,
        session_id: asked.session,
        user_message_id: run.user_message_id,
        message_id: run.message_id,
        superseded: [],
        content: 'Forty-two.',
        status: 'complete',
        sources: null,
        from_cache: false,
        model: 'gpt-4o-mini',
      });
    });

    it('of a stopped reply gets what there is of it', async () => {
      const asked = await first();
      await finish(database, await ask(asked), { status: 'stopped', content: 'Forty' });
      assert.partialDeepStrictEqual(await ask(asked), { resume: true, content: 'Forty', status: 'stopped' });
    });

    it('while the reply is written follows it', async () => {
      const asked = await first();
      const run = await ask(asked);
      await progress(database, run, 'Forty', 0);
      const answer = await ask(asked);
      assert.partialDeepStrictEqual(answer, { resume: true, content: 'Forty', status: 'streaming' });
      assert.equal(answer.message_id, run.message_id);
    });

    it('costs nothing: no reservation, no token, no row', async () => {
      const asked = await first();
      await ask(asked);
      const tokens = () =>
        database.query<{ tokens: number }>('select key, tokens from private.rate_buckets order by key');
      const before = await tokens();
      await ask(asked);
      assert.equal(await spentOf(database), 1_000);
      assert.deepEqual(await tokens(), before);
      assert.equal((await messagesOf(database, asked)).length, 2);
    });

    /** Asks again after the worker of before is lost. */
    async function expireAndAsk(asked: Asked): Promise<Admission> {
      const { message_id } = await ask(asked);
      await database.query(`update private.chat_runs set leased_until = now() - interval '1 s' where message_id = $1`, [
        message_id,
      ]);
      return ask(asked);
    }

    it('after the lease has passed takes the reply over and starts it anew', async () => {
      const asked = await first();
      const run = await ask(asked);
      await progress(database, run, 'Forty', 0);
      const next = await expireAndAsk(asked);
      assert.partialDeepStrictEqual(next, { ok: true, resume: false, message_id: run.message_id! });
      assert.notEqual(next.run_id, run.run_id);
      assert.equal((await messagesOf(database, asked))[1]?.content, '');
      assert.equal(await finish(database, run), false);
      assert.equal(await finish(database, next), true);
    });

    it('of a failed one starts it over under the same ids', async () => {
      const asked = await first();
      const run = await ask(asked);
      await finish(database, run, { status: 'error', content: 'For' });
      const next = await ask(asked);
      assert.partialDeepStrictEqual(next, {
        ok: true,
        resume: false,
        message_id: run.message_id!,
        user_message_id: run.user_message_id!,
      });
      const rows = await messagesOf(database, asked);
      assert.deepEqual([rows.length, rows[1]?.content, rows[1]?.status], [2, '', 'streaming']);
    });
  });

  describe('a collision with a twin', () => {
    // PGlite has one session, so the twin is a trigger that collides once; a sequence survives the undoing.
    before(() =>
      database.exec(`
        create sequence private.collisions;
        create function private.collide() returns trigger language plpgsql as $$
        begin
          if new.content = 'collide' and nextval('private.collisions') = 1 then raise unique_violation; end if;
          return new;
        end $$;
        create trigger collide before insert on public.chat_messages for each row execute function private.collide();
        grant usage on sequence private.collisions to service_role`),
    );

    it('undoes the reservation and looks again', async () => {
      const asked = { ...(await first()), content: 'collide' };
      assert.partialDeepStrictEqual(await ask(asked), { ok: true, resume: false, created: true });
      assert.equal((await messagesOf(database, asked)).length, 2);
      assert.equal(await spentOf(database), 1_000);
    });
  });

  describe('the history', () => {
    it('is the question alone at first', async () => {
      const asked = await first();
      assert.deepEqual((await ask(asked)).history, [{ role: 'user', content: asked.content }]);
    });

    it('is the last ten messages in order, the question last', async () => {
      const asked = await first();
      await finish(database, await ask(asked));
      await database.query(
        `insert into public.chat_messages (session_id, user_id, role, author, content)
         select $1, $2, role, case role when 'user' then 'visitor' else 'model' end, role || ' ' || turn
         from generate_series(1, 12) as turn, unnest('{user,assistant}'::text[]) as role order by turn, role desc`,
        [asked.session, asked.user],
      );
      const { history } = await ask({ ...asked, client: randomUUID(), content: 'And now?' });
      const turns = [8, 9, 10, 11, 12].flatMap((turn) => [`user ${turn}`, `assistant ${turn}`]);
      assert.deepEqual(
        history?.map(({ content }) => content),
        [...turns.slice(1), 'And now?'],
      );
      assert.deepEqual(history?.at(-2), { role: 'assistant', content: 'assistant 12' });
    });

    it('keeps a stopped reply and leaves out failed, superseded, empty and unfinished ones', async () => {
      const asked = await first();
      await finish(database, await ask(asked), { status: 'stopped', content: 'stopped' });
      await database.query(
        `insert into public.chat_messages (session_id, user_id, role, author, content, status, superseded_at)
         values ($1, $2, 'assistant', 'model', 'failed', 'error', null),
                ($1, $2, 'assistant', 'model', 'superseded', 'complete', now()),
                ($1, $2, 'assistant', 'model', '', 'stopped', null),
                ($1, $2, 'assistant', 'model', 'unfinished', 'streaming', null)`,
        [asked.session, asked.user],
      );
      const { history } = await ask({ ...asked, client: randomUUID(), content: 'Go on' });
      assert.deepEqual(
        history?.map(({ content }) => content),
        [asked.content, 'stopped', 'Go on'],
      );
    });

    it('ends with the question of a reply that starts over, whatever was said later', async () => {
      const asked = await first();
      await finish(database, await ask(asked), { status: 'error' });
      await finish(database, await ask({ ...asked, client: randomUUID(), content: 'Later' }));
      assert.deepEqual((await ask(asked)).history, [{ role: 'user', content: asked.content }]);
    });
  });
});
