import { sendKeys } from '@web/test-runner-commands';
import { expect } from 'chai';
import { html } from 'lit';
import { UsageChartChangedEvent } from '../../src/elements/usage-chart.events.ts';
import type { UsageChartElement } from '../../src/elements/usage-chart.ts';
import { lastDays } from '../../src/services/usage-series.ts';
import { connectToBackend, leaveBackend, signInNewMember } from '../support/browser/backend.ts';
import { clearPage, until } from '../support/browser/page.ts';
import { addUsage, drawn, models, open, part, picture, TODAY } from '../support/browser/usage-chart.ts';

const [WEEK_AGO = ''] = lastDays(8);

const find = <E extends Element>(chart: UsageChartElement, selector: string) => [
  ...chart.shadowRoot!.querySelectorAll<E>(selector),
];

const select = (chart: UsageChartElement, label: string) =>
  find<HTMLSelectElement>(chart, `select[aria-label="${label}"]`)[0]!;

const option = (chart: UsageChartElement, label: string) =>
  find<HTMLElement>(chart, '[part="option"]')
    .find((each) => each.textContent.includes(label))!
    .querySelector('input')!;

const days = (chart: UsageChartElement) => find<HTMLInputElement>(chart, 'input[type="date"]');

function pick(list: HTMLSelectElement, value: string): void {
  list.value = value;
  list.dispatchEvent(new Event('change', { bubbles: true }));
}

function enter(input: HTMLInputElement, value: string): void {
  input.value = value;
  input.dispatchEvent(new Event('change', { bubbles: true }));
}

