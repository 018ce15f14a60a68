/** Pages that lack what the store would like to use: everything works, each tab by itself. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import type { BrowserContext } from 'playwright-core';
import { Harnesses, type HarnessPage, type Login } from '../support/node/harness.ts';
import { until } from '../support/node/until.ts';

describe('a page', () => {
  let harnesses: Harnesses;
  let context: BrowserContext;
  let member: Login;
  before(async () => {
    harnesses = await Harnesses.raise();
    harnesses.backend.openai.tokensPerSecond = 1_000;
  });
  after(() => harnesses.close());
  beforeEach(async () => {
    context = await harnesses.browser.newContext();
    member = await harnesses.member();
  });
  afterEach(() => context.close());

  /** Reads, is told of a change, writes, and has a conversation. */
  async function works(page: HarnessPage): Promise<void> {
    await page.call('signIn', member.email, member.password);
    await page.call('watch', 1);
    await page.shows(1, 0);
    await until(async () => (await page.call('connection')).state === 'live');
    await harnesses.add(member.id, 1, 2);
    await page.shows(1, 2);
    await page.call('bump', 7);
    await until(async () => (await page.call('connection')).pending === 0);
    assert.deepEqual(await harnesses.backend.database.query('select total from sums where user_id = $1', [member.id]), [
      { total: 7 },
    ]);
    await page.call('say', 'Does it work here?');
    await until(async () => {
      const [question, reply] = await page.call('chat');
      return question?.status === 'complete' && reply?.status === 'complete';
    });
  }

  const lacking: readonly [string, () => void][] = [
    [
      'whose localStorage and sessionStorage throw (pitfall 23)',
      () => {
        const get = () => {
          throw new DOMException('Blocked.', 'SecurityError');
        };
        for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, { get });
      },
    ],
    [
      'whose IndexedDB throws',
      () => {
        const get = () => {
          throw new DOMException('Blocked.', 'SecurityError');
        };
        Object.defineProperty(window, 'indexedDB', { get });
      },
    ],
    [
      'whose IndexedDB has no space left',
      () => {
        IDBObjectStore.prototype.put = () => {
          throw new DOMException('No space.', 'QuotaExceededError');
        };
      },
    ],
    [
      'on plain http, without Web Locks and crypto.randomUUID',
      () => {
        delete (Navigator.prototype as { locks?: unknown }).locks;
        delete (Crypto.prototype as { randomUUID?: unknown }).randomUUID;
        delete (Crypto.prototype as { subtle?: unknown }).subtle;
      },
    ],
    ['without BroadcastChannel', () => void delete (globalThis as { BroadcastChannel?: unknown }).BroadcastChannel],
    ['whose locks never answer', () => void (LockManager.prototype.request = () => new Promise(() => undefined))],
  ];
  for (const [what, script] of lacking) {
    it(`${what} works`, async () => {
      await context.addInitScript(script);
      await works(await harnesses.open(context));
    });
  }

  it('in a sandboxed frame, without any storage, works (pitfall 23)', async () => {
    const page = await harnesses.embed(context);
    assert.equal(await page.frame.evaluate(() => origin), 'null');
    await works(page);
    assert.equal(await page.role(), 'alone');
  });

  const apart = lacking.filter(([what]) => /Locks|locks|BroadcastChannel/.test(what));
  for (const [what, script] of apart) {
    it(`${what} has its own socket, and so has the next one`, async () => {
      await context.addInitScript(script);
      const pages = [await harnesses.open(context)];
      await pages[0]!.call('signIn', member.email, member.password);
      pages.push(await harnesses.open(context));
      for (const page of pages) await page.call('watch', 1);
      for (const page of pages) await page.shows(1, 0);
      await until(() => harnesses.backend.realtime.size === 2);
      await harnesses.add(member.id, 1);
      for (const page of pages) {
        await page.shows(1, 1);
        assert.equal(await page.role(), 'alone');
      }
    });
  }
});
