import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { LocalBackend } from '../../local/backend.ts';
import { ADMIN, MEMBER } from '../../local/seed.ts';
import {
  endBackend,
  newClient,
  newMember,
  newVisitor,
  startTestBackend,
  type Person,
} from '../support/node/backend.ts';
import {
  editing,
  last,
  namesOf,
  newMessage,
  post,
  refusal,
  regenerating,
  send,
  sendAndListen,
  textOf,
} from '../support/node/chat-http.ts';
import { ChatRecords } from '../support/node/chat-records.ts';
import { sentOn } from '../support/node/sql.ts';

const FAST = 4_000;
const SLOW = 60;

describe('a conversation', () => {
  let backend: LocalBackend;
  let records: ChatRecords;
  let visitor: Person;
  let owner: string;
  let admin: string;
  before(async () => {
    backend = await startTestBackend({ demo: true });
    records = new ChatRecords(backend.database);
    visitor = await newVisitor(backend);
    const signIn = async (login: { email: string; password: string }) => {
      const { data } = await newClient(backend).auth.signInWithPassword(login);
      return data.session!.access_token;
    };
    [owner, admin] = [await signIn(MEMBER), await signIn(ADMIN)];
  });
  after(() => endBackend(backend));
  beforeEach(async () => {
    backend.openai.tokensPerSecond = FAST;
    await records.forget();
  });

  const ownerSays = (
    token: string,
    { session_id }: { session_id: string },
    content = 'It is me.',
    client_id = randomUUID(),
  ) => post(backend, token, { action: 'owner_reply', session_id, client_id, content });
  const shown = async ({ session_id }: { session_id: string }) => {
    const rows = await backend.database.query<{ author: string; status: string }>(
      `select author, status from public.chat_messages where session_id = $1 and superseded_at is null order by seq`,
      [session_id],
    );
    return rows.map(({ author, status }) => `${author} ${status}`);
  };

  describe('whose last reply is regenerated', () => {
    it('streams a new one under the same question, and is billed for both', async () => {
      const message = newMessage();
      const first = await send(backend, visitor, message);
      const events = await send(backend, visitor, regenerating(message, last(first).data.message_id as string));
      assert.deepEqual(namesOf(events), ['meta', 'delta', 'usage', 'done']);
      assert.partialDeepStrictEqual(events[0]?.data, {
        user_message_id: first[0]!.data.user_message_id,
        superseded: [first[0]!.data.message_id],
        created: false,
      });
      assert.deepEqual(await shown(message), ['visitor complete', 'model complete']);
      assert.partialDeepStrictEqual(await records.bills(), [{ requests: 2 }]);
    });

    it('asks the model once, however often it is asked for', async () => {
      const message = newMessage();
      const first = await send(backend, visitor, message);
      const turn = regenerating(message, last(first).data.message_id as string);
      const before = backend.openai.requests;
      const [one, two] = await Promise.all([send(backend, visitor, turn), send(backend, visitor, turn)]);
      const three = await send(backend, visitor, turn);
      assert.equal(backend.openai.requests, before + 1);
      for (const events of [two, three]) {
        assert.equal(textOf(events), textOf(one));
        assert.equal(last(events).data.message_id, last(one).data.message_id);
      }
    });

    it('ends the one that is being written, for its sender too', async () => {
      backend.openai.tokensPerSecond = SLOW;
      const message = newMessage();
      const { messageId, rest } = await sendAndListen(backend, visitor, message);
      await send(backend, visitor, regenerating(message, messageId));
      assert.deepEqual(last(await rest()).data, { message_id: messageId, status: 'stopped' });
      assert.deepEqual(await shown(message), ['visitor complete', 'model complete']);
    });

    it('says so to the other clients', async () => {
      const message = newMessage();
      const first = await send(backend, visitor, message);
      const id = last(first).data.message_id;
      await send(backend, visitor, regenerating(message, id as string));
      const told = await sentOn(backend.database, `chat:${message.session_id}`);
      const gone = told.find(
        ({ payload }) => (payload.record as { superseded_at?: string } | undefined)?.superseded_at,
      );
      assert.equal((gone!.payload.record as { id: string }).id, id);
    });

    const REFUSED: Record<string, [change: object, status: number, reason: string]> = {
      'without a message': [{ message_id: undefined }, 422, 'message_id'],
      'without a session': [{ session_id: undefined }, 422, 'session_id'],
      'of no such message': [{ message_id: randomUUID() }, 403, 'message'],
      'of no such session': [{ session_id: randomUUID() }, 403, 'session'],
    };
    for (const [what, [change, status, reason]] of Object.entries(REFUSED)) {
      it(`is refused ${what}`, async () => {
        const message = newMessage();
        const id = last(await send(backend, visitor, message)).data.message_id as string;
        const answer = await refusal(await post(backend, visitor.token, { ...regenerating(message, id), ...change }));
        assert.partialDeepStrictEqual(answer, { status, reason });
      });
    }

    it('is refused when it is not the last any more', async () => {
      const message = newMessage();
      const id = last(await send(backend, visitor, message)).data.message_id as string;
      await send(backend, visitor, { ...newMessage('And now?'), session_id: message.session_id });
      const answer = await refusal(await post(backend, visitor.token, regenerating(message, id)));
      assert.partialDeepStrictEqual(answer, { status: 409, code: 'conflict', reason: 'not_last' });
    });
  });

  describe('whose question is edited', () => {
    it('goes on from there, and the model reads nothing of what is gone', async () => {
      const message = newMessage('Hello');
      const first = await send(backend, visitor, message);
      await send(backend, visitor, { ...newMessage('And now?'), session_id: message.session_id });
      const id = first[0]!.data.user_message_id as string;
      const events = await send(backend, visitor, editing(message, id, 'Good morning'));
      assert.match(textOf(events), /^Hello! I am .* You wrote “Good morning”/);
      assert.equal((events[0]!.data.superseded as unknown[]).length, 4);
      assert.deepEqual(await shown(message), ['visitor complete', 'model complete']);
    });

    it('is refused without a text, and for a reply', async () => {
      const message = newMessage();
      const { user_message_id, message_id } = (await send(backend, visitor, message))[0]!.data as Record<
        string,
        string
      >;
      for (const [turn, status, reason] of [
        [editing(message, user_message_id!, ' '), 422, 'length'],
        [editing(message, message_id!, 'Mine'), 403, 'message'],
      ] as const) {
        assert.partialDeepStrictEqual(await refusal(await post(backend, visitor.token, turn)), { status, reason });
      }
    });
  });

  describe('that the owner joins', () => {
    for (const [who, token] of [
      ['the owner', () => owner],
      ['an admin', () => admin],
    ] as const) {
      it(`has ${who}'s words as the site's, and the model yields`, async () => {
        const message = newMessage();
        await send(backend, visitor, message);
        const answer = await ownerSays(token(), message);
        assert.equal(answer.status, 200);
        assert.equal(((await answer.json()) as { created: boolean }).created, true);
        const before = backend.openai.requests;
        const events = await send(backend, visitor, { ...newMessage('Really?'), session_id: message.session_id });
        assert.deepEqual(
          events.map(({ event, data }) => [event, data.message_id, data.status]),
          [
            ['meta', null, undefined],
            ['done', null, 'owner'],
          ],
        );
        assert.equal(backend.openai.requests, before);
        assert.deepEqual(await shown(message), [
          'visitor complete',
          'model complete',
          'owner complete',
          'visitor complete',
        ]);
      });
    }

    it('takes the same words once', async () => {
      const message = newMessage();
      await send(backend, visitor, message);
      const client = randomUUID();
      const answers = await Promise.all([1, 2, 3].map(() => ownerSays(owner, message, 'Hi', client)));
      const bodies = (await Promise.all(answers.map((each) => each.json()))) as {
        message_id: string;
        created: boolean;
      }[];
      assert.equal(bodies.filter(({ created }) => created).length, 1);
      assert.equal(new Set(bodies.map(({ message_id }) => message_id)).size, 1);
    });

    it('has what the model is writing stopped', async () => {
      backend.openai.tokensPerSecond = SLOW;
      const message = newMessage();
      const { rest } = await sendAndListen(backend, visitor, message);
      await ownerSays(owner, message);
      assert.equal(last(await rest()).data.status, 'stopped');
      assert.deepEqual(await shown(message), ['visitor complete', 'model stopped', 'owner complete']);
    });

    it('leaves a question to them whose reply had broken off', async () => {
      backend.openai.tokensPerSecond = SLOW;
      backend.openai.failures.push({ cutAfterTokens: 5, path: '/chat/completions' });
      const message = newMessage();
      assert.equal(last(await send(backend, visitor, message)).event, 'error');
      await ownerSays(owner, message);
      const events = await send(backend, visitor, message);
      assert.deepEqual(namesOf(events), ['meta', 'done']);
      assert.deepEqual(last(events).data, { message_id: null, status: 'owner' });
    });

    it('is joined by nobody else', async () => {
      const message = newMessage();
      await send(backend, visitor, message);
      for (const token of [visitor.token, (await newMember(backend)).token]) {
        const answer = await refusal(await ownerSays(token, message));
        assert.partialDeepStrictEqual(answer, { status: 403, code: 'forbidden', reason: 'owner' });
      }
      assert.partialDeepStrictEqual(await refusal(await ownerSays(owner, newMessage())), { reason: 'session' });
      assert.partialDeepStrictEqual(await refusal(await ownerSays(owner, message, 'x'.repeat(8_001))), {
        status: 422,
        reason: 'length',
      });
    });

    it('can be stopped by who runs the site, and goes on for nobody once it is closed', async () => {
      backend.openai.tokensPerSecond = SLOW;
      const message = newMessage();
      const { messageId, rest } = await sendAndListen(backend, visitor, message);
      const started = performance.now();
      const stopped = await post(backend, admin, { action: 'stop', message_id: messageId });
      assert.deepEqual(await stopped.json(), { stopped: true });
      assert.equal(last(await rest()).data.status, 'stopped');
      console.log(`a stop from another client took ${Math.round(performance.now() - started)} ms`);
      await backend.database.query('update public.chat_sessions set closed_at = now() where id = $1', [
        message.session_id,
      ]);
      const next = { ...newMessage(), session_id: message.session_id };
      const answer = await refusal(await post(backend, visitor.token, next));
      assert.partialDeepStrictEqual(answer, { status: 403, code: 'forbidden', reason: 'session_closed' });
    });
  });

  it('that is deleted while a reply is written, is billed for what was written', async () => {
    backend.openai.tokensPerSecond = SLOW;
    const message = newMessage();
    const { rest } = await sendAndListen(backend, visitor, message);
    await backend.database.query('delete from public.chat_sessions where id = $1', [message.session_id]);
    assert.equal(last(await rest()).data.status, 'stopped');
    assert.partialDeepStrictEqual(await records.bills(), [{ requests: 1 }]);
    assert.deepEqual(await backend.database.query('select 1 from private.chat_runs'), []);
  });
});
