import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, it } from 'node:test';
import {
  admit,
  finish,
  firstMessage,
  progress,
  spentOf,
  stop,
  type Admission,
  type Ending,
} from '../support/node/chat-sql.ts';
import { onEachEngine } from '../support/node/engines.ts';
import { newMember, newVisitor, sentOn, type Person } from '../support/node/sql.ts';

onEachEngine('a reply', (database) => {
  let visitor: Person;
  beforeEach(async () => {
    visitor = await newVisitor(database);
    await database.exec('delete from private.spend_daily; delete from private.rate_buckets; delete from private.site');
  });

  const begin = () => admit(database, firstMessage(visitor.id));
  const rowOf = async ({ message_id }: Admission) =>
    (
      await database.query<{ status: string; content: string; model: string | null }>(
        'select status, content, model from public.chat_messages where id = $1',
        [message_id],
      )
    )[0];
  const heard = async ({ session_id }: Admission, event: string) =>
    (await sentOn(database, `chat:${session_id}`)).filter((sent) => sent.event === event).map(({ payload }) => payload);

  describe('chat_progress', () => {
    it('appends', async () => {
      const run = await begin();
      assert.deepEqual(await progress(database, run, 'Hello', 0), { stop: false });
      assert.deepEqual(await progress(database, run, ' there', 5), { stop: false });
      assert.deepEqual(await rowOf(run), { status: 'streaming', content: 'Hello there', model: null });
    });

    it('counts as JavaScript does', async () => {
      const run = await begin();
      const parts = ['Hi 👋🏽', ' ñ é', ' 👩‍👩‍👧 ', '漢字', '🇪🇺'];
      let at = 0;
      for (const part of parts) {
        assert.deepEqual(await progress(database, run, part, at), { stop: false });
        at += part.length;
      }
      assert.equal((await rowOf(run))?.content, parts.join(''));
    });

    for (const at of [0, 4, 6]) {
      it(`refuses the offset ${at} of a reply of 5, and says stop`, async () => {
        const run = await begin();
        await progress(database, run, 'Hi 👋', 0);
        assert.deepEqual(await progress(database, run, '!', at), { stop: true });
        assert.equal((await rowOf(run))?.content, 'Hi 👋');
      });
    }

    it('tells a worker to stop whose reply another one has taken over, even at the same offset', async () => {
      const run = await begin();
      await database.query(`update private.chat_runs set id = gen_random_uuid() where message_id = $1`, [
        run.message_id,
      ]);
      assert.deepEqual(await progress(database, run, 'I am late', 0), { stop: true });
      assert.equal((await rowOf(run))?.content, '');
    });

    it('shows what is new to the other clients, and no whole row', async () => {
      const run = await begin();
      await progress(database, run, 'Hello', 0);
      await progress(database, run, ' there', 5);
      const { message_id } = run;
      assert.partialDeepStrictEqual(await heard(run, 'partial'), [
        { message_id: message_id!, at: 0, text: 'Hello' },
        { message_id: message_id!, at: 5, text: ' there' },
      ]);
      assert.equal((await heard(run, 'message')).length, 2);
    });

    it('is silent about an empty delta, and renews the lease', async () => {
      const run = await begin();
      await database.query('update private.chat_runs set leased_until = now() where message_id = $1', [run.message_id]);
      assert.deepEqual(await progress(database, run, '', 0), { stop: false });
      const [lease] = await database.query(
        `select leased_until > now() + interval '25 s' as renewed from private.chat_runs where message_id = $1`,
        [run.message_id],
      );
      assert.deepEqual(lease, { renewed: true });
      assert.deepEqual(await heard(run, 'partial'), []);
    });

    it('says stop after the end', async () => {
      const run = await begin();
      await finish(database, run, { content: '' });
      assert.deepEqual(await progress(database, run, 'late', 0), { stop: true });
      assert.equal((await rowOf(run))?.content, '');
    });

    it('says stop for a reply that does not exist', async () => {
      assert.deepEqual(await progress(database, { ok: true, message_id: randomUUID() }, 'x', 0), { stop: true });
    });
  });

  describe('chat_stop', () => {
    it('from its visitor is learnt at the next progress', async () => {
      const run = await begin();
      assert.equal(await stop(database, visitor.id, run), true);
      assert.deepEqual(await progress(database, run, 'Hello', 0), { stop: true });
      assert.equal((await rowOf(run))?.content, 'Hello');
    });

    it('from a stranger changes nothing', async () => {
      const run = await begin();
      assert.equal(await stop(database, (await newVisitor(database)).id, run), false);
      assert.deepEqual(await progress(database, run, 'Hello', 0), { stop: false });
    });

    it('comes too late after the end', async () => {
      const run = await begin();
      await finish(database, run);
      assert.equal(await stop(database, visitor.id, run), false);
    });
  });

  describe('chat_finish', () => {
    const ownSite = async () => {
      const owner = await newMember(database);
      await database.query('insert into private.site (owner_id) values ($1)', [owner.id]);
      return owner;
    };
    const usageOf = ({ id }: Person) =>
      database.query(
        `select model, source, requests, context_tokens, cached_tokens, generated_tokens, cost, co2_grams
         from public.usage_data where user_id = $1`,
        [id],
      );

    it('writes the text, the status and the model, and shows the row', async () => {
      const run = await begin();
      await progress(database, run, 'I bui', 0);
      assert.equal(await finish(database, run), true);
      const row = { status: 'complete', content: 'I build things.', model: 'gpt-4o-mini' };
      assert.deepEqual(await rowOf(run), row);
      assert.partialDeepStrictEqual((await heard(run, 'message')).at(-1), { op: 'UPDATE', record: row });
    });

    it("adds to the usage of the site's owner", async () => {
      const owner = await ownSite();
      await finish(database, await begin());
      assert.deepEqual(await usageOf(owner), [
        {
          model: 'gpt-4o-mini',
          source: 'chat',
          requests: 1,
          context_tokens: 100,
          cached_tokens: 10,
          generated_tokens: 20,
          cost: 0.000027,
          co2_grams: 0.5,
        },
      ]);
      assert.deepEqual(await usageOf(visitor), []);
    });

    it('happens once', async () => {
      const owner = await ownSite();
      const run = await begin();
      await finish(database, run);
      assert.equal(await finish(database, run, { content: 'Twice' }), false);
      assert.equal((await rowOf(run))?.content, 'I build things.');
      assert.partialDeepStrictEqual(await usageOf(owner), [{ requests: 1 }]);
      assert.equal(await spentOf(database), 27);
    });

    it('is refused to a worker that lost the reply', async () => {
      const owner = await ownSite();
      const run = await begin();
      assert.equal(await finish(database, { ...run, run_id: randomUUID() }), false);
      assert.partialDeepStrictEqual(await rowOf(run), { status: 'streaming', content: '' });
      assert.deepEqual(await usageOf(owner), []);
      assert.equal(await spentOf(database), 1_000);
    });

    it('does without an owner', async () => {
      const run = await begin();
      assert.equal(await finish(database, run), true);
      assert.equal((await rowOf(run))?.status, 'complete');
      assert.equal(await spentOf(database), 27);
    });

    const SETTLED: [string, Partial<Ending>, number][] = [
      ['replaces the reservation by the cost', { cost: 27 }, 27],
      ['keeps the reservation of an unpriced reply', { cost: null }, 1_000],
      ['frees the reservation when the provider was never reached', { input: 0, cached: 0, output: 0, cost: 0 }, 0],
    ];
    for (const [fact, ending, left] of SETTLED) {
      it(fact, async () => {
        await finish(database, await begin(), ending);
        assert.equal(await spentOf(database), left);
      });
    }

    it('accounts for an unpriced reply as unpriced', async () => {
      const owner = await ownSite();
      await finish(database, await begin(), { cost: null, co2: null });
      assert.partialDeepStrictEqual(await usageOf(owner), [{ requests: 1, cost: null, co2_grams: null }]);
    });

    it('accounts for nothing when the provider was never reached', async () => {
      const owner = await ownSite();
      await finish(database, await begin(), { status: 'error', input: 0, cached: 0, output: 0, cost: 0, co2: 0 });
      assert.deepEqual(await usageOf(owner), []);
    });

    it('accounts for what a failed reply had cost', async () => {
      const owner = await ownSite();
      await finish(database, await begin(), { status: 'error' });
      assert.partialDeepStrictEqual(await usageOf(owner), [{ requests: 1 }]);
    });
  });
});
