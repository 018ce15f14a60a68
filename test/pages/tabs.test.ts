import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { BrowserContext } from 'playwright-core';
import { Harnesses, QUICK, type HarnessPage, type Login } from '../support/node/harness.ts';
import { until } from '../support/node/until.ts';

describe('the tabs of a browser', () => {
  let harnesses: Harnesses;
  let context: BrowserContext;
  let member: Login;
  before(async () => void (harnesses = await Harnesses.raise()));
  after(() => harnesses.close());
  beforeEach(async () => {
    context = await harnesses.browser.newContext();
    member = await harnesses.member();
  });
  afterEach(() => context.close());

  /** Opens pages of one member that all show shelf 1. */
  async function open(count: number, timings: object = QUICK): Promise<HarnessPage[]> {
    const pages: HarnessPage[] = [];
    for (let index = 0; index < count; index += 1) {
      const page = await harnesses.open(context, timings);
      if (!index) await page.call('signIn', member.email, member.password);
      await page.call('watch', 1);
      pages.push(page);
    }
    await Promise.all(pages.map((page) => page.shows(1, 0)));
    return pages;
  }

  async function leaderOf(pages: readonly HarnessPage[]): Promise<HarnessPage> {
    return until(async () => {
      const roles = await Promise.all(pages.map((page) => page.role()));
      return roles.filter((role) => role === 'leader').length === 1 && pages[roles.indexOf('leader')]!;
    });
  }

  it('have one socket, and all hear through it', async () => {
    const pages = await open(6);
    await leaderOf(pages);
    await until(() => harnesses.backend.realtime.size === 1);
    await harnesses.add(member.id, 1, 3);
    await Promise.all(pages.map((page) => page.shows(1, 3)));
    assert.equal(harnesses.backend.realtime.size, 1);
  });

  it('go on without a loss when the leader is closed in the middle of 500 inserts', async () => {
    const pages = await open(6);
    const leader = await leaderOf(pages);
    const others = pages.filter((page) => page !== leader);
    let closed = 0;
    for (let index = 0; index < 500; index += 1) {
      if (index === 200) {
        closed = performance.now();
        await leader.page.close();
      }
      await harnesses.add(member.id, 1);
    }
    await Promise.all(others.map((page) => page.shows(1, 500)));
    console.log(
      `500 inserts, leader closed at 200: all there ${Math.round(performance.now() - closed)} ms after it was closed`,
    );
    await leaderOf(others);
    await until(() => harnesses.backend.realtime.size === 1);
  });

  it('flow again soon after the leader is closed', async () => {
    const pages = await open(3);
    const leader = await leaderOf(pages);
    const others = pages.filter((page) => page !== leader);
    const closed = performance.now();
    await leader.page.close();
    await Promise.all(others.map((page) => page.call('shelf', 1)));
    await leaderOf(others);
    await harnesses.add(member.id, 1);
    await Promise.all(others.map((page) => page.shows(1, 1, 20_000)));
    console.log(`leader closed → rows flow again: ${Math.round(performance.now() - closed)} ms (goal 2,000)`);
  });

  it('take the socket from a leader that is hidden for long', async () => {
    const pages = await open(2);
    const leader = await leaderOf(pages);
    const other = pages.find((page) => page !== leader)!;
    await leader.call('setVisible', false);
    await until(async () => (await other.role()) === 'leader');
    await harnesses.add(member.id, 1);
    await other.shows(1, 1);
  });

  it('take the socket from a leader that is frozen', async () => {
    const pages = await open(2);
    const leader = await leaderOf(pages);
    const other = pages.find((page) => page !== leader)!;
    const session = await context.newCDPSession(leader.page);
    // A debugger that holds the page stops its script and its timers, as a frozen tab's are.
    await session.send('Debugger.enable');
    await session.send('Debugger.pause');
    const pausing = leader.page.evaluate(() => 1).catch(() => undefined);
    await until(async () => (await other.role()) === 'leader');
    await harnesses.add(member.id, 1);
    await other.shows(1, 1);
    await session.send('Debugger.resume');
    await session.detach();
    await pausing;
    await until(async () => (await leader.role()) === 'follower');
    await harnesses.add(member.id, 1);
    await Promise.all(pages.map((page) => page.shows(1, 2)));
    await until(() => harnesses.backend.realtime.size === 1);
  });

  it('of two users have a socket each, and see their own rows only', async () => {
    const [mine] = await open(1);
    const guest = await harnesses.browser.newContext();
    const second = await harnesses.member();
    const theirs = await harnesses.open(guest);
    await theirs.call('signIn', second.email, second.password);
    await theirs.call('watch', 1);
    await theirs.shows(1, 0);
    await harnesses.add(member.id, 1, 2);
    await mine!.shows(1, 2);
    assert.equal((await theirs.call('shelf', 1)).data?.length, 0);
    await guest.close();
  });

  it('all follow when one of them signs out', async () => {
    const pages = await open(3);
    await pages[1]!.call('signOut');
    for (const page of pages) await until(async () => (await page.call('shelf', 1)).status === 'idle');
    await until(() => harnesses.backend.realtime.size === 0);
  });

  it('leave a write to the tab that it was made in, and send what a closed one leaves behind', async () => {
    const pages = await open(3);
    harnesses.backend.faults.set({ restDelayMs: 300 });
    await pages[0]!.call('bump', 5);
    // All show it, and none of the others sends it.
    await until(async () => (await pages[1]!.call('connection')).pending === 1);
    await until(async () => (await pages[0]!.call('connection')).pending === 0);
    harnesses.backend.faults.set({ restStatus: 503, restDelayMs: 0 });
    await pages[0]!.call('bump', 7);
    await until(async () => (await pages[1]!.call('connection')).pending === 1);
    await pages[0]!.page.close();
    harnesses.backend.faults.clear();
    for (const page of pages.slice(1)) await until(async () => (await page.call('connection')).pending === 0);
    const bumps = await harnesses.backend.database.query(
      'select by, seen from public.bumps where user_id = $1 order by by',
      [member.id],
    );
    assert.deepEqual(bumps, [
      { by: 5, seen: 1 },
      { by: 7, seen: 1 },
    ]);
  });

  it('keep nothing open for a tab that has gone', async () => {
    const pages = await open(3);
    const leader = await leaderOf(pages);
    for (const page of pages) if (page !== leader) await page.page.close();
    await leader.call('unwatch', 1);
    await until(() => harnesses.backend.realtime.size === 0);
  });
});
