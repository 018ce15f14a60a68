import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import OpenAI from 'openai';
import type { LocalBackend } from '../../local/backend.ts';
import { endBackend, startTestBackend } from '../support/node/backend.ts';

type Usage = OpenAI['admin']['organization']['usage'];
type Question = Parameters<Usage['completions']>[0];
type Bucket = Awaited<ReturnType<Usage['completions']>>['data'][number];
type Tokens = Bucket['results'][number] & { object: 'organization.usage.completions.result' };
type Cost = Bucket['results'][number] & { object: 'organization.costs.result' };

const KEY = 'sk-admin-0123456789abcdef';
const OTHER_KEY = 'sk-admin-fedcba9876543210';

const HOUR_S = 3_600;
const DAY_S = 24 * HOUR_S;
const utc = (date: string) => Date.parse(`${date}Z`) / 1000;

/** A week that is long over. */
const WEEK = { start_time: utc('2026-11-02'), end_time: utc('2026-11-09') };
/** When the tests take place, if they do not say so. */
const NOW = '2026-11-20T12:00';

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
const tokensIn = (buckets: readonly Bucket[]) => buckets.flatMap(({ results }) => results as Tokens[]);
const costsIn = (buckets: readonly Bucket[]) => buckets.flatMap(({ results }) => results as Cost[]);
const requestsIn = (buckets: readonly Bucket[]) => sum(tokensIn(buckets).map((each) => each.num_model_requests));
const usdIn = (buckets: readonly Bucket[]) => sum(costsIn(buckets).map(({ amount }) => amount!.value!));

