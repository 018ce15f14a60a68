import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { BrowserContext, Page } from 'playwright-core';
import { raiseStage, watchErrors, type Stage } from '../support/node/stage.ts';
import { until } from '../support/node/until.ts';

/** The end of the stand-in's reply. */
const END = 'in my place.';

const bubbles = (page: Page) => page.locator('chat-box [part~="bubble"]:not(.dots)').allTextContents();

const answered = (page: Page, count: number) =>
  until(async () => {
    const texts = await bubbles(page);
    return texts.length === count && (texts.at(-1) ?? '').endsWith(END) && texts;
  });

async function say(page: Page, text: string): Promise<void> {
  await page.locator('chat-box [part="input"]').fill(text);
  await page.keyboard.press('Enter');
}

describe('the portfolio page', () => {
  let stage: Stage;
  let visitor: BrowserContext;

  /** Opens the page in a visitor's browser, and notes every text that the newest bubble was painted with. */
  async function open(context = visitor): Promise<Page> {
    const page = await context.newPage();
    await page.addInitScript(() => {
      const painted: string[] = [];
      Object.assign(globalThis, { painted });
      const look = () => {
        const all = document.querySelector('chat-box')?.shadowRoot?.querySelectorAll('[part~="bubble"]') ?? [];
        const text = all[all.length - 1]?.textContent ?? '';
        if (painted.at(-1) !== text) painted.push(text);
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
    await page.goto(`${stage.url}portfolio.html`);
    await page.locator('chat-box [part="input"]').waitFor();
    return page;
  }

  before(async () => {
    stage = await raiseStage();
    visitor = await stage.visitor();
  });

  after(() => stage.close());

  it('shows a message of one page in another, and the same reply in both', async () => {
    const [one, two] = [await open(), await open()];
    const errors = [...watchErrors(one), ...watchErrors(two)];
    // A browser paints what is in front sixty times a second, and the rest when it likes.
    await one.bringToFront();
    await say(one, 'Do you draw harbours?');
    const reply = await answered(one, 2);
    assert.deepEqual(await answered(two, 2), reply);
    assert.equal(reply[0], 'Do you draw harbours?');
    for (const [name, page, least] of [
      ['the sender', one, 3],
      ['the other page', two, 1],
    ] as const) {
      const painted = await page.evaluate(() => (globalThis as unknown as { painted: string[] }).painted);
      const growing = painted.filter((text) => text && reply[1]!.startsWith(text));
      assert.ok(growing.length > least, `${name} painted the reply in ${growing.length} steps`);
      console.log(`${name} painted the reply in ${growing.length} steps`);
    }
    const [saved] = await stage.backend.database.query<{ content: string }>(
      `select content from chat_messages where role = 'assistant'`,
    );
    assert.equal(saved?.content, reply[1]);
    assert.deepEqual(errors, []);
  });

  it('keeps the history over a reload', async () => {
    const page = await open();
    const history = await answered(page, 2);
    await page.reload();
    assert.deepEqual(await answered(page, 2), history);
  });

  it('goes on streaming in a page that is reloaded in the middle', async () => {
    stage.backend.openai.tokensPerSecond = 20;
    const page = await open();
    await answered(page, 2);
    await say(page, 'Slowly, please');
    await until(async () => ((await bubbles(page))[3]?.length ?? 0) > 30);
    await page.reload();
    stage.backend.openai.tokensPerSecond = 400;
    const texts = await answered(page, 4);
    const [saved] = await stage.backend.database.query<{ content: string; requests: number }>(
      `select content from chat_messages where role = 'assistant' order by seq desc limit 1`,
    );
    assert.equal(texts[3], saved?.content);
    assert.equal(stage.backend.openai.requests, 2, 'one upstream call for each question');
  });

  it('shows nothing of it to another visitor', async () => {
    const other = await stage.visitor();
    const page = await open(other);
    await say(page, 'Who else is here?');
    const texts = await answered(page, 2);
    assert.equal(texts[0], 'Who else is here?');
    assert.ok(!texts.join().includes('harbours'));
    await other.close();
  });

  it('delivers once, after a reload, what was written while the function was down', async () => {
    const person = await stage.visitor();
    const page = await open(person);
    stage.backend.faults.set({ functionsDown: true });
    await say(page, 'Kept for later');
    await page.locator('chat-box [part~="pending"]').waitFor();
    await page.getByText('Not sent yet.').waitFor();
    await page.reload();
    await page.locator('chat-box [part~="pending"]').waitFor();
    stage.backend.faults.clear();
    const texts = await answered(page, 2);
    assert.equal(texts[0], 'Kept for later');
    const rows = await stage.backend.database.query(`select 1 from chat_messages where content = 'Kept for later'`);
    assert.equal(rows.length, 1);
    assert.equal(await page.locator('chat-box [part~="pending"]').count(), 0);
    await person.close();
  });
});
