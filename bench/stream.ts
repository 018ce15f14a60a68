/**
 * `npm run bench:stream`: what a reply of 2,000 tokens costs the main thread, in `<chat-box>`, in deep-chat and as text
 * that is appended once a frame, in one run: budget B5 of the project's performance page. It prints; a machine that is
 * busy fails nothing.
 */
import { median, RUNS, Stage, type BenchPage } from './stage.ts';

/** Tokens a second. */
const PACES = ['Infinity', '200'] as const;

/** Main thread, ms. */
async function measure(bench: BenchPage, subject: string, pace: string): Promise<number> {
  await bench.run(`(async () => { globalThis.subject = subjects.${subject}(); await subject.ready(); })()`);
  // What was loaded has to be compiled, and what follows a first paint to settle.
  await bench.page.waitForTimeout(500);
  return bench.work(`subject.stream(${pace})`);
}

const SUBJECTS = {
  ours: '<chat-box>',
  plain: 'text, appended once a frame',
  bare: 'its Markdown parser alone',
  deep: 'deep-chat 2.4.2',
  idle: 'an idle page',
};

const stage = await Stage.open('stream');
for (const pace of PACES) {
  const results = await stage.measure(Object.keys(SUBJECTS), (bench, subject) => measure(bench, subject, pace));
  const idle = median(results.get('idle')!);
  const of = (name: string) => median(results.get(name)!) - idle;
  console.log(
    `2,000 tokens, ${pace === 'Infinity' ? 'as fast as they come' : `${pace} a second`}, medians of ${RUNS}, idle page (${idle.toFixed(0)} ms) taken off`,
  );
  for (const [name, title] of Object.entries(SUBJECTS).slice(0, -1)) {
    console.log(
      `${title.padEnd(30)} ${of(name).toFixed(0).padStart(6)} ms   <chat-box> / this = ${(of('ours') / of(name)).toFixed(2)}`,
    );
  }
}
await stage.close();
process.exit(0);
