import { expect } from 'chai';
import {
  lastDays,
  previousDays,
  rangeDays,
  usageChange,
  usageSeries,
  usageSums,
  type UsageRow,
} from '../../src/services/usage-series.ts';

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

describe('rangeDays', () => {
  const NOW = Date.parse('2026-11-20T12:00:00Z');

  const ranges = [
    [{ days: 2 }, ['2026-11-19', '2026-11-20']],
    [{ from: '2026-02-28', to: '2026-03-01' }, ['2026-02-28', '2026-03-01']],
    [{ from: '2024-02-29', to: '2024-02-29' }, ['2024-02-29']],
    [{ from: '2026-11-19' }, ['2026-11-19', '2026-11-20']],
    [{ from: '2026-11-19', to: '' }, ['2026-11-19', '2026-11-20']],
  ] as const;
  for (const [range, days] of ranges) {
    it(`has the days of ${JSON.stringify(range)}`, () => expect(rangeDays(range, NOW)).to.deep.equal(days));
  }

  const none = [
    { days: 0 },
    { days: 367 },
    { days: 1.5 },
    { from: '2026-02-30' },
    { from: '2026-1-1' },
    { from: 'yesterday' },
    { from: '2026-11-21' },
    { from: '2026-11-20', to: '2026-11-19' },
    { from: '2025-11-19' },
    { from: '2026-01-01', to: 'x' },
  ];
  for (const range of none) {
    it(`has no days for ${JSON.stringify(range)}`, () => expect(rangeDays(range, NOW)).to.deep.equal([]));
  }

  it('has 30 days unless said', () => expect(rangeDays({}, NOW)).to.have.length(30));

  it('may be 366 days long', () => expect(rangeDays({ from: '2025-11-20' }, NOW)).to.have.length(366));
});

describe('previousDays', () => {
  it('ends on the day before, and is as long', () => {
    expect(previousDays(['2026-03-01', '2026-03-02'])).to.deep.equal(['2026-02-27', '2026-02-28']);
  });
});

describe('usageSeries', () => {
  const metrics = [
    ['tokens', 110],
    ['input', 100],
    ['output', 10],
    ['cached', 40],
    ['requests', 2],
    ['cost', 0.5],
    ['co2', 3],
  ] as const;
  for (const [metric, value] of metrics) {
    it(`reads ${metric}`, () => {
      const { lines } = usageSeries([row({})], DAYS, metric);
      expect(lines).to.deep.equal([{ name: 'gpt-4o-mini', rest: false, values: [0, value], total: value }]);
    });
  }

  const names = (...parameters: Parameters<typeof usageSeries>) =>
    usageSeries(...parameters).lines.map(({ name, rest }) => (rest ? 'the rest' : name));

  it('adds up what one model used on one day', () => {
    const { lines, total } = usageSeries([row({}), row({ source: 'chat' })], DAYS, 'requests');
    expect(lines[0]?.values).to.deep.equal([0, 4]);
    expect(total).to.equal(4);
  });

  it('orders models by name, whatever comes first', () => {
    expect(names([row({ model: 'b' }), row({ model: 'a' })], DAYS, 'tokens')).to.deep.equal(['a', 'b']);
  });

  it('leaves out days outside the range', () => {
    expect(names([row({ date: '2026-11-18' })], DAYS, 'tokens')).to.deep.equal([]);
  });

  it('names what has no known value instead of taking it for 0', () => {
    const rows = [row({}), row({ model: 'new', cost: null }), row({ model: 'new', cost: null, project: 'x' })];
    const { unknown, total } = usageSeries(rows, DAYS, 'cost');
    expect({ unknown, total }).to.deep.equal({ unknown: ['new'], total: 0.5 });
  });

  it('names what has a price only in part, and counts the part', () => {
    const { unknown, total } = usageSeries([row({ unpriced: true })], DAYS, 'cost');
    expect({ unknown, total }).to.deep.equal({ unknown: ['gpt-4o-mini'], total: 0.5 });
    expect(usageSeries([row({ unpriced: true })], DAYS, 'tokens').unknown).to.deep.equal([]);
  });

  it('divides by project', () => {
    expect(names([row({ project: 'b' }), row({}), row({ project: 'b' })], DAYS, 'cost', 'project')).to.deep.equal([
      '',
      'b',
    ]);
  });

  it('divides by nothing', () => {
    const { lines } = usageSeries([row({}), row({ model: 'b' })], DAYS, 'cost', 'none');
    expect(lines).to.deep.equal([{ name: '', rest: false, values: [0, 1], total: 1 }]);
  });

  const three = [
    row({ model: 'small', requests: 1 }),
    row({ model: 'large', requests: 9 }),
    row({ model: 'middle', requests: 3, date: DAYS[0]! }),
  ];

  it('adds all but the largest up as the rest, which is last', () => {
    const { lines, total } = usageSeries(three, DAYS, 'requests', 'model', 1);
    expect(lines).to.deep.equal([
      { name: 'large', rest: false, values: [0, 9], total: 9 },
      { name: '', rest: true, values: [3, 1], total: 4 },
    ]);
    expect(total).to.equal(13);
  });

  it('has no rest when all are among the largest', () => {
    expect(names(three, DAYS, 'requests', 'model', 3)).to.deep.equal(['large', 'middle', 'small']);
  });

  it('takes the first by name where two are equally large', () => {
    const two = [row({ model: 'b' }), row({ model: 'a' })];
    expect(names(two, DAYS, 'requests', 'model', 1)).to.deep.equal(['a', 'the rest']);
  });
});

describe('usageSums', () => {
  it('adds up the range and the one before it, and says how much more it is', () => {
    const rows = [row({}), row({ date: '2026-11-18', requests: 1, cost: null }), row({ date: '2026-11-16' })];
    const { current, previous, change } = usageSums(rows, DAYS);
    expect([current.requests, previous.requests, change.requests]).to.deep.equal([2, 1, 1]);
    expect([current.cost, previous.cost, change.cost]).to.deep.equal([0.5, 0, null]);
    expect(current.tokens).to.equal(110);
  });
});

describe('usageChange', () => {
  const changes = [
    [3, 2, 0.5],
    [1, 2, -0.5],
    [0, 2, -1],
    [2, 0, null],
    [0, 0, null],
  ] as const;
  for (const [current, previous, change] of changes) {
    it(`is ${change} from ${previous} to ${current}`, () => {
      expect(usageChange(current, previous)).to.equal(change);
    });
  }
});
