import 'axe-core';
import { expect } from 'chai';
import { html } from 'lit';
import type { UsageLogsTableElement } from '../../src/elements/usage-logs-table.ts';
import { connectToBackend, leaveBackend, sql } from '../support/browser/backend.ts';
import { clearPage, nextFrame, until } from '../support/browser/page.ts';
import {
  column,
  find,
  focused,
  grid,
  heading,
  log,
  logMany,
  open,
  press,
  rows,
  signInOwner,
  text,
} from '../support/browser/usage-logs-table.ts';

const entries = html`<usage-logs-table view="entries"></usage-logs-table>`;

const tabStops = (table: UsageLogsTableElement) => grid(table).querySelectorAll('[tabindex="0"]').length;

/** Where the focus is: the row's place among all, from 1, and the column. */
const at = (table: UsageLogsTableElement) =>
  [focused(table)?.parentElement?.getAttribute('aria-rowindex'), focused(table)?.dataset.column].join(' ');

const key = async (table: UsageLogsTableElement, name: string, more?: KeyboardEventInit) => {
  press(focused(table)!, name, more);
  await table.updateComplete;
  await table.updateComplete;
};

describe('the grid of <usage-logs-table>', () => {
  let table: UsageLogsTableElement;

  const names = (of = table) =>
    [...of.shadowRoot!.querySelectorAll('[role=columnheader]')].map((each) => (each as HTMLElement).dataset.column);

  beforeEach(async () => {
    await connectToBackend();
    await signInOwner();
    await logMany(400);
    table = await open(entries);
    await until(() => rows(table).length > 10);
  });

  afterEach(async () => {
    clearPage();
    await leaveBackend();
  });

  it('has one cell that Tab reaches, and moves it as the ARIA grid pattern says', async () => {
    expect(tabStops(table)).to.equal(1);
    heading(table, 'at').focus();
    const steps: readonly (readonly [string, string, KeyboardEventInit?])[] = [
      ['ArrowDown', '2 at'],
      ['ArrowRight', '2 user'],
      ['End', '2 status'],
      ['ArrowRight', '2 status'],
      ['Home', '2 at'],
      ['ArrowLeft', '2 at'],
      ['PageDown', ''],
      ['PageUp', '2 at'],
      ['End', '201 status', { ctrlKey: true }],
      ['Home', '2 at', { ctrlKey: true }],
      ['ArrowUp', '1 at'],
      ['ArrowUp', '1 at'],
    ];
    for (const [name, place, more] of steps) {
      await key(table, name, more);
      if (place) expect(at(table), name).to.equal(place);
      expect(tabStops(table)).to.equal(1);
    }
  });

  it('moves the other way where text runs from right to left', async () => {
    table.dir = 'rtl';
    heading(table, 'at').focus();
    await key(table, 'ArrowLeft');
    expect(at(table)).to.equal('1 user');
    await key(table, 'ArrowRight');
    expect(at(table)).to.equal('1 at');
  });

  it('keeps the focus on its row while that is scrolled out of sight and back', async () => {
    const cell = rows(table)[3]!.querySelector<HTMLElement>('[data-column=model]')!;
    cell.focus();
    await table.updateComplete;
    for (const top of [300, 900, 4_000, 7_000, 2_000, 0]) {
      grid(table).scrollTop = top;
      await nextFrame();
      await nextFrame();
      expect(focused(table)).to.equal(cell);
      expect(cell.textContent.trim()).to.equal('model-4');
      expect(cell.parentElement!.getAttribute('aria-rowindex')).to.equal('5');
      expect(rows(table).length).to.be.at.most(100);
    }
  });

  it('has the rows where they belong while somebody scrolls, and in their order when that pauses', async () => {
    const cell = rows(table)[4]!.querySelector<HTMLElement>('[data-column=model]')!;
    cell.focus();
    let blurred = false;
    cell.addEventListener('blur', () => (blurred = true));
    const places = () => rows(table).map((row) => Number(row.getAttribute('aria-rowindex')));
    for (const top of [500, 3_000, 2_500, 40, 5_000]) {
      grid(table).scrollTop = top;
      await nextFrame();
      const seen = rows(table).map((row) => [
        Number(row.getAttribute('aria-rowindex')),
        row.getBoundingClientRect().top,
      ]);
      const head = grid(table).getBoundingClientRect().top;
      for (const [place, y] of seen) expect(y! - head + grid(table).scrollTop).to.be.closeTo((place! - 1) * 36, 1);
      await until(
        () =>
          places().join() ===
          places()
            .toSorted((a, b) => a - b)
            .join(),
      );
    }
    expect([blurred, focused(table) === cell]).to.deep.equal([false, true]);
  });

  it('gives nodes of rows that leave to rows that come', async () => {
    const before = new Set(rows(table));
    grid(table).scrollTop = 5_000;
    await until(() => column(table, 'model').includes('model-140'));
    const kept = rows(table).filter((row) => before.has(row)).length;
    expect(kept).to.be.at.least(rows(table).length - 9);
  });

  it('goes to the row in its place when the one that has the focus is deleted', async () => {
    rows(table)[2]!.querySelector<HTMLElement>('[data-column=model]')!.focus();
    await table.updateComplete;
    await sql(`delete from usage_logs where key = 'n3'`);
    await until(() => !column(table, 'model').includes('model-3'));
    await until(() => focused(table)?.textContent.trim() === 'model-4');
    expect(at(table)).to.equal('4 model');
  });

  it('lets new rows wait while the focus is on a row', async () => {
    const cell = rows(table)[0]!.querySelector<HTMLElement>('[data-column=model]')!;
    cell.focus();
    await table.updateComplete;
    await log([{ model: 'new' }]);
    await until(() => text(table, 'fresh') === '1 new');
    expect(focused(table)).to.equal(cell);
    expect(at(table)).to.equal('3 model');
    expect(grid(table).getAttribute('aria-rowcount')).to.equal('402');
  });

  it('opens a row, and goes on with J and K', async () => {
    rows(table)[4]!.querySelector<HTMLElement>('[data-column=model]')!.focus();
    await key(table, 'Enter');
    await until(() => text(table, 'detail').includes('model-5'));
    await until(() => text(table, 'detail').includes('n5'));
    await key(table, 'j');
    await until(() => text(table, 'detail').includes('model-6'));
    await key(table, 'k');
    await key(table, 'k');
    await until(() => text(table, 'detail').includes('model-4'));
    expect(find(table, '[aria-selected=true]')!.textContent).to.contain('model-4');
    // In the details too; and whoever leaves them is on the row that they show.
    find(table, '[part=detail] button')!.focus();
    await key(table, 'j');
    await until(() => text(table, 'detail').includes('model-5'));
    await key(table, 'Escape');
    expect(find(table, '[part=detail]')).to.equal(null);
    expect(at(table)).to.equal('6 model');
    await key(table, 'Enter');
    await key(table, 'Escape');
    expect([find(table, '[part=detail]'), at(table)]).to.deep.equal([null, '6 model']);
  });

  it('lets the page show a row instead', async () => {
    table.addEventListener('usage-logs-table-open', (event) => event.preventDefault());
    rows(table)[0]!.querySelector<HTMLElement>('[part=cell]')!.click();
    await table.updateComplete;
    expect(find(table, '[part=detail]')).to.equal(null);
  });

  it('sorts by a heading, says so, and turns round', async () => {
    expect(heading(table, 'at').getAttribute('aria-sort')).to.equal('descending');
    expect(heading(table, 'cost').getAttribute('aria-sort')).to.equal('none');
    expect(heading(table, 'model').hasAttribute('aria-sort')).to.equal(false);
    await sql(`update usage_logs set cost = 3 where key = 'n300'`);
    heading(table, 'cost').focus();
    await key(table, 'Enter');
    await until(() => column(table, 'model')[0] === 'model-300');
    expect(heading(table, 'cost').getAttribute('aria-sort')).to.equal('descending');
    expect(find(table, '[aria-live]')!.textContent).to.equal('Sorted by Cost, descending');
    expect(focused(table)).to.equal(heading(table, 'cost'));
    heading(table, 'cost').click();
    await until(() => heading(table, 'cost').getAttribute('aria-sort') === 'ascending');
    await until(() => rows(table)[0]!.textContent.includes('model-') && column(table, 'model')[0] !== 'model-300');
  });

  it('resizes, moves, hides and brings back columns, and remembers it', async () => {
    const width = (of = table) => Math.round(heading(of, 'app').getBoundingClientRect().width);
    heading(table, 'app').focus();
    const before = width();
    await key(table, 'ArrowRight', { shiftKey: true });
    expect(width()).to.equal(before + 16);
    await key(table, 'ArrowLeft', { altKey: true });
    expect(names().slice(0, 3)).to.deep.equal(['at', 'app', 'user']);
    expect(at(table)).to.equal('1 app');
    find(table, 'summary')!.click();
    await until(() => find(table, '.items'));
    const box = (name: string) =>
      [...table.shadowRoot!.querySelectorAll('label')]
        .find((each) => each.textContent.trim() === name)!
        .querySelector('input')!;
    box('Output').click();
    box('Feature').click();
    await table.updateComplete;
    expect(names()).to.include('feature');
    expect(names()).not.to.include('output');
    const after = names();
    clearPage();
    const again = await open(entries);
    await until(() => names(again).join() === after.join());
    expect(width(again)).to.equal(before + 16);
    find(again, 'summary')!.click();
    await until(() => find(again, '.items'));
    [...again.shadowRoot!.querySelectorAll<HTMLElement>('button.item')]
      .find((each) => each.textContent.includes('Reset'))!
      .click();
    await until(() => names(again).join() === 'at,user,app,model,input,output,cost,latency,status');
  });

  it('moves a column in the menu, and the focus with it', async () => {
    const summary = find(table, 'summary')!;
    summary.click();
    const button = await until(() => find(table, '.item[data-id=app] .before'));
    for (const order of ['at,app,user', 'app,at,user']) {
      const pressed = focused(table)?.closest<HTMLElement>('[data-id=app]') ? focused(table)! : button;
      pressed.focus();
      pressed.click();
      await until(() => names().slice(0, 3).join() === order);
    }
    // It is the first, and can only go back.
    await until(() => focused(table)?.matches('[data-id=app] .after'));
    press(focused(table)!, 'Escape');
    await until(() => !find(table, '.items'));
    expect(focused(table)).to.equal(summary);
  });

  it('moves a column that is dragged to the place of another', async () => {
    const drag = (type: string, name: string) =>
      heading(table, name).dispatchEvent(new DragEvent(type, { bubbles: true, composed: true, cancelable: true }));
    drag('dragstart', 'model');
    // Where it may be dropped, and where not.
    expect(drag('dragover', 'user')).to.equal(false);
    drag('drop', 'user');
    drag('dragend', 'model');
    await until(() => names().slice(0, 4).join() === 'at,model,user,app');
    drag('drop', 'at');
    await table.updateComplete;
    expect(names().slice(0, 4).join()).to.equal('at,model,user,app');
  });

  it('resizes a column by its edge, to either side, and back by a double click', async () => {
    const edge = () => heading(table, 'app').querySelector('.edge')!;
    const width = () => heading(table, 'app').getBoundingClientRect().width;
    const before = width();
    const drag = (type: string, clientX: number) =>
      edge().dispatchEvent(new PointerEvent(type, { clientX, bubbles: true, composed: true, cancelable: true }));
    const resize = async (to: number) => {
      Object.assign(edge(), { setPointerCapture: () => undefined });
      drag('pointerdown', 100);
      drag('pointermove', to);
      drag('pointerup', to);
      drag('pointermove', 300);
      await table.updateComplete;
    };
    await resize(140);
    expect(width()).to.equal(before + 40);
    expect(heading(table, 'at').getAttribute('aria-sort')).to.equal('descending');
    edge().dispatchEvent(new MouseEvent('dblclick', { bubbles: true, composed: true }));
    await table.updateComplete;
    expect(width()).to.equal(before);
    table.dir = 'rtl';
    await resize(80);
    expect(width()).to.equal(before + 20);
  });

  it('has nothing that axe finds, with details and menu open too', async () => {
    rows(table)[1]!.querySelector<HTMLElement>('[part=cell]')!.click();
    find(table, 'summary')!.click();
    await until(() => find(table, '.items') && text(table, 'detail').includes('Key'));
    const { axe } = globalThis as unknown as { axe: typeof import('axe-core') };
    const { violations } = await axe.run(table, { rules: { region: { enabled: false } } });
    expect(violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html}`))).to.deep.equal([]);
  });

  it('shows the same after it is moved', async () => {
    const place = document.createElement('section');
    document.body.append(place);
    place.append(table);
    await until(() => rows(table).length > 10 && column(table, 'model')[0] === 'model-1');
    grid(table).scrollTop = 3_600;
    await until(() => column(table, 'model').includes('model-101'));
  });

  it('says when a call was, anew as time passes, and when exactly, in the language of the page', async () => {
    const { setInterval, Date: OwnDate } = globalThis;
    const ticks: (() => void)[] = [];
    clearPage();
    globalThis.setInterval = ((tick: () => void) => ticks.push(tick)) as never;
    try {
      table = await open(html`<usage-logs-table view="entries" lang="de"></usage-logs-table>`);
    } finally {
      globalThis.setInterval = setInterval;
    }
    await until(() => rows(table).length > 10);
    expect(column(table, 'at')[0]).to.match(/^vor 1\b/);
    expect(column(table, 'cost')[0]).to.equal('0,01\u00a0$');
    expect(rows(table)[0]!.querySelector('time')!.title).not.to.equal('');
    const { now } = OwnDate;
    OwnDate.now = () => now() + 5 * 60_000;
    try {
      ticks.forEach((tick) => tick());
      await until(() => /^vor 6\b/.test(column(table, 'at')[0]!));
    } finally {
      OwnDate.now = now;
    }
  });
});
