import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { LocalBackend } from '../../local/backend.ts';
import { signToken } from '../../local/keys.ts';
import { ADMIN } from '../../local/seed.ts';
import {
  endBackend,
  newClient,
  newMember,
  newVisitor,
  startTestBackend,
  type Person,
} from '../support/node/backend.ts';
import { newMessage, send } from '../support/node/chat-http.ts';
import { listen, type Listening } from '../support/node/listening.ts';
import { until } from '../support/node/until.ts';

describe('Realtime, heard by supabase-js', () => {
  let backend: LocalBackend;
  before(async () => {
    backend = await startTestBackend({ demo: true });
    backend.openai.tokensPerSecond = 4_000;
  });
  after(() => endBackend(backend));

  const tell = (topic: string, event: string, payload: object = {}, isPrivate = true) =>
    backend.database.query('select realtime.send($1, $2, $3, $4)', [payload, event, topic, isPrivate]);
  const eventsOf = ({ messages }: Listening) => messages.map(({ event }) => event);
  const joined = ({ statuses }: Listening) => until(() => statuses.includes('SUBSCRIBED'));
  const refused = async ({ errors }: Listening) => until(() => errors[0]);

  async function listener(): Promise<{ person: Person; topic: string; listening: Listening }> {
    const person = await newMember(backend);
    const topic = `user:${person.id}`;
    const listening = await listen(person.client, topic);
    await joined(listening);
    return { person, topic, listening };
  }

  /** Waits for what was told so far: a last message that is certain to come after it. */
  async function settled(topic: string, listening: Listening): Promise<string[]> {
    await tell(topic, 'last');
    await until(() => eventsOf(listening).includes('last'));
    return eventsOf(listening).slice(0, -1);
  }

  const sign = (id: string, exp: number, secret = backend.keys.jwtSecret) =>
    signToken({ sub: id, role: 'authenticated', exp }, secret);
  /** Ends of tokens: two to three seconds from now, time enough to join; and more than an hour. */
  const soon = () => Math.ceil(Date.now() / 1000) + 2;
  const later = () => soon() + 3_600;

  describe('a broadcast from the database', () => {
    it('arrives with its event, payload and id', async () => {
      const { topic, listening } = await listener();
      await tell(topic, 'greeting', { word: 'grüezi 👋' });
      const message = await until(() => listening.messages[0]);
      assert.partialDeepStrictEqual(message, { event: 'greeting', payload: { word: 'grüezi 👋' } });
      const [row] = await backend.database.query<{ id: string }>(
        `select id from realtime.messages where event = 'greeting'`,
      );
      assert.equal(message.meta?.id, row?.id);
    });

    it('arrives in the order of the database', async () => {
      const { topic, listening } = await listener();
      const names = Array.from({ length: 50 }, (_, index) => `event-${index}`);
      await Promise.all(names.map((name) => tell(topic, name)));
      assert.deepEqual(await settled(topic, listening), names);
    });

    it('arrives as large as a reply of the model may be', async () => {
      const { topic, listening } = await listener();
      await tell(topic, 'long', { text: '漢'.repeat(16_000) });
      const { payload } = await until(() => listening.messages[0]);
      assert.equal((payload.text as string).length, 16_000);
    });

    it('does not arrive when it is not private', async () => {
      const { topic, listening } = await listener();
      await tell(topic, 'public', {}, false);
      assert.deepEqual(await settled(topic, listening), []);
    });

    it('does not arrive when its transaction is undone', async () => {
      const { topic, listening } = await listener();
      await backend.database.exec(`begin; select realtime.send('{}', 'undone', '${topic}'); rollback`);
      assert.deepEqual(await settled(topic, listening), []);
    });

    it("does not arrive on another's topic", async () => {
      const [one, two] = [await listener(), await listener()];
      await tell(two.topic, 'theirs');
      await settled(two.topic, two.listening);
      assert.deepEqual(await settled(one.topic, one.listening), []);
    });

    it('does not arrive after leaving', async () => {
      const { person, topic, listening } = await listener();
      await person.client.removeChannel(listening.channel);
      const again = await listen(person.client, topic);
      await joined(again);
      await settled(topic, again);
      assert.deepEqual(eventsOf(listening), []);
    });

    it('tells a member of their usage', async () => {
      const { person, listening } = await listener();
      await backend.database.query(`select private.add_usage($1, 'gpt-4o', '', 'chat', 1, 0, 1, 0, 0)`, [person.id]);
      const { event, payload } = await until(() => listening.messages[0]);
      assert.partialDeepStrictEqual([event, payload], ['usage_data', { table: 'usage_data', op: 'INSERT', n: 1 }]);
    });

    it('tells a visitor and an admin of their conversation', async () => {
      const visitor = await newVisitor(backend);
      const admin = newClient(backend);
      await admin.auth.signInWithPassword(ADMIN);
      const message = newMessage();
      await send(backend, visitor, message);
      for (const client of [visitor.client, admin]) {
        const listening = await listen(client, `chat:${message.session_id}`);
        await joined(listening);
        await tell(`chat:${message.session_id}`, 'typing');
        await until(() => eventsOf(listening).includes('typing'));
      }
    });
  });

  describe('a join is refused', () => {
    it("to another's topic, in hosted's words", async () => {
      const [member, other] = [await newMember(backend), await newMember(backend)];
      const topic = `user:${other.id}`;
      assert.match(
        await refused(await listen(member.client, topic)),
        new RegExp(`^Unauthorized: You do not have permissions to read from this Channel topic: ${topic}`),
      );
    });

    it('to a visitor on a user topic', async () => {
      const { client, id } = await newVisitor(backend);
      assert.match(await refused(await listen(client, `user:${id}`)), /^Unauthorized/);
    });

    it('to whoever has only the key', async () => {
      const { id } = await newMember(backend);
      assert.match(await refused(await listen(newClient(backend), `user:${id}`)), /^Unauthorized/);
    });

    it('as a public channel', async () => {
      const { client, id } = await newMember(backend);
      const listening = await listen(client, `user:${id}`, {});
      assert.match(await refused(listening), /^PrivateOnly: This project only allows private channels/);
    });

    const TOKENS: Record<string, [make: (id: string) => Promise<string>, reason: RegExp]> = {
      'an expired token': [(id) => sign(id, soon() - 10), /^InvalidJWTToken: Token has expired \d+ seconds ago$/],
      'a forged token': [(id) => sign(id, later(), 'another secret'), /^JwtSignatureError: Failed to validate JWT/],
      'a token that never expires': [
        (id) => signToken({ sub: id, role: 'authenticated' }, backend.keys.jwtSecret),
        /^InvalidJWTToken: Fields `role` and `exp` are required in JWT$/,
      ],
      'a garbage token': [
        () => Promise.resolve('abc.def.ghi'),
        /^MalformedJWT: The token provided is not a valid JWT$/,
      ],
    };
    for (const [what, [make, reason]] of Object.entries(TOKENS)) {
      it(`with ${what}`, async () => {
        const { id } = await newMember(backend);
        const token = await make(id);
        assert.match(
          await refused(
            await listen(
              newClient(backend, () => token),
              `user:${id}`,
            ),
          ),
          reason,
        );
      });
    }
  });

  // Together, because two of them wait for a token to run out.
  describe('a token', { concurrency: true }, () => {
    it('that expires closes its channels, and says why', async () => {
      const { id } = await newMember(backend);
      const exp = soon();
      const token = await sign(id, exp);
      const listening = await listen(
        newClient(backend, () => token),
        `user:${id}`,
      );
      await joined(listening);
      await until(() => listening.statuses.includes('CLOSED'));
      assert.deepEqual(listening.complaints, ['Token has expired']);
      assert.ok(Date.now() >= exp * 1000);
    });

    it('that is renewed in time keeps them open', async () => {
      const { id } = await newMember(backend);
      const exp = soon();
      let token = await sign(id, exp);
      const client = newClient(backend, () => token);
      const listening = await listen(client, `user:${id}`);
      await joined(listening);
      token = await sign(id, later());
      await client.realtime.setAuth();
      await until(() => Date.now() > exp * 1000);
      assert.deepEqual(await settled(`user:${id}`, listening), []);
      assert.deepEqual([listening.statuses, listening.complaints], [['SUBSCRIBED'], []]);
    });

    const PUSHED: Record<string, [make: () => Promise<string>, complaint: RegExp]> = {
      'of somebody else': [async () => (await newMember(backend)).token, /^You do not have permissions to read/],
      'that is forged': [() => sign('x', later(), 'another secret'), /^Failed to validate JWT signature$/],
    };
    for (const [what, [make, complaint]] of Object.entries(PUSHED)) {
      it(`${what} that is pushed closes them, and says why`, async () => {
        const { id } = await newMember(backend);
        let token = await sign(id, later());
        const client = newClient(backend, () => token);
        const listening = await listen(client, `user:${id}`);
        await joined(listening);
        token = await make();
        await client.realtime.setAuth();
        await until(() => listening.statuses.includes('CLOSED'));
        assert.match(listening.complaints[0]!, complaint);
      });
    }

    it('gives way to no key that is pushed', async () => {
      const { id } = await newMember(backend);
      let token = await sign(id, later());
      const client = newClient(backend, () => token);
      const listening = await listen(client, `user:${id}`);
      await joined(listening);
      token = backend.keys.publishable;
      await client.realtime.setAuth();
      assert.deepEqual(await settled(`user:${id}`, listening), []);
      assert.deepEqual(listening.statuses, ['SUBSCRIBED']);
    });

    it('that is pushed is asked again about a conversation', async () => {
      const visitor = await newVisitor(backend);
      const message = newMessage();
      await send(backend, visitor, message);
      let token = visitor.token;
      const client = newClient(backend, () => token);
      const listening = await listen(client, `chat:${message.session_id}`);
      await joined(listening);
      await backend.database.query('delete from public.chat_sessions where id = $1', [message.session_id]);
      token = await sign(visitor.id, later());
      await client.realtime.setAuth();
      await until(() => listening.statuses.includes('CLOSED'));
      assert.match(listening.complaints[0]!, /^You do not have permissions to read/);
    });
  });

  it('answers heartbeats', async () => {
    const { person } = await listener();
    const beats: string[] = [];
    person.client.realtime.onHeartbeat((status) => void beats.push(status));
    await person.client.realtime.sendHeartbeat();
    await until(() => beats.includes('ok'));
  });

  it('is joined again by itself after the sockets drop', async () => {
    const { topic, listening } = await listener();
    const size = backend.realtime.size;
    backend.realtime.dropSockets();
    await until(() => backend.realtime.size < size);
    await until(() => listening.statuses.filter((status) => status === 'SUBSCRIBED').length === 2, 15_000);
    await settled(topic, listening);
  });
});
