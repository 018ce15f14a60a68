import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { LocalBackend } from '../../local/backend.ts';
import { endBackend, startTestBackend, type Person } from '../support/node/backend.ts';
import { newKey, newMemberWithKey, setKey, sync as syncAs } from '../support/node/keys-http.ts';
import { daysAgo } from '../support/node/usage-sql.ts';

interface Bucket {
  readonly starting_at: string;
  readonly results: readonly Record<string, number | string | null>[];
}

describe('the function sync-usage, for Anthropic', () => {
  let backend: LocalBackend;
  let member: Person;
  let key: string;
  before(async () => {
    backend = await startTestBackend();
  });
  after(() => endBackend(backend));
  beforeEach(async () => {
    backend.anthropic.adminKeys = undefined;
    [member, key] = await newMemberWithKey(backend, 'anthropic');
  });

  const sync = async () => (await syncAs(backend, member, 'anthropic')).body.runs[0]!;

  /** All buckets of the stand-in, a day a page. */
  async function upstream(path: string): Promise<Bucket[]> {
    const buckets: Bucket[] = [];
    for (let days = 89; days >= 0; days -= 1) {
      const query = new URLSearchParams({ starting_at: `${daysAgo(days)}T00:00:00Z`, limit: '1' });
      const answer = await backend.anthropic.handle(
        new Request(`${backend.url}/anthropic/v1/organizations/${path}?${query}`, {
          headers: { 'x-api-key': key, 'anthropic-version': '2023-06-01' },
        }),
      );
      buckets.push(...((await answer.json()) as { data: Bucket[] }).data);
    }
    return buckets;
  }

  it('accepts an admin key, and no other', async () => {
    const set = (value: string) => setKey(backend, member, value, 'anthropic');
    assert.partialDeepStrictEqual((await set(key)).body, { keys: [{ provider: 'anthropic', status: 'valid' }] });
    const other = await set(`sk-ant-api03-${'a'.repeat(40)}`);
    assert.deepEqual([other.status, other.body.error.reason], [422, 'key_kind']);
    backend.anthropic.adminKeys = new Set();
    assert.equal((await set(newKey('anthropic'))).body.error.reason, 'key_invalid');
  });

  it('brings ninety days, equal to the provider, by alias', async () => {
    assert.equal((await sync()).status, 'ok');
    const stored = await backend.database.query<Record<string, number | string>>(
      `select date::text as day, model, project, context_tokens::int as input, cached_tokens::int as cached,
              generated_tokens::int as output
       from public.usage_data where user_id = $1 and source = 'anthropic' and model <> 'web-search'
       order by 1, 2, 3`,
      [member.id],
    );
    const expected = (await upstream('usage_report/messages')).flatMap(({ starting_at, results }) =>
      results.map((result) => ({
        day: starting_at.slice(0, 10),
        model: String(result.model).startsWith('claude-sonnet') ? 'claude-sonnet-4' : 'claude-haiku-4-5',
        project: result.workspace_id ?? '',
        input: Number(result.uncached_input_tokens) + Number(result.cache_read_input_tokens) + 15,
        cached: result.cache_read_input_tokens,
        output: result.output_tokens,
      })),
    );
    const inOrder = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).sort();
    assert.deepEqual(inOrder(stored), inOrder(expected));
    assert.equal(stored.length, 90 * 4);
  });

  it('brings what finished days cost, in dollars', async () => {
    await sync();
    const [{ usd, count }] = (await backend.database.query<{ usd: number; count: number }>(
      `select sum(cost) as usd, count(distinct date)::int as count from public.usage_data
       where user_id = $1 and cost_source = 'billed' and not provisional`,
      [member.id],
    )) as [{ usd: number; count: number }];
    const cents = (await upstream('cost_report'))
      .filter(({ starting_at }) => starting_at.slice(0, 10) < daysAgo(1))
      .flatMap(({ results }) => results.map(({ amount }) => Number(amount)))
      .reduce((sum, each) => sum + each, 0);
    assert.equal(count, 88);
    assert.ok(Math.abs(usd - cents / 100) < 0.001, `${usd} instead of ${cents / 100}`);
  });

  it('estimates what is not billed yet by list prices, with what is written to the cache', async () => {
    await sync();
    const [{ usd }] = (await backend.database.query<{ usd: number }>(
      `select sum(cost) as usd from public.usage_data
       where user_id = $1 and provisional and cost_source = 'estimated' and model like 'claude-%'`,
      [member.id],
    )) as [{ usd: number }];
    // USD per million: input, read from the cache, written to it for five minutes and for an hour, output.
    const LIST = { 'claude-sonnet-4': [3, 0.3, 3.75, 6, 15], 'claude-haiku-4-5': [1, 0.1, 1.25, 2, 5] };
    const expected = (await upstream('usage_report/messages'))
      .filter(({ starting_at }) => starting_at.slice(0, 10) >= daysAgo(1))
      .flatMap(({ results }) => results)
      .map(({ model, uncached_input_tokens: fresh, cache_read_input_tokens: read, output_tokens: output }) => {
        const prices = LIST[String(model).replace(/-\d{8}$/, '') as keyof typeof LIST];
        return (
          [fresh, read, 10, 5, output].reduce<number>((sum, each, kind) => sum + Number(each) * prices[kind]!, 0) / 1e6
        );
      });
    const sum = expected.reduce((total, each) => total + each, 0);
    // Each row is rounded to a micro-USD.
    assert.ok(Math.abs(usd - sum) <= expected.length * 0.000_000_5 + 1e-9, `${usd} instead of ${sum}`);
  });

  it('writes nothing new the second time', async () => {
    await sync();
    assert.partialDeepStrictEqual(await sync(), { status: 'ok', rows_changed: 0 });
  });

  it('waits as long as it is asked to', async () => {
    backend.anthropic.failures.push({ status: 429, retryAfterS: 600 });
    assert.partialDeepStrictEqual(await sync(), { status: 'error', error_reason: 'provider_busy' });
  });

  it('has a run, a key and rows of its own beside OpenAI', async () => {
    await setKey(backend, member, newKey());
    await sync();
    await syncAs(backend, member);
    const sources = 'select distinct source from public.usage_data where user_id = $1 order by 1';
    assert.deepEqual(await backend.database.query(sources, [member.id]), [
      { source: 'anthropic' },
      { source: 'openai' },
    ]);
  });
});
