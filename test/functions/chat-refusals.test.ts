import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { LocalBackend } from '../../local/backend.ts';
import { signToken } from '../../local/keys.ts';
import { endBackend, newMember, newVisitor, startTestBackend, type Person } from '../support/node/backend.ts';
import { newMessage, post, send } from '../support/node/chat-http.ts';

/** Nothing of the inside may show in an answer: no key, no stack, no name of a function or a file. */
const INSIDE = /sb_secret|eyJ|stand-in|\bat \w+ \(|\.ts\b|chat_|Error:/;

interface Refusal {
  readonly status: number;
  readonly code: string | undefined;
  readonly reason: string | undefined;
  readonly message: string;
  readonly retry_after_s: number | undefined;
}

/** Reads a refusal in either shape, the function's own and the gateway's; both say something in words. */
async function refusalOf(response: Response): Promise<Refusal> {
  const text = await response.text();
  assert.doesNotMatch(text, INSIDE);
  assert.equal(response.headers.get('access-control-allow-origin'), '*');
  const body = JSON.parse(text) as { error?: Refusal } & Refusal;
  const { code, reason, message, retry_after_s } = body.error ?? body;
  assert.match(message, /^\S+( \S+)+/);
  return { status: response.status, code, reason, message, retry_after_s };
}

describe('the function chat refuses', () => {
  let backend: LocalBackend;
  let visitor: Person;
  before(async () => {
    backend = await startTestBackend();
    backend.openai.tokensPerSecond = 4_000;
    visitor = await newVisitor(backend);
  });
  after(() => endBackend(backend));

  const signed = (claims: object) => signToken({ role: 'authenticated', ...claims }, backend.keys.jwtSecret);
  const anHourFromNow = () => Math.floor(Date.now() / 1000) + 3600;
  const TOKENS: Record<string, () => string | undefined | Promise<string>> = {
    'no token': () => undefined,
    'an empty token': () => '',
    'a garbage token': () => 'abc.def.ghi',
    'the publishable key as a token': () => backend.keys.publishable,
    'the secret key as a token': () => backend.keys.secret,
    'a forged token': () =>
      signToken({ sub: visitor.id, role: 'authenticated', exp: anHourFromNow() }, 'another secret'),
    'an expired token': () => signed({ sub: visitor.id, exp: anHourFromNow() - 7200 }),
    'a token of nobody': () => signed({ exp: anHourFromNow() }),
    'a token of a user who was deleted': async () => {
      const { id, token } = await newMember(backend);
      await backend.database.query('delete from auth.users where id = $1', [id]);
      return token;
    },
  };
  for (const [what, token] of Object.entries(TOKENS)) {
    it(`${what} with 401`, async () => {
      const { status } = await refusalOf(await post(backend, await token(), newMessage()));
      assert.equal(status, 401);
    });
  }

  const BODIES: Record<string, [body: unknown, reason: string, message: RegExp]> = {
    'malformed JSON': ['{"action":', 'body', /JSON object/],
    'no body': ['', 'body', /JSON object/],
    'a list': [[], 'body', /JSON object/],
    'a bare null': ['null', 'body', /JSON object/],
    'no action': [{}, 'action', /send, edit, regenerate, stop/],
    'an unknown action': [{ ...newMessage(), action: 'sing' }, 'action', /send, edit, regenerate, stop/],
    'a session id that is no UUID': [{ ...newMessage(), session_id: 'mine' }, 'session_id', /"session_id" is a UUID/],
    'a session id in capitals': [
      { ...newMessage(), session_id: randomUUID().toUpperCase() },
      'session_id',
      /lower case/,
    ],
    'no client id': [{ ...newMessage(), client_id: undefined }, 'client_id', /"client_id" is a UUID/],
    'a client id that is a number': [{ ...newMessage(), client_id: 1 }, 'client_id', /"client_id" is a UUID/],
    'a stop without a message': [{ action: 'stop' }, 'message_id', /"message_id" is a UUID/],
    'no text': [newMessage(''), 'length', /write a message/],
    'white space': [newMessage(' \n\u00a0'), 'length', /write a message/],
    'a text that is an object': [{ ...newMessage(), content: {} }, 'length', /write a message/],
    '2,001 characters': [newMessage('x'.repeat(2_001)), 'length', /at most 2000 characters; this one has 2001/],
    '5,000 characters': [newMessage('x'.repeat(5_000)), 'length', /this one has 5000/],
    'half a surrogate pair': [JSON.stringify(newMessage('a\ud83d')), 'characters', /cannot be stored/],
    'a NUL': [newMessage('a\0b'), 'characters', /cannot be stored/],
    'a body of 40,000 characters': [newMessage('x'.repeat(40_000)), 'body_size', /too long/],
  };
  for (const [what, [body, reason, message]] of Object.entries(BODIES)) {
    it(`${what} with 422`, async () => {
      const refusal = await refusalOf(await post(backend, visitor.token, body));
      assert.partialDeepStrictEqual(refusal, { status: 422, code: 'invalid', reason });
      assert.match(refusal.message, message);
    });
  }

  for (const method of ['GET', 'PUT', 'DELETE']) {
    it(`${method} with 422`, async () => {
      const answer = await post(backend, visitor.token, '', { method, ...(method === 'GET' && { body: null }) });
      assert.partialDeepStrictEqual(await refusalOf(answer), { status: 422, code: 'invalid', reason: 'method' });
    });
  }

  it("another visitor's session with 403", async () => {
    const theirs = newMessage();
    await send(backend, await newVisitor(backend), theirs);
    const refusal = await refusalOf(await post(backend, visitor.token, { ...theirs, client_id: randomUUID() }));
    assert.partialDeepStrictEqual(refusal, { status: 403, code: 'forbidden', reason: 'session' });
  });

  it('a different text under a client id that was used, with 409', async () => {
    const message = newMessage();
    await send(backend, visitor, message);
    const refusal = await refusalOf(await post(backend, visitor.token, { ...message, content: 'Something else' }));
    assert.partialDeepStrictEqual(refusal, { status: 409, code: 'conflict', reason: 'client_id' });
  });

  it('who writes too fast with 429, and says when to come back', async () => {
    const { id, token } = await newVisitor(backend);
    await backend.database.query('insert into private.rate_buckets (key, tokens, updated_at) values ($1, 0, now())', [
      `chat:user:${id}`,
    ]);
    const answer = await post(backend, token, newMessage());
    assert.equal(answer.headers.get('retry-after'), '6');
    assert.equal(answer.headers.get('access-control-expose-headers'), 'retry-after');
    assert.partialDeepStrictEqual(await refusalOf(answer), {
      status: 429,
      code: 'rate_limited',
      reason: 'too_many_messages',
      retry_after_s: 6,
    });
  });

  it('everything with 503 while the database fails, and says nothing of the inside', async () => {
    await backend.database.exec('alter function public.chat_admit rename to chat_admit_gone');
    try {
      const refusal = await refusalOf(await post(backend, visitor.token, newMessage()));
      assert.partialDeepStrictEqual(refusal, { status: 503, code: 'unavailable', reason: 'internal' });
    } finally {
      await backend.database.exec('alter function public.chat_admit_gone rename to chat_admit');
    }
  });

  it('nothing that is right: 2,000 characters of any script', async () => {
    for (const content of ['x'.repeat(2_000), '漢'.repeat(2_000), '👋'.repeat(1_000)]) {
      const answer = await post(backend, visitor.token, newMessage(content));
      await answer.body?.cancel();
      assert.equal(answer.status, 200);
    }
  });
});
