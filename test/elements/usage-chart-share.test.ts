import { expect } from 'chai';
import { html } from 'lit';
import type { UsageChartElement } from '../../src/elements/usage-chart.ts';
import { connectToBackend, leaveBackend, newMember, signInNewMember, sql } from '../support/browser/backend.ts';
import { clearPage, until } from '../support/browser/page.ts';
import { addUsage, drawn, models, open, part, picture, TODAY } from '../support/browser/usage-chart.ts';

/** Somebody who is not on this page, and shares. */
async function newOwner(label = 'Their site') {
  const { userId } = await newMember();
  const [row] = await sql('insert into usage_shares (user_id, label) values ($1, $2) returning id', [userId, label]);
  return { userId, id: row!.id as string };
}

const revoke = (id: string) => sql('update usage_shares set enabled = false where id = $1', [id]);

const untilTotal = (chart: UsageChartElement, total: string) => until(() => part(chart, 'total') === total, total);

/** Everything that can be read or heard of a chart. */
const readable = ({ shadowRoot }: UsageChartElement) =>
  shadowRoot!.textContent +
  [...shadowRoot!.querySelectorAll('*')].flatMap((each) => [...each.attributes].map(({ value }) => value)).join();

describe('<usage-chart> of a share', () => {
  beforeEach(() => connectToBackend());

  afterEach(async () => {
    clearPage();
    await leaveBackend();
  });

  it('shows a visitor the totals of its owner, under the name that they gave it, and no model', async () => {
    const { userId, id } = await newOwner();
    await addUsage(userId, 'secret-model', 12_345);
    const chart = await open(html`<usage-chart share=${id} group="model"></usage-chart>`);
    await untilTotal(chart, '12.3K');
    expect(part(chart, 'title')).to.equal('Their site · Tokens per day');
    expect(models(chart)).to.deep.equal([]);
    expect(readable(chart)).not.to.contain('secret-model');
    expect(chart.matches(':state(unshared)')).to.equal(false);
  });

  it('shows a member a share, and not what is theirs', async () => {
    const { userId } = await signInNewMember();
    await addUsage(userId, 'own', 1_000);
    const owner = await newOwner('');
    await addUsage(owner.userId, 'secret-model', 2_000);
    const chart = await open(html`<usage-chart share=${owner.id}></usage-chart>`);
    await untilTotal(chart, '2K');
    chart.share = '';
    await chart.updateComplete;
    expect(part(chart, 'total')).to.equal('');
    await untilTotal(chart, '1K');
  });

  it('moves when its owner has used something', async () => {
    const { userId, id } = await newOwner();
    const chart = await open(html`<usage-chart share=${id}></usage-chart>`);
    await drawn(chart);
    await addUsage(userId, 'm', 7_000);
    await untilTotal(chart, '7K');
  });

  it('compares with the time before', async () => {
    const { userId, id } = await newOwner();
    await addUsage(userId, 'm', 1_500);
    const [yesterday] = await sql(`select ((now() at time zone 'utc')::date - 1)::text as day`);
    await addUsage(userId, 'm', 1_000, yesterday!.day as string);
    const chart = await open(html`<usage-chart share=${id} days="1"></usage-chart>`);
    await until(() => part(chart, 'change') === '+50% vs. previous day');
    expect(part(chart, 'total')).to.equal('1.5K');
  });

  it('says that a part has no known price', async () => {
    const { userId, id } = await newOwner();
    await addUsage(userId, 'a', 1_000, TODAY, null);
    await addUsage(userId, 'b', 1_000);
    const chart = await open(html`<usage-chart share=${id} metric="cost"></usage-chart>`);
    await untilTotal(chart, '$0.50');
    expect(part(chart, 'note')).to.equal('Without a known price, not counted: a part');
  });

  it('keeps nothing of what it showed when it is revoked', async () => {
    const { userId, id } = await newOwner();
    await addUsage(userId, 'm', 123_456_789);
    const chart = await open(html`<usage-chart share=${id} lang="en"></usage-chart>`);
    await drawn(chart);
    const plot = chart.shadowRoot!.querySelector<HTMLElement>('[part="plot"]')!;
    plot.dispatchEvent(new KeyboardEvent('keydown', { key: 'End' }));
    await until(() => part(chart, 'tooltip').includes('123,456,789'));
    await revoke(id);
    await until(() => part(chart, 'message') === 'This chart is not shared at present.');
    expect(readable(chart)).not.to.match(/123|Their site/);
    expect(chart.matches(':state(unshared)')).to.equal(true);
    const empty = await open(html`<usage-chart share="none"></usage-chart>`);
    await until(() => picture(chart) === picture(empty), 'the picture of an empty chart');
    const refused = await chart.toBlob('json').catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(Error);
  });

  it('keeps no table of it either', async () => {
    const { userId, id } = await newOwner();
    await addUsage(userId, 'm', 123_456_789);
    const chart = await open(html`<usage-chart share=${id} table></usage-chart>`);
    await until(() => chart.shadowRoot!.querySelector('td'));
    await revoke(id);
    await until(() => !chart.shadowRoot!.querySelector('td'));
    expect(readable(chart)).not.to.contain('123');
  });

  for (const share of ['nonsense', '22222222-2222-4222-8222-222222222222']) {
    it(`says that share="${share}" is none`, async () => {
      const chart = await open(html`<usage-chart share=${share}></usage-chart>`);
      await until(() => part(chart, 'message') === 'This chart is not shared at present.');
      expect(chart.matches(':state(unshared)')).to.equal(true);
    });
  }

  it('shows a sample, labelled, on a page that never connects', async () => {
    await leaveBackend();
    const chart = await open(html`<usage-chart share="22222222-2222-4222-8222-222222222222"></usage-chart>`);
    expect(part(chart, 'badge')).to.equal('Sample data');
  });

  it('can be had as a file: a row for each day of the range', async () => {
    const { userId, id } = await newOwner();
    await addUsage(userId, 'm', 1_000);
    const [before] = await sql(`select ((now() at time zone 'utc')::date - 9)::text as day`);
    await addUsage(userId, 'm', 1_000, before!.day as string);
    const chart = await open(html`<usage-chart share=${id} days="7"></usage-chart>`);
    await untilTotal(chart, '1K');
    await drawn(chart);
    const lines = (await (await chart.toBlob('csv')).text()).trim().split('\r\n');
    expect(lines).to.have.length(2);
    expect(lines[1]).to.match(new RegExp(`^${TODAY},,,share,1,1000,`));
  });
});
