import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  co2Grams,
  FOOTPRINT_METHOD,
  GRID_G_PER_KWH,
  usageFootprint,
  type UsedTokens,
} from '../../supabase/functions/_shared/footprint.ts';
import { PRICES } from '../../supabase/functions/_shared/prices.ts';

/** Wh of a call, low and high: grams where a kWh is worth a gram each Wh. */
function wh(model: string, input: number, output: number): readonly [low: number, high: number] {
  const { low, high } = co2Grams(model, { input, cached: 0, output }, 'US')!;
  return [(low / GRID_G_PER_KWH.US!) * 1000, (high / GRID_G_PER_KWH.US!) * 1000];
}

/**
 * EcoLogits' formula for Wh per thousand output tokens, by billions of parameters, on H100 cards of 80 GB, 64 requests at
 * once, weights of 4 bits, PUE 1.2. Source: docs/methodology/llm_inference.md of genai-impact/ecologits, commit af96c0f.
 */
function ecoLogits(active: number, total: number): number {
  const BATCH = 64;
  const whPerGpu = 6.47e-6 * Math.exp(-2.6e-3 * BATCH) * active + 1.04e-5;
  const seconds = 6.78e-4 * active + 3.12e-4 * BATCH + 1.94e-2;
  const gpus = Math.ceil((1.2 * total * 4) / 8 / 80);
  const serverWh = ((seconds / 3600) * 1000 * gpus) / 8 / BATCH;
  return 1000 * 1.2 * (gpus * whPerGpu + serverWh);
}

const near = (actual: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(actual / expected - 1) <= tolerance, `${actual} instead of ${expected}`);
const within = (value: number, [low, high]: readonly [number, number]) =>
  assert.ok(low <= value * 1.0001 && value <= high, `${value} is not within ${low} to ${high}`);

describe('the energy of a model', () => {
  const ECOLOGITS: Record<string, [model: string, active: [number, number], total: [number, number]]> = {
    // gpt-4o-mini, claude-3-5-haiku: dense.
    'of 8 to 28 billion parameters': ['gpt-4o-mini', [8, 28], [8, 28]],
    'of 44 to 132 of 440 billion': ['gpt-4o', [44, 132], [440, 440]],
    'of 176 to 528 of 1,760 billion': ['gpt-4', [176, 528], [1760, 1760]],
  };
  for (const [what, [model, active, total]] of Object.entries(ECOLOGITS)) {
    it(`${what} reaches as far as EcoLogits' formula, and no further`, () => {
      const [, high] = wh(model, 0, 1000);
      near(high, ecoLogits(active[1], total[1]), 0.03);
      within(ecoLogits(active[0], total[0]), wh(model, 0, 1000));
    });
  }

  it("begins at Epoch AI's 0.3 Wh for GPT-4o and 500 tokens, February 2025", () => {
    near(wh('gpt-4o', 0, 500)[0], 0.3, 1e-9);
  });

  it("includes Epoch AI's 2.5 Wh for 10,000 tokens of input, and 40 Wh for 100,000", () => {
    within(2.5, wh('gpt-4o', 10_000, 500));
    within(40, wh('gpt-4o', 100_000, 500));
  });

  it("includes the University of Rhode Island's 2.12 Wh for GPT-4 and 1,000 tokens, August 2025", () => {
    within(2.12, wh('gpt-4', 0, 1000));
  });

  it('stays below what counts the hardware too: 1.14 g for 400 tokens of Mistral Large 2, July 2025', () => {
    // https://mistral.ai/news/our-contribution-to-a-global-environmental-standard-for-ai: a life cycle, on a grid not said.
    for (const region of ['FR', 'SE', 'US']) {
      assert.ok(co2Grams('gpt-4o', { input: 0, cached: 0, output: 400 }, region)!.high < 1.14);
    }
  });

  it('is unknown for other kinds of models, and for names that mean nothing', () => {
    for (const model of [
      'text-embedding-3-small',
      'gpt-image-1',
      'gpt-4o-realtime-preview',
      'whisper-1',
      'unknown',
      '',
    ]) {
      assert.equal(co2Grams(model, { input: 1, cached: 0, output: 1 }), undefined, model);
    }
  });

  it('of a fine-tuned model is that of its base, whatever it is called', () => {
    const tokens = { input: 100, cached: 0, output: 100 };
    assert.deepEqual(co2Grams('ft:gpt-4o-2024-08-06:minimal::9zX', tokens), co2Grams('gpt-4o', tokens));
    assert.deepEqual(co2Grams('ft:gpt-4o-mini-2024-07-18:acme::9zX', tokens), co2Grams('gpt-4o-mini', tokens));
  });

  it('is ordered as prices are: sizes are assumed by names', () => {
    // Dearer than their size: agents that are paid by the task, and models that were the first of theirs.
    const EXCEPTIONS = /deep-research|^gpt-4-(turbo|vision|\d{4}-(vision-)?preview)/;
    const newest = new Map(PRICES.map(([, model, , , , , , output]) => [model, output / 1e6]));
    for (const [model, usd] of newest) {
      const least = co2Grams(model, { input: 0, cached: 0, output: 1000 }, 'US')?.low;
      if (least === undefined || EXCEPTIONS.test(model)) continue;
      const expected = usd <= 6 ? 'gpt-4o-mini' : usd <= 30 ? 'gpt-4o' : 'gpt-4';
      assert.equal(least, co2Grams(expected, { input: 0, cached: 0, output: 1000 }, 'US')!.low, `${model}: USD ${usd}`);
    }
  });
});

