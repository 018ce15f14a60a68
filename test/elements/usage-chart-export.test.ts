import { expect } from 'chai';
import { html } from 'lit';
import { UsageChartExportEvent } from '../../src/elements/usage-chart.events.ts';
import type { UsageChartElement } from '../../src/elements/usage-chart.ts';
import { connectToBackend, leaveBackend, signInNewMember } from '../support/browser/backend.ts';
import { clearPage, until } from '../support/browser/page.ts';
import { addUsage, drawn, models, open, part, swatches, TODAY } from '../support/browser/usage-chart.ts';

const items = (chart: UsageChartElement) => [...chart.shadowRoot!.querySelectorAll<HTMLButtonElement>('[part="item"]')];

const menu = (chart: UsageChartElement) => chart.shadowRoot!.querySelector('details')!;

async function openMenu(chart: UsageChartElement): Promise<void> {
  menu(chart).querySelector('summary')!.focus();
  menu(chart).querySelector('summary')!.click();
  await until(() => items(chart).length > 0);
}

describe('<usage-chart> as a file and a table', () => {
  let chart: UsageChartElement;

  beforeEach(async () => {
    await connectToBackend();
    const { userId } = await signInNewMember();
    await addUsage(userId, '=cmd()', 1_234);
    await addUsage(userId, 'gpt-4o', 2_000);
    chart = await open(html`<usage-chart days="7"></usage-chart>`);
    await until(() => models(chart).length === 2);
    await drawn(chart);
  });

  afterEach(async () => {
    clearPage();
    await leaveBackend();
  });

  it('has its rows as CSV that is safe to open', async () => {
    const lines = (await (await chart.toBlob('csv')).text()).split('\r\n');
    expect(lines).to.have.length(4);
    expect(lines[1]).to.equal(`${TODAY},'=cmd(),,import,1,1234,0,0,0.5,1`);
  });

  it('has rows and series as JSON', async () => {
    const json = JSON.parse(await (await chart.toBlob('json')).text()) as Record<string, unknown>;
    expect(json).to.include({
      metric: 'tokens',
      unit: 'tokens',
      time_zone: 'UTC',
      to: TODAY,
      total: 3_234,
      sample: false,
    });
    expect(json.days).to.have.length(7);
    expect(json.series).to.deep.include({ name: 'gpt-4o', total: 2_000, values: [0, 0, 0, 0, 0, 0, 2_000] });
    expect(json.rows).to.have.length(2);
  });

  it('has its picture as PNG, with the colours of the legend on the surface of the page', async () => {
    const blob = await chart.toBlob('png');
    expect(blob.type).to.equal('image/png');
    const bitmap = await createImageBitmap(blob);
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const pen = canvas.getContext('2d')!;
    pen.drawImage(bitmap, 0, 0);
    const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
    const colours = new Set<string>();
    for (let at = 0; at < data.length; at += 4) colours.add(data.slice(at, at + 3).join(','));
    expect([...colours]).to.include.members(swatches(chart));
    expect(data[3]).to.equal(255);
  });

  it('refuses while there is nothing', async () => {
    clearPage();
    const bare = document.createElement('usage-chart');
    const refused = await bare.toBlob('csv').catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(Error);
  });

  it('gives a page the file that asks for it', async () => {
    let seen: UsageChartExportEvent | undefined;
    chart.addEventListener('usage-chart-export', (event) => {
      event.preventDefault();
      if (event instanceof UsageChartExportEvent) seen = event;
    });
    await openMenu(chart);
    items(chart)
      .find((item) => item.textContent === 'Download CSV')!
      .click();
    const { format, fileName, blob } = await until(() => seen);
    expect(format).to.equal('csv');
    expect(fileName).to.match(new RegExp(`^usage-tokens-.*-to-${TODAY}\\.csv$`));
    expect(blob.type).to.match(/^text\/csv/);
  });

  it('closes its menu by Escape, and gives the focus back to its button', async () => {
    await openMenu(chart);
    items(chart)[0]!.focus();
    items(chart)[0]!.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, composed: true }));
    expect(menu(chart).open).to.equal(false);
    expect(chart.shadowRoot!.activeElement?.localName).to.equal('summary');
  });

  it('closes its menu when the focus goes elsewhere', async () => {
    await openMenu(chart);
    chart.shadowRoot!.querySelector<HTMLElement>('[part="plot"]')!.focus();
    expect(menu(chart).open).to.equal(false);
  });

  it('shows the numbers as a table, the newest day first, with sums, and the drawing again', async () => {
    await openMenu(chart);
    items(chart)[0]!.click();
    await until(() => chart.shadowRoot!.querySelector('table'));
    const cells = [...chart.shadowRoot!.querySelectorAll('tr')].map((row) =>
      [...row.cells].map((cell) => cell.textContent.trim()),
    );
    expect(cells[0]).to.deep.equal(['Day', '=cmd()', 'gpt-4o', 'Total']);
    expect(cells[1]!.slice(1)).to.deep.equal(['1,234', '2,000', '3,234']);
    expect(cells.at(-1)).to.deep.equal(['Total', '1,234', '2,000', '3,234']);
    expect(cells).to.have.length(9);
    expect(chart.hasAttribute('table')).to.equal(true);
    items(chart)[0]!.click();
    await until(() => !chart.shadowRoot!.querySelector('table'));
    expect(part(chart, 'total')).to.equal('3.2K');
  });
});
