import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { LocalBackend } from '../../local/backend.ts';
import {
  endBackend,
  newClient,
  newMember,
  newService,
  startTestBackend,
  type Person,
} from '../support/node/backend.ts';
import { listen, type Listening } from '../support/node/listening.ts';
import { until } from '../support/node/until.ts';

describe('a broadcast by REST', () => {
  let backend: LocalBackend;
  let member: Person;
  let listening: Listening;
  before(async () => {
    backend = await startTestBackend({ limits: { payloadBytes: 1_000, messagesPerSecond: Infinity } });
    member = await newMember(backend);
    listening = await listen(member.client, `user:${member.id}`);
    await until(() => listening.statuses.includes('SUBSCRIBED'));
  });
  afterEach(() => {
    backend.faults.clear();
    listening.messages.length = 0;
  });
  after(() => endBackend(backend));

  const topic = () => `user:${member.id}`;
  const post = (body: unknown, key = backend.keys.secret, path = '') =>
    fetch(`${backend.url}/realtime/v1/api/broadcast${path}`, {
      method: 'POST',
      headers: { ...(key && { apikey: key }), 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const message = (more: object = {}) => ({ topic: topic(), event: 'said', payload: { a: 1 }, private: true, ...more });
  /** What was heard until now. */
  async function heard(): Promise<string[]> {
    await backend.database.query(`select realtime.send('{}', 'last', $1, true)`, [topic()]);
    await until(() => listening.messages.some(({ event }) => event === 'last'));
    return listening.messages.map(({ event }) => event).slice(0, -1);
  }

  it('with the secret key arrives', async () => {
    assert.equal((await post({ messages: [message()] })).status, 202);
    const said = await until(() => listening.messages[0]);
    assert.partialDeepStrictEqual(said, { event: 'said', payload: { a: 1 } });
  });

  it('of several messages arrives in their order', async () => {
    const events = ['one', 'two', 'three'];
    await post({ messages: events.map((event) => message({ event })) });
    assert.deepEqual(await heard(), events);
  });

  it('by the channel of a server arrives', async () => {
    const channel = newService(backend).channel(topic(), { config: { private: true } });
    assert.deepEqual(await channel.httpSend('said', { word: 'grüezi' }), { success: true });
    assert.deepEqual((await until(() => listening.messages[0])).payload, { word: 'grüezi' });
  });

  it('by a channel that has not joined arrives', async () => {
    const channel = newService(backend).channel(topic(), { config: { private: true } });
    assert.equal(await channel.send({ type: 'broadcast', event: 'said', payload: {} }), 'ok');
    assert.deepEqual(await heard(), ['said']);
  });

  it('to a topic and an event with any signs arrives', async () => {
    const path = `/${encodeURIComponent(topic())}/events/${encodeURIComponent('a/b ü')}?private=true`;
    assert.equal((await post({}, backend.keys.secret, path)).status, 202);
    assert.deepEqual(await heard(), ['a/b ü']);
  });

  it('that is not private is answered 202, and dropped', async () => {
    assert.equal((await post({ messages: [message({ private: false })] })).status, 202);
    assert.deepEqual(await heard(), []);
  });

  it('with the publishable key is answered 202, and dropped', async () => {
    assert.equal((await post({ messages: [message()] }, backend.keys.publishable)).status, 202);
    assert.deepEqual(await heard(), []);
  });

  it('by the channel of a page is answered as sent, and dropped', async () => {
    for (const client of [newClient(backend), member.client]) {
      const channel = client.channel('elsewhere', { config: { private: true } });
      assert.deepEqual(await channel.httpSend('said', {}), { success: true });
    }
    assert.deepEqual(await heard(), []);
  });

  const REFUSED: [what: string, status: number, answer: () => Promise<Response>, message: RegExp][] = [
    ['without a key', 401, () => post({ messages: [message()] }, ''), /^Unauthorized$/],
    ['with a made-up key', 401, () => post({ messages: [message()] }, 'sb_secret_x'), /^Unauthorized$/],
    ['without messages', 422, () => post({ messages: [] }), /messages/],
    ['that is no JSON', 422, () => post('{'), /JSON/],
    ['whose messages are none', 422, () => post({ messages: [null] }), /messages/],
    ['without a topic', 422, () => post({ messages: [message({ topic: '' })] }), /topic can't be blank/],
    ['without an event', 422, () => post({ messages: [message({ event: undefined })] }), /event can't be blank/],
    [
      'that is too large',
      422,
      () => post({ messages: [message(), message({ payload: 'x'.repeat(1_001) })] }),
      /^Payload size exceeds tenant limit$/,
    ],
    ['of bytes', 422, () => post('\u0001', backend.keys.secret, '/user:x/events/y?private=true'), /JSON/],
    ['that is to be kept', 422, () => post({}, backend.keys.secret, '/t/events/e?persist=true'), /unsupported/],
    ['by GET', 405, () => fetch(`${backend.url}/realtime/v1/api/broadcast`), /POST/],
  ];
  for (const [what, status, answer, reason] of REFUSED) {
    it(`${what} is answered ${status}, and says why`, async () => {
      const response = await answer();
      assert.equal(response.status, status);
      assert.match(((await response.json()) as { message: string }).message, reason);
      assert.deepEqual(await heard(), []);
    });
  }

  it('is answered 429 while there are too many', async () => {
    backend.faults.set({ rateLimited: true });
    assert.equal((await post({ messages: [message()] })).status, 429);
    backend.faults.clear();
    assert.deepEqual(await heard(), []);
  });
});
