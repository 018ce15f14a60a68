/**
 * `npm run bench:table`: 100,000 calls in `<usage-logs-table>`, in Tabulator and in a window written by hand, in one run:
 * the first row, the work of a frame while somebody scrolls, nodes, memory, and a live tail. All as a page would ship them:
 * built. It prints; a machine that is busy fails nothing. Budgets B6 and B7 of the project's performance page.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type CDPSession } from 'playwright-core';
import { build, preview } from 'vite';
import stories from '../stories/vite.config.ts';
import { CHROMIUM_ARGS, findChromium } from '../test/support/chromium.ts';

const ROOT = new URL('..', import.meta.url).pathname;
const RUNS = Number(process.env.RUNS ?? 3);
const STEPS = 60;
/** A fast finger: more than a screen every few frames. */
const STEP_PX = 400;
const TAIL_PER_SECOND = 100;
const TAIL_MS = 4_000;

interface Measured {
  /** From data and an empty place to a row on screen, ms. */
  readonly first: number;
  /** Main thread, ms, of the slowest of twenty frames, without what an idle page needs. */
  readonly scroll: number;
  readonly nodes: number;
  /** JavaScript heap after a collection, more than before there was any data, MB. */
  readonly memory: number;
  /** How much of its time the main thread is busy, %, without what an idle page is. */
  readonly tail: number;
  /** The longest that a frame was waited for meanwhile, ms. */
  readonly jank: number;
}

const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b);
const median = (values: readonly number[]) => sorted(values)[Math.floor(values.length / 2)]!;
const p95 = (values: readonly number[]) => sorted(values)[Math.floor(values.length * 0.95)]!;

async function metric(session: CDPSession, name: string): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics');
  return metrics.find((each) => each.name === name)!.value;
}

async function heap(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage');
  return metric(session, 'JSHeapUsedSize');
}

const folder = await mkdtemp(join(tmpdir(), 'livelit-bench-table-'));
const config = { ...stories, configFile: false, root: ROOT, logLevel: 'error' } as const;
const input = join(ROOT, 'bench/pages/table.html');
await build({ ...config, build: { outDir: folder, rolldownOptions: { input } } });
const server = await preview({ ...config, build: { outDir: folder }, preview: { port: 0 } });
const browser = await chromium.launch({ executablePath: findChromium(), args: CHROMIUM_ARGS });

/** In a page of its own: the first drawing of a page pays for what the second finds ready. */
async function measure(subject: string): Promise<Measured> {
  const page = await browser.newPage({ viewport: { width: 1100, height: 700 } });
  page.on('pageerror', (error) => console.error(error));
  await page.goto(`${server.resolvedUrls!.local[0]!}bench/pages/table.html`);
  await page.waitForFunction('globalThis.subjects');
  const session = await page.context().newCDPSession(page);
  // The thread's own clock: what else the machine does is not counted.
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const run = <T>(code: string) => page.evaluate<T>(code);
  /** Main thread, ms. */
  const work = async (code: string) => {
    const start = await metric(session, 'TaskDuration');
    await run(code);
    return ((await metric(session, 'TaskDuration')) - start) * 1_000;
  };
  // A first table compiles what all have in common.
  await run(`(async () => { const warm = subjects.${subject}(rowsOf(1_000)); await timed(warm); warm.remove(); })()`);
  const before = await heap(session);
  await run(`globalThis.subject = subjects.${subject}(rowsOf()), undefined`);
  const first = await run<number>('timed(subject)');
  await run('subject.all()');
  const memory = ((await heap(session)) - before) / 1e6;
  const twoFrames = 'await frame(); await frame();';
  const idle: number[] = [];
  const frames: number[] = [];
  let nodes = 0;
  for (let step = 1; step <= STEPS; step += 1) idle.push(await work(`(async () => { ${twoFrames} })()`));
  for (let step = 1; step <= STEPS; step += 1) {
    const top = step * STEP_PX;
    frames.push(await work(`(async () => { subject.scroller().scrollTop = ${top}; ${twoFrames} })()`));
    nodes = Math.max(nodes, await run<number>('subject.nodes()'));
  }
  await run(`(async () => { subject.scroller().scrollTop = 0; ${twoFrames} })()`);
  /** Whoever falls behind takes longer. */
  const busy = async (add: string) => {
    const start = await metric(session, 'TaskDuration');
    const { took, longest } = await run<{ took: number; longest: number }>(
      `tail(${add}, ${TAIL_PER_SECOND}, ${TAIL_MS})`,
    );
    return { share: ((await metric(session, 'TaskDuration')) - start) / (took / 1_000), longest };
  };
  const resting = await busy('{ add() {} }');
  const { share, longest } = await busy('subject');
  await page.close();
  return {
    first,
    scroll: p95(frames) - median(idle),
    nodes,
    memory,
    tail: (share - resting.share) * 100,
    jank: longest,
  };
}

const SUBJECTS = {
  ours: '<usage-logs-table>',
  floor: 'by hand (floor)',
  tabulator: 'Tabulator',
  batched: 'Tabulator, twice a second',
};
const results = new Map<string, Measured[]>(Object.keys(SUBJECTS).map((name) => [name, []]));
// By turns, so that a machine that grows slower does so for all.
for (let turn = 0; turn < RUNS; turn += 1) {
  for (const [name, measured] of results) measured.push(await measure(name));
}
const of = (name: string, what: keyof Measured) => median(results.get(name)!.map((measured) => measured[what]));
const ratio = (name: string, what: keyof Measured) => of('ours', what) / of(name, what);
console.log(`100,000 rows, medians of ${RUNS}; beside each the ratio of <usage-logs-table> to it`);
for (const [name, title] of Object.entries(SUBJECTS)) {
  const cell = (what: keyof Measured, unit: string) =>
    `${of(name, what).toFixed(1)} ${unit} (${ratio(name, what).toFixed(2)})`.padStart(16);
  console.log(
    `${title.padEnd(25)} first row ${cell('first', 'ms')}  scroll p95 ${cell('scroll', 'ms')}  rows in the page ` +
      `${String(of(name, 'nodes')).padStart(3)}  memory ${cell('memory', 'MB')}  tail ${cell('tail', '%')} longest frame ${cell('jank', 'ms')}`,
  );
}
const budgets: readonly (readonly [what: string, is: number, limit: number])[] = [
  ['B6 first row to the floor', ratio('floor', 'first'), 1.3],
  ['B6 scroll p95 to the floor', ratio('floor', 'scroll'), 1.3],
  ['B6 rows in the page', of('ours', 'nodes'), 100],
  ['B7 live tail to the floor', ratio('floor', 'tail'), 0.6],
  ['B7 live tail to Tabulator', ratio('tabulator', 'tail'), 0.35],
];
for (const [what, is, limit] of budgets) {
  console.log(`${is <= limit ? 'ok  ' : 'OVER'} ${what.padEnd(28)} ${is.toFixed(2)} of ${limit}`);
}
await browser.close();
await server.close();
await rm(folder, { recursive: true });
process.exit(0);
