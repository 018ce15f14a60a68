import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { LocalBackend } from '../../local/backend.ts';
import { endBackend, newVisitor, startTestBackend, type Person } from '../support/node/backend.ts';
import { last, namesOf, newMessage, post, send, sendAndListen, textOf } from '../support/node/chat-http.ts';
import { ChatRecords, OWNER } from '../support/node/chat-records.ts';

/** The pace of a reply that ends at once, and of one that takes more than a second; tokens a second. */
const FAST = 4_000;
const SLOW = 60;

describe('the function chat', () => {
  let backend: LocalBackend;
  let records: ChatRecords;
  let visitor: Person;
  before(async () => {
    backend = await startTestBackend({ demo: true });
    records = new ChatRecords(backend.database);
    visitor = await newVisitor(backend);
  });
  after(() => endBackend(backend));
  beforeEach(async () => {
    backend.openai.tokensPerSecond = FAST;
    await records.forget();
  });

  describe('answers a message', () => {
    it('with meta, deltas, usage and done, in this order', async () => {
      assert.deepEqual(namesOf(await send(backend, visitor, newMessage())), ['meta', 'delta', 'usage', 'done']);
    });

    it('with deltas that make up exactly what is saved', async () => {
      const message = newMessage('Hello there 👋🏽, ça va?');
      const text = textOf(await send(backend, visitor, message));
      assert.match(text, /You wrote “Hello there 👋🏽, ça va\?”.*in my place\.$/);
      assert.deepEqual(await records.contents(message), [message.content, text]);
    });

    it('with the ids and the status of the saved rows', async () => {
      const message = newMessage();
      const events = await send(backend, visitor, message);
      const [asked, reply] = await records.rows(message);
      assert.deepEqual(events[0]?.data, {
        session_id: message.session_id,
        user_message_id: asked?.id,
        message_id: reply?.id,
        created: true,
        superseded: [],
      });
      assert.deepEqual(last(events).data, { message_id: reply?.id, status: 'complete' });
      assert.equal(reply?.status, 'complete');
    });

    it("with the usage that the site's owner is billed", async () => {
      const events = await send(backend, visitor, newMessage());
      const { estimated, from_cache, ...usage } = events.at(-2)!.data;
      assert.deepEqual([estimated, from_cache], [false, false]);
      assert.ok((usage.output_tokens as number) > 20 && (usage.cost_micro_usd as number) > 0);
      const [{ email, requests, ...bill }, ...more] = (await records.bills()) as [Record<string, unknown>];
      assert.deepEqual([email, requests, more], [OWNER, 1, []]);
      // The table keeps four digits of a gram.
      assert.deepEqual(bill, { ...usage, co2_grams: Number((usage.co2_grams as number).toFixed(4)) });
    });

    it('in the same session as not created', async () => {
      const first = newMessage();
      await send(backend, visitor, first);
      const events = await send(backend, visitor, { ...newMessage(), session_id: first.session_id });
      assert.equal(events[0]?.data.created, false);
      assert.match(textOf(events), /^Still the stand-in here/);
    });

    it('from what the site knows, and cites it', async () => {
      const events = await send(backend, visitor, newMessage('When are you free, and what does a map cost?'));
      assert.deepEqual(namesOf(events), ['meta', 'delta', 'sources', 'usage', 'done']);
      assert.match(textOf(events), /A map of one page begins at EUR 2,400\. \[1\] I am free for one project .* \[2\]/);
      const { sources } = events.at(-3)!.data as { sources: { n: number; title: string; url: string }[] };
      assert.deepEqual(
        sources.map(({ n, title, url }) => [n, title, url]),
        [
          [1, 'Questions that people ask › What does a map cost?', '/portfolio.html'],
          [2, 'Questions that people ask › When are you free?', '/portfolio.html'],
        ],
      );
    });

    it('of a member too', async () => {
      const { data } = await visitor.client.auth.signInWithPassword({ email: OWNER, password: 'member-demo' });
      const member = { ...visitor, token: data.session!.access_token };
      assert.equal(last(await send(backend, member, newMessage())).data.status, 'complete');
    });
  });

  describe('sent twice', () => {
    for (const place of ['as the first of a session', 'later in a session'] as const) {
      it(`at the same time ${place}, answers both and asks the model once`, async () => {
        const message = newMessage();
        const earlier = { ...newMessage('Earlier'), session_id: message.session_id };
        if (place === 'later in a session') await send(backend, visitor, earlier);
        await records.forget();
        const before = backend.openai.requests;
        const answers = await Promise.all([send(backend, visitor, message), send(backend, visitor, message)]);
        assert.equal(backend.openai.requests, before + 1);
        const rows = await records.rows(message);
        assert.deepEqual(
          rows.slice(-2).map(({ role, status }) => [role, status]),
          [
            ['user', 'complete'],
            ['assistant', 'complete'],
          ],
        );
        assert.equal(rows.length, place === 'later in a session' ? 4 : 2);
        for (const events of answers) {
          assert.equal(textOf(events), rows.at(-1)?.content);
          assert.deepEqual(last(events), { event: 'done', data: { message_id: rows.at(-1)?.id, status: 'complete' } });
        }
        assert.partialDeepStrictEqual(await records.bills(), [{ requests: 1 }]);
      });
    }

    it('again after the end, answers meta, the text and done without the model', async () => {
      const message = newMessage();
      const first = await send(backend, visitor, message);
      const before = backend.openai.requests;
      const again = await send(backend, visitor, message);
      assert.deepEqual(
        again.map(({ event }) => event),
        ['meta', 'delta', 'done'],
      );
      assert.equal(textOf(again), textOf(first));
      assert.equal(backend.openai.requests, before);
      assert.partialDeepStrictEqual(await records.bills(), [{ requests: 1 }]);
    });
  });

  describe('whose client leaves', () => {
    it('completes and saves the reply', async () => {
      backend.openai.tokensPerSecond = 2 * SLOW;
      const message = newMessage();
      const leave = new AbortController();
      const { messageId } = await sendAndListen(backend, visitor, message, leave.signal);
      leave.abort();
      const reply = await records.ended(message);
      assert.deepEqual([reply.id, reply.status], [messageId, 'complete']);
      assert.match(reply.content, /^Hello!.*in my place\.$/);
      assert.partialDeepStrictEqual(await records.bills(), [{ requests: 1 }]);
    });

    it('gives a repeat what is saved, and then what comes', async () => {
      backend.openai.tokensPerSecond = 1.2 * SLOW;
      const message = newMessage();
      const leave = new AbortController();
      await sendAndListen(backend, visitor, message, leave.signal);
      leave.abort();
      const before = backend.openai.requests;
      const again = await send(backend, visitor, message);
      assert.ok(again.filter(({ event }) => event === 'delta').length > 1, 'it was over before the repeat');
      assert.equal(textOf(again), (await records.ended(message)).content);
      assert.equal(last(again).data.status, 'complete');
      assert.equal(backend.openai.requests, before);
    });

    it('shows the words to the other clients as they come', async () => {
      backend.openai.tokensPerSecond = 1.5 * SLOW;
      const message = newMessage();
      const { rest } = await sendAndListen(backend, visitor, message);
      const text = textOf(await rest());
      const partials = await records.partials(message);
      assert.ok(partials.length > 1, `${partials.length} partials`);
      let shown = '';
      for (const { at, text: words } of partials) {
        assert.equal(at, shown.length);
        shown += words;
      }
      assert.ok(text.startsWith(shown));
    });
  });

  describe('told to stop', () => {
    const stop = async (token: string, messageId: string) =>
      (await (await post(backend, token, { action: 'stop', message_id: messageId })).json()) as unknown;

    it('ends the stream as stopped, keeps the text and bills an estimate', async () => {
      backend.openai.tokensPerSecond = SLOW;
      const message = newMessage();
      const { messageId, rest } = await sendAndListen(backend, visitor, message);
      assert.deepEqual(await stop(visitor.token, messageId), { stopped: true });
      const events = await rest();
      assert.deepEqual(namesOf(events), ['meta', 'delta', 'usage', 'done']);
      assert.deepEqual(last(events).data, { message_id: messageId, status: 'stopped' });
      const usage = events.at(-2)!.data;
      assert.deepEqual([usage.estimated, usage.output_tokens], [true, events.length - 3]);
      const [, reply] = await records.rows(message);
      assert.deepEqual([reply?.status, reply?.content], ['stopped', textOf(events)]);
      assert.doesNotMatch(reply!.content, /in my place/);
      assert.partialDeepStrictEqual(await records.bills(), [{ requests: 1, output_tokens: usage.output_tokens }]);
    });

    it('by a stranger, goes on', async () => {
      backend.openai.tokensPerSecond = 3 * SLOW;
      const { messageId, rest } = await sendAndListen(backend, visitor, newMessage());
      assert.deepEqual(await stop((await newVisitor(backend)).token, messageId), { stopped: false });
      assert.equal(last(await rest()).data.status, 'complete');
    });

    it('after the end, says that nothing was stopped', async () => {
      const events = await send(backend, visitor, newMessage());
      assert.deepEqual(await stop(visitor.token, last(events).data.message_id as string), { stopped: false });
    });
  });

  describe('whose model fails', () => {
    /** The openai client tries a second time by itself. */
    const failTwice = (status: number) => void backend.openai.failures.push(status, status);

    for (const [status, reason] of [
      [500, 'provider'],
      [401, 'provider_key'],
      [429, 'provider_busy'],
    ] as const) {
      it(`with ${status}, ends with an error that says so in words`, async () => {
        // A refused key is not tried again.
        if (status === 401) backend.openai.failures.push(401);
        else failTwice(status);
        const message = newMessage();
        const events = await send(backend, visitor, message);
        assert.deepEqual(namesOf(events), ['meta', 'error']);
        assert.partialDeepStrictEqual(last(events).data, { code: 'unavailable', reason });
        assert.match(last(events).data.message as string, /^The (model|chat) [\w' ]+/);
        assert.equal((await records.rows(message))[1]?.status, 'error');
        assert.deepEqual(await records.bills(), []);
      });
    }

    it('answers a repeat anew, and bills once', async () => {
      failTwice(500);
      const message = newMessage();
      const failed = await send(backend, visitor, message);
      const events = await send(backend, visitor, message);
      assert.deepEqual(namesOf(events), ['meta', 'delta', 'usage', 'done']);
      assert.equal(events[0]?.data.message_id, failed[0]?.data.message_id);
      assert.equal((await records.rows(message)).length, 2);
      assert.partialDeepStrictEqual(await records.bills(), [{ requests: 1 }]);
    });

    it('once, is asked again without a word', async () => {
      backend.openai.failures.push(500);
      assert.equal(last(await send(backend, visitor, newMessage())).data.status, 'complete');
    });
  });
});
