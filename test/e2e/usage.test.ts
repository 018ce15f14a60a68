import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { commitToPaint, quantile } from '../support/node/commit-to-paint.ts';
import { raiseStage, watchErrors, type Stage } from '../support/node/stage.ts';
import { until } from '../support/node/until.ts';

const ROUNDS = process.env.LIVELIT_FULL ? 15 : 3;

const total = (page: Page) => page.locator('usage-chart').first().locator('[part="total"]').textContent();

describe('the dashboard', () => {
  let stage: Stage;

  before(async () => {
    stage = await raiseStage();
  });

  after(() => stage.close());

  /** Opens the dashboard, signed in as the demo member, and waits until its chart is live. */
  async function open(): Promise<Page> {
    const page = await (await stage.visitor()).newPage();
    await page.goto(stage.url);
    await page.locator('usage-chart:state(live)').first().waitFor();
    return page;
  }

  const userId = async (email: string) => {
    const [user] = await stage.backend.database.query<{ id: string }>('select id from auth.users where email = $1', [
      email,
    ]);
    return user!.id;
  };

  const addUsage = (id: string, tokens: number, model: string) =>
    stage.backend.database.query(
      `insert into usage_data (user_id, date, model, source, requests, context_tokens)
       values ($1, (now() at time zone 'utc')::date, $3, 'import', 1, $2)`,
      [id, tokens, model],
    );

  it('moves when the member has used something, without a reload', async () => {
    const page = await open();
    const errors = watchErrors(page);
    const before = await total(page);
    await addUsage(await userId('member@livelit.test'), 1_000_000_000, 'moves');
    await until(async () => (await total(page)) !== before);
    assert.equal(await total(page), '1B');
    await page.locator('usage-chart').first().locator('[part="legend"]').getByText('moves').waitFor();
    assert.deepEqual(errors, []);
  });

  it('does not move when another member has', async () => {
    const page = await open();
    await addUsage(await userId('admin@livelit.test'), 1_000_000_000, 'of-the-admin');
    // Something of the member's own after it: when that is there, the other would have been too.
    await addUsage(await userId('member@livelit.test'), 1_000_000_000, 'of-the-member');
    const legend = page.locator('usage-chart').first().locator('[part="legend"]');
    await legend.getByText('of-the-member').waitFor();
    assert.ok(!(await legend.textContent())!.includes('of-the-admin'));
  });

  it('moves by the button that makes traffic', async () => {
    const page = await open();
    const requests = page.locator('usage-chart').nth(1).locator('[part="total"]');
    const before = await requests.textContent();
    await page.getByRole('button', { name: 'Make traffic' }).click();
    await until(async () => (await requests.textContent()) !== before);
  });

  it('paints soon after the commit', async () => {
    const page = await open();
    const latencies = await commitToPaint(page, stage.backend, await userId('member@livelit.test'), ROUNDS);
    const median = quantile(latencies, 0.5);
    console.log(`commit → painted: median ${Math.round(median)} ms of ${latencies.map(Math.round).join(' ')}`);
    assert.ok(median < 2_500, 'ten times the goal of 250 ms');
  });
});
