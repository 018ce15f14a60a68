import { expect } from 'chai';
import { html } from 'lit';
import { UsageChartMovedEvent } from '../../src/elements/usage-chart.events.ts';
import type { UsageChartElement } from '../../src/elements/usage-chart.ts';
import { lastDays } from '../../src/services/usage-series.ts';
import { connectToBackend, leaveBackend, signInNewMember } from '../support/browser/backend.ts';
import { clearPage, until } from '../support/browser/page.ts';
import { addUsage, drawn, models, open, part, TODAY } from '../support/browser/usage-chart.ts';

const DAYS = lastDays(7);

const plotOf = (chart: UsageChartElement) => chart.shadowRoot!.querySelector<HTMLElement>('[part="plot"]')!;

/** What a screen reader says. */
const said = (chart: UsageChartElement) => chart.shadowRoot!.querySelector('[aria-live]')!.textContent;

const shown = (chart: UsageChartElement) => part(chart, 'tooltip').replace(/\s+/g, ' ');

async function press(chart: UsageChartElement, ...keys: readonly string[]): Promise<KeyboardEvent | undefined> {
  let event: KeyboardEvent | undefined;
  for (const key of keys) {
    event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true });
    plotOf(chart).dispatchEvent(event);
  }
  await chart.updateComplete;
  return event;
}

function point(chart: UsageChartElement, share: number, type = 'pointermove', pointerType = 'mouse'): void {
  const { left, width, top } = plotOf(chart).getBoundingClientRect();
  const place = { clientX: left + share * width, clientY: top + 10 };
  plotOf(chart).dispatchEvent(new PointerEvent(type, { ...place, pointerType, bubbles: true }));
}

describe('the cursor of <usage-chart>', () => {
  let chart: UsageChartElement;
  let userId: string;
  let moves: UsageChartMovedEvent[];

  beforeEach(async () => {
    await connectToBackend();
    ({ userId } = await signInNewMember());
    await addUsage(userId, 'large', 12_345);
    await addUsage(userId, 'small', 1_000);
    await addUsage(userId, 'small', 2_000, DAYS[0]);
    chart = await open(html`<usage-chart lang="en" days="7"></usage-chart>`);
    await until(() => models(chart).length === 2);
    await drawn(chart);
    await chart.updateComplete;
    moves = [];
    chart.addEventListener('usage-chart-moved', (event) => {
      if (event instanceof UsageChartMovedEvent) moves.push(event);
    });
  });

  afterEach(async () => {
    clearPage();
    await leaveBackend();
  });

  it('begins at the newest day, and says all of it, the largest first', async () => {
    await press(chart, 'ArrowLeft');
    expect(said(chart)).to.match(/: 13,345; large 12,345; small 1,000$/);
    expect(shown(chart)).to.match(/ 13,345 large 12,345 small 1,000$/);
  });

  const ways: readonly (readonly [keys: readonly string[], day: number])[] = [
    [['End'], 6],
    [['Home'], 0],
    [['End', 'ArrowLeft'], 5],
    [['Home', 'ArrowRight', 'ArrowRight'], 2],
    [['Home', 'ArrowLeft'], 0],
    [['End', 'ArrowRight'], 6],
    [['End', 'PageUp'], 0],
    [['Home', 'PageDown'], 6],
  ];
  for (const [keys, day] of ways) {
    it(`goes to day ${day} by ${keys.join(', ')}`, async () => {
      await press(chart, ...keys);
      expect(moves.at(-1)!.day).to.equal(DAYS[day]);
    });
  }

  it('goes through the models of a day, and back to all of it', async () => {
    await press(chart, 'End', 'ArrowDown');
    expect(said(chart)).to.match(/^large, .*: 12,345$/);
    await press(chart, 'ArrowDown');
    expect(said(chart)).to.match(/^small, .*: 1,000$/);
    await press(chart, 'Home');
    expect(said(chart)).to.match(/^small, .*: 2,000$/);
    await press(chart, 'ArrowDown');
    expect(said(chart))
      .to.match(/: 2,000$/)
      .and.not.match(/^small/);
  });

  it('tells the page where it is, and that it has gone', async () => {
    await press(chart, 'End', 'ArrowDown', 'Escape');
    expect(moves.map(({ day, name, value }) => [day, name, value])).to.deep.equal([
      [TODAY, '', 13_345],
      [TODAY, 'large', 12_345],
      ['', '', 0],
    ]);
    expect(shown(chart)).to.equal('');
    expect(said(chart)).to.equal('');
  });

  it('takes Escape only while it has something to leave', async () => {
    expect((await press(chart, 'Escape'))!.defaultPrevented).to.equal(false);
    expect((await press(chart, 'End', 'Escape'))!.defaultPrevented).to.equal(true);
  });

  it('leaves all other keys to the page', async () => {
    expect((await press(chart, 'a'))!.defaultPrevented).to.equal(false);
    expect((await press(chart, 'Tab'))!.defaultPrevented).to.equal(false);
  });

  it('goes the other way where the page reads from right to left', async () => {
    chart.dir = 'rtl';
    chart.requestUpdate();
    await chart.updateComplete;
    await press(chart, 'End', 'ArrowRight');
    expect(moves.at(-1)!.day).to.equal(DAYS[5]);
  });

  it('follows a mouse without a word, and leaves with it', async () => {
    point(chart, 0.99);
    await chart.updateComplete;
    expect(shown(chart)).to.match(/13,345/);
    expect(said(chart)).to.equal('');
    point(chart, 0.12);
    await chart.updateComplete;
    expect(shown(chart)).to.match(/2,000/);
    point(chart, 2, 'pointerleave');
    await chart.updateComplete;
    expect(shown(chart)).to.equal('');
  });

  it('stays where a finger has tapped', async () => {
    point(chart, 0.99, 'pointerdown', 'touch');
    point(chart, 0.99, 'pointerleave', 'touch');
    await chart.updateComplete;
    expect(shown(chart)).to.match(/13,345/);
  });

  it('goes when the focus goes', async () => {
    plotOf(chart).focus();
    await press(chart, 'End');
    plotOf(chart).blur();
    await chart.updateComplete;
    expect(shown(chart)).to.equal('');
  });

  it('shows the new number at once, and does not say it again', async () => {
    await press(chart, 'End');
    const before = said(chart);
    await addUsage(userId, 'third', 5);
    await until(() => shown(chart).includes('13,350'));
    expect(said(chart)).to.equal(before);
  });

  it('stays inside the chart, from the first day to the last', async () => {
    for (const key of ['Home', 'End']) {
      await press(chart, key);
      const box = chart.shadowRoot!.querySelector('[part="tooltip"]')!.getBoundingClientRect();
      const plot = plotOf(chart).getBoundingClientRect();
      expect(box.left).to.be.at.least(plot.left - 1);
      expect(box.right).to.be.at.most(plot.right + 1);
    }
  });

  it('draws nothing: the canvas stays as it is', async () => {
    const canvas = chart.shadowRoot!.querySelector('canvas')!;
    const before = canvas.toDataURL();
    await press(chart, 'End', 'ArrowLeft');
    expect(canvas.toDataURL()).to.equal(before);
  });

  it('can be had only where there is something to point at', async () => {
    clearPage();
    await leaveBackend();
    await connectToBackend();
    await signInNewMember();
    const empty = await open();
    await drawn(empty);
    expect(plotOf(empty).tabIndex).to.equal(-1);
    await press(empty, 'End');
    expect(shown(empty)).to.equal('');
  });
});
