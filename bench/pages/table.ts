/**
 * The page of `npm run bench:table`: the same 100,000 calls in `<usage-logs-table>` over a project in memory, in Tabulator
 * as its guide has it, and in a window written by hand, which is the least that shows the same.
 */
import { html, render } from 'lit';
import { disconnect, type LogEntry } from 'livelit';
import 'livelit/define';
import { connectToMemory, MemoryBackend } from 'livelit/testing';
import { TabulatorFull as Tabulator } from 'tabulator-tables';
import 'tabulator-tables/dist/css/tabulator.min.css';

const ROWS = 100_000;
const ROW_PX = 36;
const HEIGHT_PX = 480;
const ADMIN = { userId: 'bench', anonymous: false, email: 'bench@test.invalid', admin: true };
const PING = { event: 'usage_logs', payload: { table: 'usage_logs', op: 'UPDATE', n: 1, ids: null } };

const begun = Date.now();
const noise = (seed: number) => Math.abs(Math.sin(seed * 12.9898) * 43_758.5453) % 1;

/** The newest has the largest number. */
const rowAt = (number: number): LogEntry => {
  const context_tokens = Math.round(4_000 * noise(number));
  const generated_tokens = Math.round(900 * noise(number + 7));
  return {
    id: String(number).padStart(12, '0'),
    user_id: 'u',
    email: `user-${number % 997}@test.invalid`,
    full_name: `User ${number % 997}`,
    at: new Date(begun - (ROWS - number) * 1_000).toISOString(),
    app: 'editor',
    feature: '',
    model: `model-${number % 7}`,
    context_tokens,
    cached_tokens: 0,
    generated_tokens,
    tokens: context_tokens + generated_tokens,
    cost: context_tokens * 1e-6,
    co2_grams: 0,
    status: 'ok',
    latency_ms: generated_tokens * 9,
    key: '',
  };
};

const frame = () => new Promise(requestAnimationFrame);

async function until(condition: () => unknown): Promise<void> {
  while (!condition()) await frame();
}

function place(): HTMLElement {
  const box = document.createElement('div');
  Object.assign(box.style, { position: 'relative', width: '1000px', height: `${HEIGHT_PX}px` });
  document.body.append(box);
  return box;
}

/** What both others show in their cells too. */
const whole = new Intl.NumberFormat('en');
const money = new Intl.NumberFormat('en', { style: 'currency', currency: 'USD', maximumSignificantDigits: 2 });
const moment = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' });
const CELLS: readonly (readonly [title: string, text: (row: LogEntry) => string])[] = [
  ['Time', ({ at }) => moment.format(Date.parse(at))],
  ['User', ({ full_name: name }) => name ?? ''],
  ['App', ({ app }) => app],
  ['Model', ({ model }) => model],
  ['Input', (row) => whole.format(row.context_tokens)],
  ['Output', (row) => whole.format(row.generated_tokens)],
  ['Cost', ({ cost }) => money.format(cost ?? 0)],
  ['Latency', (row) => whole.format(row.latency_ms ?? 0)],
  ['Status', ({ status }) => status],
];

/** Nodes of rows that leave go to rows that come; texts are written straight into them. */
function floor() {
  const box = place();
  const body = document.createElement('div');
  const lines: { readonly node: HTMLElement; index: number; row: LogEntry | undefined }[] = [];
  let rows: LogEntry[] = [];
  box.style.overflow = 'auto';
  body.style.position = 'relative';
  box.append(body);
  const paint = () => {
    body.style.height = `${rows.length * ROW_PX}px`;
    const first = Math.max(0, Math.floor(box.scrollTop / ROW_PX) - 8);
    for (let place = 0; place < lines.length; place += 1) {
      // Which of the rows that are seen belongs to this node: each node has every so-manieth row.
      const index = first + ((((place - first) % lines.length) + lines.length) % lines.length);
      const line = lines[place]!;
      const row = rows[index];
      if (line.row === row && line.index === index) continue;
      line.row = row;
      line.index = index;
      line.node.style.translate = `0 ${index * ROW_PX}px`;
      if (row) CELLS.forEach(([, text], cell) => (line.node.children[cell]!.textContent = text(row)));
    }
  };
  const count = Math.ceil(HEIGHT_PX / ROW_PX) + 16;
  for (let made = 0; made < count; made += 1) {
    const node = document.createElement('div');
    const columns = `repeat(${CELLS.length}, 1fr)`;
    Object.assign(node.style, {
      position: 'absolute',
      inset: '0 0 auto',
      height: `${ROW_PX}px`,
      display: 'grid',
      gridTemplateColumns: columns,
    });
    node.append(...CELLS.map(() => document.createElement('div')));
    body.append(node);
    lines.push({ node, index: -1, row: undefined });
  }
  box.addEventListener('scroll', paint);
  return {
    async first() {
      rows = Array.from({ length: ROWS }, (_, index) => rowAt(ROWS - index));
      paint();
      await frame();
    },
    all: () => Promise.resolve(),
    scroller: () => box,
    nodes: () => body.children.length,
    add(number: number) {
      rows.unshift(rowAt(number));
      paint();
    },
    remove: () => box.remove(),
  };
}

