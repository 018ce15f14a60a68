/**
 * `npm run bench:chart`: what a year of twelve models costs the main thread and the memory, for `<usage-chart>` and for
 * plain Chart.js with the same data, in one run. It prints; a machine that is busy fails nothing.
 */
import { median, RUNS, Stage, type BenchPage } from './stage.ts';

const UPDATES = 10;

interface Measured {
  /** Main thread, ms. */
  readonly draw: number;
  /** Main thread, ms each. */
  readonly update: number;
  /** JavaScript heap after a collection, more than before the chart, kB. */
  readonly memory: number;
}

async function measure(bench: BenchPage, subject: string): Promise<Measured> {
  // A first chart compiles what all have in common.
  await bench.run(`(async () => { const warm = subjects.${subject}(); await warm.draw(); warm.remove(); })()`);
  const before = await bench.heap();
  await bench.run(`globalThis.subject = subjects.${subject}(), undefined`);
  const draw = await bench.work('subject.draw()');
  const updates: number[] = [];
  for (let round = 1; round <= UPDATES; round += 1) updates.push(await bench.work(`subject.update(${round})`));
  const memory = ((await bench.heap()) - before) / 1_000;
  return { draw, update: median(updates), memory };
}

const SUBJECTS = { ours: '<usage-chart>', plain: 'plain Chart.js', still: 'plain Chart.js, animation: false' };
const stage = await Stage.open('chart');
const results = await stage.measure(Object.keys(SUBJECTS), measure);
const of = (name: string, what: keyof Measured) => median(results.get(name)!.map((measured) => measured[what]));
console.log(`365 days × 12 models, medians of ${RUNS}; beside each the ratio of <usage-chart> to it`);
for (const [name, title] of Object.entries(SUBJECTS)) {
  const cell = (what: keyof Measured, unit: string) =>
    `${of(name, what).toFixed(1)} ${unit} (${(of('ours', what) / of(name, what)).toFixed(2)})`.padStart(20);
  console.log(
    `${title.padEnd(34)} first draw ${cell('draw', 'ms')}  three points ${cell('update', 'ms')}  memory ${cell('memory', 'kB')}`,
  );
}
await stage.close();
process.exit(0);