describe('the controls of <usage-chart>', () => {
  let userId: string;
  let changes: UsageChartChangedEvent[];

  beforeEach(async () => {
    await connectToBackend();
    ({ userId } = await signInNewMember());
    await addUsage(userId, 'a', 1_000);
    await addUsage(userId, 'b', 500, WEEK_AGO);
    changes = [];
  });

  afterEach(async () => {
    clearPage();
    await leaveBackend();
  });

  const openWith = async (template = html`<usage-chart lang="en" controls></usage-chart>`) => {
    const chart = await open(template);
    chart.addEventListener('usage-chart-changed', (event) => {
      if (event instanceof UsageChartChangedEvent) changes.push(event);
    });
    await until(() => part(chart, 'controls') && models(chart).length);
    await drawn(chart);
    return chart;
  };

  it('are there where the page wants them', async () => {
    const chart = await open();
    await until(() => models(chart).length === 2);
    expect(find(chart, '[part="controls"]')).to.deep.equal([]);
    chart.controls = true;
    await until(() => part(chart, 'controls'));
    expect(chart.hasAttribute('controls')).to.equal(true);
  });

  it('say what the attributes say', async () => {
    const chart = await openWith(html`
      <usage-chart lang="en" controls metric="requests" group="project" type="line" days="90"></usage-chart>
    `);
    expect(select(chart, 'Metric').value).to.equal('requests');
    expect(select(chart, 'Divided').value).to.equal('project');
    expect(option(chart, 'Lines').checked && option(chart, '90 days').checked).to.equal(true);
    chart.metric = 'cost';
    chart.days = 14;
    await chart.updateComplete;
    expect(select(chart, 'Metric').value).to.equal('cost');
    expect(option(chart, '14 days').checked).to.equal(true);
  });

  it('choose the metric and the division', async () => {
    const chart = await openWith();
    pick(select(chart, 'Metric'), 'requests');
    await until(() => part(chart, 'total') === '2');
    pick(select(chart, 'Divided'), 'none');
    await until(() => models(chart).length === 0);
    expect([chart.metric, chart.group]).to.deep.equal(['requests', 'none']);
    expect(changes.map(({ choice }) => [choice.metric, choice.group])).to.deep.equal([
      ['requests', 'model'],
      ['requests', 'none'],
    ]);
    expect(changes[0]!.bubbles && changes[0]!.composed).to.equal(true);
  });

  it('choose the type', async () => {
    const chart = await openWith();
    const before = picture(chart);
    option(chart, 'Lines').click();
    await until(() => picture(chart) !== before);
    expect([chart.type, changes[0]!.choice.type]).to.deep.equal(['line', 'line']);
  });

  it('choose one of the usual ranges', async () => {
    const chart = await openWith();
    option(chart, '7 days').click();
    await until(() => part(chart, 'total') === '1K');
    expect([chart.days, changes[0]!.choice.days]).to.deep.equal([7, 7]);
  });

  it('choose days, first those that are shown', async () => {
    const chart = await openWith(html`<usage-chart lang="en" controls days="7"></usage-chart>`);
    option(chart, 'Custom').click();
    await until(() => days(chart).length === 2);
    expect(days(chart).map(({ value }) => value)).to.deep.equal([lastDays(7)[0], TODAY]);
    expect(part(chart, 'total')).to.equal('1K');
    enter(days(chart)[0]!, WEEK_AGO);
    await until(() => part(chart, 'total') === '1.5K');
    expect([chart.from, chart.to]).to.deep.equal([WEEK_AGO, TODAY]);
    option(chart, '7 days').click();
    await until(() => days(chart).length === 0);
    expect([chart.from, chart.to, chart.days]).to.deep.equal(['', '', 7]);
  });

  const problems: readonly (readonly [field: number, value: string, problem: string])[] = [
    [0, '', 'Both days are needed.'],
    [1, lastDays(30)[0]!, 'The first day comes after the last.'],
    [1, '2999-01-01', 'That day is still to come (days are UTC).'],
    [0, '2020-01-01', 'A range has 366 days at most.'],
  ];
  for (const [field, value, problem] of problems) {
    it(`say "${problem}", and leave what is shown`, async () => {
      const chart = await openWith(html`<usage-chart lang="en" controls from=${WEEK_AGO} to=${TODAY}></usage-chart>`);
      enter(days(chart)[field]!, value);
      await until(() => part(chart, 'problem') === problem);
      expect(find(chart, '[part="problem"]')[0]!.getAttribute('role')).to.equal('alert');
      expect(days(chart).every((input) => input.getAttribute('aria-invalid') === 'true')).to.equal(true);
      expect([chart.from, chart.to, changes.length]).to.deep.equal([WEEK_AGO, TODAY, 0]);
      enter(days(chart)[field]!, field ? TODAY : WEEK_AGO);
      await until(() => part(chart, 'problem') === '');
    });
  }

  it('offer nothing to divide a share by', async () => {
    const share = await open(html`<usage-chart share="none" controls></usage-chart>`);
    await until(() => part(share, 'controls'));
    expect(find<HTMLSelectElement>(share, 'select').map((list) => list.ariaLabel)).to.deep.equal(['Metric']);
  });

  it('keep the page in its place while they load', async () => {
    const chart = await open(html`<usage-chart controls></usage-chart>`);
    const { height } = chart.getBoundingClientRect();
    await until(() => part(chart, 'controls'));
    expect(chart.getBoundingClientRect().height).to.equal(height);
  });

  it('and the drawing are reached, operated and read by keyboard alone', async () => {
    const chart = await openWith();
    const focused = () => chart.shadowRoot!.activeElement;
    const press = (key: string) => sendKeys({ press: key });
    await press('Tab');
    expect(focused()?.localName).to.equal('summary');
    await press('Enter');
    await until(() => part(chart, 'item'));
    await press('Escape');
    expect(focused()?.localName).to.equal('summary');
    await press('Tab');
    expect(focused()).to.equal(select(chart, 'Metric'));
    await sendKeys({ type: 'Req' });
    await until(() => chart.metric === 'requests');
    await press('Tab');
    expect(focused()).to.equal(select(chart, 'Divided'));
    await press('Tab');
    expect(focused()).to.equal(option(chart, '30 days'));
    await press('ArrowLeft');
    expect(focused()).to.equal(option(chart, '7 days'));
    await until(() => part(chart, 'total') === '1');
    await press('Tab');
    await press('ArrowRight');
    await until(() => chart.type === 'bar');
    await press('Tab');
    expect(focused()?.part.value).to.equal('plot');
    await press('End');
    const said = () => find(chart, '[aria-live]').map((region) => region.textContent)[0]!;
    await until(() => said().endsWith(': 1'));
    await press('Escape');
    await until(() => said() === '');
  });
});