describe('grams CO2e', () => {
  const TOKENS = { input: 10_000, cached: 4_000, output: 2_000 };

  it('are the energy times what the grid emits', () => {
    const [france, poland] = [co2Grams('gpt-4o', TOKENS, 'FR')!, co2Grams('gpt-4o', TOKENS, 'PL')!];
    near(poland.mid / france.mid, 614.98 / 44.18, 1e-9);
    // (2,000 + (6,000 + 400) / 10) tokens × 0.6 Wh/1,000 × 383.55 g/kWh.
    near(co2Grams('gpt-4o', TOKENS)!.low, (2.64 * 0.6 * 383.55) / 1000, 1e-9);
  });

  it('have the geometric mean of both ends in the middle', () => {
    const { low, mid, high } = co2Grams('gpt-5-mini', TOKENS)!;
    near(mid / low, high / mid, 1e-9);
    assert.ok(low < mid && mid < high);
  });

  it('are unknown where the grid is', () => {
    for (const region of ['XX', 'us', '', 'constructor']) assert.equal(co2Grams('gpt-4o', TOKENS, region), undefined);
  });
});

describe('the footprint of rows', () => {
  const row = (model: string, co2_grams: number | null, generated_tokens = 1_000): UsedTokens => ({
    model,
    context_tokens: 0,
    cached_tokens: 0,
    generated_tokens,
    co2_grams,
  });

  it('has what they say in the middle, and the width of each model around it', () => {
    const { low, mid, high } = usageFootprint([row('gpt-4o', 10), row('gpt-4o-mini', 2)]);
    assert.equal(mid, 12);
    near(low, 10 * Math.sqrt(0.6 / 3.9) + 2 * Math.sqrt(0.09 / 0.24), 1e-9);
    near(high, 10 * Math.sqrt(3.9 / 0.6) + 2 * Math.sqrt(0.24 / 0.09), 1e-9);
  });

  it('names the models of which nothing is known, once', () => {
    const { mid, unknown } = usageFootprint([row('whisper-1', null), row('gpt-4o', 1), row('whisper-1', null)]);
    assert.deepEqual([mid, unknown], [1, ['whisper-1']]);
  });

  it('takes a figure from elsewhere as it is', () => {
    const { low, mid, high } = usageFootprint([row('llama-4', 3)]);
    assert.deepEqual([low, mid, high], [3, 3, 3]);
  });

  it('is estimated anew for the electricity of a region', () => {
    const rows = [row('gpt-4o', 10), row('gpt-4o', null)];
    const { low, mid, high, unknown } = usageFootprint(rows, { region: 'FR' });
    const each = co2Grams('gpt-4o', { input: 0, cached: 0, output: 1_000 }, 'FR')!;
    assert.deepEqual([low, mid, high, unknown], [each.low * 2, each.mid * 2, each.high * 2, []]);
  });

  it('is nothing for no rows, and says by which method', () => {
    assert.partialDeepStrictEqual(usageFootprint([]), {
      low: 0,
      mid: 0,
      high: 0,
      unknown: [],
      method: FOOTPRINT_METHOD,
    });
  });

  it('refuses a region of which nothing is known', () => {
    assert.throws(() => usageFootprint([], { region: 'Mars' }), { name: 'RangeError', message: /"Mars".*FR.*WORLD/ });
  });
});
