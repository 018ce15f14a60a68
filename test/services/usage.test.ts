import { expect } from 'chai';
import { lastDays } from '../../src/services/usage-series.ts';
import { dailyUsage, previousUsage, usageTotals } from '../../src/services/usage.ts';
import type { LivelitError } from '../../src/store/error.ts';
import type { Live } from '../../src/store/live.ts';
import { connectToBackend, leaveBackend, signInNewMember, sql } from '../support/browser/backend.ts';
import { until } from '../support/browser/page.ts';

const days = lastDays(5);

const addUsage = (
  userId: string,
  date: string | undefined,
  requests: number,
  cost: number | null = 0.5,
  source = 'import',
) =>
  sql(`insert into usage_data (user_id, date, model, source, requests, cost) values ($1, $2, 'm', $5, $3, $4)`, [
    userId,
    date,
    requests,
    cost,
    source,
  ]);

describe('usage', () => {
  const leaves: (() => void)[] = [];

  const watch = <T>(live: Live<T>) => {
    leaves.push(live.subscribe(() => undefined));
    return until(() => live.snapshot.status === 'live' && live.snapshot.data);
  };

  beforeEach(() => connectToBackend());

  afterEach(async () => {
    for (const leave of leaves.splice(0)) leave();
    await leaveBackend();
  });

  it('has the rows of a range, both ends included', async () => {
    const { userId } = await signInNewMember();
    for (const day of days) await addUsage(userId, day, 1);
    const rows = await watch(dailyUsage({ from: days[1]!, to: days[3] }));
    expect(rows.map(({ date }) => date)).to.deep.equal(days.slice(1, 4));
  });

  it('is one query for the same range, however often it is asked for', () => {
    expect(dailyUsage({ from: days[0]!, to: days[1] })).to.equal(dailyUsage({ from: days[0]!, to: days[1] }));
    expect(dailyUsage({ from: days[0]!, to: days[1] })).not.to.equal(dailyUsage({ from: days[0]!, to: days[2] }));
    expect(dailyUsage()).to.equal(dailyUsage({ days: 30 }));
  });

  for (const service of [dailyUsage, previousUsage, usageTotals] as readonly ((range: object) => unknown)[]) {
    for (const range of [{ days: 0 }, { from: 'x' }, { from: days[1], to: days[0] }]) {
      it(`${service.name} refuses ${Object.keys(range).join()} that is no range`, () => {
        expect(() => service(range))
          .to.throw()
          .with.property('code', 'invalid' satisfies LivelitError['code']);
      });
    }
  }

  it('has the sums of a range beside those of the time before', async () => {
    const { userId } = await signInNewMember();
    const counts = [9, 1, 2, 3, 3];
    for (const [index, count] of counts.entries()) await addUsage(userId, days[index], count);
    const { current, previous, change } = await watch(usageTotals({ days: 2 }));
    expect([current.requests, previous.requests, change.requests]).to.deep.equal([6, 3, 1]);
    expect([current.cost, previous.cost, change.cost]).to.deep.equal([1, 1, 0]);
    expect(change.co2).to.equal(null);
  });

  it('keeps the sums current', async () => {
    const { userId } = await signInNewMember();
    const totals = usageTotals({ days: 2 });
    const before = await watch(totals);
    expect(before.current.requests).to.equal(0);
    await addUsage(userId, days[4], 7);
    await until(() => totals.snapshot.data?.current.requests === 7);
    await addUsage(userId, days[2], 14);
    await until(() => totals.snapshot.data?.change.requests === -0.5);
  });

  it('has the sums of the time before a range alone', async () => {
    const { userId } = await signInNewMember();
    for (const [index, count] of [9, 1, 2, 3, 3].entries()) await addUsage(userId, days[index], count);
    expect((await watch(previousUsage({ days: 2 }))).requests).to.equal(3);
  });

  it('leaves out the chat where the sync brings it as well', async () => {
    const { userId } = await signInNewMember();
    await addUsage(userId, days[4], 5);
    await addUsage(userId, days[4], 2, 0.5, 'chat');
    await sql(
      `insert into private.site (owner_id, chat_in_synced_org) values ($1, true)
       on conflict (singleton) do update set owner_id = excluded.owner_id, chat_in_synced_org = true`,
      [userId],
    );
    const rows = await watch(dailyUsage({ days: 1 }));
    expect(rows.map(({ source }) => source)).to.deep.equal(['import']);
    expect((await watch(usageTotals({ days: 1 }))).current.requests).to.equal(5);
    await sql('update private.site set owner_id = null, chat_in_synced_org = false');
  });

  it('has the samples of a member, said to be, until there is anything else', async () => {
    const { userId } = await signInNewMember();
    await addUsage(userId, days[4], 7, 0.5, 'sample');
    const usage = dailyUsage({ days: 2 });
    const rows = await watch(usage);
    expect([rows.length, usage.snapshot.sample]).to.deep.equal([1, true]);
    await addUsage(userId, days[4], 3);
    await until(() => usage.snapshot.data?.[0]?.requests === 3);
    expect([usage.snapshot.data!.length, usage.snapshot.sample]).to.deep.equal([1, false]);
  });

  it('has invented sums, said to be, while nobody is signed in', async () => {
    const totals = usageTotals({ days: 7 });
    leaves.push(totals.subscribe(() => undefined));
    const { data } = await until(() => totals.snapshot.sample && totals.snapshot);
    expect(data!.current.tokens).to.be.greaterThan(0);
    expect(data!.previous.tokens).to.be.greaterThan(0);
  });
});
