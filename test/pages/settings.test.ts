/** Settings of one person, in two browsers and in the tabs of one. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { BrowserContext } from 'playwright-core';
import { quantile } from '../support/node/commit-to-paint.ts';
import { Harnesses, type HarnessPage, type Login } from '../support/node/harness.ts';
import { randomOf } from '../support/node/random.ts';
import { until } from '../support/node/until.ts';

const THEME = 'appearance.theme';
const DAYS = 'usage.days';
/** How often each latency is measured. */
const ROUNDS = 15;

describe('settings', () => {
  let harnesses: Harnesses;
  const contexts: BrowserContext[] = [];
  let member: Login;
  before(async () => void (harnesses = await Harnesses.raise()));
  after(() => harnesses.close());
  beforeEach(async () => void (member = await harnesses.member()));
  afterEach(async () => {
    harnesses.backend.faults.clear();
    for (const context of contexts.splice(0)) await context.close();
  });

  /** A browser of the member's: its tabs, all showing the settings. */
  async function browser(tabs = 1): Promise<HarnessPage[]> {
    const context = await harnesses.browser.newContext();
    contexts.push(context);
    const pages: HarnessPage[] = [];
    for (let index = 0; index < tabs; index += 1) {
      const page = await harnesses.open(context);
      if (!index) await page.call('signIn', member.email, member.password);
      await page.call('watchSettings');
      await until(async () => (await page.call('settings')).status === 'live');
      pages.push(page);
    }
    return pages;
  }

  const fieldOf = async (page: HarnessPage, path: string) => (await page.call('settings')).fields[path]!;
  const shows = (page: HarnessPage, path: string, value: unknown) =>
    until(async () => {
      const field = (await page.call('settings')).fields[path];
      return field !== undefined && field.value === value && !field.pending;
    });
  const inDatabase = async () =>
    (
      await harnesses.backend.database.query<{ preferences: object }>(
        'select preferences from public.user_preferences where user_id = $1',
        [member.id],
      )
    )[0]!.preferences;

  /** How long it takes from one page's edit until another one shows it, ms, sorted. */
  async function latencies(from: HarnessPage, to: HarnessPage): Promise<number[]> {
    const found: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const saved = await from.call('saveSettings', { 'page.round': round });
      const seen = await until(() => to.call('appeared', 'page.round', round));
      found.push(seen - saved);
      await shows(from, 'page.round', round);
      await shows(to, 'page.round', round);
    }
    return found.toSorted((a, b) => a - b);
  }

  const print = (what: string, sorted: readonly number[], goal: number) => {
    const [median, p95] = [quantile(sorted, 0.5), quantile(sorted, 0.95)];
    console.log(`${what}: median ${Math.round(median)} ms, p95 ${Math.round(p95)} ms (goal: median ${goal})`);
    return median;
  };

  it('appear in the other tab of the browser at once', async () => {
    const [one, two] = (await browser(2)) as [HarnessPage, HarnessPage];
    const median = print('setting, tab to tab', await latencies(one, two), 100);
    assert.ok(median < 1_000);
  });

  it('appear on the other device', async () => {
    const [[one], [two]] = (await Promise.all([browser(), browser()])) as [[HarnessPage], [HarnessPage]];
    const median = print('setting, device to device', await latencies(one, two), 300);
    assert.ok(median < 3_000);
  });

  it('merge where two devices change different ones at the same time, one of them offline', async () => {
    const [[one], [two]] = (await Promise.all([browser(), browser()])) as [[HarnessPage], [HarnessPage]];
    await contexts[1]!.setOffline(true);
    await two.call('saveSettings', { [DAYS]: 7 });
    await one.call('saveSettings', { [THEME]: 'dark' });
    await shows(one, THEME, 'dark');
    await contexts[1]!.setOffline(false);
    for (const page of [one, two]) {
      await shows(page, THEME, 'dark');
      await shows(page, DAYS, 7);
    }
    assert.deepEqual(await inDatabase(), { appearance: { theme: 'dark' }, usage: { days: 7 } });
  });

  it('are the same on both devices, the later edit, when both change one', async () => {
    const [[one], [two]] = (await Promise.all([browser(), browser()])) as [[HarnessPage], [HarnessPage]];
    for (const context of contexts) await context.setOffline(true);
    await one.call('saveSettings', { [THEME]: 'dark' });
    const earlier = Date.now();
    // Further apart than the delays of this machine.
    await until(() => Date.now() - earlier > 1_000);
    await two.call('saveSettings', { [THEME]: 'light' });
    await contexts[1]!.setOffline(false);
    await shows(two, THEME, 'light');
    await contexts[0]!.setOffline(false);
    // The earlier edit comes last, and its device says that it does not count.
    const { refused } = await until(async () => {
      const field = await fieldOf(one, THEME);
      return field.refused && field;
    });
    assert.partialDeepStrictEqual(refused, { value: 'dark', error: { code: 'conflict' } });
    for (const page of [one, two]) assert.equal((await fieldOf(page, THEME)).value, 'light');
    assert.deepEqual(await inDatabase(), { appearance: { theme: 'light' } });
  });

  it('converge after random edits in two tabs and on another device, off and on line', async () => {
    const random = randomOf(7);
    const [[one, tab], [two]] = (await Promise.all([browser(2), browser()])) as [
      [HarnessPage, HarnessPage],
      [HarnessPage],
    ];
    const pages = [one, tab, two];
    const offline = [false, false];
    for (let step = 0; step < 40; step += 1) {
      const act = random();
      const which = random() < 0.5 ? 0 : 1;
      if (act < 0.2) await contexts[which]!.setOffline((offline[which] = !offline[which]));
      else {
        const path = `page.f${Math.floor(random() * 4)}`;
        await pages[Math.floor(random() * 3)]!.call('saveSettings', { [path]: Math.floor(random() * 100) });
      }
    }
    for (const context of contexts) await context.setOffline(false);
    const valuesOf = async (page: HarnessPage) => {
      const { fields } = await page.call('settings');
      const own = Object.entries(fields).filter(([path]) => path.startsWith('page.'));
      if (own.some(([, { pending }]) => pending)) return undefined;
      return Object.fromEntries(own.map(([path, { value }]) => [path.slice('page.'.length), value]));
    };
    await until(async () => {
      const all = await Promise.all([
        ...pages.map(valuesOf),
        inDatabase().then((found) => (found as { page: object }).page),
      ]);
      return all.every((values) => values && sorted(values) === sorted(all[3]!));
    }, 20_000);
  });

  it('that were edited when the session had ended are saved after the next sign-in, reloads between', async () => {
    const [page] = (await browser()) as [HarnessPage];
    await harnesses.backend.database.query('delete from auth.refresh_tokens');
    harnesses.backend.faults.set({ expireTokens: true });
    await until(async () => (await page.call('connection')).state === 'needs-auth');
    await page.call('saveSettings', { [THEME]: 'dark' });
    assert.partialDeepStrictEqual(await fieldOf(page, THEME), { value: 'dark', pending: true });
    await until(async () => (await page.call('connection')).pending === 1);
    await page.page.close();
    const again = await harnesses.open(contexts[0]!);
    await again.call('watchSettings');
    await again.call('signIn', member.email, member.password);
    await shows(again, THEME, 'dark');
    assert.deepEqual(await inDatabase(), { appearance: { theme: 'dark' } });
  });

  it('of a visitor become those of the account that they sign in to, in every tab', async () => {
    const context = await harnesses.browser.newContext();
    contexts.push(context);
    const [one, two] = [await harnesses.open(context), await harnesses.open(context)];
    for (const page of [one, two]) await page.call('watchSettings');
    await one.call('saveSettings', { [THEME]: 'dark' });
    await until(async () => (await fieldOf(two, THEME)).source === 'local');
    await two.call('signIn', member.email, member.password);
    for (const page of [one, two]) {
      await until(async () => {
        const { value, source, pending } = await fieldOf(page, THEME);
        return value === 'dark' && source === 'account' && !pending;
      });
    }
    assert.deepEqual(await inDatabase(), { appearance: { theme: 'dark' } });
  });
});

const sorted = (values: object) => JSON.stringify(Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1)));