describe('the usage of the stand-in for OpenAI, asked by its own client', () => {
  let backend: LocalBackend;
  let usage: Usage;

  const clientOf = (adminAPIKey: string) =>
    new OpenAI({ adminAPIKey, baseURL: `${backend.url}/openai/v1`, maxRetries: 0 }).admin.organization.usage;
  const at = (date: string) => void (backend.openai.now = () => utc(date) * 1000);

  /** All pages of an answer. */
  async function all(question: Question, ask: 'completions' | 'costs' = 'completions'): Promise<Bucket[]> {
    const buckets: Bucket[] = [];
    for (let page: string | null | undefined; page !== null;) {
      const answer = await usage[ask]({ ...question, ...(page && { page }) } as never);
      assert.equal(answer.has_more, answer.next_page !== null);
      buckets.push(...answer.data);
      page = answer.next_page;
    }
    return buckets;
  }

  before(async () => {
    backend = await startTestBackend();
    usage = clientOf(KEY);
  });
  after(() => endBackend(backend));
  beforeEach(() => at(NOW));

  describe('is for the keys of', () => {
    const refused = (key: string, error: object) => assert.rejects(clientOf(key).completions({ start_time: 0 }), error);

    it('an admin', async () => {
      assert.equal((await usage.completions({ start_time: 0 })).object, 'page');
    });

    it('an admin, and not of a project', async () => {
      await refused('sk-proj-0123456789abcdef', { status: 403, message: /Missing scopes: api\.usage\.read/ });
    });

    it('an admin, and of nobody else', async () => {
      await refused('sk-0123456789abcdefghij', { status: 401, code: 'invalid_api_key' });
    });

    it('full length', async () => {
      await refused('sk-admin-0123', { status: 401, message: '401 Incorrect API key provided: sk-admin****0123.' });
    });

    it('somebody', async () => {
      const answer = await fetch(`${backend.url}/openai/v1/organization/costs?start_time=0`);
      assert.equal(answer.status, 401);
      assert.partialDeepStrictEqual(await answer.json(), { error: { type: 'invalid_request_error', code: null } });
    });

    it('those admins that a test names', async () => {
      backend.openai.adminKeys = new Set([OTHER_KEY]);
      await refused(KEY, { status: 401 });
      assert.equal((await clientOf(OTHER_KEY).costs({ start_time: 0 })).object, 'page');
      backend.openai.adminKeys = undefined;
    });
  });

  describe('comes in buckets', () => {
    it('of a UTC day, as many as the time has', async () => {
      const buckets = await all(WEEK);
      assert.deepEqual(
        buckets.map(({ object, start_time, end_time }) => [object, start_time, end_time]),
        [0, 1, 2, 3, 4, 5, 6].map((day) => [
          'bucket',
          WEEK.start_time + day * DAY_S,
          WEEK.start_time + (day + 1) * DAY_S,
        ]),
      );
    });

    it('that are whole, whatever part of a day is asked for', async () => {
      const { data } = await usage.completions({
        start_time: WEEK.start_time + HOUR_S,
        end_time: WEEK.start_time + DAY_S + 1,
      });
      assert.deepEqual(
        data.map(({ start_time }) => start_time),
        [WEEK.start_time, WEEK.start_time + DAY_S],
      );
    });

    it('up to now', async () => {
      const buckets = await all({ start_time: utc('2026-11-18'), end_time: utc('2026-12-01') });
      assert.equal(buckets.at(-1)!.start_time, utc('2026-11-20'));
    });

    it('that are there when nothing happened', async () => {
      const { data } = await usage.completions({ start_time: utc('2024-12-30'), end_time: utc('2025-01-01') });
      assert.deepEqual(
        data.map(({ results }) => results),
        [[], []],
      );
    });

    it('some of them in the middle of a year', async () => {
      const buckets = await all({ start_time: utc('2026-06-01'), end_time: utc('2026-10-01') });
      const empty = buckets.filter(({ results }) => !results.length).length;
      assert.ok(empty > 3 && empty < 30, `${empty} of ${buckets.length}`);
    });

    for (const [bucket_width, width] of [
      ['1h', HOUR_S],
      ['1m', 60],
    ] as const) {
      it(`of ${bucket_width}, which add up to the day`, async () => {
        const day = { start_time: WEEK.start_time, end_time: WEEK.start_time + DAY_S };
        const parts = await all({ ...day, bucket_width });
        assert.equal(parts.length, DAY_S / width);
        assert.equal(parts[1]!.start_time - parts[0]!.start_time, width);
        assert.ok(tokensIn(parts).every((part) => part.num_model_requests > 0));
        const [whole] = tokensIn(await all(day));
        for (const figure of ['input_tokens', 'output_tokens', 'num_model_requests'] as const) {
          assert.equal(sum(tokensIn(parts).map((part) => part[figure])), whole![figure]);
        }
      });
    }
  });

  describe('comes in pages', () => {
    for (const [bucket_width, usual, most] of [
      ['1d', 7, 31],
      ['1h', 24, 168],
      ['1m', 60, 1440],
    ] as const) {
      it(`of ${usual} buckets of ${bucket_width}, and no more than ${most}`, async () => {
        const question = { start_time: utc('2026-01-01'), bucket_width };
        assert.equal((await usage.completions(question)).data.length, usual);
        assert.equal((await usage.completions({ ...question, limit: most })).data.length, most);
        await assert.rejects(usage.completions({ ...question, limit: most + 1 }), { status: 400, param: 'limit' });
      });
    }

    it('that together are the whole', async () => {
      const month = { start_time: utc('2026-10-01'), end_time: utc('2026-11-01') };
      assert.deepEqual(await all({ ...month, limit: 4 }), await all({ ...month, limit: 31 }));
    });

    it('of which the last says so', async () => {
      const { has_more, next_page } = await usage.completions(WEEK);
      assert.deepEqual([has_more, next_page], [false, null]);
    });

    it('that belong to their question', async () => {
      const { next_page } = await usage.completions({ ...WEEK, bucket_width: '1h', limit: 5 });
      await assert.rejects(usage.completions({ ...WEEK, page: next_page! }), { status: 400, param: 'page' });
      await assert.rejects(usage.completions({ ...WEEK, page: 'page_nosuch' }), { status: 400, param: 'page' });
    });
  });

  describe('is grouped', () => {
    it('by nothing: one result a day, which names nobody', async () => {
      const [bucket] = await all(WEEK);
      assert.equal(bucket!.results.length, 1);
      const { model, project_id, user_id, api_key_id, batch, service_tier } = tokensIn([bucket!])[0]!;
      assert.deepEqual(new Set([model, project_id, user_id, api_key_id, batch, service_tier]), new Set([null]));
    });

    it('by model, under the names of their snapshots', async () => {
      const models = tokensIn(await all({ ...WEEK, group_by: ['model'] })).map(({ model }) => model);
      assert.deepEqual([...new Set(models)].sort(), [
        'gpt-4o-2024-08-06',
        'gpt-4o-mini-2024-07-18',
        'gpt-5-mini-2025-08-07',
        'o4-mini-2025-04-16',
      ]);
    });

    for (const [field, count] of [
      ['project_id', 2],
      ['user_id', 2],
      ['api_key_id', 3],
      ['service_tier', 1],
    ] as const) {
      it(`by ${field}, with the same sum`, async () => {
        const buckets = await all({ ...WEEK, group_by: [field] });
        assert.equal(new Set(tokensIn(buckets).map((each) => each[field])).size, count);
        assert.equal(requestsIn(buckets), requestsIn(await all(WEEK)));
      });
    }

    it('by two fields at once', async () => {
      const [bucket] = await all({ ...WEEK, group_by: ['model', 'project_id'] });
      const pairs = tokensIn([bucket!]).map(({ model, project_id }) => `${model} ${project_id}`);
      assert.equal(new Set(pairs).size, 8);
      assert.equal(pairs.length, 8);
    });
  });

  describe('is filtered', () => {
    it('by models', async () => {
      const models = ['gpt-4o-2024-08-06', 'o4-mini-2025-04-16'];
      const filtered = tokensIn(await all({ ...WEEK, models, group_by: ['model'] }));
      assert.deepEqual(new Set(filtered.map(({ model }) => model)), new Set(models));
    });

    it('by projects, users and keys', async () => {
      const everybody = tokensIn(await all({ ...WEEK, group_by: ['project_id', 'user_id', 'api_key_id'] }));
      const { project_id, user_id, api_key_id } = everybody.find((each) => each.user_id?.endsWith('lin'))!;
      const mine = { project_ids: [project_id!], user_ids: [user_id!], api_key_ids: [api_key_id!] };
      const filtered = await all({ ...WEEK, ...mine, group_by: ['api_key_id'] });
      assert.deepEqual(new Set(tokensIn(filtered).map((each) => each.api_key_id)), new Set([api_key_id]));
      assert.ok(requestsIn(filtered) < requestsIn(await all({ ...WEEK, project_ids: [project_id!] })));
    });

    it('down to nothing by what is not there', async () => {
      assert.equal(requestsIn(await all({ ...WEEK, project_ids: ['proj_nosuch'] })), 0);
      assert.equal(requestsIn(await all({ ...WEEK, batch: true })), 0);
    });
  });

  describe('has figures', () => {
    it('in which the cached and the fresh input are the input', async () => {
      for (const each of tokensIn(await all({ ...WEEK, group_by: ['model'] }))) {
        assert.equal(each.input_tokens, each.input_cached_tokens! + each.input_uncached_tokens!);
        assert.ok(each.num_model_requests > 0 && each.output_tokens > 0);
      }
    });

    it('that are the same again', async () => {
      const question = { ...WEEK, group_by: ['model', 'project_id'] } satisfies Question;
      assert.deepEqual(await all(question), await all(question));
    });

    it('of an organisation of its own for every key', async () => {
      assert.notDeepEqual((await usage.completions(WEEK)).data, (await clientOf(OTHER_KEY).completions(WEEK)).data);
    });

    it('that are lower at the weekend', async () => {
      const buckets = await all({ start_time: utc('2026-05-04'), end_time: utc('2026-10-05'), limit: 31 });
      const on = (weekday: number) =>
        requestsIn(buckets.filter(({ start_time }) => new Date(start_time * 1000).getUTCDay() === weekday));
      assert.ok(on(0) < on(2) / 2 && on(6) < on(2) / 2, `${on(0)}, ${on(2)}, ${on(6)}`);
    });
  });

  describe('of the last days', () => {
    const DAY = utc('2026-11-17');
    const reported = async () => requestsIn(await all({ start_time: DAY, end_time: DAY + DAY_S }));

    it('grows while the day lasts', async () => {
      at('2026-11-17T06:00');
      const morning = await reported();
      at('2026-11-17T18:00');
      assert.ok(morning > 0 && (await reported()) > morning);
    });

    it('grows after the day, and no more when it has settled', async () => {
      at('2026-11-18T00:00');
      const midnight = await reported();
      at('2026-11-18T18:00');
      const later = await reported();
      at('2026-11-19T12:00');
      const settled = await reported();
      at('2026-12-24T00:00');
      assert.ok(midnight < later && later < settled, `${midnight}, ${later}, ${settled}`);
      assert.ok(midnight > settled * 0.85);
      assert.equal(await reported(), settled);
    });

    it('settles when a test says', async () => {
      at('2026-11-18T18:00');
      const later = await reported();
      backend.openai.settleAfterHours = 6;
      assert.ok((await reported()) > later);
      backend.openai.settleAfterHours = 36;
    });
  });

  describe('is refused in the shape of OpenAI', () => {
    const ask = async (query: string) => {
      const headers = { authorization: `Bearer ${KEY}` };
      const answer = await fetch(`${backend.url}/openai/v1/organization/usage/completions?${query}`, { headers });
      const { error } = (await answer.json()) as { error: Record<string, string | null> };
      return [answer.status, error.type, error.code, error.param, error.message];
    };

    for (const [what, query, code, param, message] of [
      [
        'without a start',
        'limit=1',
        'missing_required_parameter',
        'start_time',
        /^Missing required parameter: 'start_time'\.$/,
      ],
      ['with a start that is no number', 'start_time=monday', 'invalid_type', 'start_time', /got 'monday' instead/],
      ['with an end before its start', 'start_time=9&end_time=9', 'invalid_value', 'end_time', /'end_time'/],
      [
        'with a width that there is not',
        'start_time=0&bucket_width=1w',
        'invalid_value',
        'bucket_width',
        /'1w'.*'1m', '1h', '1d'/,
      ],
      ['with a limit of nothing', 'start_time=0&limit=0', 'invalid_value', 'limit', /Expected 1 to 31/],
      ['grouped by what there is not', 'start_time=0&group_by[]=size', 'invalid_value', 'group_by', /'size'.*'model'/],
      ['with a parameter that there is not', 'start_time=0&days=3', 'unknown_parameter', 'days', /'days'/],
    ] as const) {
      it(what, async () => {
        const [status, type, ...rest] = await ask(query);
        assert.deepEqual([status, type], [400, 'invalid_request_error']);
        assert.deepEqual(rest.slice(0, 2), [code, param]);
        assert.match(String(rest[2]), message);
      });
    }

    it('where there is nothing', async () => {
      const answer = await fetch(`${backend.url}/openai/v1/organization/usage/nosuch?start_time=0`, {
        headers: { authorization: `Bearer ${KEY}` },
      });
      assert.equal(answer.status, 404);
    });
  });

  describe('is counted for everything', () => {
    const KINDS = [
      ['embeddings', 'embeddings', 'input_tokens', ['num_model_requests', 'model']],
      ['moderations', 'moderations', 'input_tokens', ['num_model_requests', 'model']],
      ['images', 'images', 'images', ['num_model_requests', 'model', 'size', 'source']],
      ['audioSpeeches', 'audio_speeches', 'characters', ['num_model_requests', 'model']],
      ['audioTranscriptions', 'audio_transcriptions', 'seconds', ['num_model_requests', 'model']],
      ['vectorStores', 'vector_stores', 'usage_bytes', ['project_id']],
      ['codeInterpreterSessions', 'code_interpreter_sessions', 'num_sessions', ['project_id']],
      ['fileSearchCalls', 'file_searches', 'num_requests', ['vector_store_id', 'api_key_id']],
      ['webSearchCalls', 'web_searches', 'num_requests', ['num_model_requests', 'context_level', 'model']],
    ] as const;
    for (const [method, object, figure, fields] of KINDS) {
      it(`${object}, in ${figure}`, async () => {
        const { data } = await usage[method](WEEK);
        const results = data.flatMap(({ results }) => results as unknown as Record<string, unknown>[]);
        assert.ok(results.length > 0);
        for (const result of results) {
          assert.equal(result.object, `organization.usage.${object}.result`);
          assert.ok((result[figure] as number) > 0);
          for (const field of fields) assert.ok(field in result, field);
        }
      });
    }

    it('decisions, of which there are none', async () => {
      const { data } = await usage.decisions(WEEK);
      assert.deepEqual([data.length, data.flatMap(({ results }) => results)], [7, []]);
    });
  });

  describe('has costs', () => {
    const asked = (question: Partial<Parameters<Usage['costs']>[0]>) =>
      all({ ...WEEK, ...question } as Question, 'costs');

    it('in USD, one sum a day', async () => {
      const buckets = await asked({});
      assert.equal(buckets.length, 7);
      for (const { amount, line_item, project_id, quantity } of costsIn(buckets)) {
        assert.equal(amount?.currency, 'usd');
        assert.ok(amount.value! > 0);
        assert.deepEqual([line_item, project_id, quantity], [null, null, null]);
      }
    });

    it('by line item, with its quantity', async () => {
      const lines = costsIn(await asked({ group_by: ['line_item'] }));
      const input = lines.find(({ line_item }) => line_item === 'gpt-4o-mini-2024-07-18, input')!;
      assert.equal(input.quantity_unit, 'tokens');
      assert.ok(Number.isInteger(input.quantity) && input.quantity! > 0);
      const names = new Set(lines.map(({ line_item }) => line_item));
      for (const name of ['gpt-4o-2024-08-06, cached input', 'o4-mini-2025-04-16, output', 'web search tool calls']) {
        assert.ok(names.has(name), name);
      }
    });

    it('by line item, of those that are asked for', async () => {
      const line_items = ['dall-e-3, images'];
      const lines = costsIn(await asked({ group_by: ['line_item'], line_items }));
      assert.deepEqual(new Set(lines.map(({ line_item }) => line_item)), new Set(line_items));
    });

    it('by project, with the same sum', async () => {
      const buckets = await asked({ group_by: ['project_id'] });
      assert.equal(new Set(costsIn(buckets).map(({ project_id }) => project_id)).size, 2);
      assert.ok(Math.abs(usdIn(buckets) - usdIn(await asked({}))) < 1e-9);
    });

    it('that are usage times price within 2 %, and never exactly', async () => {
      const usd = { input_uncached_tokens: 0.15e-6, input_cached_tokens: 0.075e-6, output_tokens: 0.6e-6 };
      const model = 'gpt-4o-mini-2024-07-18';
      const used = await all({ ...WEEK, models: [model] });
      const line_items = ['input', 'cached input', 'output'].map((item) => `${model}, ${item}`);
      const billed = await asked({ line_items });
      let days = 0;
      for (const [index, bucket] of used.entries()) {
        const [tokens] = tokensIn([bucket]);
        if (!tokens) continue;
        const computed = sum(
          Object.entries(usd).map(([figure, price]) => Number(tokens[figure as keyof Tokens]) * price),
        );
        const off = Math.abs(usdIn([billed[index]!]) / computed - 1);
        assert.ok(off > 0 && off < 0.02, `${off}`);
        days += 1;
      }
      assert.ok(days > 3);
    });

    it('that settle as the usage does', async () => {
      const day = { start_time: utc('2026-11-17'), end_time: utc('2026-11-18') };
      at('2026-11-18T00:00');
      const early = usdIn(await asked(day));
      at('2026-11-19T12:00');
      const settled = usdIn(await asked(day));
      assert.ok(early > settled / 2 && early < settled, `${early}, ${settled}`);
    });

    it('by the day only, up to 180 of them', async () => {
      const question = { start_time: utc('2026-01-01') };
      assert.equal((await usage.costs({ ...question, limit: 180 })).data.length, 180);
      await assert.rejects(usage.costs({ ...question, limit: 181 }), { status: 400, param: 'limit' });
      await assert.rejects(usage.costs({ ...question, bucket_width: '1h' as '1d' }), {
        status: 400,
        param: 'bucket_width',
      });
    });

    it('as text when a test says, as the live API writes them', async () => {
      const [number] = costsIn(await asked({}));
      backend.openai.amountsAsText = true;
      const [text] = costsIn(await asked({}));
      backend.openai.amountsAsText = false;
      assert.match(String(text!.amount!.value), /^\d+\.\d{39}$/);
      assert.equal(typeof text!.amount!.value, 'string');
      assert.ok(Math.abs(Number(text!.amount!.value) - number!.amount!.value!) < 1e-12);
    });
  });

  describe('told to fail', () => {
    it('is asked again by a patient client', async () => {
      backend.openai.failures.push({ status: 429, retryAfterS: 0 });
      const patient = new OpenAI({ adminAPIKey: KEY, baseURL: `${backend.url}/openai/v1`, maxRetries: 1 });
      const { data } = await patient.admin.organization.usage.completions(WEEK);
      assert.equal(data.length, 7);
      assert.equal(backend.openai.failures.length, 0);
    });

    it('breaks off', async () => {
      backend.openai.failures.push({ cutAfterTokens: 0 });
      await assert.rejects(usage.costs(WEEK), /terminated/);
    });
  });

  it('counts what it was asked, refusals too', async () => {
    const before = backend.openai.adminRequests;
    await usage.costs(WEEK);
    await clientOf('sk-wrong')
      .completions(WEEK)
      .catch(() => undefined);
    assert.equal(backend.openai.adminRequests, before + 2);
  });
});
