import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { chromium, type Browser, type Page } from 'playwright-core';
import { startBackend, type LocalBackend } from '../../local/backend.ts';
import { CHROMIUM_ARGS, findChromium } from '../support/chromium.ts';
import { serveHost, type HostSite } from '../support/node/host-page.ts';
import { watchErrors } from '../support/node/stage.ts';
import { until } from '../support/node/until.ts';

const page = (body: string, head = '') =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Host</title>${head}</head><body>${body}</body></html>`;

describe('the script tag', () => {
  let backend: LocalBackend;
  let browser: Browser;
  const sites: HostSite[] = [];

  before(async () => {
    backend = await startBackend({ port: 0, joinErrorDelayMs: 0 });
    backend.openai.tokensPerSecond = 400;
    browser = await chromium.launch({ executablePath: findChromium(), args: CHROMIUM_ARGS });
  });

  after(async () => {
    await browser.close();
    await Promise.all(sites.map((site) => site.close()));
    await backend.close();
  });

  const tag = (query = '', more = '') =>
    `<script type="module" src="/cdn/livelit.js${query}" data-url="${backend.url}" data-key="${backend.keys.publishable}" ${more}></script>`;

  /** Opens one page of a new site in a new browser profile. */
  async function visit(
    html: string,
    headers: Record<string, string> = {},
  ): Promise<{ page: Page; errors: string[]; requests: string[] }> {
    const site = await serveHost({ '/': html }, headers);
    sites.push(site);
    const context = await browser.newContext({ viewport: { width: 1000, height: 700 } });
    const opened = await context.newPage();
    const errors = watchErrors(opened);
    const requests: string[] = [];
    opened.on('request', (request) => requests.push(request.url().replace(site.url, '')));
    await opened.goto(`${site.url}/`);
    return { page: opened, errors, requests };
  }

  async function ask(opened: Page, text: string): Promise<string> {
    await opened.locator('chat-box [part="input"]').fill(text);
    await opened.keyboard.press('Enter');
    return until(async () => {
      const last = await opened.locator('chat-box [part~="bubble"]:not(.dots)').last().textContent();
      return (last ?? '').endsWith('in my place.') && last;
    });
  }

  it("has the page's own captcha solved with the first message, and not before", async () => {
    const solve = `<script>globalThis.solve = async () => { globalThis.solved = true; return 'I am a person'; };</script>`;
    const { page: opened, errors } = await visit(
      page(`${solve}${tag('', 'data-captcha="solve"')}<chat-box></chat-box>`),
    );
    const signUp = opened.waitForRequest((request) => request.url().includes('/auth/v1/signup'));
    await opened.locator('chat-box [part="input"]').waitFor();
    assert.equal(await opened.evaluate('globalThis.solved'), undefined);
    await ask(opened, 'Hello from a person');
    const { gotrue_meta_security: security } = (await signUp).postDataJSON() as {
      gotrue_meta_security?: { captcha_token?: string };
    };
    assert.equal(security?.captcha_token, 'I am a person');
    assert.deepEqual(errors, []);
  });

  it('makes a working chat of two lines in a page', async () => {
    const { page: opened, errors } = await visit(page(`${tag()}<chat-box></chat-box>`));
    await ask(opened, 'Hello from a static page');
    assert.deepEqual(errors, []);
  });

  it('requests nothing but itself while its elements are far away, and the rest when one comes near', async () => {
    const { page: opened, requests } = await visit(
      page(`${tag()}<p>Top</p><div id="gap"></div><chat-box></chat-box>`, '<style>#gap { height: 5000px }</style>'),
    );
    await opened.waitForLoadState('networkidle');
    const ours = () => requests.filter((url) => url.startsWith('/cdn/') || url.startsWith(backend.url));
    assert.deepEqual(ours(), ['/cdn/livelit.js']);
    await opened.locator('chat-box').scrollIntoViewIfNeeded();
    await opened.locator('chat-box [part="input"]').waitFor();
    assert.ok(ours().length > 3);
  });

  it('costs a page without elements nothing else', async () => {
    const { page: opened, requests } = await visit(page(`${tag()}<p>Only text</p>`));
    await opened.waitForLoadState('networkidle');
    assert.deepEqual(
      requests.filter((url) => url.startsWith('/cdn/')),
      ['/cdn/livelit.js'],
    );
  });

  it('asks nobody but the page’s own server and the project', async () => {
    const { page: opened, requests } = await visit(page(`${tag()}<chat-box></chat-box><usage-chart></usage-chart>`));
    await ask(opened, 'Who else hears this?');
    const foreign = requests.filter((url) => !url.startsWith('/') && !url.startsWith(backend.url));
    assert.deepEqual(foreign, []);
  });

  it('finds elements that are added later', async () => {
    const { page: opened } = await visit(page(`${tag()}<main></main>`));
    await opened.evaluate(() => {
      document.querySelector('main')!.append(document.createElement('sync-status'));
    });
    await opened.locator('sync-status [part="label"]').waitFor();
  });

  it('works when it is loaded twice, and under another address', async () => {
    const { page: opened, errors } = await visit(page(`${tag()}${tag('?v=2')}<chat-box></chat-box>`));
    await ask(opened, 'Twice?');
    assert.deepEqual(errors, []);
    const rows = await backend.database.query(`select 1 from chat_messages where content = 'Twice?'`);
    assert.equal(rows.length, 1);
  });

  it('does not move a page that links its stylesheet', async () => {
    const { page: opened } = await visit(
      page(
        `${tag()}<chat-box></chat-box><usage-chart></usage-chart><p id="below">Below</p>`,
        '<link rel="stylesheet" href="/cdn/livelit.css">',
      ),
    );
    const shift = await opened.evaluate(async () => {
      let sum = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as (PerformanceEntry & { value: number })[]) sum += entry.value;
      }).observe({ type: 'layout-shift', buffered: true });
      await customElements.whenDefined('usage-chart');
      await customElements.whenDefined('chat-box');
      const chart = document.querySelector('usage-chart')!;
      while (!chart.matches(':state(sample)')) await new Promise(requestAnimationFrame);
      for (let frame = 0; frame < 20; frame += 1) await new Promise(requestAnimationFrame);
      return sum;
    });
    assert.equal(shift, 0);
  });

  it('works under a strict Content-Security-Policy with Trusted Types', async () => {
    const policy = [
      `default-src 'none'`,
      `script-src 'self'`,
      `style-src 'self'`,
      `connect-src ${backend.url} ${backend.url.replace('http', 'ws')}`,
      `require-trusted-types-for 'script'`,
      `trusted-types lit-html`,
    ].join('; ');
    const html = page(
      `${tag()}<chat-box></chat-box><usage-chart></usage-chart><sync-status></sync-status><usage-logs-table></usage-logs-table><settings-panel></settings-panel>`,
    );
    const { page: opened, errors } = await visit(html, { 'content-security-policy': policy });
    const violations = await opened.evaluateHandle(() => {
      const seen: string[] = [];
      document.addEventListener('securitypolicyviolation', (event) =>
        seen.push(`${event.violatedDirective} ${event.blockedURI}`),
      );
      return seen;
    });
    await ask(opened, 'Strict enough?');
    await opened.locator('usage-chart canvas').waitFor();
    await opened.locator('sync-status:state(live)').waitFor();
    await opened.locator('usage-logs-table [part=cell]').nth(1).click();
    await opened.locator('usage-logs-table dl').waitFor();
    await opened.locator('usage-logs-table summary').click();
    // What is tried on the page is a stylesheet of its own, and no inline style.
    await opened.locator('settings-panel [data-path="appearance.theme"] input[value=dark]').check();
    await opened.waitForFunction(() => getComputedStyle(document.querySelector('chat-box')!).colorScheme === 'dark');
    for (const section of ['usage', 'ai_providers', 'account', 'transfer']) {
      await opened.locator(`settings-panel [data-tab=${section}]`).click();
      await opened.locator('settings-panel [part~=group]').first().waitFor();
    }
    assert.deepEqual(await violations.jsonValue(), []);
    assert.deepEqual(errors, []);
  });

  it('tells the page’s author in the console that the key is a secret one, and connects nobody', async () => {
    const { errors } = await visit(
      page(
        `<script type="module" src="/cdn/livelit.js" data-url="${backend.url}" data-key="sb_secret_oops"></script><chat-box></chat-box>`,
      ),
    );
    await until(() => errors.some((error) => error.includes('This is a secret key')));
  });
});
