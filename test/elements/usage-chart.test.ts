import { expect } from 'chai';
import { html } from 'lit';
import '../../src/define/usage-chart.ts';
import type { UsageChartElement } from '../../src/elements/usage-chart.ts';
import { lastDays } from '../../src/services/usage-series.ts';
import { connectToBackend, leaveBackend, signInNewMember, signUp, sql } from '../support/browser/backend.ts';
import { clearPage, mount, nextFrame, until } from '../support/browser/page.ts';

const [TODAY = ''] = lastDays(1);

const part = (chart: UsageChartElement, name: string) =>
  chart.shadowRoot!.querySelector(`[part="${name}"]`)?.textContent.trim() ?? '';

const models = (chart: UsageChartElement) =>
  [...chart.shadowRoot!.querySelectorAll('[part="legend"] li')].map((item) => item.textContent);

/** The whole drawing as bytes: two that differ look different. */
const picture = (chart: UsageChartElement) => chart.shadowRoot!.querySelector('canvas')!.toDataURL();

/** How many distinct colours are in the drawing: axes and grid alone have few, bars add theirs. */
function coloursIn(chart: UsageChartElement): Set<string> {
  const canvas = chart.shadowRoot!.querySelector('canvas')!;
  const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
  const colours = new Set<string>();
  for (let index = 0; index < data.length; index += 4) {
    if (data[index + 3] === 255) colours.add(`${data[index]},${data[index + 1]},${data[index + 2]}`);
  }
  return colours;
}

const drawn = (chart: UsageChartElement) => until(() => coloursIn(chart).size > 0, 'a drawing');

/** Writes usage as the service does. */
const addUsage = (userId: string, model: string, tokens: number, date = TODAY, cost: number | null = 0.5) =>
  sql(
    `insert into usage_data (user_id, date, model, source, requests, context_tokens, generated_tokens, cost, co2_grams)
     values ($1, $2, $3, 'import', 1, $4, 0, $5, 1)`,
    [userId, date, model, tokens, cost],
  );

async function open(template = html`<usage-chart></usage-chart>`): Promise<UsageChartElement> {
  const chart = mount<UsageChartElement>(template);
  await until(() => chart.matches(':state(live)') || chart.matches(':state(sample)'));
  return chart;
}

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
    const blue = '11,99,165';
    const orange = '200,80,10';
    await until(() => coloursIn(chart).has(blue) && coloursIn(chart).has(orange), 'bars in the colours of the theme');
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
    expect(part(chart, 'message')).to.equal('No usage in the last 30 days yet.');
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
    await until(() => part(chart, 'note') === '1 entry has no known value');
  });

  for (const days of ['0', '367', '-1', 'abc', '1.5']) {
    it(`draws 30 days when days="${days}"`, async () => {
      const chart = await open(html`<usage-chart days=${days}></usage-chart>`);
      expect(chart.shadowRoot!.querySelectorAll('tbody tr')).to.have.length(30);
    });
  }

  it('draws as many days as it is told, also later', async () => {
    const chart = await open(html`<usage-chart days="7"></usage-chart>`);
    expect(chart.shadowRoot!.querySelectorAll('tbody tr')).to.have.length(7);
    chart.days = 14;
    await until(() => chart.shadowRoot!.querySelectorAll('tbody tr').length === 14);
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
    await until(() => performance.getEntriesByType('resource').some(({ name }) => name.includes('/usage_data?')));
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
