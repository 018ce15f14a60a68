import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { BrowserContext } from 'playwright-core';
import { Harnesses, type HarnessPage, type Login } from '../support/node/harness.ts';
import { until } from '../support/node/until.ts';

describe('writes of a browser', () => {
  let harnesses: Harnesses;
  let context: BrowserContext;
  let member: Login;
  before(async () => void (harnesses = await Harnesses.raise()));
  after(() => harnesses.close());
  beforeEach(async () => {
    context = await harnesses.browser.newContext();
    member = await harnesses.member();
  });
  afterEach(async () => {
    harnesses.backend.faults.clear();
    await context.close();
  });

  const fault = (request: Parameters<typeof harnesses.backend.faults.set>[0]) => harnesses.backend.faults.set(request);
  const sent = () => until(async () => (await Promise.all(pages.map(pending))).every((count) => count === 0));
  const pending = async (page: HarnessPage) => (await page.call('connection')).pending;
  /** How often the server was asked for each write of somebody. */
  const asked = async ({ id }: Login) =>
    (await harnesses.backend.database.query<{ seen: number }>('select seen from bumps where user_id = $1', [id])).map(
      ({ seen }) => seen,
    );
  let pages: HarnessPage[] = [];

  async function open(count: number): Promise<HarnessPage[]> {
    pages = [];
    for (let index = 0; index < count; index += 1) {
      const page = await harnesses.open(context);
      if (!index) await page.call('signIn', member.email, member.password);
      await page.call('watch', 1);
      pages.push(page);
    }
    for (const page of pages) await page.shows(1, 0);
    return pages;
  }

  it('are sent once, though three tabs may send them', async () => {
    await open(3);
    fault({ restDelayMs: 20 });
    for (let round = 0; round < 5; round += 1) {
      await Promise.all(pages.map((page) => page.call('bump', 1)));
    }
    await sent();
    assert.deepEqual(await asked(member), new Array(15).fill(1));
  });

  it('wait in every tab for as long as the server says', async () => {
    await open(3);
    let attempts = 0;
    context.on('request', (request) => {
      if (request.method() === 'POST' && request.url().endsWith('/rpc/bump')) attempts += 1;
    });
    fault({ restStatus: 429, restRetryAfter: 2 });
    const begun = performance.now();
    await pages[0]!.call('bump', 1);
    await until(async () => (await pages[0]!.call('connection')).errors > 0);
    harnesses.backend.faults.clear();
    await sent();
    assert.ok(performance.now() - begun >= 2_000);
    assert.equal(attempts, 2);
    assert.deepEqual(await asked(member), [1]);
  });

  it('of one person are never sent as the next one in the same browser', async () => {
    const [page] = (await open(1)) as [HarnessPage];
    const next = await harnesses.member();
    fault({ restStatus: 503 });
    await page.call('bump', 5);
    await until(async () => (await page.call('connection')).errors > 0);
    await page.call('signOut');
    harnesses.backend.faults.clear();
    await page.call('signIn', next.email, next.password);
    await page.call('bump', 1);
    await sent();
    assert.deepEqual([await asked(member), await asked(next)], [[], [1]]);
    await page.call('signOut');
    await page.call('signIn', member.email, member.password);
    await until(async () => (await asked(member)).length === 1);
    assert.deepEqual([await asked(member), await asked(next)], [[1], [1]]);
  });

  it('that are kept are sent after a reload, and nobody is asked to stay for them', async () => {
    const [page] = (await open(1)) as [HarnessPage];
    // Browsers ask only on behalf of people who have done something on the page.
    await page.page.mouse.click(10, 10);
    let dialogs = 0;
    page.page.on('dialog', (dialog) => {
      dialogs += 1;
      void dialog.accept();
    });
    fault({ restStatus: 503 });
    await page.call('bump', 5);
    await until(async () => (await page.call('connection')).errors > 0);
    await page.page.close({ runBeforeUnload: true });
    await until(() => page.page.isClosed());
    assert.equal(dialogs, 0);
    harnesses.backend.faults.clear();
    await harnesses.open(context);
    await until(async () => (await asked(member)).length === 1);
  });

  it('never travel over the socket: browsers listen, and do not speak (pitfall 24)', async () => {
    const frames: string[] = [];
    const requests: string[] = [];
    context.on('request', (request) => requests.push(request.url()));
    context.on('page', (page) =>
      page.on('websocket', (socket) =>
        socket.on('framesent', ({ payload }) => {
          // Broadcasts of a client are binary frames.
          frames.push(typeof payload === 'string' ? String((JSON.parse(payload) as unknown[])[3]) : 'binary');
        }),
      ),
    );
    const [page] = (await open(1)) as [HarnessPage];
    await page.call('bump', 1);
    await page.call('say', 'Hello?');
    await sent();
    await page.call('unwatch', 1);
    await until(() => frames.includes('phx_leave') || harnesses.backend.realtime.size === 0);
    const kinds = new Set(frames);
    for (const kind of kinds) assert.match(kind, /^(phx_join|phx_leave|heartbeat|access_token)$/);
    assert.ok(kinds.has('phx_join'));
    assert.deepEqual(
      requests.filter((url) => url.includes('/realtime/v1/api')),
      [],
    );
  });
});
