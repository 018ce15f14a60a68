/** What the benches in a browser share: a page, built as it would be shipped, and what it costs the main thread. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type CDPSession, type Page } from 'playwright-core';
import { build, preview, type PreviewServer } from 'vite';
import stories from '../stories/vite.config.ts';
import { CHROMIUM_ARGS, findChromium } from '../test/support/chromium.ts';

const ROOT = join(import.meta.dirname, '..');

/** How often each subject is measured. */
export const RUNS = Number(process.env.RUNS ?? 3);

/** A page that has not ended by then never will, ms. */
const LIMIT_MS = 120_000;

export const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * share)]!;
export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** A page of the bench, with its `subjects`. */
export class BenchPage {
  readonly page: Page;
  readonly #session: CDPSession;

  constructor(page: Page, session: CDPSession) {
    this.page = page;
    this.#session = session;
  }

  run<Result>(code: string): Promise<Result> {
    return this.page.evaluate<Result>(code);
  }

  /** How long the main thread has been busy, ms. */
  async busy(): Promise<number> {
    return (await this.#metric('TaskDuration')) * 1_000;
  }

  /** How long a piece of code keeps the main thread busy, ms. */
  async work(code: string): Promise<number> {
    const start = await this.busy();
    await this.run(code);
    return (await this.busy()) - start;
  }

  /** JavaScript heap after a collection, bytes. */
  async heap(): Promise<number> {
    await this.#session.send('HeapProfiler.collectGarbage');
    return this.#metric('JSHeapUsedSize');
  }

  async #metric(name: string): Promise<number> {
    const { metrics } = await this.#session.send('Performance.getMetrics');
    return metrics.find((each) => each.name === name)!.value;
  }
}

/** The built page `bench/pages/<name>.html`, in a browser. */
export class Stage {
  readonly #name: string;
  readonly #folder: string;
  readonly #server: PreviewServer;
  readonly #browser: Browser;

  private constructor(name: string, folder: string, server: PreviewServer, browser: Browser) {
    this.#name = name;
    this.#folder = folder;
    this.#server = server;
    this.#browser = browser;
  }

  static async open(name: string): Promise<Stage> {
    const folder = await mkdtemp(join(tmpdir(), `livelit-bench-${name}-`));
    const config = { ...stories, configFile: false, root: ROOT, logLevel: 'error' } as const;
    const input = join(ROOT, `bench/pages/${name}.html`);
    await build({ ...config, build: { outDir: folder, rolldownOptions: { input } } });
    const server = await preview({ ...config, build: { outDir: folder }, preview: { port: 0 } });
    const browser = await chromium.launch({ executablePath: findChromium(), args: CHROMIUM_ARGS });
    return new Stage(name, folder, server, browser);
  }

  /**
   * Measures each subject in pages of its own, for the first drawing of a page pays for what the second finds ready; by
   * turns, so that a machine that grows slower does so for all.
   */
  async measure<Measured>(
    subjects: readonly string[],
    measure: (bench: BenchPage, subject: string) => Promise<Measured>,
  ): Promise<Map<string, Measured[]>> {
    const results = new Map<string, Measured[]>(subjects.map((subject) => [subject, []]));
    for (let turn = 0; turn < RUNS; turn += 1) {
      for (const [subject, measured] of results) {
        const page = await this.#browser.newPage({ viewport: { width: 1100, height: 700 } });
        page.on('pageerror', (error) => console.error(error));
        const limit = setTimeout(() => void page.close(), LIMIT_MS);
        await page.goto(`${this.#server.resolvedUrls!.local[0]!}bench/pages/${this.#name}.html`);
        await page.waitForFunction('globalThis.subjects');
        const session = await page.context().newCDPSession(page);
        // The thread's own clock: what else the machine does is not counted.
        await session.send('Performance.enable', { timeDomain: 'threadTicks' });
        measured.push(await measure(new BenchPage(page, session), subject));
        clearTimeout(limit);
        await page.close();
      }
    }
    return results;
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#server.close();
    await rm(this.#folder, { recursive: true });
  }
}
