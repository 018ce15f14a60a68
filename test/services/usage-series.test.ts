import { expect } from 'chai';
import { lastDays, usageSeries, type UsageRow } from '../../src/services/usage-series.ts';

const row = (more: Partial<UsageRow>): UsageRow => ({
  id: '1',
  date: '2026-11-20',
  model: 'gpt-4o-mini',
  project: '',
  source: 'openai',
  requests: 2,
  context_tokens: 100,
  cached_tokens: 40,
  generated_tokens: 10,
  cost: 0.5,
  co2_grams: 3,
  ...more,
});

const DAYS = ['2026-11-19', '2026-11-20'];

describe('lastDays', () => {
  it('ends with the present UTC day', () => {
    expect(lastDays(3, Date.parse('2026-03-01T00:30:00Z'))).to.deep.equal(['2026-02-27', '2026-02-28', '2026-03-01']);
  });

  it('has each day once across a change of the clocks', () => {
    const days = lastDays(366, Date.parse('2026-11-20T23:59:59Z'));
    expect(new Set(days).size).to.equal(366);
  });
});

describe('usageSeries', () => {
  const metrics = [
    ['tokens', 110],
    ['requests', 2],
    ['cost', 0.5],
    ['co2', 3],
  ] as const;
  for (const [metric, value] of metrics) {
    it(`reads ${metric}`, () => {
      expect(usageSeries([row({})], DAYS, metric).models).to.deep.equal([{ model: 'gpt-4o-mini', values: [0, value] }]);
    });
  }

  it('adds up what one model used on one day', () => {
    const { models, total } = usageSeries([row({}), row({ source: 'chat' })], DAYS, 'requests');
    expect(models[0]?.values).to.deep.equal([0, 4]);
    expect(total).to.equal(4);
  });

  it('orders models by name, whatever comes first', () => {
    const { models } = usageSeries([row({ model: 'b' }), row({ model: 'a' })], DAYS, 'tokens');
    expect(models.map(({ model }) => model)).to.deep.equal(['a', 'b']);
  });

  it('leaves out days outside the range', () => {
    expect(usageSeries([row({ date: '2026-11-18' })], DAYS, 'tokens').models).to.deep.equal([]);
  });

  it('counts what has no known value instead of taking it for 0', () => {
    const { unknown, total } = usageSeries([row({}), row({ model: 'new', cost: null })], DAYS, 'cost');
    expect({ unknown, total }).to.deep.equal({ unknown: 1, total: 0.5 });
  });
});
