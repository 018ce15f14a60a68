import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Frame, type Page } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { startBackend, type BackendOptions, type LocalBackend } from '../../../local/backend.ts';
import type { Harness, Note } from '../../pages/harness.ts';
import { CHROMIUM_ARGS, findChromium } from '../chromium.ts';
import { until } from './until.ts';

const PAGES = join(import.meta.dirname, '../../pages');

export interface Login {
  readonly id: string;
  readonly email: string;
  readonly password: string;
}

/** Intervals for tests: seconds where a page has minutes. */
export const QUICK = {
  debounceMs: 30,
  maxWaitMs: 120,
  lingerMs: 50,
  retryBaseMs: 30,
  retryCapMs: 300,
  joinPatienceMs: 300,
  heartbeatMs: 300,
  heartbeatPatienceMs: 300,
  wakePatienceMs: 200,
  pollMs: 400,
  suspendAfterMs: 600,
  leaderBeatMs: 100,
  leaderSilenceMs: 400,
  leaderHiddenMs: 300,
};

/** A backend with the table `notes`, a browser, and pages that show it. */
export class Harnesses {
  readonly backend: LocalBackend;
  readonly browser: Browser;
  readonly #server: ViteDevServer;

  private constructor(backend: LocalBackend, browser: Browser, server: ViteDevServer) {
    this.backend = backend;
    this.browser = browser;
    this.#server = server;
  }

  static async raise(options: Partial<BackendOptions> = {}): Promise<Harnesses> {
    const limits = { messagesPerSecond: Infinity, joinsPerSecond: Infinity };
    const backend = await startBackend({ port: 0, joinErrorDelayMs: 0, limits, ...options });
    await backend.database.exec(await readFile(join(PAGES, 'notes.sql'), 'utf8'));
    const server = await createServer({
      configFile: false,
      root: PAGES,
      logLevel: 'warn',
      // Two runs at once must not write one cache.
      cacheDir: join(PAGES, `../../node_modules/.vite-pages-${process.pid}`),
      // A sandboxed frame is of no origin, and asks for its modules as a stranger.
      server: {
        port: 0,
        host: '127.0.0.1',
        hmr: false,
        watch: null,
        cors: true,
        fs: { allow: [join(PAGES, '../..')] },
      },
    });
    await server.listen();
    const browser = await chromium.launch({ executablePath: findChromium(), args: CHROMIUM_ARGS });
    return new Harnesses(backend, browser, server);
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.#server.close();
    await rm(this.#server.config.cacheDir, { recursive: true, force: true });
    await this.backend.close();
  }

  /** Signs up a member with some notes on their shelves. */
  async member(): Promise<Login> {
    const login = { email: `${randomUUID()}@test.invalid`, password: 'correct horse' };
    const answer = await fetch(`${this.backend.url}/auth/v1/signup`, {
      method: 'POST',
      headers: { apikey: this.backend.keys.publishable, 'content-type': 'application/json' },
      body: JSON.stringify(login),
    });
    const { user } = (await answer.json()) as { user: { id: string } };
    return { id: user.id, ...login };
  }

  /** Opens a page in a browser profile and connects it; the profile's session is used when there is one. */
  async open(context: BrowserContext, timings: object = QUICK): Promise<HarnessPage> {
    const page = await context.newPage();
    await page.goto(this.#server.resolvedUrls!.local[0]!);
    return this.#connect(new HarnessPage(page), timings);
  }

  /** Opens the page in a sandboxed frame, which has no storage and no locks. */
  async embed(context: BrowserContext, timings: object = QUICK): Promise<HarnessPage> {
    const page = await context.newPage();
    const address = this.#server.resolvedUrls!.local[0]!;
    await page.route('**/host', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<iframe sandbox="allow-scripts" src="${address}"></iframe>`,
      }),
    );
    await page.goto(`${address}host`);
    const frame = await until(() => page.frames().find((each) => each.url() === address));
    return this.#connect(new HarnessPage(page, frame), timings);
  }

  async #connect(harness: HarnessPage, timings: object): Promise<HarnessPage> {
    await harness.frame.waitForFunction(() => 'harness' in globalThis);
    const { url, keys } = this.backend;
    await harness.call('connect', { url, key: keys.publishable, timings });
    return harness;
  }

  notes(userId: string, shelf: number): Promise<Note[]> {
    return this.backend.database.query<Note>(
      'select id, shelf, n from public.notes where user_id = $1 and shelf = $2 order by id',
      [userId, shelf],
    );
  }

  add(userId: string, shelf: number, count = 1): Promise<unknown> {
    return this.backend.database.query(
      'insert into public.notes (user_id, shelf, n) select $1, $2, n from generate_series(1, $3::int) as n',
      [userId, shelf, count],
    );
  }
}

/** One page, and what it is asked. */
export class HarnessPage {
  readonly page: Page;
  /** Where the harness runs: the page itself, or a frame in it. */
  readonly frame: Frame;

  constructor(page: Page, frame = page.mainFrame()) {
    this.page = page;
    this.frame = frame;
  }

  call<Name extends keyof Harness>(
    name: Name,
    ...parameters: Parameters<Harness[Name]>
  ): Promise<Awaited<ReturnType<Harness[Name]>>> {
    return this.frame.evaluate(
      ([method, values]) => {
        const { harness } = globalThis as unknown as { harness: Record<string, (...all: unknown[]) => unknown> };
        return harness[method]!(...values);
      },
      [name as string, parameters as unknown[]] as const,
    ) as Promise<Awaited<ReturnType<Harness[Name]>>>;
  }

  /** Waits until a shelf is live and shows so many notes. */
  shows(shelf: number, count: number, limitMs?: number): Promise<true> {
    return until(async () => {
      const { status, data } = await this.call('shelf', shelf);
      return status === 'live' && data?.length === count;
    }, limitMs);
  }

  role = async () => (await this.call('connection')).role;
}
