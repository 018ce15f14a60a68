import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';
import { CHROMIUM_ARGS, findChromium } from '../support/chromium.ts';
import { PAYLOADS } from './payloads/payloads.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Strict where it is about scripts, and open for requests: none may be sent, so nothing should have to stop one. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "require-trusted-types-for 'script'",
  'trusted-types lit-html',
  'connect-src *',
  'img-src * data:',
  'media-src *',
  'frame-src *',
  'style-src *',
  'form-action *',
].join('; ');

interface Outcome {
  readonly shown: number;
  readonly wrong: readonly string[];
  readonly violations: readonly string[];
  readonly ran: boolean;
}

let server: ViteDevServer;
let browser: Browser;

before(async () => {
  server = await createServer({
    configFile: false,
    root: join(import.meta.dirname, 'payloads'),
    logLevel: 'error',
    cacheDir: join(ROOT, `node_modules/.vite-${process.pid}`),
    optimizeDeps: { include: ['streaming-markdown', 'lit'] },
    server: {
      port: 0,
      host: '127.0.0.1',
      hmr: false,
      fs: { allow: [ROOT] },
      headers: { 'content-security-policy': POLICY },
    },
  });
  await server.listen();
  browser = await chromium.launch({ executablePath: findChromium(), args: CHROMIUM_ARGS });
});

after(async () => {
  await browser.close();
  await server.close();
});

it(`shows ${PAYLOADS.length} payloads, by visitors and by the model, and none does anything`, async () => {
  const page = await browser.newPage();
  const own = server.resolvedUrls!.local[0]!;
  const elsewhere: string[] = [];
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(own) && !url.startsWith('data:')) elsewhere.push(url);
  });
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('popup', () => errors.push('a window was opened'));
  await page.goto(own);
  await page.waitForFunction('globalThis.run');
  const { shown, wrong, violations, ran } = await page.evaluate<Outcome>('run()');
  console.log(`${shown} messages shown, ${PAYLOADS.length} replies streamed character by character`);
  assert.ok(PAYLOADS.length >= 500);
  assert.equal(shown, 2 * PAYLOADS.length);
  assert.deepEqual(wrong, []);
  assert.deepEqual(violations, []);
  assert.deepEqual(elsewhere, []);
  assert.deepEqual(errors, []);
  assert.equal(ran, false);
});
