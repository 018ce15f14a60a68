import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { startBackend, type LocalBackend } from '../../../local/backend.ts';
import { CHROMIUM_ARGS, findChromium } from '../chromium.ts';

/** The whole thing, as `npm start` raises it, and a browser: the built bundle must be in `dist/cdn`. */
export interface Stage {
  readonly backend: LocalBackend;
  readonly browser: Browser;
  /** Where the demo pages are. */
  readonly url: string;
  /** Another person: a browser profile of their own. */
  visitor(): Promise<BrowserContext>;
  close(): Promise<void>;
}

export async function raiseStage(): Promise<Stage> {
  const backend = await startBackend({ port: 0, demo: true, joinErrorDelayMs: 0 });
  process.env.VITE_SUPABASE_URL = backend.url;
  process.env.VITE_SUPABASE_ANON_KEY = backend.keys.publishable;
  process.env.VITE_LOCAL = 'yes';
  const demo: ViteDevServer = await createServer({
    configFile: new URL('../../../vite.config.ts', import.meta.url).pathname,
    mode: 'demo',
    logLevel: 'warn',
    // Two runs at once must not write one cache.
    cacheDir: `node_modules/.vite-${process.pid}`,
    server: { port: 0, strictPort: false, hmr: false },
  });
  await demo.listen();
  const browser = await chromium.launch({ executablePath: findChromium(), args: CHROMIUM_ARGS });
  return {
    backend,
    browser,
    url: demo.resolvedUrls!.local[0]!,
    visitor: () => browser.newContext({ viewport: { width: 1280, height: 900 } }),
    async close() {
      await browser.close();
      await demo.close();
      await backend.close();
    },
  };
}

/** Collects what a page must not have: uncaught errors and errors on its console. */
export function watchErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  return errors;
}
