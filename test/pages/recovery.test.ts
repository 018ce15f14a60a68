import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { BrowserContext } from 'playwright-core';
import { Harnesses, QUICK, type HarnessPage, type Login } from '../support/node/harness.ts';
import { until } from '../support/node/until.ts';

describe('a page recovers', () => {
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

  /** A page of the member that shows shelf 1. */
  async function open(timings: object = QUICK): Promise<HarnessPage> {
    const page = await harnesses.open(context, timings);
    await page.call('signIn', member.email, member.password);
    await page.call('watch', 1);
    await page.shows(1, 0);
    return page;
  }

  const state = async (page: HarnessPage) => (await page.call('connection')).state;
  const sockets = () => harnesses.backend.realtime.size;
  const fault = (request: Parameters<typeof harnesses.backend.faults.set>[0]) => harnesses.backend.faults.set(request);

  it('from a connection that is cut, with what it has missed (pitfall 12)', async () => {
    const page = await open();
    fault({ refuseSockets: true, dropSockets: true });
    await until(async () => (await state(page)) === 'stale');
    await harnesses.add(member.id, 1, 2);
    await until(async () => ((await page.call('connection')).nextRetryAt ?? 0) > 0);
    harnesses.backend.faults.clear();
    await page.shows(1, 2);
    await until(async () => (await state(page)) === 'live');
  });

  it('from a socket that is open and dead (pitfall 1)', async () => {
    const page = await open();
    fault({ halfOpen: true });
    await until(async () => (await state(page)) !== 'live');
    await harnesses.add(member.id, 1);
    harnesses.backend.faults.clear();
    await page.shows(1, 1);
    await until(async () => (await state(page)) === 'live');
  });

  it('from sockets that are blocked for good: it looks by itself, and says so', async () => {
    fault({ refuseSockets: true });
    const page = await harnesses.open(context);
    await page.call('signIn', member.email, member.password);
    await page.call('watch', 1);
    await until(async () => (await page.call('shelf', 1)).data !== null);
    await harnesses.add(member.id, 1, 2);
    await until(async () => (await page.call('shelf', 1)).data?.length === 2);
    await until(async () => (await state(page)) === 'polling');
    harnesses.backend.faults.clear();
    await until(async () => (await state(page)) === 'live');
  });

  it('from tokens that run out all at once (pitfall 3)', async () => {
    const page = await open();
    fault({ expireTokens: true });
    await harnesses.add(member.id, 1);
    await page.shows(1, 1);
    await until(async () => (await state(page)) === 'live');
  });

  it('from a wake with a rotated token: every join carries the fresh one (pitfalls 2 and 4)', async () => {
    const page = await open();
    const joins: string[] = [];
    page.page.on('websocket', (socket) =>
      socket.on('framesent', ({ payload }) => {
        const [, , , event, body] = JSON.parse(payload.toString()) as [0, 0, 0, string, { access_token?: string }];
        if (event === 'phx_join') joins.push(String(body.access_token));
      }),
    );
    const times: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      await page.call('setVisible', false);
      await until(() => sockets() === 0);
      await harnesses.add(member.id, 1);
      fault({ expireTokens: true });
      const woken = performance.now();
      await page.call('setVisible', true);
      await page.shows(1, round + 1);
      times.push(Math.round(performance.now() - woken));
      const token = await page.page.evaluate(
        () =>
          (
            JSON.parse(String(Object.entries(localStorage).find(([key]) => key.startsWith('livelit-auth'))![1])) as {
              access_token: string;
            }
          ).access_token,
      );
      assert.equal(joins.at(-1), token);
    }
    console.log(`wake with a rotated token → live: ${times.sort((a, b) => a - b).join(' ')} ms (goal 1,000)`);
  });

  it('from being hidden for long, having held no socket meanwhile', async () => {
    const page = await open();
    await page.call('setVisible', false);
    await until(() => sockets() === 0);
    await harnesses.add(member.id, 1);
    await page.call('setVisible', true);
    await page.shows(1, 1);
    assert.equal(sockets(), 1);
  });

  it('from the back-forward cache', async () => {
    const page = await open();
    await page.page.evaluate(() => dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })));
    await until(() => sockets() === 0);
    await harnesses.add(member.id, 1);
    await page.page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
    await page.shows(1, 1);
  });

  it('from being offline', async () => {
    const page = await open();
    await context.setOffline(true);
    await until(async () => (await page.call('connection')).reason === 'This device is offline.');
    await harnesses.add(member.id, 1);
    await page.call('bump', 3);
    assert.equal((await page.call('connection')).pending, 1);
    await context.setOffline(false);
    // What an emulated network does to a socket that is open differs from a real one: it stays.
    fault({ dropSockets: true });
    await page.shows(1, 1);
    await until(async () => (await page.call('connection')).pending === 0);
  });

  it('from a database that answers 503 and that is slow', async () => {
    const page = await open();
    fault({ restStatus: 503 });
    await harnesses.add(member.id, 1);
    await until(async () => (await page.call('connection')).errors > 0);
    assert.equal((await page.call('shelf', 1)).status, 'stale');
    fault({ restStatus: 0, restDelayMs: 200 });
    await page.shows(1, 1);
  });

  it('from joins that are refused for being too many (pitfalls 6 and 7)', async () => {
    const page = await open();
    fault({ rateLimited: true, dropSockets: true });
    await until(async () => (await state(page)) === 'stale');
    await harnesses.add(member.id, 1);
    harnesses.backend.faults.clear();
    await page.shows(1, 1);
  });

  it('from frames that come late and in the wrong order (pitfall 18)', async () => {
    const page = await open();
    fault({ frameDelayMs: 150 });
    for (let index = 0; index < 20; index += 1) await harnesses.add(member.id, 1);
    await page.shows(1, 20);
  });

  it('from fifty reconnects, with no more listeners than before (pitfall 25)', async () => {
    const page = await open({ ...QUICK, retryCapMs: 30 });
    const session = await context.newCDPSession(page.page);
    const listeners = async () => {
      await session.send('HeapProfiler.collectGarbage');
      const { metrics } = await session.send('Performance.getMetrics');
      const read = (name: string) => metrics.find((metric) => metric.name === name)!.value;
      return { listeners: read('JSEventListeners'), heap: read('JSHeapUsedSize') };
    };
    await session.send('Performance.enable');
    let opened = 0;
    page.page.on('websocket', () => (opened += 1));
    const reconnect = async (times: number) => {
      for (let index = 0; index < times; index += 1) {
        const before = opened;
        fault({ dropSockets: true });
        await until(() => opened > before && sockets() === 1);
      }
      await until(async () => (await state(page)) === 'live');
    };
    await reconnect(5);
    const before = await listeners();
    await reconnect(50);
    // A socket that is still closing keeps its own for a moment.
    const afterwards = await until(async () => {
      const now = await listeners();
      return now.listeners <= before.listeners + 5 && now;
    });
    console.log(
      `50 reconnects: listeners ${before.listeners} → ${afterwards.listeners}, heap ${before.heap} → ${afterwards.heap}`,
    );
    assert.ok(afterwards.heap < before.heap * 1.3);
  });

  it('its first paint from what it showed last time, until somebody signs out', async () => {
    await harnesses.add(member.id, 1, 3);
    const first = await harnesses.open(context);
    await first.call('signIn', member.email, member.password);
    await first.call('watch', 1);
    await first.shows(1, 3);
    fault({ restDelayMs: 2_000 });
    const second = await harnesses.open(context);
    await second.call('watch', 1);
    await until(async () => (await second.call('shelf', 1)).data?.length === 3, 1_500);
    assert.equal((await second.call('shelf', 1)).status, 'refreshing');
    harnesses.backend.faults.clear();
    await second.call('signOut');
    await until(() =>
      second.page.evaluate(async () => {
        const database = await new Promise<IDBDatabase>((resolve) => {
          const request = indexedDB.open('livelit');
          request.onsuccess = () => resolve(request.result);
        });
        const count = await new Promise<number>((resolve) => {
          const request = database.transaction('snapshots').objectStore('snapshots').count();
          request.onsuccess = () => resolve(request.result);
        });
        database.close();
        return count === 0;
      }),
    );
  });

  it('from a clock that is two hours ahead, without renewing its token again and again (pitfall 21)', async () => {
    await context.addInitScript(() => {
      const now = Date.now.bind(Date);
      Date.now = () => now() + 7_200_000;
    });
    let renewals = 0;
    context.on('request', (request) => {
      if (request.url().includes('grant_type=refresh_token')) renewals += 1;
    });
    const page = await open();
    for (let index = 0; index < 5; index += 1) {
      await harnesses.add(member.id, 1);
      await page.shows(1, index + 1);
    }
    assert.equal(renewals, 0);
  });

  it('nothing, and asks before it is left, while a write is kept nowhere', async () => {
    await context.addInitScript(() => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('No space.', 'QuotaExceededError');
      };
    });
    const page = await open();
    // Browsers ask only on behalf of people who have done something on the page.
    await page.page.mouse.click(10, 10);
    const asked = async () => {
      let dialogs = 0;
      const count = (dialog: { accept(): Promise<void> }) => {
        dialogs += 1;
        void dialog.accept();
      };
      page.page.on('dialog', count);
      await page.page.reload();
      page.page.off('dialog', count);
      return dialogs;
    };
    fault({ restStatus: 503 });
    await page.call('bump', 1);
    await until(async () => (await page.call('connection')).errors > 0);
    assert.equal(await asked(), 1);
  });
});
