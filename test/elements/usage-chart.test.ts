import { expect } from 'chai';
import { html } from 'lit';
import type { UsageChartElement } from '../../src/elements/usage-chart.ts';
import { lastDays } from '../../src/services/usage-series.ts';
import { connectToBackend, leaveBackend, signInNewMember, signUp, sql } from '../support/browser/backend.ts';
import { clearPage, mount, nextFrame, until } from '../support/browser/page.ts';
import {
  addUsage,
  coloursIn,
  drawn,
  models,
  open,
  part,
  picture,
  swatches,
  TODAY,
} from '../support/browser/usage-chart.ts';

/** How many days the table has. */
const daysIn = (chart: UsageChartElement) => chart.shadowRoot!.querySelectorAll('tbody tr').length;

describe('<usage-chart>', () => {
  beforeEach(() => connectToBackend());

  afterEach(async () => {
    clearPage();
    await leaveBackend();
  });

  it('draws what the member has used, stacked by model', async () => {
    const { userId } = await signInNewMember();
    await addUsage(userId, 'gpt-4o', 1_000);
    await addUsage(userId, 'gpt-4o-mini', 500);
    const chart = await open();
    await drawn(chart);
    expect(models(chart)).to.deep.equal(['gpt-4o', 'gpt-4o-mini']);
    expect(part(chart, 'total')).to.equal('1.5K');
    const [one = '', other = ''] = swatches(chart);
    expect(one).not.to.equal(other);
    await until(() => coloursIn(chart).has(one) && coloursIn(chart).has(other), 'bars in the colours of the legend');
  });

  it('moves when a row is written, without a reload', async () => {
    const { userId } = await signInNewMember();
    const chart = await open();
    await drawn(chart);
    const before = picture(chart);
    await addUsage(userId, 'gpt-4o', 2_000);
    await until(() => part(chart, 'total') === '2K');
    await until(() => picture(chart) !== before, 'another picture');
  });

  it('does not move when somebody else uses something', async () => {
    const { userId } = await signInNewMember();
    const chart = await open();
    const { email } = await signUp();
    const [other] = await sql('select id from auth.users where email = $1', [email]);
    await addUsage(other!.id as string, 'secret-model', 9_000);
    // Something of the member's own after it: when that has arrived, the other's would have too.
    await addUsage(userId, 'gpt-4o', 1_000);
    await until(() => models(chart).length > 0);
    expect(models(chart)).to.deep.equal(['gpt-4o']);
  });

  it('has axes, a grid and a sentence when there is nothing to draw', async () => {
    await signInNewMember();
    const chart = await open();
    await drawn(chart);
    expect(part(chart, 'message')).to.equal(
      'Last 30 days: no usage yet. It appears here by itself as soon as there is some.',
    );
    expect(chart.shadowRoot!.querySelector('canvas')!.getBoundingClientRect().height).to.be.greaterThan(100);
  });

  it('shows a sample, labelled, while nobody is signed in', async () => {
    const chart = await open();
    expect(part(chart, 'badge')).to.equal('Sample data');
    expect(models(chart)).to.have.length(3);
    await drawn(chart);
  });

  it('shows a sample on a page that never connects', async () => {
    await leaveBackend();
    const chart = await open();
    expect(part(chart, 'badge')).to.equal('Sample data');
  });

  it('changes from sample to the real thing when somebody signs in', async () => {
    const chart = await open();
    const { userId } = await signInNewMember();
    await addUsage(userId, 'gpt-4o', 1_000);
    await until(() => part(chart, 'total') === '1K');
    expect(part(chart, 'badge')).to.equal('');
  });

  const metrics: readonly [string, string, string][] = [
    ['tokens', 'Tokens per day', '1K'],
    ['input', 'Input tokens per day', '1K'],
    ['output', 'Output tokens per day', '0'],
    ['cached', 'Cached input tokens per day', '0'],
    ['requests', 'Requests per day', '1'],
    ['cost', 'Cost per day', '$0.50'],
    ['co2', 'CO₂e per day', '1 g'],
    ['nonsense', 'Tokens per day', '1K'],
  ];
  for (const [metric, title, total] of metrics) {
    it(`draws metric="${metric}" as ${title.toLowerCase()}`, async () => {
      const { userId } = await signInNewMember();
      await addUsage(userId, 'gpt-4o', 1_000);
      const chart = await open(html`<usage-chart metric=${metric}></usage-chart>`);
      await until(() => part(chart, 'total') === total);
      expect(part(chart, 'title')).to.equal(title);
    });
  }

  it('says between what and what a footprint lies, and how it is estimated', async () => {
    await connectToBackend();
    const { userId } = await signInNewMember();
    await addUsage(userId, 'gpt-4o', 1_000);
    const chart = await open(html`<usage-chart metric="co2"></usage-chart>`);
    await until(() => part(chart, 'estimate'));
    const [low, high] = /^between (\S+) g and (\S+) g$/.exec(part(chart, 'estimate'))!.slice(1).map(Number);
    expect(low).to.be.lessThan(1);
    expect(high).to.be.greaterThan(1);
    expect(chart.shadowRoot!.querySelector('[part="estimate"]')!.getAttribute('title')).to.contain('EcoLogits');
    chart.metric = 'cost';
    await until(() => !part(chart, 'estimate'));
  });

  it('shows the price of few small calls, not 0', async () => {
    const { userId } = await signInNewMember();
    await addUsage(userId, 'gpt-4o-mini', 1_000, TODAY, 0.0012);
    const chart = await open(html`<usage-chart metric="cost"></usage-chart>`);
    await until(() => part(chart, 'total') === '$0.0012');
  });

  it('says that something has no known price, instead of counting it as 0', async () => {
    const { userId } = await signInNewMember();
    await addUsage(userId, 'brand-new', 1_000, TODAY, null);
    const chart = await open(html`<usage-chart metric="cost"></usage-chart>`);
    await until(() => part(chart, 'note') === 'Without a known price, not counted: brand-new');
  });

  for (const days of ['0', '367', '-1', 'abc', '1.5']) {
    it(`draws 30 days when days="${days}"`, async () => {
      const chart = await open(html`<usage-chart table days=${days}></usage-chart>`);
      await until(() => daysIn(chart) === 30);
    });
  }

  it('draws as many days as it is told, also later', async () => {
    const chart = await open(html`<usage-chart table days="7"></usage-chart>`);
    await until(() => daysIn(chart) === 7);
    chart.days = 14;
    await until(() => daysIn(chart) === 14);
  });

  it('keeps what it shows while another range loads', async () => {
    const { userId } = await signInNewMember();
    await addUsage(userId, 'new', 1_000);
    await addUsage(userId, 'old', 500, lastDays(40)[0]);
    const chart = await open();
    await until(() => part(chart, 'total') === '1K');
    chart.days = 90;
    await chart.updateComplete;
    expect([part(chart, 'total'), part(chart, 'message')]).to.deep.equal(['1K', '']);
    expect(part(chart, 'footnote')).to.match(/^Last 30 days/);
    expect(chart.matches(':state(refreshing)')).to.equal(true);
    await until(() => part(chart, 'total') === '1.5K');
    expect(part(chart, 'footnote')).to.match(/^Last 90 days/);
  });

  it('leaves out what is older than the range', async () => {
    const { userId } = await signInNewMember();
    await addUsage(userId, 'old', 1_000, lastDays(8)[0]);
    await addUsage(userId, 'new', 1_000, lastDays(7)[0]);
    const chart = await open(html`<usage-chart days="7"></usage-chart>`);
    await until(() => models(chart).length);
    expect(models(chart)).to.deep.equal(['new']);
  });

  it('draws again when it is moved', async () => {
    const chart = await open();
    await drawn(chart);
    const elsewhere = document.createElement('section');
    document.body.append(elsewhere);
    elsewhere.append(chart);
    await until(() => coloursIn(chart).size > 3, 'a drawing after the move');
  });

  it('takes the colours of the page when the page turns dark', async () => {
    const chart = await open();
    await drawn(chart);
    const light = picture(chart);
    document.documentElement.style.colorScheme = 'dark';
    await until(() => picture(chart) !== light, 'another picture in the dark');
    document.documentElement.style.colorScheme = '';
  });

  it('does not draw again when nothing has changed', async () => {
    const { userId } = await signInNewMember();
    await addUsage(userId, 'gpt-4o', 1_000);
    const chart = await open();
    await drawn(chart);
    const canvas = chart.shadowRoot!.querySelector('canvas')!;
    let clears = 0;
    const context = canvas.getContext('2d')!;
    const { clearRect } = context;
    context.clearRect = (...area) => {
      clears += 1;
      clearRect.apply(context, area);
    };
    performance.clearResourceTimings();
    // A signal of the member's own about another table's row: fetched again, and the same.
    await sql(`select realtime.send('{"table":"usage_data"}', 'usage_data', $1)`, [`user:${userId}`]);
    await until(() => performance.getEntriesByType('resource').some(({ name }) => name.includes('/usage_counted?')));
    await until(() => chart.matches(':state(live)'));
    await nextFrame();
    expect(clears).to.equal(0);
  });

  it('takes its height before it has data', () => {
    const chart = mount<UsageChartElement>(html`<usage-chart></usage-chart>`);
    return chart.updateComplete.then(async () => {
      const before = chart.getBoundingClientRect().height;
      await until(() => chart.matches(':state(sample)'));
      await drawn(chart);
      expect(chart.getBoundingClientRect().height).to.equal(before);
    });
  });
});
