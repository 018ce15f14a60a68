import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { SupabaseClient } from '@supabase/supabase-js';
import type { LocalBackend } from '../../local/backend.ts';
import { FREE_PLAN } from '../../local/realtime/limits.ts';
import { endBackend, newClient, newMember, startTestBackend, type Person } from '../support/node/backend.ts';
import { listen } from '../support/node/listening.ts';
import { RawSocket } from '../support/node/raw-socket.ts';
import { until } from '../support/node/until.ts';

const CHANGES = { config: { postgres_changes: [{ event: '*', schema: 'public', table: 'notes' }] } };

describe("Realtime's limits", () => {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).toReversed()) await end();
  });

  async function start(limits: object): Promise<LocalBackend> {
    const backend = await startTestBackend({ limits });
    ends.push(() => endBackend(backend));
    return backend;
  }
  async function open(backend: LocalBackend): Promise<RawSocket> {
    const socket = await RawSocket.open(backend);
    ends.push(() => socket.close());
    return socket;
  }
  const join = async (socket: RawSocket, topic: string): Promise<string> => {
    const { status, response } = await socket.ask(`realtime:${topic}`, 'phx_join', CHANGES);
    return response?.reason ?? String(status);
  };
  const tell = (backend: LocalBackend, topic: string, payload: object = {}) =>
    backend.database.query(`select realtime.send($1, 'told', $2, true)`, [payload, topic]);
  const listening = async ({ client, id }: { client: SupabaseClient; id: string }) => {
    const each = await listen(client, `user:${id}`);
    await until(() => each.statuses.includes('SUBSCRIBED'));
    return each;
  };

  it("are those of hosted's Free plan, unless they are set", async () => {
    const backend = await start({ joinsPerSecond: 7 });
    assert.deepEqual(backend.limits, { ...FREE_PLAN, joinsPerSecond: 7 });
  });

  describe('of sockets', () => {
    it('refuse the joins of one more', async () => {
      const backend = await start({ connections: 2 });
      const [one, two, three] = [await open(backend), await open(backend), await open(backend)];
      assert.deepEqual([await join(one, 'a'), await join(two, 'a')], ['ok', 'ok']);
      assert.equal(await join(three, 'a'), 'ConnectionRateLimitReached: Too many connected users');
    });

    it('let those who are in join more', async () => {
      const backend = await start({ connections: 1 });
      const [one, two] = [await open(backend), await open(backend)];
      assert.equal(await join(one, 'a'), 'ok');
      assert.match(await join(two, 'a'), /^ConnectionRateLimitReached/);
      assert.equal(await join(one, 'b'), 'ok');
    });

    it('make room when one is closed', async () => {
      const backend = await start({ connections: 1 });
      const one = await open(backend);
      assert.equal(await join(one, 'a'), 'ok');
      one.close();
      await until(() => backend.realtime.size === 0);
      assert.equal(await join(await open(backend), 'a'), 'ok');
    });
  });

  describe('of joins', () => {
    it('refuse one too many in a second, and end its connection', async () => {
      const backend = await start({ joinsPerSecond: 1 });
      const [socket, bystander] = [await open(backend), await open(backend)];
      const refs = Array.from({ length: 3 }, (_, index) => socket.say(`realtime:${index}`, 'phx_join', CHANGES));
      await socket.closed();
      const answers = socket.frames.filter(([, ref]) => refs.includes(ref!)).map(([, , , , { response }]) => response);
      assert.ok(answers.some((answer) => answer?.reason === 'ClientJoinRateLimitReached: Too many joins per second'));
      assert.equal(await bystander.alive(), true);
    });

    it('count anew in the next second', async () => {
      const backend = await start({ joinsPerSecond: 1 });
      await until(async () => (await join(await open(backend), 'a')).startsWith('ClientJoin'));
      await until(async () => (await join(await open(backend), 'a')) === 'ok');
    });

    it('refuse the channels of a socket from the 101st on, each with a reason, and nobody else notices', async () => {
      const backend = await start({ joinsPerSecond: Infinity });
      const [socket, bystander] = [await open(backend), await open(backend)];
      const refs = Array.from({ length: 200 }, (_, index) => socket.say(`realtime:${index}`, 'phx_join', CHANGES));
      const replies = await Promise.all(refs.map((ref) => socket.replyTo(ref)));
      assert.deepEqual(
        replies.map(([, , , , { status, response }]) => response?.reason ?? status),
        refs.map((_, index) => (index < 100 ? 'ok' : 'ChannelRateLimitReached: Too many channels')),
      );
      assert.equal(await join(bystander, 'a'), 'ok');
      assert.equal(await socket.alive(), true);
    });

    it('make room when a channel is left', async () => {
      const backend = await start({ channelsPerConnection: 1 });
      const socket = await open(backend);
      assert.equal(await join(socket, 'a'), 'ok');
      assert.match(await join(socket, 'b'), /^ChannelRateLimitReached/);
      await socket.ask('realtime:a', 'phx_leave');
      assert.equal(await join(socket, 'b'), 'ok');
    });
  });

  describe('of messages', () => {
    let backend: LocalBackend;
    let member: Person;
    before(async () => {
      backend = await startTestBackend({ limits: { messagesPerSecond: 3 } });
      await backend.database.exec(`create table public.notes (id int primary key);
        grant select on public.notes to authenticated; alter publication supabase_realtime add table public.notes`);
      member = await newMember(backend);
    });
    afterEach(() => member.client.removeAllChannels());
    after(() => endBackend(backend));

    it('close a channel that is broadcast too many in a second, and say why', async () => {
      const each = await listening(member);
      await Promise.all(Array.from({ length: 9 }, () => tell(backend, `user:${member.id}`)));
      await until(() => each.statuses.includes('CLOSED'));
      assert.deepEqual(each.complaints, ['Too many messages per second']);
    });

    it('close a channel that is told of too many rows in a second', async () => {
      const socket = await open(backend);
      assert.equal(await join(socket, 'a'), 'ok');
      await until(() => socket.frames.some(([, , , event]) => event === 'system'));
      await backend.database.exec('insert into public.notes select generate_series(1, 20)');
      await until(() => socket.frames.some(([, , , event]) => event === 'phx_close'));
      const told = socket.frames.filter(([, , , event]) => event === 'postgres_changes').length;
      // Three of this second, and as many of the next if it began meanwhile.
      assert.ok(told <= 6, String(told));
      assert.equal(await socket.alive(), true);
    });
  });

  it('drop a broadcast that is too large, and nothing else', async () => {
    const backend = await start({ payloadBytes: 200 });
    const member = await newMember(backend);
    const each = await listening(member);
    await tell(backend, `user:${member.id}`, { text: 'x'.repeat(300) });
    await tell(backend, `user:${member.id}`, { text: 'short' });
    await until(() => each.messages.length > 0);
    assert.equal(each.messages[0]!.payload.text, 'short');
    assert.deepEqual(each.statuses, ['SUBSCRIBED']);
  });

  it('make a refused join wait, so that nobody hammers', async () => {
    const backend = await startTestBackend({ joinErrorDelayMs: 300 });
    ends.push(() => endBackend(backend));
    const begun = performance.now();
    const each = await listen(newClient(backend), 'user:nobody');
    await until(() => each.errors.length > 0);
    assert.ok(performance.now() - begun >= 290);
  });
});
