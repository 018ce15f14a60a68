import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PRICES } from '../../supabase/functions/_shared/prices.ts';
import { costOf, modelAlias, priceOf } from '../../supabase/functions/_shared/pricing.ts';

type Usd = readonly [input: number, cached: number | null, output: number];

/**
 * USD per million tokens as published, by provider, model and a day. OpenAI: https://developers.openai.com/api/docs/pricing,
 * o3 before and after 10 June 2025, gpt-5.6-sol before and after 21 August 2026; Anthropic:
 * https://platform.claude.com/docs/en/about-claude/pricing. Read in stored copies of these pages and in what others
 * quote of them, in November 2026; null where none was found.
 */
const PUBLISHED: readonly (readonly [provider: string, model: string, day: string, usd: Usd])[] = [
  ['openai', 'gpt-4o', '2026-11-20', [2.5, 1.25, 10]],
  ['openai', 'gpt-4o-mini', '2026-11-20', [0.15, 0.075, 0.6]],
  ['openai', 'o3', '2025-06-09', [10, null, 40]],
  ['openai', 'o3', '2025-06-10', [2, 0.5, 8]],
  ['openai', 'gpt-5.4-mini', '2026-05-04', [0.75, 0.075, 4.5]],
  ['openai', 'gpt-5.5', '2026-05-04', [5, 0.5, 30]],
  ['openai', 'gpt-5.6-sol', '2026-11-20', [4, 0.4, 20]],
  ['openai', 'gpt-5.6-luna', '2026-11-20', [0.2, 0.02, 1.2]],
  ['anthropic', 'claude-sonnet-4-6', '2026-11-20', [3, 0.3, 15]],
  ['anthropic', 'claude-haiku-4-5', '2026-11-20', [1, 0.1, 5]],
  ['anthropic', 'claude-opus-5', '2026-11-20', [5, 0.5, 25]],
  ['anthropic', 'claude-fable-5-1', '2026-11-20', [10, 0.25, 50]],
];

describe('the price of a model', () => {
  for (const [provider, model, day, [input, cached, output]] of PUBLISHED) {
    it(`is what ${provider} publishes of ${model} on ${day}`, () => {
      const price = priceOf(provider, model, day)!;
      assert.deepEqual([price.input, price.output], [input * 1e6, output * 1e6]);
      if (cached !== null) assert.equal(price.cached, cached * 1e6);
    });
  }

  it('of writing to the cache is what Anthropic publishes: 1.25 times the input, for an hour twice', () => {
    assert.partialDeepStrictEqual(priceOf('anthropic', 'claude-opus-4-8'), {
      written: 6_250_000,
      written1h: 10_000_000,
    });
  });

  it('is that of the alias for a dated snapshot, unless the snapshot has its own', () => {
    assert.deepEqual(priceOf('openai', 'gpt-4o-mini-2024-07-18'), priceOf('openai', 'gpt-4o-mini'));
    assert.deepEqual(priceOf('anthropic', 'claude-sonnet-4-20250514'), priceOf('anthropic', 'claude-sonnet-4'));
    assert.partialDeepStrictEqual(priceOf('openai', 'gpt-4o-2024-05-13'), { input: 5_000_000, output: 15_000_000 });
  });

  it('is that of the fine-tuned base for what was fine-tuned', () => {
    assert.partialDeepStrictEqual(priceOf('openai', 'ft:gpt-4o-mini-2024-07-18:acme::9zX'), { input: 300_000 });
    assert.partialDeepStrictEqual(priceOf('openai', 'ft:gpt-4o-2024-08-06:acme:mini:9zX'), { input: 3_750_000 });
  });

  it('is 0 for what is free', () => {
    assert.partialDeepStrictEqual(priceOf('openai', 'omni-moderation-latest'), { input: 0, output: 0 });
  });

  const UNPRICED: Record<string, [provider: string, model: string]> = {
    'a model that nobody knows': ['openai', 'gpt-99'],
    // A prefix of the data set matches it; its price is another.
    'a model that only begins like a known one': ['anthropic', 'claude-sonnet-5-5'],
    "another provider's model": ['anthropic', 'gpt-4o'],
    'tokens of several kinds': ['openai', 'gpt-4o-realtime-preview'],
    'what is not counted in tokens': ['openai', 'whisper-1'],
    'a name that objects have': ['openai', 'constructor'],
    nothing: ['openai', ''],
  };
  for (const [what, [provider, model]] of Object.entries(UNPRICED)) {
    it(`is unknown for ${what}`, () => {
      assert.equal(priceOf(provider, model), undefined);
      assert.equal(costOf(provider, model, { input: 1, cached: 0, output: 1 }), undefined);
    });
  }
});

describe('the cost of tokens', () => {
  it('counts each kind by its price, in micro-USD', () => {
    // 800,000 × 0.15 + 200,000 × 0.075 + 100,000 × 0.60, USD per million.
    assert.equal(costOf('openai', 'gpt-4o-mini', { input: 1_000_000, cached: 200_000, output: 100_000 }), 195_000);
    // 700 × 3 + 100 × 0.3 + 150 × 3.75 + 50 × 6 + 10 × 15, USD per million.
    const tokens = { input: 1_000, cached: 100, written: 150, written1h: 50, output: 10 };
    assert.equal(costOf('anthropic', 'claude-sonnet-4-5', tokens), 3_142.5);
  });

  it('is not rounded, so that small calls are not free', () => {
    assert.equal(costOf('openai', 'gpt-5-nano', { input: 1, cached: 0, output: 0 }), 0.05);
  });

  it('is that of the day', () => {
    const tokens = { input: 1_000_000, cached: 0, output: 0 };
    const costs = ['2026-07-29', '2026-07-30'].map((day) => costOf('openai', 'gpt-5.6-luna', tokens, day));
    assert.deepEqual(costs, [1_000_000, 200_000]);
    assert.equal(costOf('openai', 'gpt-5.6-luna', tokens), 200_000);
  });
});

describe('the table of prices', () => {
  it('has each model by its alias, its prices oldest first, and none that repeats the one before', () => {
    const last = new Map<string, (typeof PRICES)[number]>();
    for (const row of PRICES) {
      const [provider, model, validFrom, ...prices] = row;
      assert.equal(modelAlias(model), model);
      const [, , before, ...older] = last.get(`${provider} ${model}`) ?? [];
      if (before !== undefined) {
        assert.ok(before < validFrom, model);
        assert.notDeepEqual(older, prices, model);
      }
      assert.ok(
        prices.every((price) => Number.isSafeInteger(price) && price >= 0),
        model,
      );
      last.set(`${provider} ${model}`, row);
    }
  });
});
