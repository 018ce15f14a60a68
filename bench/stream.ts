/**
 * `npm run bench:stream`: what a reply of 2,000 tokens costs the main thread, in `<chat-box>`, in deep-chat and as text
 * that is appended once a frame, in one run: budget B5 of the project's performance page. It prints; a machine that is
 * busy fails nothing.
 */
import { chromium } from 'playwright-core';
import { createServer } from 'vite';
import stories from '../stories/vite.config.ts';
import { CHROMIUM_ARGS, findChromium } from '../test/support/chromium.ts';

const ROOT = new URL('..', import.meta.url).pathname;
const RUNS = Number(process.env.RUNS ?? 3);

/** Tokens a second. */
const PACES = ['Infinity', '200'] as const;

/** A run that has not ended by then never will, ms. */
const LIMIT_MS = 60_000;

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

const server = await createServer({
  ...stories,
  configFile: false,
  root: ROOT,
  logLevel: 'error',
  optimizeDeps: { include: ['deep-chat', 'streaming-markdown'] },
  server: { ...stories.server, port: 0, hmr: false },
});
await server.listen();
const browser = await chromium.launch({ executablePath: findChromium(), args: CHROMIUM_ARGS });

/** Main thread, ms, in a page of its own. */
async function measure(subject: string, pace: string): Promise<number> {
  const page = await browser.newPage({ viewport: { width: 1000, height: 700 } });
  const limit = setTimeout(() => void page.close(), LIMIT_MS);
  await page.goto(`${server.resolvedUrls!.local[0]!}bench/pages/stream.html`);
  await page.waitForFunction('globalThis.subjects');
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  await page.evaluate(`(async () => { globalThis.subject = subjects.${subject}(); await subject.ready(); })()`);
  // What was loaded has to be compiled, and what follows a first paint to settle.
  await page.waitForTimeout(500);
  const busy = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration')!.value * 1_000;
  };
  const start = await busy();
  await page.evaluate(`subject.stream(${pace})`);
  const took = (await busy()) - start;
  clearTimeout(limit);
  await page.close();
  return took;
}

const SUBJECTS = {
  ours: '<chat-box>',
  plain: 'text, appended once a frame',
  bare: 'its Markdown parser alone',
  deep: 'deep-chat 2.4.2',
  idle: 'an idle page',
};

for (const pace of PACES) {
  const results = new Map<string, number[]>(Object.keys(SUBJECTS).map((name) => [name, []]));
  // By turns, so that a machine that grows slower does so for all.
  for (let run = 0; run < RUNS; run += 1) {
    for (const [name, measured] of results) measured.push(await measure(name, pace));
  }
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
await browser.close();
await server.close();
process.exit(0);
