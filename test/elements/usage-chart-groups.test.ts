import { expect } from 'chai';
import { html } from 'lit';
import type { UsageChartElement } from '../../src/elements/usage-chart.ts';
import { lastDays } from '../../src/services/usage-series.ts';
import { connectToBackend, leaveBackend, signInNewMember, sql } from '../support/browser/backend.ts';
import { clearPage, until } from '../support/browser/page.ts';
import { addUsage, drawn, models, open, part, picture, swatches, TODAY } from '../support/browser/usage-chart.ts';

describe('<usage-chart> divided', () => {
  let userId: string;

  beforeEach(async () => {
    await connectToBackend();
    ({ userId } = await signInNewMember());
  });

  afterEach(async () => {
    clearPage();
    await leaveBackend();
  });

  const addProject = (project: string, tokens: number) =>
    sql(
      `insert into usage_data (user_id, date, model, project, source, context_tokens) values ($1, $2, 'm', $3, 'import', $4)`,
      [userId, TODAY, project, tokens],
    );

  it('is divided by project, and says what belongs to none', async () => {
    await addProject('', 1_000);
    await addProject('site', 2_000);
    const chart = await open(html`<usage-chart group="project"></usage-chart>`);
    await until(() => models(chart).length === 2);
    expect(models(chart)).to.deep.equal(['No project', 'site']);
  });

  it('is one without a legend when it is divided by nothing', async () => {
    await addProject('site', 2_000);
    const chart = await open(html`<usage-chart group="none"></usage-chart>`);
    await until(() => part(chart, 'total') === '2K');
    expect(models(chart)).to.deep.equal([]);
  });

  it('is divided by model when it is told nonsense', async () => {
    await addUsage(userId, 'gpt-4o', 1_000);
    const chart = await open(html`<usage-chart group="nonsense"></usage-chart>`);
    await until(() => models(chart)[0] === 'gpt-4o');
  });

  it('shows the largest, and the rest together', async () => {
    for (const [index, model] of ['a', 'b', 'c', 'd'].entries()) await addUsage(userId, model, 1_000 * (index + 1));
    const chart = await open(html`<usage-chart top="2"></usage-chart>`);
    await until(() => models(chart).length === 3);
    expect(models(chart)).to.deep.equal(['c', 'd', 'Other']);
    expect(part(chart, 'legend')).to.match(/Other\s+3K$/);
    expect(part(chart, 'total')).to.equal('10K');
  });

  it('gives a model the same colour in every chart, and keeps it when others come', async () => {
    await addUsage(userId, 'zebra', 1_000);
    const chart = await open();
    await until(() => swatches(chart).length === 1);
    const [colour] = swatches(chart);
    await addUsage(userId, 'antelope', 5_000);
    await until(() => swatches(chart).length === 2);
    expect(swatches(chart)[1]).to.equal(colour);
    const other = await open(html`<usage-chart top="1" metric="requests" days="7"></usage-chart>`);
    await until(() => models(other)[0] === 'antelope');
    expect(swatches(other)[0]).to.equal(swatches(chart)[0]);
  });

  it('says of an unpriced model that its cost is unknown, not nothing', async () => {
    await addUsage(userId, 'new', 1_000, TODAY, null);
    const chart = await open(html`<usage-chart metric="cost"></usage-chart>`);
    await until(() => /new\s+unknown/.test(part(chart, 'legend')));
  });

  for (const type of ['line', 'bar', 'stacked', 'nonsense'] as const) {
    it(`draws with type="${type}"`, async () => {
      await addUsage(userId, 'a', 1_000);
      await addUsage(userId, 'b', 1_000);
      const chart = await open(html`<usage-chart type=${type}></usage-chart>`);
      await until(() => models(chart).length === 2);
      await drawn(chart);
    });
  }

  it('draws anew when the type changes', async () => {
    const chart = await filled();
    const seen = new Set([picture(chart)]);
    for (const type of ['line', 'bar'] as const) {
      chart.type = type;
      await until(() => !seen.has(picture(chart)), `a picture of ${type}`);
      seen.add(picture(chart));
    }
  });

  it('draws the days of a range', async () => {
    const [first = '', second = '', third = ''] = lastDays(9);
    for (const [model, day] of Object.entries({ before: first, at: second, after: third })) {
      await addUsage(userId, model, 1_000, day);
    }
    const chart = await open(html`<usage-chart from=${second} to=${second}></usage-chart>`);
    await until(() => models(chart).length > 0);
    expect(models(chart)).to.deep.equal(['at']);
  });

  it('draws the last days when the range is none', async () => {
    const chart = await open(html`<usage-chart from="2026-02-30" days="7"></usage-chart>`);
    expect(part(chart, 'footnote')).to.match(/^Last 7 days · UTC days/);
  });

  it('says how much more it is than in the time before', async () => {
    await addUsage(userId, 'a', 1_500);
    await addUsage(userId, 'a', 1_000, lastDays(8)[0]);
    const chart = await open(html`<usage-chart days="7"></usage-chart>`);
    await until(() => part(chart, 'change') === '+50% vs. previous 7 days');
  });

  it('compares with nothing where there was nothing before', async () => {
    await addUsage(userId, 'a', 1_500);
    const chart = await open();
    await until(() => part(chart, 'total') === '1.5K');
    expect(part(chart, 'change')).to.equal('');
  });

  async function filled(): Promise<UsageChartElement> {
    for (const [index, day] of lastDays(3).entries()) {
      await addUsage(userId, 'a', 1_000 * (index + 1), day);
      await addUsage(userId, 'b', 500 * (3 - index), day);
    }
    const chart = await open(html`<usage-chart days="7"></usage-chart>`);
    await until(() => models(chart).length === 2);
    await drawn(chart);
    return chart;
  }
});
