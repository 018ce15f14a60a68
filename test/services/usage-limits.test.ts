import { expect } from 'chai';
import { lastDays } from '../../src/services/usage-series.ts';
import { limitNow, resetsAt, setUsageLimit, usageLimits, type UsageLimit } from '../../src/services/usage-limits.ts';
import type { LivelitError } from '../../src/store/error.ts';
import { connectToBackend, leaveBackend, signInNewMember, sql } from '../support/browser/backend.ts';
import { until } from '../support/browser/page.ts';

const [TODAY] = lastDays(1);

const use = (userId: string, requests: number) =>
  sql(`insert into usage_data (user_id, date, model, source, requests) values ($1, $2, $4, 'import', $3)`, [
    userId,
    TODAY,
    requests,
    crypto.randomUUID(),
  ]);

const limit: UsageLimit = {
  user_id: 'u1',
  metric: 'tokens',
  period: 'day',
  limit_value: 10,
  used: 12,
  period_start: '2026-11-20',
  crossed_at: '2026-11-20T08:00:00Z',
  status: 'saved',
};

describe('the limits of usage', () => {
  const limits = usageLimits;
  let leave = () => {};

  const watch = async () => {
    leave = limits().subscribe(() => undefined);
    await until(() => limits().snapshot.status === 'live');
  };
  const shown = () =>
    limits().snapshot.data!.map(({ metric, period, limit_value }) => `${metric} ${period} ${limit_value}`);
  const saved = () => until(() => limits().snapshot.data!.every(({ status }) => status === 'saved'));

  beforeEach(() => connectToBackend());

  afterEach(async () => {
    leave();
    await leaveBackend();
  });

  it('are there when they are set, and saved a moment later', async () => {
    await signInNewMember();
    await watch();
    setUsageLimit('tokens', 'month', 500);
    setUsageLimit('cost', 'day', 2.5);
    setUsageLimit('tokens', 'month', 700);
    expect(shown()).to.deep.equal(['cost day 2.5', 'tokens month 700']);
    expect(limits().snapshot.data![0]!.status).to.equal('pending');
    await saved();
    expect(shown()).to.deep.equal(['cost day 2.5', 'tokens month 700']);
    const rows = await sql('select metric, limit_value from usage_tracking where limit_value in (2.5, 700) order by 1');
    expect(rows).to.have.length(2);
  });

  it('are gone when they are set to nothing', async () => {
    await signInNewMember();
    await watch();
    setUsageLimit('cost', 'day', 2);
    await saved();
    setUsageLimit('cost', 'day', null);
    expect(shown()).to.deep.equal([]);
    setUsageLimit('tokens', 'day', 7);
    await saved();
    expect(shown()).to.deep.equal(['tokens day 7']);
  });

  it('say what is used of them, and when they are crossed', async () => {
    const { userId } = await signInNewMember();
    await watch();
    setUsageLimit('requests', 'day', 5);
    await saved();
    await use(userId, 4);
    await until(() => limits().snapshot.data![0]!.used === 4);
    expect(limits().snapshot.data![0]!.crossed_at).to.equal(null);
    await use(userId, 1);
    await until(() => limits().snapshot.data![0]!.crossed_at !== null);
  });

  for (const value of [0, -1, NaN, Infinity, 1e12]) {
    it(`refuse ${value}`, () => {
      expect(() => setUsageLimit('cost', 'day', value))
        .to.throw()
        .with.property('code', 'invalid' satisfies LivelitError['code']);
    });
  }

  it('are none while nobody is signed in', async () => {
    leave = limits().subscribe(() => undefined);
    await until(() => limits().snapshot.data?.length === 0);
    expect(limits().snapshot.status).to.equal('idle');
  });

  const ends = [
    ['day', '2026-11-20', '2026-11-21'],
    ['day', '2026-12-31', '2027-01-01'],
    ['month', '2026-11-01', '2026-12-01'],
    ['month', '2026-12-01', '2027-01-01'],
  ] as const;
  for (const [period, period_start, end] of ends) {
    it(`begin anew on ${end} after the ${period} of ${period_start}`, () => {
      expect(resetsAt({ period, period_start })).to.equal(Date.parse(end));
    });
  }

  it('are what they were until the end of their period, and then unused', () => {
    expect(limitNow(limit, Date.parse('2026-11-20T23:59:59Z'))).to.equal(limit);
    expect(limitNow(limit, Date.parse('2026-11-22T00:00:01Z'))).to.include({
      used: 0,
      crossed_at: null,
      period_start: '2026-11-22',
      limit_value: 10,
    });
    const monthly = { ...limit, period: 'month', period_start: '2026-11-01' } as const;
    expect(limitNow(monthly, Date.parse('2026-12-05')).period_start).to.equal('2026-12-01');
  });
});
