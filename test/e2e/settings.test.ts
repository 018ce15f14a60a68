import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { startBackend, type LocalBackend } from '../../local/backend.ts';
import { CHROMIUM_ARGS, findChromium } from '../support/chromium.ts';
import { serveHost, type HostSite } from '../support/node/host-page.ts';
import { watchErrors } from '../support/node/stage.ts';

describe('<settings-panel> of one member', () => {
  let backend: LocalBackend;
  let browser: Browser;
  let site: HostSite;
  const contexts: BrowserContext[] = [];
  const errors: string[][] = [];

  before(async () => {
    backend = await startBackend({ port: 0, joinErrorDelayMs: 0 });
    await fetch(`${backend.url}/auth/v1/signup`, {
      method: 'POST',
      headers: { apikey: backend.keys.publishable, 'content-type': 'application/json' },
      body: JSON.stringify(login),
    });
    browser = await chromium.launch({ executablePath: findChromium(), args: CHROMIUM_ARGS });
    const tag = `<script type="module" src="/cdn/livelit.js" data-url="${backend.url}" data-key="${backend.keys.publishable}"></script>`;
    const page = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Host</title></head><body>${tag}
      <settings-panel autosave="200"></settings-panel><usage-chart></usage-chart></body></html>`;
    site = await serveHost({ '/': page });
  });

  after(async () => {
    await browser.close();
    await site.close();
    await backend.close();
  });

  const login = { email: 'vera@test.invalid', password: 'correct horse' };

  const context = async () => {
    const opened = await browser.newContext({ viewport: { width: 1000, height: 1200 } });
    contexts.push(opened);
    return opened;
  };

  const tab = async (device: BrowserContext): Promise<Page> => {
    const page = await device.newPage();
    errors.push(watchErrors(page));
    await page.goto(site.url);
    await page.locator('settings-panel [data-path="appearance.theme"]').waitFor();
    return page;
  };

  /** Signs in with the panel itself. */
  const signIn = async (page: Page) => {
    await page.locator('settings-panel [data-tab=account]').click();
    await page.locator('settings-panel input[name=email]').fill(login.email);
    await page.locator('settings-panel input[name=password]').fill(login.password);
    await page.keyboard.press('Enter');
    await page.locator('settings-panel [part~=sign-out]').waitFor();
    await page.locator('settings-panel [data-tab=appearance]').click();
  };

  const theme = (page: Page, value: string) =>
    page.locator(`settings-panel [data-path="appearance.theme"] input[value=${value}]`);

  const scheme = (page: Page, value: string) =>
    page.waitForFunction(
      (wanted) => getComputedStyle(document.querySelector('usage-chart')!).colorScheme === wanted,
      value,
    );

  it('is the same in another tab and on another device, and on the next page before anything is asked', async () => {
    const [here, there] = [await context(), await context()];
    const first = await tab(here);
    await signIn(first);
    const second = await tab(here);
    const device = await tab(there);
    await signIn(device);
    await theme(first, 'dark').check();
    for (const page of [first, second, device]) await scheme(page, 'dark');
    backend.faults.set({ restDelayMs: 2_000 });
    const next = await tab(here);
    await scheme(next, 'dark');
    backend.faults.clear();
    await theme(device, 'light').check();
    for (const page of [first, second, device, next]) await scheme(page, 'light');
    assert.deepEqual(errors.flat(), []);
  });

  it('shows what another tab has changed under the cursor, and does what is decided', async () => {
    const here = await context();
    const first = await tab(here);
    await signIn(first);
    const second = await tab(here);
    const currency = (page: Page) => page.locator('settings-panel [data-path="locale.currency"] input');
    for (const page of [first, second]) await page.locator('settings-panel [data-tab=locale]').click();
    // While the second one saves nothing by itself: what is typed there is still a draft.
    await second.locator('settings-panel').evaluate((panel) => panel.setAttribute('autosave', 'off'));
    await currency(second).fill('CHF');
    await currency(first).fill('GBP');
    const conflict = second.locator('settings-panel [data-path="locale.currency"] [part=conflict]');
    await conflict.waitFor();
    assert.equal(await currency(second).inputValue(), 'CHF');
    await conflict.locator('[part~=theirs]').click();
    await conflict.waitFor({ state: 'detached' });
    assert.equal(await currency(second).inputValue(), 'GBP');
    assert.deepEqual(errors.flat(), []);
  });
});
