import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import OpenAI from 'openai';
import type { LocalBackend } from '../../local/backend.ts';
import { endBackend, startTestBackend } from '../support/node/backend.ts';

describe('the stand-in for OpenAI, asked by its own client', () => {
  let backend: LocalBackend;
  let client: OpenAI;
  before(async () => {
    backend = await startTestBackend();
    client = new OpenAI({ apiKey: 'any', baseURL: `${backend.url}/openai/v1`, maxRetries: 0 });
  });
  after(() => endBackend(backend));
  beforeEach(() => void (backend.openai.tokensPerSecond = 4_000));

  const ask = (content: string) => ({
    model: 'gpt-4o-mini',
    messages: [
      { role: 'system' as const, content: 'Be brief.' },
      { role: 'user' as const, content },
    ],
  });
  async function stream(content: string, include_usage = true) {
    const options = { ...ask(content), stream: true as const, stream_options: { include_usage } };
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    for await (const chunk of await client.chat.completions.create(options)) chunks.push(chunk);
    return chunks;
  }

  describe('in one piece', () => {
    it('answers a completion', async () => {
      const completion = await client.chat.completions.create(ask('Who are you?'));
      assert.partialDeepStrictEqual(completion, { object: 'chat.completion', model: 'gpt-4o-mini' });
      assert.match(completion.id, /^chatcmpl-/);
      const [choice, ...more] = completion.choices;
      assert.equal(more.length, 0);
      assert.deepEqual([choice?.finish_reason, choice?.message.role], ['stop', 'assistant']);
      assert.match(choice!.message.content!, /You wrote “Who are you\?”/);
    });

    it('counts tokens that add up', async () => {
      const { usage } = await client.chat.completions.create(ask('one two three'));
      assert.equal(usage?.prompt_tokens, 5);
      assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
      assert.equal(usage.prompt_tokens_details?.cached_tokens, 0);
    });

    it('says the same again', async () => {
      const [one, two] = [
        await client.chat.completions.create(ask('Hm?')),
        await client.chat.completions.create(ask('Hm?')),
      ];
      assert.equal(one.choices[0]?.message.content, two.choices[0]?.message.content);
    });
  });

  describe('streamed', () => {
    it('says the same as in one piece', async () => {
      const whole = await client.chat.completions.create(ask('Hello 👋'));
      let text = '';
      for (const chunk of await stream('Hello 👋')) text += chunk.choices[0]?.delta.content ?? '';
      assert.equal(text, whole.choices[0]?.message.content);
    });

    it('begins with the role, ends with the reason, and then the usage', async () => {
      const chunks = await stream('Hello');
      assert.deepEqual(chunks[0]?.choices[0]?.delta, { role: 'assistant', content: '' });
      assert.equal(chunks.at(-2)?.choices[0]?.finish_reason, 'stop');
      assert.deepEqual(chunks.at(-1)?.choices, []);
      assert.equal(chunks.at(-1)?.usage?.completion_tokens, chunks.length - 3);
      assert.ok(chunks.every(({ object }) => object === 'chat.completion.chunk'));
    });

    it('keeps the usage to itself unless it is asked for', async () => {
      const chunks = await stream('Hello', false);
      assert.ok(chunks.every(({ usage }) => !usage));
    });

    it('keeps its pace', async () => {
      backend.openai.tokensPerSecond = 200;
      const started = performance.now();
      const chunks = await stream('Hello');
      // Timers may be early by a millisecond.
      assert.ok(performance.now() - started > ((chunks.length - 4) * 1_000) / 200 - 5);
    });
  });

  describe('told to fail', () => {
    for (const status of [401, 429, 500]) {
      it(`answers ${status} once, as OpenAI does`, async () => {
        backend.openai.failures.push(status);
        await assert.rejects(client.chat.completions.create(ask('Hello')), { status });
        assert.equal((await client.chat.completions.create(ask('Hello'))).object, 'chat.completion');
      });
    }
  });

  it('counts what it answered', async () => {
    const before = backend.openai.requests;
    backend.openai.failures.push(500);
    await client.chat.completions.create(ask('Hello')).catch(() => undefined);
    await client.chat.completions.create(ask('Hello'));
    assert.equal(backend.openai.requests, before + 1);
  });

  it('refuses a conversation without a question', async () => {
    const empty = { model: 'gpt-4o-mini', messages: [{ role: 'system' as const, content: 'Be brief.' }] };
    await assert.rejects(client.chat.completions.create(empty), { status: 400 });
  });

  it('names what it does not have', async () => {
    await assert.rejects(client.models.list(), { status: 404, message: /no \/openai\/v1\/models/ });
  });
});
