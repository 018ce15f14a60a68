/**
 * `npm run bench:table`: 100,000 calls in `<usage-logs-table>`, in Tabulator and in a window written by hand, in one run:
 * the first row, the work of a frame while somebody scrolls, nodes, memory, and a live tail. All as a page would ship them:
 * built. It prints; a machine that is busy fails nothing. Budgets B6 and B7 of the project's performance page.
 */
import { median, quantile, RUNS, Stage, type BenchPage } from './stage.ts';

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

async function measure(bench: BenchPage, subject: string): Promise<Measured> {
  // A first table compiles what all have in common.
  await bench.run(
    `(async () => { const warm = subjects.${subject}(rowsOf(1_000)); await timed(warm); warm.remove(); })()`,
  );
  const before = await bench.heap();
  await bench.run(`globalThis.subject = subjects.${subject}(rowsOf()), undefined`);
  const first = await bench.run<number>('timed(subject)');
  await bench.run('subject.all()');
  const memory = ((await bench.heap()) - before) / 1e6;
  const twoFrames = 'await frame(); await frame();';
  const idle: number[] = [];
  const frames: number[] = [];
  let nodes = 0;
  for (let step = 1; step <= STEPS; step += 1) idle.push(await bench.work(`(async () => { ${twoFrames} })()`));
  for (let step = 1; step <= STEPS; step += 1) {
    const top = step * STEP_PX;
    frames.push(await bench.work(`(async () => { subject.scroller().scrollTop = ${top}; ${twoFrames} })()`));
    nodes = Math.max(nodes, await bench.run<number>('subject.nodes()'));
  }
  await bench.run(`(async () => { subject.scroller().scrollTop = 0; ${twoFrames} })()`);
  /** Whoever falls behind takes longer. */
  const busy = async (add: string) => {
    const start = await bench.busy();
    const { took, longest } = await bench.run<{ took: number; longest: number }>(
      `tail(${add}, ${TAIL_PER_SECOND}, ${TAIL_MS})`,
    );
    return { share: ((await bench.busy()) - start) / took, longest };
  };
  const resting = await busy('{ add() {} }');
  const { share, longest } = await busy('subject');
  return {
    first,
    scroll: quantile(frames, 0.95) - median(idle),
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
const stage = await Stage.open('table');
const results = await stage.measure(Object.keys(SUBJECTS), measure);
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
await stage.close();
process.exit(0);
