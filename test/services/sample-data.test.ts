import { expect } from 'chai';
import { usageFootprint } from '../../src/services/footprint.ts';
import { costOf } from '../../src/services/pricing.ts';
import { sampleUsage } from '../../src/services/sample-data.ts';

describe('sample usage', () => {
  it('costs and emits what its tokens would', () => {
    for (const row of sampleUsage(7)) {
      const tokens = { input: row.context_tokens, cached: row.cached_tokens, output: row.generated_tokens };
      const microUsd = costOf('openai', row.model, tokens)!;
      expect(row.cost! / (microUsd / 1e6), row.model).to.be.closeTo(1, 0.01);
      const { mid } = usageFootprint([row], { region: 'US' });
      expect(row.co2_grams! / mid, row.model).to.be.closeTo(1, 0.02);
    }
  });
});