function tabulator() {
  const box = place();
  let table: Tabulator;
  return {
    async first() {
      const data = Array.from({ length: ROWS }, (_, index) => rowAt(ROWS - index));
      const columns = CELLS.map(([title, text]) => ({
        title,
        field: 'id',
        formatter: (cell: { getData(): unknown }) => text(cell.getData() as LogEntry),
      }));
      table = new Tabulator(box, { data, columns, height: HEIGHT_PX, layout: 'fitColumns', rowHeight: ROW_PX });
      await until(() => box.querySelector('.tabulator-row .tabulator-cell'));
    },
    all: () => Promise.resolve(),
    scroller: () => box.querySelector<HTMLElement>('.tabulator-tableholder')!,
    nodes: () => box.querySelectorAll('.tabulator-row').length,
    add: (number: number) => void table.addData([rowAt(number)], true),
    remove() {
      table.destroy();
      box.remove();
    },
  };
}

/** The element; what comes is signalled, fetched, merged and painted. The project's part is kept small: it is no part of ours. */
function ours() {
  const box = place();
  let newest = ROWS;
  const totals = {
    requests: 0,
    errors: 0,
    context_tokens: 0,
    cached_tokens: 0,
    generated_tokens: 0,
    tokens: 0,
    cost: 0,
    unpriced: 0,
    co2_grams: 0,
  };
  const add = ({ context_tokens, generated_tokens, cost }: LogEntry) => {
    totals.requests += 1;
    totals.context_tokens += context_tokens;
    totals.generated_tokens += generated_tokens;
    totals.cost += cost!;
  };
  for (let number = 1; number <= ROWS; number += 1) add(rowAt(number));
  const project = new MemoryBackend({
    session: ADMIN,
    procedures: {
      usage_log_entries({ p_cursor: cursor, p_backward: backward, p_limit: limit }) {
        const from = cursor === null || cursor === undefined ? newest : Number(cursor);
        const [top, end] = backward
          ? [newest, from]
          : [cursor ? from - 1 : from, Math.max((cursor ? from - 1 : from) - Number(limit), 0)];
        const rows = Array.from({ length: top - end }, (_, index) => rowAt(top - index));
        return {
          rows,
          more: false,
          prev_cursor: String(rows[0] ? top : from),
          next_cursor: end > 0 ? String(end + 1) : null,
          totals: { ...totals },
        };
      },
    },
  });
  const root = () => box.querySelector('usage-logs-table')?.shadowRoot;
  const scroller = () => root()!.querySelector<HTMLElement>('[role=grid]')!;
  return {
    async first() {
      connectToMemory(project);
      render(html`<usage-logs-table view="entries"></usage-logs-table>`, box);
      await until(() => root()?.querySelector('[part~=cell]'));
    },
    /** Reads to the end, as somebody who scrolls there does. */
    async all() {
      const words = whole.format(ROWS);
      await until(() => {
        scroller().scrollTop = scroller().scrollHeight;
        return root()!.querySelector('[part=footer]')!.textContent.includes(`${words} calls`);
      });
      scroller().scrollTop = 0;
      await frame();
      await frame();
    },
    scroller,
    nodes: () => root()!.querySelectorAll('.sheet > *').length,
    add(number: number) {
      newest = number;
      add(rowAt(number));
      project.emit('admin:usage', PING);
    },
    remove() {
      render(null, box);
      disconnect();
      box.remove();
    },
  };
}

let number = ROWS;

/** One at a time, as fast as that for so long; ends when the page has had a frame for the last. */
async function tail(subject: { add(number: number): void }, perSecond: number, ms: number): Promise<void> {
  const start = performance.now();
  for (let added = 0; performance.now() - start < ms;) {
    await new Promise((resolve) => setTimeout(resolve, 1_000 / perSecond));
    for (const due = ((performance.now() - start) / 1_000) * perSecond; added < due; added += 1) {
      subject.add((number += 1));
    }
  }
  await frame();
}

Object.assign(globalThis, { subjects: { ours, tabulator, floor }, frame, tail });
