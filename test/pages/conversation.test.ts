import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { BrowserContext } from 'playwright-core';
import { Harnesses, type HarnessPage } from '../support/node/harness.ts';
import { until } from '../support/node/until.ts';

/** Goals of the project's performance page; what is asserted is ten times as much. */
const LAG_GOAL_MS = 500;
const STOP_GOAL_MS = 1_000;

interface Seen {
  readonly length: number;
  readonly at: number;
}

const END = 'in my place.';

const bubbles = ({ page }: HarnessPage) => page.locator('chat-box [part~="bubble"]:not(.dots)').allTextContents();

const answered = (page: HarnessPage, count: number) =>
  until(async () => {
    const texts = await bubbles(page);
    return texts.length === count && texts.at(-1)!.endsWith(END) && texts;
  });

async function say({ page }: HarnessPage, text: string): Promise<void> {
  await page.locator('chat-box [part="input"]').fill(text);
  await page.keyboard.press('Enter');
}

/** Notes how long the next reply is, and when. */
const watch = ({ page }: HarnessPage) =>
  page.evaluate(() => {
    const seen: { length: number; at: number }[] = [];
    Object.assign(globalThis, { seen });
    const root = document.querySelector('chat-box')!.shadowRoot!;
    const replies = () => root.querySelectorAll('.row.assistant .bubble:not(.dots)');
    const next = replies().length;
    new MutationObserver(() => {
      const length = replies()[next]?.textContent.length ?? 0;
      if (length > (seen.at(-1)?.length ?? 0)) seen.push({ length, at: Date.now() });
    }).observe(root, { subtree: true, childList: true, characterData: true });
  });

const seen = ({ page }: HarnessPage) => page.evaluate(() => (globalThis as unknown as { seen: Seen[] }).seen);

/** How much later a page showed each length than the sender did, ms. */
function lags(sender: readonly Seen[], other: readonly Seen[]): number[] {
  return other.map(({ length, at }) => at - sender.find((each) => each.length >= length)!.at);
}

describe('one conversation in three browsers', () => {
  let harnesses: Harnesses;
  let contexts: BrowserContext[];
  let pages: HarnessPage[];

  before(async () => {
    harnesses = await Harnesses.raise();
    const { openai } = harnesses.backend;
    openai.tokensPerSecond = 1_000;
    const first = await harnesses.browser.newContext();
    const sender = await harnesses.open(first);
    await sender.call('mount', 'chat-box');
    await say(sender, 'Who are you?');
    await answered(sender, 2);
    // The same visitor elsewhere: their session and their conversation, but sockets and storage of their own.
    const storageState = await first.storageState();
    const others = await Promise.all([1, 2].map(() => harnesses.browser.newContext({ storageState })));
    contexts = [first, ...others];
    pages = [sender];
    for (const context of others) {
      const page = await harnesses.open(context);
      await page.call('mount', 'chat-box');
      pages.push(page);
    }
    for (const page of pages) await answered(page, 2);
  });

  after(async () => {
    for (const context of contexts) await context.close();
    await harnesses.close();
  });

  it('shows the same text in all, and in the others hardly later than in the sender’s', async () => {
    harnesses.backend.openai.tokensPerSecond = 12;
    for (const page of pages) await watch(page);
    const requests = harnesses.backend.openai.requests;
    const [sender, ...others] = pages;
    await say(sender!, 'Tell all of us about the harbours, please');
    const texts = await Promise.all(pages.map((page) => answered(page, 4)));
    assert.deepEqual(texts[1], texts[0]);
    assert.deepEqual(texts[2], texts[0]);
    const own = await seen(sender!);
    const all = (await Promise.all(others.map(seen))).flatMap((other) => lags(own, other)).toSorted((a, b) => a - b);
    const p95 = all[Math.floor(all.length * 0.95)]!;
    console.log(`the others lag behind the sender by ${p95} ms (p95 of ${all.length}; goal ${LAG_GOAL_MS})`);
    assert.ok(p95 < 10 * LAG_GOAL_MS);
    assert.equal(harnesses.backend.openai.requests, requests + 1);
  });

  it('ends the model’s writing when it is stopped from another browser', async () => {
    const { openai, database } = harnesses.backend;
    openai.tokensPerSecond = 10;
    const [sender, second] = pages;
    await say(sender!, 'Now at length');
    await until(async () => ((await bubbles(second!))[5]?.length ?? 0) > 10);
    const asked = Date.now();
    await second!.page.getByRole('button', { name: 'Stop' }).click();
    // The function writes the end when its call of the provider has been given up.
    const [reply] = await until(async () => {
      const rows = await database.query<{ status: string; content: string }>(
        `select status, content from public.chat_messages where role = 'assistant' order by seq desc limit 1`,
      );
      return rows[0]?.status === 'stopped' && rows;
    });
    const took = Date.now() - asked;
    console.log(`stopped ${took} ms after somebody else asked for it (goal ${STOP_GOAL_MS})`);
    assert.ok(took < 10 * STOP_GOAL_MS);
    assert.ok(!reply!.content.endsWith(END));
    for (const page of pages) await until(async () => (await bubbles(page))[5] === reply!.content.trim());
  });
});
