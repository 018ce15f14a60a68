import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, afterEach, before, describe, it } from 'node:test';
import type { LocalBackend } from '../../local/backend.ts';
import { signToken } from '../../local/keys.ts';
import { endBackend, newMember, startTestBackend, type Person } from '../support/node/backend.ts';
import { addressOf, handshake, RawSocket } from '../support/node/raw-socket.ts';
import { until } from '../support/node/until.ts';

describe('a Realtime socket', () => {
  let backend: LocalBackend;
  let member: Person;
  const sockets: RawSocket[] = [];
  before(async () => {
    backend = await startTestBackend();
    member = await newMember(backend);
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.close();
  });
  after(() => endBackend(backend));

  async function open(): Promise<RawSocket> {
    const socket = await RawSocket.open(backend);
    sockets.push(socket);
    return socket;
  }
  const tell = (topic: string, event: string) =>
    backend.database.query(`select realtime.send('{}', $1, $2, true)`, [event, topic]);
  const own = () => `user:${member.id}`;

  describe('at its handshake', () => {
    const KEYS: [what: string, key: () => string, status: number][] = [
      ['the publishable key', () => backend.keys.publishable, 101],
      ['the secret key', () => backend.keys.secret, 101],
      ["a user's token", () => member.token, 101],
      ['no key', () => '', 401],
      ['a made-up key', () => 'sb_publishable_made_up', 401],
      ['a garbage token', () => 'abc.def.ghi', 401],
    ];
    for (const [what, key, status] of KEYS) {
      it(`is answered ${status} with ${what}`, async () => {
        assert.equal(await handshake(addressOf(backend, key())), status);
      });
    }

    it('is answered 401 with a token that has expired', async () => {
      const token = await signToken({ sub: member.id, role: 'authenticated', exp: 1 }, backend.keys.jwtSecret);
      assert.equal(await handshake(addressOf(backend, token)), 401);
    });

    it('lets a token stand for those who bring none to their join', async () => {
      const socket = await RawSocket.open(backend, member.token);
      sockets.push(socket);
      const { status } = await socket.ask(`realtime:${own()}`, 'phx_join', { config: { private: true } });
      assert.equal(status, 'ok');
    });

    it('is answered 101 with the key in a header', async () => {
      const address = addressOf(backend, '').replace('apikey=&', '');
      assert.equal(await handshake(address, { 'x-api-key': backend.keys.publishable }), 101);
      assert.equal(await handshake(address), 401);
    });

    it('is cut at every other path', async () => {
      const address = addressOf(backend, backend.keys.publishable).replace('/realtime/', '/elsewhere/');
      assert.equal(await handshake(address), 0);
    });

    for (const key of ['no-key', 'eyJhbGciOiJIUzI1NiJ9.e30.x']) {
      it(`may break off in the middle (${key})`, async () => {
        const { port } = new URL(backend.url);
        for (let time = 0; time < 10; time += 1) {
          const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined);
          socket.write(
            `GET /realtime/v1/websocket?apikey=${key} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n` +
              'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
            () => socket.resetAndDestroy(),
          );
          await until(() => socket.destroyed);
        }
        assert.equal(await (await open()).alive(), true);
      });
    }
  });

  describe('that says nonsense is told so, and lives', () => {
    const FRAMES: Record<string, [text: string, reason: RegExp]> = {
      'no JSON': ['hello', /not JSON/],
      'an object': ['{"topic":"phoenix"}', /five parts/],
      'four parts': ['["1","1","phoenix","heartbeat"]', /five parts/],
      'six parts': ['["1","1","phoenix","heartbeat",{},{}]', /five parts/],
      'a topic that is a number': ['["1","1",7,"heartbeat",{}]', /strings/],
      'an event that is missing': ['["1","1","phoenix",null,{}]', /strings/],
      'a payload that is missing': ['["1","1","phoenix","heartbeat",null]', /payload is an object/],
      'a payload that is a text': ['["1","1","phoenix","heartbeat","x"]', /payload is an object/],
    };
    for (const [what, [text, reason]] of Object.entries(FRAMES)) {
      it(what, async () => {
        const socket = await open();
        socket.send(text);
        const [, , topic, event, payload] = await until(() => socket.frames[0]);
        assert.deepEqual([topic, event], ['phoenix', 'phx_error']);
        assert.match(payload.reason!, reason);
        assert.equal(await socket.alive(), true);
      });
    }

    for (const event of ['access_token', 'broadcast', 'presence', 'sing']) {
      it(`${event} on a topic that it has not joined`, async () => {
        const socket = await open();
        const reply = await socket.ask('realtime:x', event, { access_token: member.token });
        assert.deepEqual(reply, { status: 'error', response: { reason: 'unmatched topic' } });
        assert.equal(await socket.alive(), true);
      });
    }

    it('an unknown event', async () => {
      const socket = await open();
      await socket.join(own(), member.token);
      const { status, response } = await socket.ask(`realtime:${own()}`, 'sing');
      assert.equal(status, 'error');
      assert.match(response!.reason!, /no event "sing"/);
      assert.equal(await socket.alive(), true);
    });

    it('a binary frame, without an answer', async () => {
      const socket = await open();
      socket.send(Buffer.from([3, 0, 1, 2, 3]));
      assert.equal(await socket.alive(), true);
      assert.equal(socket.frames.length, 1);
    });
  });

  describe('that joins', () => {
    it('is let in once, whatever the number of its frames', async () => {
      const socket = await open();
      assert.deepEqual(await socket.join(own(), member.token), { status: 'ok', response: { postgres_changes: [] } });
      assert.equal((await socket.join(own(), member.token)).status, 'ok');
      await tell(own(), 'ping');
      await until(() => socket.binary.length > 0);
      await socket.alive();
      assert.equal(socket.binary.length, 1);
    });

    it('hears nothing of a topic that it has not joined', async () => {
      const socket = await open();
      await socket.join(own(), member.token);
      await tell(`${own()}0`, 'theirs');
      await tell(own(), 'mine');
      const frame = await until(() => socket.binary[0]);
      await socket.alive();
      assert.equal(socket.binary.length, 1);
      assert.match(frame.toString(), /mine/);
    });

    const ODD: [what: string, topic: () => string, payload: () => unknown, reason: RegExp][] = [
      ['without a prefix', own, () => ({ config: { private: true } }), /^UnmatchedTopic/],
      ['without a configuration', () => `realtime:${own()}`, () => ({}), /^PrivateOnly/],
      ['without a token', () => `realtime:${own()}`, () => ({ config: { private: true } }), /^Unauthorized/],
      [
        'with a topic that Postgres cannot store',
        () => 'realtime:user:\0',
        () => ({ access_token: member.token, config: { private: true } }),
        /^\w+: /,
      ],
      [
        'with a topic of a megabyte',
        () => `realtime:${'x'.repeat(2 ** 20)}`,
        () => ({ access_token: member.token, config: { private: true } }),
        /^\w+: /,
      ],
    ];
    for (const [what, topic, payload, reason] of ODD) {
      it(`${what} is refused with a reason, and lives`, async () => {
        const socket = await open();
        const reply = await socket.ask(topic(), 'phx_join', payload());
        assert.equal(reply.status, 'error');
        assert.match(reply.response!.reason!, reason);
        assert.equal(await socket.alive(), true);
      });
    }

    it('with a token whose user is no UUID is refused with a reason, and lives', async () => {
      const token = await signToken({ sub: 'nobody', role: 'authenticated', exp: 4e9 }, backend.keys.jwtSecret);
      const socket = await open();
      assert.equal((await socket.join(own(), token)).status, 'error');
      assert.equal(await socket.alive(), true);
    });
  });

  describe('that leaves', () => {
    it('is told so, and hears no more', async () => {
      const socket = await open();
      await socket.join(own(), member.token);
      assert.equal((await socket.ask(`realtime:${own()}`, 'phx_leave')).status, 'ok');
      assert.equal(socket.frames.at(-1)?.[3], 'phx_close');
      await tell(own(), 'ping');
      await socket.alive();
      assert.equal(socket.binary.length, 0);
    });

    it('in the same breath as it joins, hears no more either', async () => {
      const socket = await open();
      const payload = { access_token: member.token, config: { private: true } };
      const join = socket.say(`realtime:${own()}`, 'phx_join', payload);
      const leave = socket.say(`realtime:${own()}`, 'phx_leave');
      await Promise.all([socket.replyTo(join), socket.replyTo(leave)]);
      const witness = await open();
      await witness.join(own(), member.token);
      await tell(own(), 'ping');
      await until(() => witness.binary.length > 0);
      await socket.alive();
      assert.equal(socket.binary.length, 0);
    });
  });

  it('is not disturbed by a broadcast whose event is too long for a frame', async () => {
    const socket = await open();
    await socket.join(own(), member.token);
    await tell(own(), 'x'.repeat(300));
    await tell(own(), 'ping');
    await until(() => socket.binary.length > 0);
    assert.equal(await socket.alive(), true);
  });

  it('that sends more than 5 MiB is closed, and no other is', async () => {
    const [large, small] = [await open(), await open()];
    large.send('x'.repeat(5 * 2 ** 20 + 1));
    await large.closed();
    assert.equal(await small.alive(), true);
  });

  it('that is closed is counted no more', async () => {
    await until(() => backend.realtime.size === 0);
    const socket = await open();
    assert.equal(backend.realtime.size, 1);
    socket.close();
    await until(() => backend.realtime.size === 0);
  });
});
