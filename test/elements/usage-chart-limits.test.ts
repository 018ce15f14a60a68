import { expect } from 'chai';
import { usageLimits } from '../../src/services/usage-limits.ts';
import { html } from 'lit';
import { UsageChartLimitEvent } from '../../src/elements/usage-chart.events.ts';
import type { UsageChartElement } from '../../src/elements/usage-chart.ts';
import { connectToBackend, leaveBackend, signInNewMember, sql } from '../support/browser/backend.ts';
import { clearPage, until } from '../support/browser/page.ts';
import { addUsage, drawn, models, open, part, picture } from '../support/browser/usage-chart.ts';

const summary = (chart: UsageChartElement) => chart.shadowRoot!.querySelector('canvas')!.getAttribute('aria-label')!;

/** What a screen reader is told once. */
const announced = (chart: UsageChartElement) => chart.shadowRoot!.querySelector('[role="status"]')?.textContent ?? '';

const notice = (chart: UsageChartElement) => part(chart, 'notice').replace(/\s+/g, ' ');

describe('the limits of <usage-chart>', () => {
  let userId: string;
  let told: UsageChartLimitEvent[];

  const limit = (metric: string, period: string, value: number) =>
    sql(
      `insert into usage_tracking (user_id, metric, period, limit_value) values ($1, $2, $3, $4)
       on conflict (user_id, metric, period) do update set limit_value = excluded.limit_value`,
      [userId, metric, period, value],
    );

  const note = (event: Event) => {
    if (event instanceof UsageChartLimitEvent) told.push(event);
  };

  beforeEach(async () => {
    await connectToBackend();
    ({ userId } = await signInNewMember());
    told = [];
    document.addEventListener('usage-chart-limit', note);
  });

  afterEach(async () => {
    document.removeEventListener('usage-chart-limit', note);
    clearPage();
    await leaveBackend();
  });

  it('are drawn, said of the drawing, and rows of the table, for a day', async () => {
    await addUsage(userId, 'm', 1_000);
    const chart = await open(html`<usage-chart lang="en"></usage-chart>`);
    await until(() => models(chart).length);
    await drawn(chart);
    const before = picture(chart);
    await limit('tokens', 'day', 1_500);
    await until(() => summary(chart).endsWith('1K in total. Daily limit 1.5K'));
    await until(() => picture(chart) !== before, 'another picture');
    chart.table = true;
    await until(() => chart.shadowRoot!.querySelector('tfoot tr:nth-child(2)'));
    expect(chart.shadowRoot!.querySelector('tfoot tr')!.textContent.replace(/\s+/g, ' ').trim()).to.equal(
      'Daily limit 1,500',
    );
    const json = JSON.parse(await (await chart.toBlob('json')).text()) as { daily_limit: number };
    expect(json.daily_limit).to.equal(1_500);
  });

  it('are those of the metric, and none for parts of the tokens', async () => {
    await addUsage(userId, 'm', 1_000);
    await limit('cost', 'day', 2);
    const chart = await open(html`<usage-chart lang="en" metric="cost"></usage-chart>`);
    await until(() => summary(chart).includes('Daily limit $2.00'));
    chart.metric = 'input';
    await until(() => part(chart, 'title').startsWith('Input'));
    expect(summary(chart)).not.to.contain('limit');
  });

  it('make an event once when one is reached, and say it once', async () => {
    await limit('tokens', 'day', 1_500);
    const chart = await open(html`<usage-chart lang="en"></usage-chart>`);
    await until(() => summary(chart).includes('Daily limit'));
    await addUsage(userId, 'a', 1_000);
    await until(() => part(chart, 'total') === '1K');
    expect(told).to.deep.equal([]);
    await addUsage(userId, 'b', 700);
    const [event] = await until(() => told.length && told);
    expect(event).to.include({ metric: 'tokens', period: 'day', limit: 1_500, used: 1_700 });
    expect(Date.parse(event!.crossedAt)).to.be.greaterThan(Date.now() - 60_000);
    expect(event!.target).to.equal(chart);
    await until(() => announced(chart).startsWith('Daily limit reached: 1.7K of 1.5K tokens. Resets '));
    await addUsage(userId, 'c', 900);
    await until(() => notice(chart).includes('2.6K of 1.5K'));
    chart.days = 7;
    await until(() => part(chart, 'footnote').startsWith('Last 7'));
    expect(told).to.have.length(1);
    expect(announced(chart)).to.contain('1.7K');
  });

  it('make none for what was reached before the page was opened, but say it', async () => {
    await limit('tokens', 'day', 500);
    await addUsage(userId, 'a', 1_000);
    const chart = await open(html`<usage-chart lang="en"></usage-chart>`);
    await until(() => notice(chart).includes('1K of 500 tokens'));
    expect(announced(chart)).to.equal('');
    clearPage();
    const again = await open(html`<usage-chart lang="en"></usage-chart>`);
    await until(() => notice(again));
    await addUsage(userId, 'b', 1_000);
    await until(() => notice(again).includes('2K of 500 tokens'));
    expect(told).to.deep.equal([]);
  });

  it('make none when the metric is another', async () => {
    await limit('requests', 'day', 1);
    const chart = await open();
    await addUsage(userId, 'a', 1_000);
    await until(() => part(chart, 'total') === '1K');
    // Told of while something else is shown.
    await until(() => usageLimits().snapshot.data?.[0]?.crossed_at);
    chart.metric = 'requests';
    await until(() => notice(chart));
    expect(told).to.deep.equal([]);
  });

  it('are words for a month, and say when it ends on the clock of the viewer', async () => {
    await limit('cost', 'month', 0.4);
    await addUsage(userId, 'a', 1_000);
    const chart = await open(html`<usage-chart lang="en" metric="cost"></usage-chart>`);
    await until(() => notice(chart));
    const now = new Date();
    const end = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1));
    const words = end.toLocaleString('en', {
      day: 'numeric',
      month: 'long',
      hour: 'numeric',
      minute: '2-digit',
      timeZoneName: 'short',
    });
    expect(notice(chart)).to.contain(`Monthly limit reached: $0.50 of $0.40. Resets ${words}.`);
    expect(summary(chart)).not.to.contain('limit');
  });

  it('can be dismissed, in all charts, for as long as the period lasts', async () => {
    await limit('tokens', 'day', 500);
    await addUsage(userId, 'a', 1_000);
    const [one, other] = [await open(), await open()];
    await until(() => notice(one) && notice(other));
    one.shadowRoot!.querySelector<HTMLElement>('[part="dismiss"]')!.click();
    await until(() => !notice(one) && !notice(other));
    expect(one.shadowRoot!.activeElement?.part.value).to.equal('plot');
    clearPage();
    const again = await open();
    await until(() => summary(again).includes('Daily limit'));
    expect(notice(again)).to.equal('');
    // Another crossing is another one.
    await sql('update usage_tracking set limit_value = 5000 where user_id = $1', [userId]);
    await until(() => summary(again).includes('5K'));
    await sql('update usage_tracking set limit_value = 600 where user_id = $1', [userId]);
    await until(() => notice(again));
  });

  it('are of no concern to a share', async () => {
    await limit('tokens', 'day', 500);
    await addUsage(userId, 'a', 1_000);
    const [share] = await sql('insert into usage_shares (user_id) values ($1) returning id', [userId]);
    const own = await open();
    const shared = await open(html`<usage-chart share=${share!.id}></usage-chart>`);
    await until(() => notice(own) && part(shared, 'total') === '1K');
    expect(notice(shared)).to.equal('');
    expect(summary(shared)).not.to.contain('limit');
  });
});
