/**
 * `npm run bench:chart`: what a year of twelve models costs the main thread and the memory, for `<usage-chart>` and for
 * plain Chart.js with the same data, in one run. It prints; a machine that is busy fails nothing.
 */
import { chromium, type CDPSession } from 'playwright-core';
import { createServer } from 'vite';
import stories from '../stories/vite.config.ts';
import { CHROMIUM_ARGS, findChromium } from '../test/support/chromium.ts';

const ROOT = new URL('..', import.meta.url).pathname;
const RUNS = 5;
const UPDATES = 10;

interface Measured {
  /** Main thread, ms. */
  readonly draw: number;
  /** Main thread, ms each. */
  readonly update: number;
  /** JavaScript heap after a collection, more than before the chart, kB. */
  readonly memory: number;
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function metric(session: CDPSession, name: string): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics');
  return metrics.find((each) => each.name === name)!.value;
}

async function heap(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage');
  return metric(session, 'JSHeapUsedSize');
}

const server = await createServer({
  ...stories,
  configFile: false,
  root: ROOT,
  logLevel: 'error',
  server: { ...stories.server, port: 0 },
});
await server.listen();
const browser = await chromium.launch({ executablePath: findChromium(), args: CHROMIUM_ARGS });

/** In a page of its own: the first drawing of a page pays for what the second finds ready. */
async function measure(subject: string): Promise<Measured> {
  const page = await browser.newPage({ viewport: { width: 1000, height: 700 } });
  await page.goto(`${server.resolvedUrls!.local[0]!}bench/pages/chart.html`);
  await page.waitForFunction('globalThis.subjects');
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const run = (code: string) => page.evaluate(code);
  /** A first chart compiles what all have in common. */
  await run(`(async () => { const warm = subjects.${subject}(); await warm.draw(); warm.remove(); })()`);
  const before = await heap(session);
  const timed = async (code: string) => {
    const start = await metric(session, 'TaskDuration');
    await run(code);
    return ((await metric(session, 'TaskDuration')) - start) * 1_000;
  };
  await run(`globalThis.subject = subjects.${subject}(), undefined`);
  const draw = await timed('subject.draw()');
  const updates: number[] = [];
  for (let round = 1; round <= UPDATES; round += 1) updates.push(await timed(`subject.update(${round})`));
  const memory = ((await heap(session)) - before) / 1_000;
  await page.close();
  return { draw, update: median(updates), memory };
}

const SUBJECTS = { ours: '<usage-chart>', plain: 'plain Chart.js', still: 'plain Chart.js, animation: false' };
const results = new Map<string, Measured[]>(Object.keys(SUBJECTS).map((name) => [name, []]));
// By turns, so that a machine that grows slower does so for all.
for (let run = 0; run < RUNS; run += 1) {
  for (const [name, measured] of results) measured.push(await measure(name));
}
const of = (name: string, what: keyof Measured) => median(results.get(name)!.map((measured) => measured[what]));
console.log(`365 days × 12 models, medians of ${RUNS}; beside each the ratio of <usage-chart> to it`);
for (const [name, title] of Object.entries(SUBJECTS)) {
  const cell = (what: keyof Measured, unit: string) =>
    `${of(name, what).toFixed(1)} ${unit} (${(of('ours', what) / of(name, what)).toFixed(2)})`.padStart(20);
  console.log(
    `${title.padEnd(34)} first draw ${cell('draw', 'ms')}  three points ${cell('update', 'ms')}  memory ${cell('memory', 'kB')}`,
  );
}
await browser.close();
await server.close();
process.exit(0);
