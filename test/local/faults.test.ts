import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { SupabaseClient } from '@supabase/supabase-js';
import type { LocalBackend } from '../../local/backend.ts';
import { endBackend, newClient, newMember, startTestBackend, type Person } from '../support/node/backend.ts';
import { listen, type Listening } from '../support/node/listening.ts';
import { addressOf, handshake, RawSocket } from '../support/node/raw-socket.ts';
import { until } from '../support/node/until.ts';

describe('a fault', () => {
  let backend: LocalBackend;
  let member: Person;
  let wasTest: string | undefined;
  before(async () => {
    wasTest = process.env.LIVELIT_TEST;
    process.env.LIVELIT_TEST = '1';
    backend = await startTestBackend({ limits: { messagesPerSecond: Infinity } });
    member = await newMember(backend);
  });
  afterEach(async () => {
    backend.faults.clear();
    for (const client of clients.splice(0)) await client.realtime.disconnect();
  });
  after(async () => {
    if (wasTest === undefined) delete process.env.LIVELIT_TEST;
    else process.env.LIVELIT_TEST = wasTest;
    await endBackend(backend);
  });

  const topic = () => `user:${member.id}`;
  const tell = (event: string) => backend.database.query(`select realtime.send('{}', $1, $2, true)`, [event, topic()]);
  const joined = ({ statuses }: Listening, times = 1) =>
    until(() => statuses.filter((status) => status === 'SUBSCRIBED').length >= times, 20_000);
  const heard = ({ messages }: Listening) => messages.map(({ event }) => event);
  const clients: SupabaseClient[] = [];
  /** The member on another page, with a socket of its own. */
  function newPage(realtime = {}): SupabaseClient {
    const client = newClient(backend, () => member.token, realtime);
    clients.push(client);
    return client;
  }
  async function listening(realtime = {}): Promise<Listening> {
    const each = await listen(newPage(realtime), topic());
    await joined(each);
    return each;
  }
  const knock = () => handshake(addressOf(backend, backend.keys.publishable));

  describe('asked for by HTTP', () => {
    const ask = (body: unknown, method = 'POST') =>
      fetch(`${backend.url}/local/faults`, {
        method,
        ...(method === 'POST' && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });

    it('holds until it is taken back', async () => {
      assert.equal((await ask({ restStatus: 503 })).status, 204);
      assert.equal(backend.faults.state.restStatus, 503);
      assert.equal((await ask(undefined, 'DELETE')).status, 204);
      assert.equal(backend.faults.state.restStatus, 0);
    });

    it('leaves the others as they are', async () => {
      await ask({ restStatus: 503 });
      await ask({ restDelayMs: 1 });
      assert.partialDeepStrictEqual(backend.faults.state, { restStatus: 503, restDelayMs: 1 });
    });

    it('is not there unless the backend was started for tests', async () => {
      process.env.LIVELIT_TEST = '0';
      const answers = [await ask({ restStatus: 503 }), await ask(undefined, 'DELETE')];
      process.env.LIVELIT_TEST = '1';
      assert.deepEqual(
        answers.map(({ status }) => status),
        [404, 404],
      );
      assert.equal(backend.faults.state.restStatus, 0);
    });

    const REFUSED: [what: string, body: unknown, message: string][] = [
      ['that is unknown', { restStatus: 503, rainy: true }, 'There is no fault "rainy".'],
      ['that every object has', { toString: true }, 'There is no fault "toString".'],
      ['of the wrong kind', { refuseSockets: 1 }, 'The fault "refuseSockets" is a boolean.'],
      ['without a topic', { closeTopic: true }, 'The fault "closeTopic" is a string.'],
      ['of a negative number', { frameDelayMs: -1 }, 'The fault "frameDelayMs" is a number, 0 or more.'],
      [
        'of a status that is none',
        { restStatus: 9 },
        'The fault "restStatus" is an HTTP status from 400 to 599, or 0.',
      ],
      ['that is no JSON', '{', 'The faults are no JSON object.'],
      ['that is no object', [], 'The faults are no JSON object.'],
      ['that is null', null, 'The faults are no JSON object.'],
    ];
    for (const [what, body, message] of REFUSED) {
      it(`${what} is refused with a sentence, and changes nothing`, async () => {
        const answer = await ask(body);
        assert.deepEqual([answer.status, await answer.json()], [400, { message }]);
        assert.equal(backend.faults.state.restStatus, 0);
      });
    }

    it('by GET is refused', async () => {
      assert.equal((await ask(undefined, 'GET')).status, 405);
    });
  });

  describe('of sockets', () => {
    it('drops them all, and they come back by themselves', async () => {
      const each = await listening();
      backend.faults.set({ dropSockets: true });
      await until(() => each.statuses.includes('CHANNEL_ERROR'));
      await joined(each, 2);
      await tell('after');
      await until(() => heard(each).includes('after'));
    });

    it('refuses them for a while', async () => {
      backend.faults.set({ refuseSockets: true });
      assert.equal(await knock(), 503);
      backend.faults.clear();
      assert.equal(await knock(), 101);
    });

    it('keeps a page away for a while', async () => {
      const each = await listening();
      backend.faults.set({ refuseSockets: true, dropSockets: true });
      await until(() => each.statuses.includes('CHANNEL_ERROR'));
      assert.equal(backend.realtime.size, 0);
      backend.faults.clear();
      await joined(each, 2);
    });

    it('that are half open: those that are open never say a word again', async () => {
      const socket = await RawSocket.open(backend);
      await socket.join(topic(), member.token);
      backend.faults.set({ halfOpen: true });
      backend.faults.clear();
      const frames = socket.frames.length;
      socket.say('phoenix', 'heartbeat');
      const witness = await listening();
      await tell('unheard');
      await until(() => heard(witness).includes('unheard'));
      assert.deepEqual([socket.frames.length, socket.binary.length], [frames, 0]);
      socket.close();
    });

    it('that are half open: new ones are accepted, and never answered', async () => {
      backend.faults.set({ halfOpen: true });
      const silent = await RawSocket.open(backend);
      silent.say('phoenix', 'heartbeat');
      backend.faults.clear();
      const fresh = await RawSocket.open(backend);
      assert.equal(await fresh.alive(), true);
      silent.say('phoenix', 'heartbeat');
      assert.equal(await fresh.alive(), true);
      assert.deepEqual(silent.frames, []);
      silent.close();
      fresh.close();
    });

    it('that are half open: a page notices by its heartbeat', async () => {
      const each = await listening({ heartbeatIntervalMs: 100 });
      backend.faults.set({ halfOpen: true });
      backend.faults.clear();
      await joined(each, 2);
      assert.ok(each.statuses.includes('CHANNEL_ERROR'));
    });

    it('delays frames, and reorders them', async () => {
      const each = await listening();
      backend.faults.set({ frameDelayMs: 100 });
      const names = Array.from({ length: 20 }, (_, index) => `frame-${index}`);
      for (const name of names) await tell(name);
      await until(() => each.messages.length === names.length);
      assert.notDeepEqual(heard(each), names);
      assert.deepEqual(heard(each).toSorted(), names.toSorted());
    });
  });

  describe('of topics', () => {
    it('closes one for everybody, and says so', async () => {
      const each = await listening();
      backend.faults.set({ closeTopic: topic() });
      await until(() => each.statuses.includes('CLOSED'));
      assert.deepEqual(each.complaints, ['Server requested disconnect']);
    });

    it('closes no other', async () => {
      const each = await listening();
      backend.faults.set({ closeTopic: 'elsewhere' });
      await tell('still here');
      await until(() => heard(each).includes('still here'));
      assert.deepEqual(each.statuses, ['SUBSCRIBED']);
    });
  });

  describe('of rates', () => {
    it('lets no join in', async () => {
      backend.faults.set({ rateLimited: true });
      const each = await listen(newPage(), topic());
      const error = await until(() => each.errors[0]);
      assert.equal(error, 'ClientJoinRateLimitReached: Too many joins per second');
    });

    it('closes a channel at its next message', async () => {
      const each = await listening();
      backend.faults.set({ rateLimited: true });
      await tell('too much');
      await until(() => each.statuses.includes('CLOSED'));
      assert.deepEqual([each.complaints, heard(each)], [['Too many messages per second'], []]);
    });
  });

  describe('of REST', () => {
    const ask = () => fetch(`${backend.url}/rest/v1/usage_data`, { headers: { apikey: backend.keys.secret } });

    for (const status of [500, 503, 429]) {
      it(`answers ${status}, and only there`, async () => {
        backend.faults.set({ restStatus: status });
        const answer = await ask();
        assert.equal(answer.status, status);
        assert.equal(answer.headers.get('retry-after'), null);
        assert.partialDeepStrictEqual(await answer.json(), { code: `PT${status}` });
        assert.equal((await fetch(`${backend.url}/local/info`)).status, 200);
      });
    }

    it('says when to come back', async () => {
      backend.faults.set({ restStatus: 503, restRetryAfter: 7 });
      assert.equal((await ask()).headers.get('retry-after'), '7');
    });

    it('reaches supabase-js as an error', async () => {
      backend.faults.set({ restStatus: 503 });
      const { status, error } = await member.client.from('usage_data').select().retry(false);
      assert.deepEqual([status, error?.code], [503, 'PT503']);
    });

    it('answers slowly', async () => {
      backend.faults.set({ restDelayMs: 200 });
      const begun = performance.now();
      assert.equal((await ask()).status, 200);
      assert.ok(performance.now() - begun >= 195);
    });
  });

  it('of functions answers 503', async () => {
    backend.faults.set({ functionsDown: true });
    const { response } = await member.client.functions.invoke('chat', { body: {} });
    assert.equal(response?.status, 503);
  });

  describe('of tokens', () => {
    const expire = () => backend.faults.set({ expireTokens: true });

    it('lets REST answer that they have expired, until they are refreshed', async () => {
      const { client } = await newMember(backend);
      expire();
      const refused = await client.from('usage_data').select();
      assert.deepEqual([refused.status, refused.error?.code], [401, 'PGRST303']);
      await client.auth.refreshSession();
      assert.equal((await client.from('usage_data').select()).status, 200);
    });

    it('lets auth answer that they have expired', async () => {
      const { client } = await newMember(backend);
      expire();
      const { error } = await client.auth.getUser();
      assert.deepEqual([error?.status, error?.code], [403, 'bad_jwt']);
    });

    it('closes their channels, and says why', async () => {
      const person = await newMember(backend);
      const each = await listen(person.client, `user:${person.id}`);
      await joined(each);
      expire();
      await until(() => each.statuses.includes('CLOSED'));
      assert.deepEqual(each.complaints, ['Token has expired']);
    });

    it('lets nobody join with them, until they are refreshed', async () => {
      const person = await newMember(backend);
      expire();
      const late = await listen(person.client, `user:${person.id}`);
      assert.match(await until(() => late.errors[0]), /^InvalidJWTToken: Token has expired \d+ seconds ago$/);
      await person.client.removeChannel(late.channel);
      await person.client.auth.refreshSession();
      await joined(await listen(person.client, `user:${person.id}`));
    });

    it('leaves those alone who have only the key', async () => {
      const socket = await RawSocket.open(backend);
      await backend.database.exec(`create table if not exists public.notes (id int primary key)`);
      await socket.ask('realtime:x', 'phx_join', {
        config: { postgres_changes: [{ event: '*', schema: 'public', table: 'notes' }] },
      });
      expire();
      assert.equal(await socket.alive(), true);
      assert.ok(!socket.frames.some(([, , , event]) => event === 'phx_close'));
      const { data } = await newClient(backend).from('usage_data').select();
      assert.equal(data, null);
      socket.close();
    });

    it('is over for whoever signs in after it', async () => {
      expire();
      const person = await newMember(backend);
      await joined(await listen(person.client, `user:${person.id}`));
    });
  });
});
