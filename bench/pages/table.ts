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
import './table.css';

const ROWS = 100_000;
const ROW_PX = 36;
const HEIGHT_PX = 480;
const BATCH_MS = 500;
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

/** What every subject is given, the newest first: to make it is nobody's work. */
const rowsOf = (count = ROWS) => Array.from({ length: count }, (_, index) => rowAt(ROWS - index));

const frame = () => new Promise(requestAnimationFrame);

/** Another task: sooner than any timer. */
const task = () =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = resolve;
    port2.postMessage(undefined);
  });

/**
 * From the start of a frame until a row is painted, ms. The rows come in a task of their own, as whatever is asked of a
 * project does.
 */
async function timed(subject: { first(): void; ready(): unknown }): Promise<number> {
  await frame();
  const start = performance.now();
  subject.first();
  do await frame();
  while (!subject.ready());
  await task();
  return performance.now() - start;
}

function place(): HTMLElement {
  const box = document.createElement('div');
  Object.assign(box.style, { position: 'relative', width: '1000px', height: `${HEIGHT_PX}px` });
  document.body.append(box);
  return box;
}

/** What all show in their cells. */
const whole = new Intl.NumberFormat('en');
const money = new Intl.NumberFormat('en', { style: 'currency', currency: 'USD', maximumSignificantDigits: 2 });
const seconds = new Intl.NumberFormat('en', { style: 'unit', unit: 'second', maximumSignificantDigits: 3 });
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'narrow' });
const ago = (at: string) => relative.format(Math.ceil((Date.parse(at) - begun) / 3_600_000), 'hour');
const CELLS: readonly (readonly [title: string, text: (row: LogEntry) => string])[] = [
  ['Time', ({ at }) => ago(at)],
  ['User', ({ full_name: name }) => name ?? ''],
  ['App', ({ app }) => app],
  ['Model', ({ model }) => model],
  ['Input', (row) => whole.format(row.context_tokens)],
  ['Output', (row) => whole.format(row.generated_tokens)],
  ['Cost', ({ cost }) => money.format(cost ?? 0)],
  ['Latency', (row) => seconds.format((row.latency_ms ?? 0) / 1_000)],
  ['Status', ({ status }) => status],
];

/** Nodes of rows that leave go to rows that come; texts are written straight into them. */
function floor(all: LogEntry[]) {
  const box = place();
  const body = document.createElement('div');
  const lines: { readonly node: HTMLElement; index: number; row: LogEntry | undefined }[] = [];
  const lineOf = (texts: readonly string[]) => {
    const node = document.createElement('div');
    node.className = 'line';
    node.append(
      ...texts.map((text) => {
        const cell = document.createElement('div');
        cell.textContent = text;
        return cell;
      }),
    );
    return node;
  };
  let rows: LogEntry[] = [];
  box.className = 'floor';
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
  return {
    first() {
      const count = Math.ceil(HEIGHT_PX / ROW_PX) + 16;
      for (let made = 0; made < count; made += 1) {
        const node = lineOf(CELLS.map(() => ''));
        body.append(node);
        lines.push({ node, index: -1, row: undefined });
      }
      box.append(lineOf(CELLS.map(([title]) => title)), body);
      box.addEventListener('scroll', paint);
      void task().then(() => {
        rows = all;
        paint();
      });
    },
    ready: () => rows.length > 0,
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

function tabulator(data: LogEntry[]) {
  const box = place();
  let table: Tabulator;
  return {
    first() {
      const columns = CELLS.map(([title, text]) => ({
        title,
        field: 'id',
        formatter: (cell: { getData(): unknown }) => text(cell.getData() as LogEntry),
      }));
      void task().then(() => {
        table = new Tabulator(box, { data, columns, height: HEIGHT_PX, layout: 'fitColumns', rowHeight: ROW_PX });
      });
    },
    ready: () => box.querySelector('.tabulator-row .tabulator-cell'),
    all: () => Promise.resolve(),
    scroller: () => box.querySelector<HTMLElement>('.tabulator-tableholder')!,
    nodes: () => box.querySelectorAll('.tabulator-row').length,
    add: (number: number): unknown => table.addData([rowAt(number)], true),
    addAll: (rows: LogEntry[]) => table.addData(rows, true),
    remove() {
      table.destroy();
      box.remove();
    },
  };
}

/** The same, given what comes as seldom as our store asks for it. */
function batched(data: LogEntry[]) {
  const table = tabulator(data);
  const waiting: LogEntry[] = [];
  return {
    ...table,
    add(number: number) {
      if (!waiting.length) setTimeout(() => void table.addAll(waiting.splice(0).reverse()), BATCH_MS);
      waiting.push(rowAt(number));
    },
  };
}

/** The element; what comes is signalled, fetched, merged and painted. The project's part is kept small: it is no part of ours. */
function ours(all: LogEntry[]) {
  const box = place();
  // Of the database: what is new stands behind, so that nothing is moved for it.
  const log = all.reverse();
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
  log.forEach(add);
  const project = new MemoryBackend({
    session: ADMIN,
    procedures: {
      // A cursor is how many rows are older than the row that it is of.
      usage_log_entries({ p_cursor: cursor, p_backward: backward, p_limit: limit }) {
        const end = cursor === null || cursor === undefined ? log.length : Number(cursor);
        const begin = backward ? end + 1 : Math.max(end - Number(limit), 0);
        const rows = log.slice(begin, backward ? undefined : end).reverse();
        return {
          rows,
          more: false,
          prev_cursor: String(backward && !rows.length ? end : begin + rows.length - 1),
          next_cursor: begin > 0 ? String(begin) : null,
          totals: { ...totals },
        };
      },
    },
  });
  const root = () => box.querySelector('usage-logs-table')?.shadowRoot;
  const scroller = () => root()!.querySelector<HTMLElement>('[role=grid]')!;
  return {
    first() {
      connectToMemory(project);
      render(html`<usage-logs-table view="entries"></usage-logs-table>`, box);
    },
    ready: () => root()?.querySelector('[part~=cell]'),
    /** Reads to the end, as somebody who scrolls there does. */
    async all() {
      const words = `${whole.format(ROWS)} calls`;
      while (root()!.querySelector('[part=footer]')!.textContent.trim() !== words) {
        scroller().scrollTop = scroller().scrollHeight;
        await frame();
      }
      scroller().scrollTop = 0;
      await frame();
      await frame();
    },
    scroller,
    nodes: () => root()!.querySelectorAll('.sheet > *').length,
    add(number: number) {
      const row = rowAt(number);
      log.push(row);
      add(row);
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

/**
 * One at a time, as fast as that, for so long; ends when the page has had a frame for the last.
 *
 * @returns How long it took, and the longest that a frame was waited for, ms.
 */
async function tail(
  subject: { add(number: number): unknown },
  perSecond: number,
  ms: number,
): Promise<{ readonly took: number; readonly longest: number }> {
  const start = performance.now();
  let longest = 0;
  let last = start;
  let watching = requestAnimationFrame(function watch(now) {
    longest = Math.max(longest, now - last);
    last = now;
    watching = requestAnimationFrame(watch);
  });
  for (let added = 0; performance.now() - start < ms;) {
    await new Promise((resolve) => setTimeout(resolve, 1_000 / perSecond));
    for (const due = ((performance.now() - start) / 1_000) * perSecond; added < due; added += 1) {
      subject.add((number += 1));
    }
  }
  await frame();
  cancelAnimationFrame(watching);
  return { took: performance.now() - start, longest };
}

Object.assign(globalThis, { subjects: { ours, tabulator, batched, floor }, rowsOf, frame, timed, tail });
