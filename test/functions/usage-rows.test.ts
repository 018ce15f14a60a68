import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Charge, UsageCount } from '../../supabase/functions/_shared/providers/provider.ts';
import { usageRows, type Reading } from '../../supabase/functions/_shared/usage-rows.ts';

const TODAY = '2026-11-20';
const used = (date: string, fields: Partial<UsageCount> = {}): UsageCount => ({
  date,
  model: 'gpt-4o-mini',
  project: 'p',
  requests: 1,
  inputTokens: 1_000_000,
  cachedTokens: 200_000,
  outputTokens: 100_000,
  ...fields,
});
const charged = (date: string, usd: number, fields: Partial<Charge> = {}): Charge => ({
  date,
  model: 'gpt-4o-mini',
  project: 'p',
  usd,
  ...fields,
});
const rowsOf = (usage: UsageCount[], charges: Charge[] = [], reading: Partial<Reading> = {}) =>
  usageRows({ usage, charges }, { provider: 'openai', today: TODAY, ...reading });
const costsOf = (...parameters: Parameters<typeof rowsOf>) =>
  rowsOf(...parameters).map(({ model, cost, cost_source }) => [model, cost, cost_source]);

describe('the rows of a report', () => {
  it('add snapshots of a model up', () => {
    const rows = rowsOf([used('2026-11-01'), used('2026-11-01')]);
    assert.partialDeepStrictEqual(rows, [{ requests: 2, context_tokens: 2_000_000, cached_tokens: 400_000 }]);
    assert.equal(rows.length, 1);
  });

  it('keep days, models and projects apart', () => {
    const rows = rowsOf([used('2026-11-01'), used('2026-11-02'), used('2026-11-01', { project: 'q' })]);
    assert.equal(rows.length, 3);
  });

  it('never count more cached tokens than there were', () => {
    assert.partialDeepStrictEqual(rowsOf([used('2026-11-01', { cachedTokens: 2_000_000 })]), [
      { cached_tokens: 1_000_000 },
    ]);
  });

  it('are provisional today and yesterday', () => {
    const rows = rowsOf([used('2026-11-18'), used('2026-11-19'), used(TODAY)]);
    assert.deepEqual(
      rows.map(({ provisional }) => provisional),
      [false, true, true],
    );
  });

  it('have a footprint where the size of the model is known, and there were tokens', () => {
    const [known, unknown, none] = rowsOf([
      used('2026-11-01'),
      used('2026-11-01', { model: 'dall-e-3' }),
      used('2026-11-02', { inputTokens: 0, outputTokens: 0 }),
    ]);
    assert.ok(known!.co2_grams! > 0);
    assert.deepEqual([unknown!.co2_grams, none!.co2_grams], [null, null]);
  });

  it('have a footprint by the electricity of the region', () => {
    const gramsIn = (region?: string) => rowsOf([used('2026-11-01')], [], { region })[0]!.co2_grams;
    assert.ok(gramsIn('FR')! < gramsIn()! / 8);
    assert.equal(gramsIn('US'), gramsIn());
    assert.equal(gramsIn('Mars'), null);
  });

  describe('cost', () => {
    it('what the price of their day says, while there is no bill', () => {
      // 800,000 × 0.15 + 200,000 × 0.075 + 100,000 × 0.60, USD per million.
      assert.deepEqual(costsOf([used('2026-11-01')]), [['gpt-4o-mini', 0.195, 'estimated']]);
    });

    it('by the newest price that held then', () => {
      // https://developers.openai.com/api/docs/pricing: o3 became cheaper by four fifths on 10 June 2025.
      const o3 = { model: 'o3', cachedTokens: 0, outputTokens: 0 };
      const costs = ['2025-06-09', '2025-06-10'].map((day) => rowsOf([used(day, o3)])[0]!.cost);
      assert.deepEqual(costs, [10, 2]);
    });

    it('more for what is written to the cache, as far as it can have been', () => {
      const claude = { model: 'claude-opus-5', cachedTokens: 0, outputTokens: 0 };
      const costOf = (fields: Partial<UsageCount>) =>
        rowsOf([used('2026-11-01', { ...claude, ...fields })], [], { provider: 'anthropic' })[0]!.cost;
      assert.equal(costOf({}), 5);
      assert.equal(costOf({ writtenTokens: 400_000, written1hTokens: 100_000 }), 2.5 + 2.5 + 1);
      assert.equal(costOf({ writtenTokens: 9_000_000 }), 6.25);
    });

    it('not by a price of tokens what is counted in something else', () => {
      const images = used('2026-11-01', { inputTokens: 0, cachedTokens: 0, outputTokens: 0 });
      assert.deepEqual(costsOf([images]), [['gpt-4o-mini', null, 'estimated']]);
    });

    it('what is billed, to the last line', () => {
      const lines = [charged('2026-11-01', 0.1), charged('2026-11-01', 0.05)];
      const [[, cost, source]] = costsOf([used('2026-11-01')], lines) as [[string, number, string]];
      assert.ok(Math.abs(cost - 0.15) < 1e-9);
      assert.equal(source, 'billed');
    });

    it('nothing where the bill of the day has no line', () => {
      const other = charged('2026-11-01', 1, { model: 'gpt-4o' });
      assert.deepEqual(costsOf([used('2026-11-01')], [other]), [
        ['gpt-4o-mini', 0, 'billed'],
        ['gpt-4o', 1, 'billed'],
      ]);
    });

    it('nothing less than nothing after a credit', () => {
      assert.deepEqual(costsOf([used('2026-11-01')], [charged('2026-11-01', -5)]), [['gpt-4o-mini', 0, 'billed']]);
    });

    it('an estimate today, whatever is billed so far; what has no price takes that', () => {
      const unpriced = used(TODAY, { model: 'gpt-99' });
      const lines = [charged(TODAY, 0.01), charged(TODAY, 0.02, { model: 'gpt-99' })];
      assert.deepEqual(costsOf([used(TODAY), unpriced], lines), [
        ['gpt-4o-mini', 0.195, 'estimated'],
        ['gpt-99', 0.02, 'billed'],
      ]);
      assert.deepEqual(costsOf([unpriced]), [['gpt-99', null, 'estimated']]);
    });
  });
});
