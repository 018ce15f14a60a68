/** Much at once, and much one after the other. The figures are printed; the limits are ten times what was measured. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { BrowserContext } from 'playwright-core';
import { Harnesses, QUICK, type HarnessPage, type Login } from '../support/node/harness.ts';
import { until } from '../support/node/until.ts';

const EVENTS = 10_000;
const MOUNTS = 1_000;
/** As a page has them: a flood must be absorbed by what ships. */
const REAL = { ...QUICK, debounceMs: 500, maxWaitMs: 2_000, heartbeatMs: 25_000, heartbeatPatienceMs: 10_000 };

/** Counted by the page itself: the messages of its sockets, its timers that are running, and how it keeps up. */
interface Counts {
  messages: number;
  firstAt: number;
  lastAt: number;
  longestGapMs: number;
  longestTaskMs: number;
  frames: number;
  renders: number;
  timers: number;
}
declare const counts: Counts;

const COUNT = () => {
  const fresh: Counts = {
    messages: 0,
    firstAt: 0,
    lastAt: 0,
    longestGapMs: 0,
    longestTaskMs: 0,
    frames: 0,
    renders: 0,
    timers: 0,
  };
  const page = globalThis as unknown as { counts: Counts };
  page.counts = fresh;
  globalThis.WebSocket = class extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      this.addEventListener('message', () => {
        counts.messages += 1;
        counts.firstAt ||= performance.now();
        counts.lastAt = performance.now();
      });
    }
  };
  const running = new Set<unknown>();
  const { setTimeout: start, clearTimeout: clear } = globalThis;
  globalThis.setTimeout = ((work: () => void, ms?: number) => {
    const id = start(() => {
      running.delete(id);
      counts.timers = running.size;
      work();
    }, ms);
    running.add(id);
    counts.timers = running.size;
    return id;
  }) as typeof setTimeout;
  globalThis.clearTimeout = (id) => {
    running.delete(id);
    counts.timers = running.size;
    clear(id);
  };
  let last = performance.now();
  const frame = (now: number) => {
    counts.frames += 1;
    counts.longestGapMs = Math.max(counts.longestGapMs, now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) counts.longestTaskMs = Math.max(counts.longestTaskMs, duration);
  }).observe({ type: 'longtask' });
};

