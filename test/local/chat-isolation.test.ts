import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { LocalBackend } from '../../local/backend.ts';
import { signToken } from '../../local/keys.ts';
import {
  endBackend,
  newClient,
  newMember,
  newVisitor,
  startTestBackend,
  type Person,
} from '../support/node/backend.ts';
import { last, newMessage, post, send, sendAndListen, type ChatMessage } from '../support/node/chat-http.ts';
import { RawSocket } from '../support/node/raw-socket.ts';
import { MARKERS, settled, watchLive } from '../support/node/watching.ts';

/** Stands in everything that the victim wrote and was told; no answer to anybody else may have it. */
const SECRET = 'vault-4711';

/** How somebody tries to get at the victim's conversation. `empty`: the answer is polite, and has nothing of it. */
type Way = readonly [outcome: 'refused' | 'empty', attempt: (token: string | undefined) => Promise<Response>];

describe("another visitor's conversation", () => {
  let backend: LocalBackend;
  let victim: Person;
  let message: ChatMessage;
  /** Of the victim's question and its reply. */
  let asked: string;
  let reply: string;
  /** A conversation of each attacker's own. */
  const own = new Map<string | undefined, ChatMessage>();
  const tokens: Record<string, string | undefined> = {};

  before(async () => {
    backend = await startTestBackend({ demo: true, limits: { joinsPerSecond: Infinity } });
    backend.openai.tokensPerSecond = 4_000;
    victim = await newVisitor(backend);
    message = newMessage(`The code is ${SECRET}.`);
    const events = await send(backend, victim, message);
    asked = events[0]!.data.user_message_id as string;
    reply = last(events).data.message_id as string;

    const strangers = {
      'another visitor': await newVisitor(backend),
      'a member': await newMember(backend),
      'who calls themselves an admin': await newMember(backend),
    };
    await backend.database.exec(`${MARKERS} alter publication supabase_realtime add table public.chat_messages,
                                                                              public.chat_sessions`);
    await strangers['who calls themselves an admin'].client.auth.updateUser({
      data: { role: 'admin', livelit: 'admin' },
    });
    for (const [who, person] of Object.entries(strangers)) {
      const { data } = await person.client.auth.refreshSession();
      tokens[who] = data.session!.access_token;
      const mine = newMessage('Mine.');
      await send(backend, { token: data.session!.access_token }, mine);
      own.set(tokens[who], mine);
    }
    const claims = { sub: victim.id, role: 'authenticated', is_anonymous: true };
    const now = Math.floor(Date.now() / 1000);
    const unsigned = [
      { alg: 'none', typ: 'JWT' },
      { ...claims, exp: now + 3_600 },
    ]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    Object.assign(tokens, {
      'who has only the key': undefined,
      'an expired token of the victim': await signToken({ ...claims, exp: now - 60 }, backend.keys.jwtSecret),
      'a token of the victim by another project': await signToken({ ...claims, exp: now + 3_600 }, 'another secret'),
      'a token of the victim that nobody signed': `${unsigned}.`,
    });
  });
  after(() => endBackend(backend));
  beforeEach(() => backend.database.exec('delete from private.rate_buckets'));

  /** All there is of it, and who can be told of it. */
  const everything = () =>
    backend.database.query(
      `select to_jsonb(s) as session, (select jsonb_agg(to_jsonb(m) order by m.seq) from public.chat_messages as m
                                       where m.session_id = s.id or m.user_id = s.user_id) as messages
       from public.chat_sessions as s where s.id = $1 or s.user_id = $2`,
      [message.session_id, victim.id],
    );

  const rest = (path: string, init: RequestInit & { profile?: string } = {}) => {
    const { profile = 'public', ...request } = init;
    return (token: string | undefined) =>
      fetch(`${backend.url}/rest/v1/${path}`, {
        ...request,
        headers: {
          apikey: backend.keys.publishable,
          'content-type': 'application/json',
          'accept-profile': profile,
          'content-profile': profile,
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(request.headers as Record<string, string>),
        },
      });
  };
  const rpc = (name: string, parameters: object, profile?: string) =>
    rest(`rpc/${name}`, { method: 'POST', body: JSON.stringify(parameters), ...(profile && { profile }) });
  const call = (body: (mine: ChatMessage) => object) => (token: string | undefined) =>
    post(backend, token, body(own.get(token) ?? newMessage()));
  const written = (method: string, body?: object, headers: object = {}) => ({
    method,
    headers: { prefer: 'return=representation', ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });

  const WAYS: Record<string, () => Way> = {
    // Reading by REST
    'all messages': () => ['empty', rest('chat_messages?select=*&limit=1000')],
    'its messages': () => ['empty', rest(`chat_messages?session_id=eq.${message.session_id}`)],
    'a message by its id': () => ['empty', rest(`chat_messages?id=eq.${reply}&select=content`)],
    "the victim's messages": () => ['empty', rest(`chat_messages?user_id=eq.${victim.id}`)],
    'a filter with an or': () => ['empty', rest(`chat_messages?or=(id.eq.${reply},seq.gte.0)`)],
    'a search for its words': () => ['empty', rest(`chat_messages?content=ilike.*${SECRET}*`)],
    'the conversation itself': () => ['empty', rest(`chat_sessions?id=eq.${message.session_id}`)],
    'messages embedded in conversations': () => ['empty', rest('chat_sessions?select=*,chat_messages(*)')],
    'replies embedded in messages': () => ['empty', rest('chat_messages?select=*,reply_to(*)')],
    'the number of its messages': () => [
      'empty',
      async (token) => {
        const answer = await rest(`chat_messages?session_id=eq.${message.session_id}&limit=1`, {
          headers: { prefer: 'count=exact' },
        })(token);
        assert.doesNotMatch(answer.headers.get('content-range') ?? '', /\/[1-9]/);
        return answer;
      },
    ],
    'the workers': () => ['refused', rest('chat_runs', { profile: 'private' })],
    'the answers that are kept': () => ['refused', rest('chat_answers', { profile: 'private' })],
    'what was sent on topics': () => ['refused', rest('messages?select=payload', { profile: 'realtime' })],
    // Writing by REST
    'an answer put into its mouth': () => [
      'refused',
      rest(
        'chat_messages',
        written('POST', {
          session_id: message.session_id,
          user_id: victim.id,
          role: 'assistant',
          author: 'owner',
          content: 'Forged.',
        }),
      ),
    ],
    'another text for a message': () => [
      'refused',
      rest(`chat_messages?id=eq.${reply}`, written('PATCH', { content: 'Forged.' })),
    ],
    'another owner for it': () => [
      'refused',
      rest(`chat_sessions?id=eq.${message.session_id}`, written('PATCH', { user_id: randomUUID() })),
    ],
    'an upsert over it': () => [
      'refused',
      rest(
        'chat_sessions',
        written('POST', { id: message.session_id, user_id: randomUUID() }, { prefer: 'resolution=merge-duplicates' }),
      ),
    ],
    'its messages deleted': () => [
      'refused',
      rest(`chat_messages?session_id=eq.${message.session_id}`, written('DELETE')),
    ],
    'it deleted': () => ['refused', rest(`chat_sessions?id=eq.${message.session_id}`, written('DELETE'))],
    // What only the Edge Function may call
    'chat_admit in the name of the victim': () => [
      'refused',
      rpc('chat_admit', {
        p_action: 'send',
        p_user_id: victim.id,
        p_session_id: message.session_id,
        p_client_id: randomUUID(),
        p_message_id: null,
        p_content: 'Forged.',
        p_address_hash: null,
        p_call: {},
      }),
    ],
    'chat_progress of its reply': () => [
      'refused',
      rpc('chat_progress', { p_message_id: reply, p_run_id: randomUUID(), p_delta: 'Forged.', p_at: 0 }),
    ],
    'chat_finish of its reply': () => [
      'refused',
      rpc('chat_finish', {
        p_message_id: reply,
        p_run_id: randomUUID(),
        p_status: 'complete',
        p_content: 'Forged.',
        p_model: 'x',
        p_input_tokens: 0,
        p_cached_tokens: 0,
        p_output_tokens: 0,
        p_cost_micro_usd: 0,
        p_co2_grams: 0,
      }),
    ],
    'chat_stop in the name of the victim': () => [
      'refused',
      rpc('chat_stop', { p_user_id: victim.id, p_message_id: reply }),
    ],
    'chat_owner_reply in the name of the victim': () => [
      'refused',
      rpc('chat_owner_reply', {
        p_user_id: victim.id,
        p_session_id: message.session_id,
        p_client_id: randomUUID(),
        p_content: 'Forged.',
      }),
    ],
    'a function of the schema private': () => [
      'refused',
      rpc('chat_session_delete', { p_session_id: message.session_id }, 'private'),
    ],
    // What pages call
    'the list of all conversations': () => ['refused', rpc('chat_session_list', { p_scope: 'all' })],
    'the list of their own': () => ['empty', rpc('chat_session_list', { p_scope: 'own', p_limit: 100 })],
    chat_session_delete: () => ['refused', rpc('chat_session_delete', { p_session_id: message.session_id })],
    chat_session_name: () => [
      'refused',
      rpc('chat_session_name', { p_session_id: message.session_id, p_name: 'Forged' }),
    ],
    chat_session_close: () => ['refused', rpc('chat_session_close', { p_session_id: message.session_id })],
    chat_session_read: () => ['refused', rpc('chat_session_read', { p_session_id: message.session_id })],
    chat_owner_here: () => ['refused', rpc('chat_owner_here', { p_session_id: message.session_id })],
    chat_typing: () => ['refused', rpc('chat_typing', { p_session_id: message.session_id })],
    chat_feedback: () => ['refused', rpc('chat_feedback', { p_message_id: reply, p_feedback: 'down' })],
    'what the site knows': () => ['empty', rest('chat_knowledge')],
    'the list of what the site knows': () => ['refused', rpc('chat_knowledge_list', {})],
    'the settings': () => ['refused', rpc('chat_settings', {})],
    // The Edge Function
    'a message into it': () => ['refused', call(() => ({ ...newMessage(), session_id: message.session_id }))],
    'the very request replayed': () => ['refused', call(() => message)],
    "the victim's client id in a conversation of one's own": () => [
      'empty',
      call(({ session_id }) => ({ ...message, session_id, content: 'Mine.' })),
    ],
    'its reply regenerated': () => [
      'refused',
      call(() => ({
        action: 'regenerate',
        session_id: message.session_id,
        client_id: randomUUID(),
        message_id: reply,
      })),
    ],
    "its reply regenerated in a conversation of one's own": () => [
      'refused',
      call(({ session_id }) => ({ action: 'regenerate', session_id, client_id: randomUUID(), message_id: reply })),
    ],
    'its question edited': () => [
      'refused',
      call(() => ({
        action: 'edit',
        session_id: message.session_id,
        client_id: randomUUID(),
        message_id: asked,
        content: 'Forged.',
      })),
    ],
    "its question edited in a conversation of one's own": () => [
      'refused',
      call(({ session_id }) => ({
        action: 'edit',
        session_id,
        client_id: randomUUID(),
        message_id: asked,
        content: 'Forged.',
      })),
    ],
    "the owner's words": () => [
      'refused',
      call(() => ({
        action: 'owner_reply',
        session_id: message.session_id,
        client_id: randomUUID(),
        content: 'Forged.',
      })),
    ],
  };

  it('can be tried in more than thirty ways', () => {
    assert.ok(Object.keys(WAYS).length > 30, `${Object.keys(WAYS).length}`);
  });

  for (const who of [
    'another visitor',
    'a member',
    'who calls themselves an admin',
    'who has only the key',
    'an expired token of the victim',
    'a token of the victim by another project',
    'a token of the victim that nobody signed',
  ]) {
    describe(`is closed to ${who}:`, () => {
      for (const [way, make] of Object.entries(WAYS)) {
        it(way, async () => {
          const before = await everything();
          const [outcome, attempt] = make();
          const answer = await attempt(tokens[who]);
          const text = await answer.text();
          assert.doesNotMatch(text, new RegExp(SECRET));
          assert.ok(!text.includes(victim.id) || /violates|schema cache/.test(text), text);
          // Without a token that holds there is nothing to be polite about.
          const refused = outcome === 'refused' || !own.has(tokens[who]);
          assert.equal(answer.status >= 400 && answer.status < 500, refused, `${answer.status} ${text}`);
          assert.deepEqual(await everything(), before);
        });
      }

      const TOPICS: Record<string, () => string> = {
        'its topic': () => `chat:${message.session_id}`,
        'its topic in capitals': () => `chat:${message.session_id.toUpperCase()}`,
        "the victim's topic": () => `user:${victim.id}`,
        'the topic of the list': () => 'admin:chat',
      };
      for (const [what, topic] of Object.entries(TOPICS)) {
        it(`${what} on Realtime`, async () => {
          const socket = await RawSocket.open(backend);
          const { status, response } = await socket.join(topic(), tokens[who] ?? '');
          assert.equal(status, 'error');
          assert.match(response!.reason!, /Unauthorized|Jwt|JWT|[Tt]oken/);
          socket.close();
        });
      }

      it('a public channel of its name', async () => {
        const socket = await RawSocket.open(backend);
        const config = { private: false };
        const access_token = tokens[who] ?? '';
        const joined = await socket.ask(`realtime:chat:${message.session_id}`, 'phx_join', { access_token, config });
        assert.equal(joined.status, 'error');
        socket.close();
      });

      it('changes of its tables, where Realtime watches tables', async () => {
        const token = tokens[who];
        // Whose token does not hold is heard as somebody who has only the key.
        const client = newClient(backend, own.has(token) ? () => token! : undefined);
        const watching = await watchLive(client, [
          { table: 'chat_messages', filter: `session_id=eq.${message.session_id}` },
          { table: 'chat_messages' },
          { table: 'chat_sessions' },
        ]).catch((error: unknown) => error as Error);
        if (watching instanceof Error) return assert.match(watching.message, /^error: /);
        await backend.database.query('update public.chat_messages set updated_at = now() where id = $1', [reply]);
        assert.deepEqual(await settled(backend, watching), []);
        await client.removeChannel(watching.channel);
      });
    });
  }

  it('is stopped by nobody else', async () => {
    backend.openai.tokensPerSecond = 80;
    const next = { ...newMessage(`More of ${SECRET}`), session_id: message.session_id };
    const { messageId, rest: read } = await sendAndListen(backend, victim, next);
    for (const [who, token] of Object.entries(tokens)) {
      const answer = await post(backend, token, { action: 'stop', message_id: messageId });
      if (own.has(token)) assert.deepEqual(await answer.json(), { stopped: false }, who);
      else assert.equal(answer.status, 401, who);
    }
    assert.equal(last(await read()).data.status, 'complete');
  });
});
