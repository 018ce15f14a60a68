/**
 * Random changes, random writes and random faults: at rest every page shows what Postgres has, no write is lost and none
 * is applied twice. `SEED=17` replays one schedule, `SEEDS=1000` runs so many (`npm run test:full` runs 200).
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { BrowserContext } from 'playwright-core';
import type { FaultRequest } from '../../local/faults.ts';
import { Harnesses, type HarnessPage, type Login } from '../support/node/harness.ts';
import { randomOf } from '../support/node/random.ts';
import { until } from '../support/node/until.ts';

const SHELVES = [1, 2, 3];
const PAGES = 3;
const STEPS = 24;
/** The longest that a fault or a calm lasts between two steps, ms: several debounces, heartbeats and retries. */
const LONGEST_PAUSE_MS = 120;
const seeds = process.env.SEED
  ? [Number(process.env.SEED)]
  : Array.from({ length: Number(process.env.SEEDS ?? (process.env.LIVELIT_FULL ? 200 : 6)) }, (_, index) => index + 1);

describe('pages converge', () => {
  let harnesses: Harnesses;
  let context: BrowserContext;
  let member: Login;
  const pages: HarnessPage[] = [];
  /** What each page says of itself: `debug_sync` is on. */
  const lines = new Map<HarnessPage, string[]>();

  async function open(): Promise<HarnessPage> {
    const page = await harnesses.open(context);
    const said: string[] = [];
    lines.set(page, said);
    page.page.on('console', (message) => {
      said.push(message.text());
    });
    if (!pages.length) await page.call('signIn', member.email, member.password);
    for (const shelf of SHELVES) await page.call('watch', shelf);
    return page;
  }

  before(async () => {
    harnesses = await Harnesses.raise();
    context = await harnesses.browser.newContext();
    await context.addInitScript(() => localStorage.setItem('debug_sync', 'true'));
    member = await harnesses.member();
    while (pages.length < PAGES) pages.push(await open());
  });
  after(() => harnesses.close());

  const query = (sql: string, ...more: unknown[]) => harnesses.backend.database.query(sql, [member.id, ...more]);

  /** What may happen, by name; `of` picks one of several. */
  function actions(random: () => number, issued: { sum: number; count: number }) {
    const of = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
    const fault = (request: FaultRequest) => () => {
      harnesses.backend.faults.set(request);
      return Promise.resolve();
    };
    const changes = {
      insert: () =>
        query(
          `insert into notes (user_id, shelf, n) select $1, $2, generate_series(1, $3::int)`,
          of(SHELVES),
          1 + Math.floor(random() * 4),
        ),
      update: () =>
        query(
          `update notes set n = n + 1, shelf = $2 where user_id = $1 and n % 3 = $3::int`,
          of(SHELVES),
          of([0, 1, 2]),
        ),
      delete: () => query(`delete from notes where user_id = $1 and n % 4 = $2::int`, of([0, 1, 2, 3])),
      bump: async () => {
        const by = 1 + Math.floor(random() * 9);
        issued.sum += by;
        issued.count += 1;
        await of(pages).call('bump', by);
      },
    };
    const faults = {
      drop: fault({ dropSockets: true }),
      'half-open': fault({ halfOpen: true }),
      refuse: fault({ refuseSockets: true, dropSockets: true }),
      delay: fault({ frameDelayMs: 100 }),
      expire: fault({ expireTokens: true }),
      'rest-503': fault({ restStatus: 503 }),
      'rest-slow': fault({ restDelayMs: 60 }),
      'rate-limit': fault({ rateLimited: true }),
      'close-topic': fault({ closeTopic: `user:${member.id}` }),
      calm: () => {
        harnesses.backend.faults.clear();
        return Promise.resolve();
      },
      hide: () => of(pages).call('setVisible', false),
      show: () => of(pages).call('setVisible', true),
      'kill-leader': async () => {
        const roles = await Promise.all(pages.map((page) => page.role()));
        const index = Math.max(0, roles.indexOf('leader'));
        // What it has queued is in IndexedDB, and another page of the profile sends it.
        await pages[index]!.page.close();
        pages[index] = await open();
      },
    };
    return () => {
      const all: Record<string, () => Promise<unknown>> = random() < 0.55 ? changes : faults;
      const name = of(Object.keys(all));
      return { name, run: all[name]! };
    };
  }

  async function settle(issued: { sum: number; count: number }): Promise<void> {
    harnesses.backend.faults.clear();
    for (const page of pages) await page.call('setVisible', true);
    for (const page of pages) {
      for (const shelf of SHELVES) {
        await until(async () => {
          const { status, data } = await page.call('shelf', shelf);
          const truth = await harnesses.notes(member.id, shelf);
          return status === 'live' && JSON.stringify(data) === JSON.stringify(truth);
        });
      }
      await until(async () => (await page.call('connection')).pending === 0);
    }
    const [found] = (await query(
      `select (select count(*)::int from bumps where user_id = $1) as count,
              coalesce((select total from sums where user_id = $1), 0) as sum`,
    )) as { count: number; sum: number }[];
    assert.deepEqual(found, issued);
  }

  const issued = { sum: 0, count: 0 };
  for (const seed of seeds) {
    it(`seed ${seed}`, async () => {
      const next = actions(randomOf(seed), issued);
      const random = randomOf(seed + 1_000_000);
      const schedule: string[] = [];
      try {
        for (let step = 0; step < STEPS; step += 1) {
          const { name, run } = next();
          schedule.push(name);
          await run();
          await pause(random() * LONGEST_PAUSE_MS);
        }
        await settle(issued);
      } catch (error) {
        console.log(`seed ${seed}: ${schedule.join(' ')}`);
        for (const page of pages) {
          console.log(
            lines
              .get(page)!
              .filter((line) => !/fetch|refresh|event/.test(line))
              .slice(-25)
              .join('\n'),
          );
          console.log(
            await page.call('connection'),
            await Promise.all(SHELVES.map((shelf) => page.call('shelf', shelf))),
          );
        }
        throw error;
      }
    });
  }
});
