import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { chromium, type Browser, type Page } from 'playwright-core';
import type { LocalBackend } from '../../local/backend.ts';
import { CHROMIUM_ARGS, findChromium } from '../support/chromium.ts';
import { endBackend, newClient, newMember, startTestBackend, type Person } from '../support/node/backend.ts';
import { serveHost, type HostSite } from '../support/node/host-page.ts';
import { listen } from '../support/node/listening.ts';
import { watchErrors } from '../support/node/stage.ts';
import { until } from '../support/node/until.ts';
import { daysAgo, usageRow } from '../support/node/usage-sql.ts';

/** The clock that this process and the browser share, ms since 1970 with fractions. */
const now = () => performance.timeOrigin + performance.now();

describe('a shared chart in a page of somebody else', () => {
  let backend: LocalBackend;
  let browser: Browser;
  let owner: Person;
  const sites: HostSite[] = [];

  before(async () => {
    backend = await startTestBackend();
    browser = await chromium.launch({ executablePath: findChromium(), args: CHROMIUM_ARGS });
    owner = await newMember(backend);
  });

  after(async () => {
    await browser.close();
    await Promise.all(sites.map((site) => site.close()));
    await endBackend(backend);
  });

  const use = (tokens: number) =>
    backend.database.query(`select public.usage_apply($1, 'openai', null, null, $2)`, [
      owner.id,
      JSON.stringify([usageRow(daysAgo(0), { model: 'secret-model', context_tokens: tokens, generated_tokens: 0 })]),
    ]);

  const share = async () => {
    const answer = await owner.client.rpc('usage_share_create', { p_label: 'Their site' });
    assert.equal(answer.error, null);
    return answer.data as string;
  };

  const revoke = async (id: string) => {
    const { error } = await owner.client.from('usage_shares').update({ enabled: false }).eq('id', id);
    assert.equal(error, null);
  };

  /** A visitor, who has never signed in, opens a page with the chart. */
  async function visit(id: string, attributes = ''): Promise<{ page: Page; errors: string[] }> {
    const site = await serveHost({
      '/': `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Host</title></head><body>
        <script type="module" src="/cdn/livelit.js" data-url="${backend.url}" data-key="${backend.keys.publishable}"></script>
        <usage-chart share="${id}" ${attributes}></usage-chart></body></html>`,
    });
    sites.push(site);
    const page = await (await browser.newContext()).newPage();
    const errors = watchErrors(page);
    await page.goto(`${site.url}/`);
    await page.locator('usage-chart:state(live)').waitFor();
    return { page, errors };
  }

  const total = (page: Page) => page.locator('usage-chart [part="total"]').textContent({ timeout: 5_000 });

  /** When the chart says a text in one of its parts for the first time, on screen; to be called before that. */
  async function whenSaid(page: Page, part: string, text: string): Promise<number> {
    const said = await page.waitForFunction(
      ([name, wanted]) => {
        const found = document.querySelector('usage-chart')!.shadowRoot!.querySelector(`[part="${name}"]`);
        return found?.textContent.trim() === wanted && performance.timeOrigin + performance.now();
      },
      [part, text] as const,
      { polling: 'raf' },
    );
    return (await said.jsonValue()) as number;
  }

  it('shows a visitor the daily totals, and every change of them', async () => {
    await use(1_000);
    const { page, errors } = await visit(await share());
    assert.equal(await page.locator('usage-chart [part="title"]').textContent(), 'Their site · Tokens per day');
    assert.equal(await total(page), '1K');
    const painted = whenSaid(page, 'total', '2K');
    await use(2_000);
    const committed = now();
    console.log(`commit → painted at a visitor's: ${Math.round((await painted) - committed)} ms`);
    assert.equal(await total(page), '2K');
    assert.ok(!(await page.content()).includes('secret-model'));
    assert.deepEqual(errors, []);
  });

  it('shows nothing within a second of being revoked, and keeps nothing', async () => {
    await use(987_654_321);
    const id = await share();
    const { page, errors } = await visit(id, 'table');
    const read = () =>
      page.locator('usage-chart').evaluate((chart) => {
        const all = [...chart.shadowRoot!.querySelectorAll('*')];
        const attributes = all.flatMap((each) => [...each.attributes].map(({ value }) => value));
        return chart.shadowRoot!.textContent + attributes.join();
      });
    await page.locator('usage-chart td').first().waitFor();
    assert.match(await read(), /987,654,321/);
    const said = whenSaid(page, 'message', 'This chart is not shared at present.');
    await revoke(id);
    const committed = now();
    const gone = (await said) - committed;
    console.log(`revoked → gone from a visitor's page: ${Math.round(gone)} ms`);
    assert.ok(gone < 1_000);
    assert.doesNotMatch(await read(), /987|Their site/);
    await page.locator('usage-chart:state(unshared)').waitFor();
    const kept = JSON.stringify(await page.context().storageState({ indexedDB: true }));
    assert.doesNotMatch(kept, /987654321/);
    await page.reload();
    await page.locator('usage-chart:state(unshared)').waitFor();
    assert.deepEqual(errors, []);
  });

  it('yields nothing afterwards by its id: not by REST, not by RPC, not by Realtime', async () => {
    await use(1_000);
    const id = await share();
    await revoke(id);
    const stranger = await newMember(backend);
    for (const [who, client] of [
      ['a visitor', newClient(backend)],
      ['another member', stranger.client],
    ] as const) {
      const parameters = { p_share_id: id, p_from: daysAgo(30), p_to: daysAgo(0) };
      const called = await client.rpc('usage_share_daily', parameters);
      assert.deepEqual([called.data, called.error], [null, null], who);
      for (const [table, column, value] of [
        ['usage_shares', 'id', id],
        ['usage_data', 'user_id', owner.id],
        ['usage_counted', 'user_id', owner.id],
        ['usage_daily', 'user_id', owner.id],
        ['usage_by_model', 'user_id', owner.id],
        ['usage_tracking', 'user_id', owner.id],
      ] as const) {
        const { data } = await client.from(table).select('*').eq(column, value);
        assert.ok(!data?.length, `${who}: ${table}`);
      }
      for (const topic of [`share:${id}`, `user:${owner.id}`]) {
        const heard = await listen(client, topic);
        await until(() => heard.errors.length);
        assert.ok(!heard.statuses.includes('SUBSCRIBED'), `${who}: ${topic}`);
      }
    }
  });
});