describe('a page under load', () => {
  let harnesses: Harnesses;
  let context: BrowserContext;
  let member: Login;
  let page: HarnessPage;
  let fetches: number;
  before(async () => void (harnesses = await Harnesses.raise()));
  after(() => harnesses.close());
  beforeEach(async () => {
    context = await harnesses.browser.newContext();
    member = await harnesses.member();
    await context.addInitScript(COUNT);
    fetches = 0;
  });
  afterEach(() => context.close());

  async function open(timings: object): Promise<void> {
    page = await harnesses.open(context, timings);
    await page.call('signIn', member.email, member.password);
  }

  const query = (sql: string, ...parameters: unknown[]) => harnesses.backend.database.query(sql, parameters);
  const read = () => page.page.evaluate(() => ({ ...counts }));

  /** Begins to count, the renders of an element too, and the fetches of a table. */
  async function count(tag: string, table: string): Promise<void> {
    await page.page.evaluate((name) => {
      Object.assign(counts, { messages: 0, firstAt: 0, lastAt: 0, longestGapMs: 0, longestTaskMs: 0, frames: 0 });
      const element = document.querySelector(name) as unknown as { render(): unknown } | null;
      if (!element) return;
      const render = element.render.bind(element);
      element.render = () => {
        counts.renders += 1;
        return render();
      };
    }, tag);
    page.page.on('request', (request) => {
      if (request.url().includes(`/rest/v1/${table}`)) fetches += 1;
    });
  }

  /** Sends many messages to a topic in one statement; resolves with the figures when the page has had them all. */
  async function flood(topic: string, event: string, payload: string): Promise<Counts & { tookMs: number }> {
    await query(
      `select count(realtime.send(${payload}, $2, $1, true)) from generate_series(0, ${EVENTS - 1}) as i`,
      topic,
      event,
    );
    await until(async () => (await read()).messages >= EVENTS, 30_000);
    const figures = await read();
    return { ...figures, tookMs: figures.lastAt - figures.firstAt };
  }

  function print(what: string, figures: Counts & { tookMs: number }): void {
    const { tookMs, renders, frames, longestGapMs, longestTaskMs } = figures;
    const round = Math.round;
    console.log(
      `${EVENTS} ${what} in ${round(tookMs)} ms: ${fetches} fetches, ${renders} renders in ${frames} frames, ` +
        `longest gap between frames ${round(longestGapMs)} ms, longest task ${round(longestTaskMs)} ms`,
    );
  }

  it('makes few fetches of ten thousand signals, and one render a frame at the most (pitfall 19)', async () => {
    await open(REAL);
    await page.call('mount', 'usage-chart', 'sync-status');
    await page.page.locator('usage-chart:state(live)').waitFor();
    await count('usage-chart', 'usage_data');
    const signal = `jsonb_build_object('table', 'usage_data', 'op', 'UPDATE', 'n', 1, 'ids', null, 'at', i)`;
    const figures = await flood(`user:${member.id}`, 'usage_data', signal);
    print('signals', figures);
    await page.page.locator('usage-chart:state(live)').waitFor();
    // One at once, then one each two seconds while they go on, and the last one.
    assert.ok(fetches <= 3 + figures.tookMs / 1_000);
    assert.ok(figures.renders <= figures.frames + 2);
    assert.ok(figures.longestTaskMs < 1_000);
    assert.ok(figures.longestGapMs < 1_500);
  });

  it('shows ten thousand pieces of a reply, one render a frame at the most', async () => {
    await open(REAL);
    const sessionId = await page.call('session');
    const message = crypto.randomUUID();
    await query('insert into chat_sessions (id, user_id) values ($1, $2)', sessionId, member.id);
    await query(
      `insert into chat_messages (id, session_id, user_id, role, author, status)
       values ($1, $2, $3, 'assistant', 'model', 'streaming')`,
      message,
      sessionId,
      member.id,
    );
    await page.call('mount', 'chat-box', 'sync-status');
    await page.page.locator('chat-box:state(live)').waitFor();
    await count('chat-box', 'chat_messages');
    const piece = `jsonb_build_object('message_id', '${message}'::uuid, 'at', i, 'text', 'x')`;
    const figures = await flood(`chat:${sessionId}`, 'partial', piece);
    print('pieces of a reply', figures);
    // The parser keeps the last sign back until it knows what follows.
    await until(async () =>
      (await page.page.locator('chat-box [part~="bubble"]').last().textContent())?.includes('x'.repeat(EVENTS - 1)),
    );
    assert.equal(fetches, 0);
    assert.ok(figures.renders <= figures.frames + 2);
    assert.ok(figures.longestTaskMs < 1_000);
    assert.ok(figures.longestGapMs < 1_500);
  });

  it('is as before after a thousand mounts and unmounts (pitfalls 9 and 25)', async () => {
    await open({ ...QUICK, heartbeatMs: 25_000, heartbeatPatienceMs: 10_000 });
    const session = await context.newCDPSession(page.page);
    await session.send('Performance.enable');
    const cycle = (times: number) =>
      page.page.evaluate(async (rounds) => {
        const { harness } = globalThis as unknown as { harness: import('./harness.ts').Harness };
        for (let round = 0; round < rounds; round += 1) {
          await harness.mount('chat-box', 'usage-chart', 'sync-status');
          harness.watch(1 + (round % 3));
          // Sometimes long enough for it to render, and to begin what it has to.
          if (round % 4 === 0) await new Promise(requestAnimationFrame);
          harness.unwatch(1 + (round % 3));
          harness.unmount();
        }
      }, times);
    const rest = async () => {
      await until(() => harnesses.backend.realtime.size === 0);
      await session.send('HeapProfiler.collectGarbage');
      await session.send('HeapProfiler.collectGarbage');
      const { metrics } = await session.send('Performance.getMetrics');
      const metric = (name: string) => metrics.find((each) => each.name === name)!.value;
      const { timers } = await read();
      return { listeners: metric('JSEventListeners'), nodes: metric('Nodes'), heap: metric('JSHeapUsedSize'), timers };
    };
    await cycle(50);
    const first = await rest();
    const begun = performance.now();
    await cycle(MOUNTS);
    const tookMs = Math.round(performance.now() - begun);
    const last = await rest();
    console.log(
      `${MOUNTS} mounts in ${tookMs} ms: listeners ${first.listeners} → ${last.listeners}, nodes ${first.nodes} → ` +
        `${last.nodes}, timers ${first.timers} → ${last.timers}, heap ${first.heap} → ${last.heap}`,
    );
    // A leak would be one a mount.
    assert.ok(last.listeners <= first.listeners + MOUNTS / 40);
    assert.ok(last.nodes <= first.nodes + 50);
    assert.ok(last.timers <= first.timers + 2);
    assert.ok(last.heap < first.heap * 1.3);
    assert.deepEqual(harnesses.backend.realtime.listeners(), {});
  });
});
