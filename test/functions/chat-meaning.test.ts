import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { SupabaseClient } from '@supabase/supabase-js';
import type { LocalBackend } from '../../local/backend.ts';
import { ADMIN } from '../../local/seed.ts';
import {
  endBackend,
  newClient,
  newService,
  newVisitor,
  startTestBackend,
  type Person,
} from '../support/node/backend.ts';
import { last, newMessage, send } from '../support/node/chat-http.ts';
import { ChatRecords } from '../support/node/chat-records.ts';
import { until } from '../support/node/until.ts';

const MODEL = 'text-embedding-3-small';

const PRICES =
  'A map of a harbour costs EUR 2,400, a map of two harbours EUR 4,800, and a map of the hills over a harbour costs no more.';
const SOURCE = `<source n="1" title="Prices">\n${PRICES}\n</source>`;
/** The title and the text, as it is embedded. */
const EMBEDDED = `Prices\n\n${PRICES}`;

/** What the stand-in takes to mean the same as the text, without a word in common. */
const IN_OTHER_WORDS = 'What are your fees?';
const IN_ITS_WORDS = 'What does a harbour cost?';

// One story, in this order: what the function does after its answer changes nothing any more once all vectors are made.
describe('the function chat and the meaning of a question', () => {
  let backend: LocalBackend;
  let records: ChatRecords;
  let admin: SupabaseClient;
  let visitor: Person;
  before(async () => {
    backend = await startTestBackend({ demo: true, secrets: { OPENAI_TIMEOUT_MS: '400' } });
    backend.openai.tokensPerSecond = 4_000;
    records = new ChatRecords(backend.database);
    visitor = await newVisitor(backend);
    admin = newClient(backend);
    await admin.auth.signInWithPassword(ADMIN);
    await records.forget();
    await backend.database.exec('delete from public.chat_knowledge');
    await tell('chat_knowledge_set', {
      p_id: TEXT,
      p_title: 'Prices',
      p_content: PRICES,
      p_url: null,
    });
  });
  after(() => endBackend(backend));
  const TEXT = randomUUID();
  const tell = async (name: string, parameters: object) => {
    const { error } = await admin.rpc(name, parameters);
    if (error) throw new Error(error.message);
  };
  /** Answers the reply's events and what the model was told. */
  async function ask(content: string) {
    const events = await send(backend, visitor, newMessage(content));
    return { events, prompt: backend.openai.lastRequest!.messages![0]!.content };
  }
  const vectors = () => backend.database.query('select model from private.chat_vectors');
  it('finds nothing in other words, and asks for no vector, while it is switched off', async () => {
    const { prompt } = await ask(IN_OTHER_WORDS);
    assert.doesNotMatch(prompt, /<source/);
    assert.equal(backend.openai.lastEmbedded, undefined);
    assert.deepEqual(await vectors(), []);
  });

  it('finds by words what has no vector yet, and makes vectors after the reply, which are billed', async () => {
    await records.forget();
    await tell('chat_settings_set', { p_patch: { semantic_search: true } });
    const { events, prompt } = await ask(IN_ITS_WORDS);
    assert.ok(prompt.includes(SOURCE), prompt);

    await until(async () => (await vectors()).length);
    assert.deepEqual(await vectors(), [{ model: MODEL }]);
    assert.deepEqual(backend.openai.lastEmbedded, [EMBEDDED]);
    const bill = (await records.bills()).find(({ model }) => model === MODEL);
    // Words, as the stand-in counts tokens; USD 0.02 a million, rounded up to a micro-USD.
    assert.partialDeepStrictEqual(bill, { requests: 1, input_tokens: 28, cost_micro_usd: 1 });
    const { cost_micro_usd } = events.find(({ event }) => event === 'usage')!.data as { cost_micro_usd: number };
    const spent = await backend.database.query('select micro_usd from private.spend_daily');
    assert.deepEqual(spent, [{ micro_usd: cost_micro_usd + 1 }], 'nothing stays reserved');
  });

  it('finds in other words from then on, and nothing for a question about something else', async () => {
    const { prompt } = await ask(IN_OTHER_WORDS);
    assert.ok(prompt.includes(SOURCE), prompt);
    assert.deepEqual(backend.openai.lastEmbedded, [IN_OTHER_WORDS]);
    assert.doesNotMatch((await ask('Do you play chess?')).prompt, /<source/);
  });

  for (const [what, trouble] of Object.entries({
    'is refused': { status: 500 },
    'never comes': { hang: true as const },
    'breaks off': { cutAfterTokens: 0 },
  })) {
    it(`answers from what words find when the question's vector ${what}`, async () => {
      backend.openai.failures.push({ ...trouble, path: '/embeddings' });
      const { events, prompt } = await ask(IN_ITS_WORDS);
      assert.equal(last(events).event, 'done');
      assert.ok(prompt.includes(SOURCE), prompt);
      assert.equal(backend.openai.failures.length, 0);
    });
  }

  it('reserves what vectors cost at most, and makes none past the daily cap', async () => {
    const missing = async (p_cap_micro_usd: number) => {
      const answer = await newService(backend).rpc('chat_vectors_missing', {
        p_model: 'another model',
        p_micro_usd_per_byte: 1,
        p_cap_micro_usd,
      });
      return answer.data as { passages: object[]; reserved_micro_usd?: number };
    };
    await records.forget();
    const most = Buffer.byteLength(EMBEDDED);
    assert.deepEqual(await missing(most - 1), { passages: [] });
    assert.partialDeepStrictEqual(await missing(most), { reserved_micro_usd: most });
    assert.deepEqual(await missing(most), { passages: [] });
  });

  it('forgets the vectors of a text with it, also when they are just being made', async () => {
    const [passage] = await backend.database.query<{ id: number }>('select id from private.chat_passages');
    await tell('chat_knowledge_delete', { p_id: TEXT });
    assert.deepEqual(await vectors(), []);
    const { error } = await newService(backend).rpc('chat_vectors_save', {
      p_model: MODEL,
      p_vectors: [{ id: passage!.id, embedding: Array.from({ length: 512 }, () => 1) }],
      p_tokens: 1,
      p_cost_micro_usd: 1,
      p_reserved_micro_usd: 1,
      p_reserved_on: '2026-11-20',
    });
    assert.equal(error, null);
    assert.deepEqual(await vectors(), []);
  });
});
