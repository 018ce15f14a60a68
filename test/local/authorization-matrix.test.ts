import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { SupabaseClient } from '@supabase/supabase-js';
import type { LocalBackend } from '../../local/backend.ts';
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
import { RawSocket } from '../support/node/raw-socket.ts';
import { until } from '../support/node/until.ts';

type Who = 'the key only' | 'a visitor' | 'a member' | 'another member' | 'an admin';
type Where =
  | 'their own topic'
  | "the member's topic"
  | "the member's chat"
  | "the visitor's chat"
  | 'the admin topic'
  | 'a topic of no kind';

/** Whose join is let in. */
const MAY_LISTEN: Record<Who, readonly Where[]> = {
  'the key only': [],
  'a visitor': ["the visitor's chat"],
  'a member': ['their own topic', "the member's topic", "the member's chat"],
  'another member': ['their own topic'],
  'an admin': ['their own topic', "the member's chat", "the visitor's chat", 'the admin topic'],
};
const WHERE: readonly Where[] = [
  'their own topic',
  "the member's topic",
  "the member's chat",
  "the visitor's chat",
  'the admin topic',
  'a topic of no kind',
];

/** What the module of the usage logs brings, for as long as it is not there. */
const ADMIN_TOPIC = `do $do$ begin
  if to_regprocedure('private.can_receive_admin(text)') is null then
    create function private.can_receive_admin(p_rest text) returns boolean language sql stable set search_path = ''
    as $$ select p_rest = 'usage' and (select private.is_admin()) $$;
  end if;
end $do$`;

