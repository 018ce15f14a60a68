import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { startBackend, type LocalBackend } from '../../local/backend.ts';
import { CHROMIUM_ARGS, findChromium } from '../support/chromium.ts';
import { serveHost, type HostSite } from '../support/node/host-page.ts';
import { watchErrors } from '../support/node/stage.ts';
import { until } from '../support/node/until.ts';

/** A page of somebody's own: the kit's elements are all that is in it. */
const page = (body: string) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Host</title></head><body>${body}</body></html>`;

describe('<settings-panel> of one member', () => {
  let backend: LocalBackend;
  let browser: Browser;
  let site: HostSite;
  let tag: string;
  const pages: Record<string, string> = {};
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
    backend.openai.tokensPerSecond = 400;
    tag = `<script type="module" src="/cdn/livelit.js" data-url="${backend.url}" data-key="${backend.keys.publishable}"></script>`;
    pages['/'] = page(`${tag}<settings-panel autosave="200"></settings-panel><usage-chart></usage-chart>`);
    site = await serveHost(pages);
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

  it('gives code with which another page looks and counts as this one, for whoever comes there', async () => {
    const device = await context();
    await device.grantPermissions(['clipboard-read', 'clipboard-write']);
    const here = await tab(device);
    const field = (path: string) => here.locator(`settings-panel [data-path="${path}"] :is(input, select)`);
    const open = (section: string) => here.locator(`settings-panel [data-tab=${section}]`).click();
    await theme(here, 'dark').check();
    await here.locator('settings-panel input[value=compact]').check();
    await open('locale');
    await field('locale.language').fill('de');
    await field('locale.currency').fill('EUR');
    await field('locale.per_usd').fill('0.5');
    await open('usage');
    await field('usage.metric').selectOption('cost');
    await field('usage.days').first().waitFor();
    await here.locator('settings-panel [data-path="usage.days"] input[value="7"]').check();
    await open('transfer');
    await here.locator('settings-panel [part~=embed-copy]').click();
    const code = await until(() => here.evaluate(() => navigator.clipboard.readText()));

    const own = '<usage-chart id="own" metric="co2"></usage-chart><settings-panel autosave="50"></settings-panel>';
    pages['/pasted'] = page(`<main>${code}</main>${own}`);
    const stranger = await (await context()).newPage();
    errors.push(watchErrors(stranger));
    await stranger.goto(`${site.url}/pasted`);
    const chart = stranger.locator('main usage-chart');
    await chart.locator('[part=title]', { hasText: 'Cost per day' }).waitFor();
    await chart.locator('[part=total]', { hasText: /^[\d.,]+\s€$/ }).waitFor();
    await chart.locator('[part=footnote]', { hasText: '7' }).waitFor();
    await stranger.locator('#own [part=title]', { hasText: 'CO₂e per day' }).waitFor();
    const look = () =>
      chart.evaluate((element) => {
        const style = getComputedStyle(element);
        return [style.colorScheme, style.getPropertyValue('--livelit-space')];
      });
    assert.deepEqual(await look(), ['dark', '0.375rem']);
    const density = stranger.locator('settings-panel [data-path="appearance.density"]');
    assert.equal(await density.locator('[part=source]').textContent(), 'This page');
    // What somebody sets there themselves counts more than what the page says.
    await theme(stranger, 'light').check();
    await density.locator('input[value=comfortable]').check();
    assert.deepEqual(await look(), ['light', '0.5rem']);
    await density.locator('[part=reset]').click();
    assert.deepEqual(await look(), ['light', '0.375rem']);
    assert.deepEqual(errors.flat(), []);
  });

  it('tells the page’s author what an attribute of the script tag cannot be, and takes the others', async () => {
    pages['/wrong'] = page(
      `${tag.replace('data-url', 'data-theme="drak" data-days="7" data-url')}<usage-chart></usage-chart>`,
    );
    const opened = await (await context()).newPage();
    const said = watchErrors(opened);
    await opened.goto(`${site.url}/wrong`);
    await until(() => said.some((error) => error.includes('data-theme="drak": It is one of page, system')));
    await opened.locator('usage-chart [part=footnote]', { hasText: '7' }).waitFor();
  });

  it('of the site’s owner decides what its chat says, and what it may cost', async () => {
    const [{ id }] = (await backend.database.query('select id from auth.users where email = $1', [login.email])) as [
      { id: string },
    ];
    await backend.database.query('insert into private.site (owner_id) values ($1)', [id]);
    pages['/visit'] = page(`${tag}<chat-box></chat-box>`);
    const owner = await tab(await context());
    await signIn(owner);
    await owner.locator('settings-panel [data-tab=chat]').click();
    const field = (name: string) => owner.locator(`settings-panel [data-path="chat.${name}"] :is(input, textarea)`);
    const saved = () => owner.locator('settings-panel [part=state]', { hasText: 'All changes saved' }).waitFor();
    await field('system_prompt').fill('Speak like a sailor.');
    await field('model').fill('gpt-4o');
    await field('temperature').fill('0,3');
    await field('daily_cap_usd').fill('1');
    await saved();

    const visitor = await (await context()).newPage();
    await visitor.goto(`${site.url}/visit`);
    const ask = async (text: string) => {
      await visitor.locator('chat-box [part="input"]').fill(text);
      await visitor.keyboard.press('Enter');
    };
    await ask('What do you do?');
    await visitor.locator('chat-box [part~=bubble]:not(.dots)', { hasText: /in my place\.$/ }).waitFor();
    const { model, temperature, messages = [] } = backend.openai.lastRequest!;
    assert.deepEqual({ model, temperature }, { model: 'gpt-4o', temperature: 0.3 });
    assert.match(messages[0]!.content, /Speak like a sailor\.$/);

    await field('daily_cap_usd').fill('0');
    await saved();
    await ask('And what does it cost?');
    await visitor.locator('chat-box [part=meta]', { hasText: 'budget for today' }).waitFor();
    assert.equal(backend.openai.requests, 1);
    assert.deepEqual(errors.flat(), []);
  });
});
