import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { RealtimeChannel } from '@supabase/supabase-js';
import type { LocalBackend } from '../../local/backend.ts';
import { endBackend, newMember, startTestBackend, type Person } from '../support/node/backend.ts';
import { addressOf, RawSocket, refusal } from '../support/node/raw-socket.ts';
import { until } from '../support/node/until.ts';

describe('what the local backend leaves out', () => {
  let backend: LocalBackend;
  let member: Person;
  before(async () => {
    backend = await startTestBackend();
    member = await newMember(backend);
    await member.client.realtime.setAuth();
  });
  afterEach(() => member.client.removeAllChannels());
  after(() => endBackend(backend));
  const topic = () => `user:${member.id}`;

  async function joined(channel: RealtimeChannel): Promise<void> {
    const statuses: string[] = [];
    channel.subscribe((status) => void statuses.push(status));
    await until(() => statuses.includes('SUBSCRIBED'));
  }

  /** The error of a join with supabase-js, once it is refused. */
  async function refused(channel: RealtimeChannel): Promise<string> {
    let message = '';
    channel.subscribe((_, error) => (message ||= error?.message ?? ''));
    return until(() => message);
  }

  it('is presence: a join that asks for it is refused', async () => {
    const channel = member.client.channel(topic(), { config: { private: true } });
    channel.on('presence', { event: 'sync' }, () => undefined);
    assert.equal(await refused(channel), 'Unsupported: The local Realtime server has no presence');
  });

  it('is presence: tracking is answered with an error', async () => {
    const channel = member.client.channel(topic(), { config: { private: true } });
    await joined(channel);
    assert.equal(await channel.track({ here: true }), 'error');
  });

  it('is replay: a join that asks for it is refused', async () => {
    const config = { private: true, broadcast: { replay: { since: 0, limit: 5 } } };
    assert.equal(
      await refused(member.client.channel(topic(), { config })),
      'Unsupported: The local Realtime server has no replay',
    );
  });

  for (const [what, query] of [
    ['protocol 1.0.0', '&vsn=1.0.0'],
    ['a protocol of no name', ''],
  ] as const) {
    it(`is ${what}: the handshake is refused, and says what is spoken`, async () => {
      const address = addressOf(backend, backend.keys.publishable).replace('&vsn=2.0.0', query);
      assert.deepEqual(await refusal(address), {
        status: 400,
        text: 'The local Realtime server speaks protocol 2.0.0, not 1.0.0.',
      });
    });
  }

  it('is broadcasting from clients: a text frame is answered with the reason', async () => {
    const socket = await RawSocket.open(backend);
    await socket.join(topic(), member.token);
    const { status, response } = await socket.ask(`realtime:${topic()}`, 'broadcast', { event: 'x', payload: {} });
    assert.equal(status, 'error');
    assert.match(response!.reason!, /^Unauthorized: Browsers cannot broadcast\..* use realtime\.send\(\)$/);
    socket.close();
  });

  it('is broadcasting from clients: supabase-js is told that it failed', async () => {
    const channel = member.client.channel(topic(), { config: { private: true, broadcast: { ack: true } } });
    await joined(channel);
    assert.equal(await channel.send({ type: 'broadcast', event: 'x', payload: {} }), 'error');
  });

  it('is public channels without bindings', async () => {
    assert.equal(
      await refused(member.client.channel('anything')),
      'PrivateOnly: This project only allows private channels',
    );
  });

  describe('is storage', () => {
    for (const path of ['/storage/v1/bucket', '/storage/v1/object/pictures/one.png']) {
      it(`at ${path}: 404, with a sentence`, async () => {
        const answer = await fetch(`${backend.url}${path}`);
        assert.equal(answer.status, 404);
        assert.deepEqual(await answer.json(), { message: `The local backend has nothing at ${path}.` });
      });
    }

    it('to supabase-js', async () => {
      const { error } = await member.client.storage.from('pictures').list();
      assert.equal(error?.message, 'The local backend has nothing at /storage/v1/object/list/pictures.');
    });
  });
});