describe('who may do what:', () => {
  let backend: LocalBackend;
  let topics: Record<Exclude<Where, 'their own topic'>, string>;
  let ids: Record<Who, string>;
  const topicOf = (who: Who, where: Where) => (where === 'their own topic' ? `user:${ids[who]}` : topics[where]);
  let clients: Record<Who, SupabaseClient>;
  before(async () => {
    backend = await startTestBackend({ demo: true, limits: { messagesPerSecond: Infinity, joinsPerSecond: Infinity } });
    backend.openai.tokensPerSecond = 4_000;
    const [visitor, member, other] = await Promise.all([newVisitor(backend), newMember(backend), newMember(backend)]);
    const admin = newClient(backend);
    const { data } = await admin.auth.signInWithPassword(ADMIN);
    await backend.database.exec(ADMIN_TOPIC);
    const chat = async (person: Person) => {
      const message = newMessage();
      await send(backend, person, message);
      return `chat:${message.session_id}`;
    };
    clients = {
      'the key only': newClient(backend),
      'a visitor': visitor.client,
      'a member': member.client,
      'another member': other.client,
      'an admin': admin,
    };
    ids = {
      'the key only': 'nobody',
      'a visitor': visitor.id,
      'a member': member.id,
      'another member': other.id,
      'an admin': data.user!.id,
    };
    topics = {
      "the member's topic": `user:${member.id}`,
      "the member's chat": await chat(member),
      "the visitor's chat": await chat(visitor),
      'the admin topic': 'admin:usage',
      'a topic of no kind': 'anything',
    };
  });
  after(() => endBackend(backend));

  const tell = (topic: string) => backend.database.query(`select realtime.send('{}', 'last', $1, true)`, [topic]);
  const joined = (listening: Listening) => until(() => listening.statuses.includes('SUBSCRIBED'));

  for (const [who, allowed] of Object.entries(MAY_LISTEN) as [Who, readonly Where[]][]) {
    for (const where of WHERE) {
      if (allowed.includes(where)) {
        it(`${who} hears ${where}`, async () => {
          const listening = await listen(clients[who], topicOf(who, where));
          await joined(listening);
          await tell(topicOf(who, where));
          await until(() => listening.messages.some(({ event }) => event === 'last'));
          await clients[who].removeChannel(listening.channel);
        });
      } else {
        it(`${who} is refused at ${where}`, async () => {
          const listening = await listen(clients[who], topicOf(who, where));
          const error = await until(() => listening.errors[0]);
          assert.equal(
            error,
            `Unauthorized: You do not have permissions to read from this Channel topic: ${topicOf(who, where)}`,
          );
          await clients[who].removeChannel(listening.channel);
        });
      }
    }
  }

  it('the admin of the user metadata is none', async () => {
    const { client } = await newMember(backend);
    await client.auth.updateUser({ data: { role: 'admin' } });
    await client.auth.refreshSession();
    const listening = await listen(client, 'admin:usage');
    assert.match(await until(() => listening.errors[0]), /^Unauthorized/);
  });

  describe('nobody may speak,', () => {
    /** A kind 3 frame: an event from a client with JSON in it. */
    function binaryFrame(topic: string): Buffer {
      const parts = ['1', '9', `realtime:${topic}`, 'forged', '{}'].map((part) => Buffer.from(part));
      return Buffer.concat([Buffer.from([3, ...parts.map(({ length }) => length), 1]), ...parts, Buffer.from('{}')]);
    }
    const tokenOf = async (who: Who) => (await clients[who].auth.getSession()).data.session?.access_token;
    const ways: Record<string, (who: Who, topic: string) => Promise<void>> = {
      'by a text frame': async (who, topic) => {
        const socket = await RawSocket.open(backend);
        await socket.join(topic, (await tokenOf(who)) ?? '');
        await socket.ask(`realtime:${topic}`, 'broadcast', { type: 'broadcast', event: 'forged', payload: {} });
        socket.close();
      },
      'by a binary frame': async (who, topic) => {
        const socket = await RawSocket.open(backend);
        await socket.join(topic, (await tokenOf(who)) ?? '');
        socket.send(binaryFrame(topic));
        assert.equal((await socket.replyTo('9'))[4].status, 'error');
        socket.close();
      },
      'by httpSend': async (who, topic) => {
        await clients[who].realtime.setAuth();
        const channel = clients[who].channel(topic, { config: { private: true } });
        await channel.httpSend('forged', {});
        await clients[who].removeChannel(channel);
      },
      'by REST with the publishable key': async (who, topic) => {
        const token = await tokenOf(who);
        const { status } = await fetch(`${backend.url}/realtime/v1/api/broadcast`, {
          method: 'POST',
          headers: { apikey: backend.keys.publishable, ...(token && { authorization: `Bearer ${token}` }) },
          body: JSON.stringify({ messages: [{ topic, event: 'forged', payload: {}, private: true }] }),
        });
        assert.equal(status, 202);
      },
      'by writing to realtime.messages': async (who, topic) => {
        const { error } = await clients[who]
          .schema('realtime')
          .from('messages')
          .insert({ topic, extension: 'broadcast' });
        assert.ok(error);
      },
    };
    /** Who hears what is forged, if it comes through. */
    const VICTIMS: [who: Who, where: Where][] = [
      ['a member', "the member's topic"],
      ['a visitor', "the visitor's chat"],
      ['an admin', 'the admin topic'],
    ];
    for (const [way, speak] of Object.entries(ways)) {
      for (const who of Object.keys(MAY_LISTEN) as Who[]) {
        it(`${way}: ${who}`, async () => {
          for (const [victim, where] of VICTIMS) {
            const listener = newClient(backend, await tokenGiver(victim));
            const listening = await listen(listener, topicOf(victim, where));
            await joined(listening);
            await speak(who, topicOf(victim, where));
            await tell(topicOf(victim, where));
            await until(() => listening.messages.some(({ event }) => event === 'last'));
            assert.ok(!listening.messages.some(({ event }) => event === 'forged'));
            await listener.removeChannel(listening.channel);
          }
        });
      }
    }
    const tokenGiver = async (who: Who) => {
      const token = (await tokenOf(who))!;
      return () => token;
    };
  });
});
