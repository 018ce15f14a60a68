import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, it } from 'node:test';
import {
  admit,
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
import { onEachEngine } from '../support/node/engines.ts';
import { newAdmin, newMember, newVisitor, sentOn } from '../support/node/sql.ts';

onEachEngine('a turn of a conversation', (database) => {
  beforeEach(() =>
    database.exec(`delete from private.rate_buckets; delete from private.spend_daily; delete from public.chat_knowledge;
                   delete from private.chat_answers; delete from private.site;
                   delete from private.chat_settings; insert into private.chat_settings default values`),
  );

  const first = async () => firstMessage((await newVisitor(database)).id);
  const again = (asked: Asked, content = 'And now?') => ({ ...asked, client: randomUUID(), content });
  /** Asks, and has it answered. */
  async function answered(asked: Asked, content = 'I build things.'): Promise<Admission> {
    const run = await admit(database, asked);
    await finish(database, run, { content });
    return run;
  }
  /** What a page shows: what is not superseded. */
  const shown = async ({ session }: Asked) => {
    const rows = await database.query<{ content: string }>(
      'select content from public.chat_messages where session_id = $1 and superseded_at is null order by seq',
      [session],
    );
    return rows.map(({ content }) => content);
  };
  const statusOf = async (id: string) => {
    const [row] = await database.query<{ status: string; reason: string | null }>(
      'select status, reason from public.chat_messages where id = $1',
      [id],
    );
    return row;
  };
  const refused = (reason: string, code = 'conflict') => ({ ok: false, code, reason });

  describe('is regenerated', () => {
    it('under the same question, which the old reply answers no more', async () => {
      const asked = await first();
      const run = await answered(asked, 'Old.');
      const next = await regenerate(database, asked, run.message_id!);
      assert.partialDeepStrictEqual(next, {
        ok: true,
        resume: false,
        created: false,
        user_message_id: run.user_message_id!,
        superseded: [run.message_id!],
        history: [{ role: 'user', content: asked.content! }],
      });
      assert.notEqual(next.message_id, run.message_id);
      await finish(database, next, { content: 'New.' });
      assert.deepEqual(await shown(asked), [asked.content, 'New.']);
    });

    it('with what was said before, and without what is written anew', async () => {
      const asked = await first();
      await answered(asked, 'One.');
      const run = await answered(again(asked, 'Two?'), 'Two.');
      const { history } = await regenerate(database, asked, run.message_id!);
      assert.deepEqual(
        history?.map(({ content }) => content),
        [asked.content, 'One.', 'Two?'],
      );
    });

    for (const status of ['error', 'stopped']) {
      it(`also after it ended as ${status}`, async () => {
        const asked = await first();
        const run = await admit(database, asked);
        await finish(database, run, { status, reason: status === 'error' ? 'provider' : null });
        assert.equal((await regenerate(database, asked, run.message_id!)).resume, false);
      });
    }

    it('while it is written: its worker is told to stop, and the others that it is gone', async () => {
      const asked = await first();
      const run = await admit(database, asked);
      await regenerate(database, asked, run.message_id!);
      const heard = await sentOn(database, `chat:${asked.session}`);
      const update = heard.find(({ payload }) => payload.op === 'UPDATE')!.payload.record as Record<string, unknown>;
      assert.equal(update.id, run.message_id);
      assert.ok(update.superseded_at);
      assert.deepEqual(await progress(database, run, 'Late', 0), { stop: true });
    });

    it('once when it is asked twice, and asked again after a failure', async () => {
      const asked = await first();
      const run = await answered(asked);
      const client = randomUUID();
      const one = await regenerate(database, asked, run.message_id!, client);
      assert.partialDeepStrictEqual(await regenerate(database, asked, run.message_id!, client), {
        resume: true,
        message_id: one.message_id!,
        status: 'streaming',
      });
      await finish(database, one, { status: 'error' });
      const next = await regenerate(database, asked, run.message_id!, client);
      assert.partialDeepStrictEqual(next, { resume: false, message_id: one.message_id!, superseded: [] });
      assert.deepEqual(
        next.history?.map(({ content }) => content),
        [asked.content],
      );
    });

    it('in turn', async () => {
      const asked = await first();
      const one = await answered(asked);
      const client = randomUUID();
      const two = await regenerate(database, asked, one.message_id!, client);
      await finish(database, two, { content: 'Two.' });
      const three = await regenerate(database, asked, two.message_id!);
      assert.partialDeepStrictEqual(three, { resume: false, superseded: [two.message_id!] });
      assert.partialDeepStrictEqual(await regenerate(database, asked, one.message_id!, client), {
        resume: true,
        message_id: two.message_id!,
        status: 'stopped',
      });
      // The message itself, sent again, is answered by its newest reply.
      assert.partialDeepStrictEqual(await admit(database, asked), { resume: true, message_id: three.message_id! });
    });

    it('only as the last one', async () => {
      const asked = await first();
      const run = await answered(asked);
      await answered(again(asked));
      assert.deepEqual(await regenerate(database, asked, run.message_id!), refused('not_last'));
    });

    it('not when something stands in its place', async () => {
      const asked = await first();
      const run = await answered(asked);
      await regenerate(database, asked, run.message_id!);
      assert.deepEqual(await regenerate(database, asked, run.message_id!), refused('superseded'));
    });

    it('neither as a question, nor as what does not exist', async () => {
      const asked = await first();
      const run = await answered(asked);
      for (const id of [run.user_message_id!, randomUUID()]) {
        assert.deepEqual(await regenerate(database, asked, id), refused('message', 'forbidden'));
      }
    });

    it('neither in another conversation, nor by somebody else', async () => {
      const [one, two] = [await first(), await first()];
      const run = await answered(one);
      await answered(two);
      assert.deepEqual(await regenerate(database, two, run.message_id!), refused('message', 'forbidden'));
      const thief = { ...two, session: one.session };
      assert.deepEqual(await regenerate(database, thief, run.message_id!), refused('session', 'forbidden'));
      const nowhere = { ...two, session: randomUUID() };
      assert.deepEqual(await regenerate(database, nowhere, run.message_id!), refused('session', 'forbidden'));
      assert.deepEqual(await shown(one), [one.content, 'I build things.']);
    });

    it('within the limits', async () => {
      const asked = { ...(await first()), cap: 1_000 };
      const run = await answered(asked);
      assert.equal((await regenerate(database, { ...asked, cap: 1_000 }, run.message_id!)).reason, 'daily_cap');
      await database.query(`update private.rate_buckets set tokens = 0, updated_at = now()`);
      assert.equal((await regenerate(database, asked, run.message_id!)).reason, 'too_many_messages');
      assert.equal((await shown(asked)).length, 2);
    });
  });

  describe('is edited', () => {
    it('and all after it is gone', async () => {
      const asked = await first();
      const run = await answered(asked);
      await answered(again(asked));
      const next = await edit(database, asked, run.user_message_id!, 'Better?');
      assert.equal(next.superseded?.length, 4);
      assert.deepEqual(
        next.history?.map(({ content }) => content),
        ['Better?'],
      );
      await finish(database, next, { content: 'Better.' });
      assert.deepEqual(await shown(asked), ['Better?', 'Better.']);
    });

    it('and what is before it stays', async () => {
      const asked = await first();
      await answered(asked, 'One.');
      const run = await answered(again(asked));
      const { history } = await edit(database, asked, run.user_message_id!, 'Better?');
      assert.deepEqual(
        history?.map(({ content }) => content),
        [asked.content, 'One.', 'Better?'],
      );
    });

    it('while its reply is written: the worker is told to stop', async () => {
      const asked = await first();
      const run = await admit(database, asked);
      await edit(database, asked, run.user_message_id!, 'Better?');
      assert.deepEqual(await progress(database, run, 'Late', 0), { stop: true });
    });

    it('once when it is asked twice', async () => {
      const asked = await first();
      const run = await answered(asked);
      const client = randomUUID();
      const one = await edit(database, asked, run.user_message_id!, 'Better?', client);
      const two = await edit(database, asked, run.user_message_id!, 'Better?', client);
      assert.partialDeepStrictEqual(two, { resume: true, message_id: one.message_id!, status: 'streaming' });
      assert.deepEqual(await edit(database, asked, run.user_message_id!, 'Best?', client), refused('client_id'));
    });

    it('and answers nothing any more when it is sent again', async () => {
      const asked = await first();
      const run = await admit(database, asked);
      await finish(database, run, { status: 'error' });
      await edit(database, asked, run.user_message_id!, 'Better?');
      assert.partialDeepStrictEqual(await admit(database, asked), {
        resume: true,
        message_id: run.message_id!,
        status: 'stopped',
      });
    });

    it('neither as a reply, nor in another conversation, nor twice', async () => {
      const [one, two] = [await first(), await first()];
      const run = await answered(one);
      await answered(two);
      assert.deepEqual(await edit(database, one, run.message_id!, 'Mine'), refused('message', 'forbidden'));
      assert.deepEqual(await edit(database, two, run.user_message_id!, 'Mine'), refused('message', 'forbidden'));
      await edit(database, one, run.user_message_id!, 'Better?');
      assert.deepEqual(await edit(database, one, run.user_message_id!, 'Best?'), refused('superseded'));
      assert.deepEqual(await edit(database, one, run.user_message_id!, ' '), refused('length', 'invalid'));
    });
  });

  describe('is given an earlier answer again', () => {
    const cache = (on = true) => database.query('update private.chat_settings set cache_first_answers = $1', [on]);
    const SOURCES = [{ n: 1, title: 'Work', url: '/work', quote: 'I build things.' }];
    async function kept(): Promise<void> {
      await finish(database, await admit(database, await first()), { content: 'Kept.', sources: SOURCES });
    }

    it('when somebody else begins with the same question, without a model and a reservation', async () => {
      await cache();
      await kept();
      const spent = await spentOf(database);
      const asked = { ...(await first()), content: '  what DO you\ndo? ' };
      const answer = await admit(database, asked);
      assert.partialDeepStrictEqual(answer, {
        ok: true,
        resume: true,
        created: true,
        status: 'complete',
        content: 'Kept.',
        from_cache: true,
        sources: SOURCES,
      });
      assert.equal(await spentOf(database), spent);
      const rows = await database.query(
        `select content, status, from_cache, sources from public.chat_messages where id = $1`,
        [answer.message_id],
      );
      assert.deepEqual(rows, [{ content: 'Kept.', status: 'complete', from_cache: true, sources: SOURCES }]);
      assert.partialDeepStrictEqual(await admit(database, asked), { resume: true, created: false, content: 'Kept.' });
    });

    it('within the limits', async () => {
      await cache();
      await kept();
      const asked = await first();
      await database.query('insert into private.rate_buckets (key, tokens, updated_at) values ($1, 0, now())', [
        `chat:user:${asked.user}`,
      ]);
      assert.equal((await admit(database, asked)).code, 'rate_limited');
    });

    const NOT: Record<string, (asked: Asked) => Asked | Promise<Asked>> = {
      'when it is switched off': async (asked) => (await cache(false), asked),
      'to another question': (asked) => ({ ...asked, content: 'What else?' }),
      'by another model': (asked) => ({ ...asked, model: 'gpt-4o' }),
      'after the settings changed': async (asked) => {
        await database.query('update private.chat_settings set revision = revision + 1');
        return asked;
      },
      'after the knowledge changed': async (asked) => {
        await database.query(`select private.save_chat_knowledge(gen_random_uuid(), 'T', 'x', null)`);
        return asked;
      },
      'after a week': async (asked) => {
        await database.query(`update private.chat_answers set created_at = now() - interval '8 days'`);
        return asked;
      },
      'later in a conversation': async (asked) => {
        await answered({ ...asked, client: randomUUID(), content: 'Hello' });
        return asked;
      },
    };
    for (const [what, change] of Object.entries(NOT)) {
      it(`not ${what}`, async () => {
        await cache();
        await kept();
        assert.equal((await admit(database, await change(await first()))).resume, false);
      });
    }

    it('not when that answer broke off', async () => {
      await cache();
      for (const status of ['stopped', 'error'])
        await finish(database, await admit(database, await first()), { status });
      assert.equal((await admit(database, await first())).resume, false);
    });

    it('but is asked of the model when it is regenerated', async () => {
      await cache();
      await kept();
      const asked = await first();
      const { message_id } = await admit(database, asked);
      assert.partialDeepStrictEqual(await regenerate(database, asked, message_id!), { ok: true, resume: false });
    });
  });

  describe('is left to the owner', () => {
    const come = ({ session }: Asked, until = '1 min') =>
      database.query(`update public.chat_sessions set owner_active_until = now() + $2::interval where id = $1`, [
        session,
        until,
      ]);

    it('while they are there: the message is saved, and nothing is reserved', async () => {
      const asked = await first();
      await answered(asked);
      await database.exec('delete from private.spend_daily');
      await come(asked);
      const next = again(asked);
      const answer = await admit(database, next);
      assert.partialDeepStrictEqual(answer, { ok: true, resume: true, message_id: null, status: 'owner', content: '' });
      assert.deepEqual(await shown(asked), [asked.content, 'I build things.', 'And now?']);
      assert.equal(await spentOf(database), 0);
      // For good: who sends it again does not get a model's answer later.
      await come(asked, '-1 min');
      assert.partialDeepStrictEqual(await admit(database, next), { message_id: null, status: 'owner' });
    });

    it('also when it is edited, and not when it would be regenerated', async () => {
      const asked = await first();
      const run = await answered(asked);
      await come(asked);
      assert.deepEqual(await regenerate(database, asked, run.message_id!), refused('owner_here'));
      const edited = await edit(database, asked, run.user_message_id!, 'Better?');
      assert.partialDeepStrictEqual(edited, { status: 'owner', message_id: null });
      assert.equal(edited.superseded?.length, 2);
      assert.deepEqual(await shown(asked), ['Better?']);
    });

    it('also when its reply had failed, and the model does not try again', async () => {
      const asked = await first();
      await finish(database, await admit(database, asked), { status: 'error' });
      await come(asked);
      assert.partialDeepStrictEqual(await admit(database, asked), { message_id: null, status: 'owner' });
      await come(asked, '-1 min');
      assert.equal((await admit(database, asked)).resume, false);
    });

    it('not any more once they have left', async () => {
      const asked = await first();
      await answered(asked);
      await come(asked, '-1 s');
      assert.equal((await admit(database, again(asked))).resume, false);
    });
  });

  it('that moderation refuses is read by no model, until it passes', async () => {
    const asked = await first();
    const run = await admit(database, asked);
    await finish(database, run, {
      status: 'error',
      content: '',
      reason: 'moderation',
      input: 0,
      cached: 0,
      output: 0,
      cost: 0,
    });
    for (const id of [run.user_message_id!, run.message_id!]) {
      assert.deepEqual(await statusOf(id), { status: 'error', reason: 'moderation' });
    }
    const next = await admit(database, again(asked));
    assert.deepEqual(
      next.history?.map(({ content }) => content),
      ['And now?'],
    );
    await finish(database, next);
    const retried = await admit(database, asked);
    assert.deepEqual(await statusOf(run.user_message_id!), { status: 'complete', reason: null });
    await finish(database, retried);
    assert.deepEqual(await statusOf(run.message_id!), { status: 'complete', reason: null });
  });

  it('is refused in a conversation that was closed', async () => {
    const asked = await first();
    const run = await answered(asked);
    await database.query('update public.chat_sessions set closed_at = now() where id = $1', [asked.session]);
    for (const answer of [
      await admit(database, again(asked)),
      await regenerate(database, asked, run.message_id!),
      await edit(database, asked, run.user_message_id!, 'Better?'),
    ]) {
      assert.deepEqual(answer, refused('session_closed', 'forbidden'));
    }
  });

  it('puts off when its conversation expires', async () => {
    const asked = await first();
    await answered(asked);
    await database.query(`update public.chat_sessions set expires_at = now() + interval '1 h' where id = $1`, [
      asked.session,
    ]);
    await answered(again(asked));
    const [row] = await database.query(
      `select expires_at > now() + interval '29 days' as later from public.chat_sessions where id = $1`,
      [asked.session],
    );
    assert.deepEqual(row, { later: true });
  });

  it('is no longer than the settings allow, counted as JavaScript does', async () => {
    await database.exec('update private.chat_settings set max_message_length = 10');
    assert.equal((await admit(database, { ...(await first()), content: '👋'.repeat(5) })).ok, true);
    const refusal = refused('length', 'invalid');
    assert.deepEqual(await admit(database, { ...(await first()), content: '👋'.repeat(5) + '!' }), refusal);
  });

  it('is decided on the settings of the moment: with others the caller reads them again', async () => {
    const asked = await first();
    const { settings, ...answer } = await admit(database, asked, 99);
    assert.deepEqual(answer, { ok: false });
    assert.equal(settings?.revision, 1);
    assert.deepEqual(await shown(asked), []);
  });

  describe('reserves', () => {
    const BYTE = { reserve: 500, perByte: 1, cap: 100_000 };
    /** What stands around each message and passage. */
    const AROUND = 100;

    it('for each byte of the question what a token costs', async () => {
      await admit(database, { ...(await first()), ...BYTE, content: 'Häfen 👋' });
      assert.equal(await spentOf(database), 500 + AROUND + Buffer.byteLength('Häfen 👋'));
    });

    it('for the conversation before it, and for what the site knows', async () => {
      await database.query(`select private.save_chat_knowledge(gen_random_uuid(), 'Work', 'I draw Häfen.', null)`);
      const asked = { ...(await first()), ...BYTE, content: 'Hm' };
      await finish(database, await admit(database, asked), { content: 'Ja.', cost: 0 });
      await admit(database, again(asked, 'Häfen?'));
      const texts = ['Hm', 'Ja.', 'Häfen?', 'WorkI draw Häfen.'];
      assert.equal(
        await spentOf(database),
        500 + texts.reduce((sum, each) => sum + AROUND + Buffer.byteLength(each), 0),
      );
    });
  });

  it('is accounted for to the end, also when its conversation is deleted meanwhile', async () => {
    const owner = await newMember(database);
    await database.query('insert into private.site (owner_id) values ($1)', [owner.id]);
    const asked = await first();
    const run = await admit(database, asked);
    await database.query('delete from public.chat_sessions where id = $1', [asked.session]);
    assert.deepEqual(await progress(database, run, 'Hello', 0), { stop: true });
    assert.equal(await finish(database, run), true);
    assert.equal(await spentOf(database), 27);
    const usage = await database.query('select requests from public.usage_data where user_id = $1', [owner.id]);
    assert.deepEqual(usage, [{ requests: 1 }]);
  });

  it('is stopped by who runs the site too', async () => {
    const owner = await newMember(database);
    await database.query('insert into private.site (owner_id) values ($1)', [owner.id]);
    const run = await admit(database, await first());
    assert.equal(await stop(database, (await newMember(database)).id, run), false);
    assert.equal(await stop(database, owner.id, run), true);
    assert.equal(await stop(database, (await newAdmin(database)).id, run), true);
    assert.deepEqual(await progress(database, run, 'Hello', 0), { stop: true });
  });
});
