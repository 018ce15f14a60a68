import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { BrowserContext } from 'playwright-core';
import { Harnesses, type HarnessPage, type Login } from '../support/node/harness.ts';
import { until } from '../support/node/until.ts';

const SECRET = 'my-secret-message-4711';

describe('a page that is debugged', () => {
  let harnesses: Harnesses;
  let member: Login;
  before(async () => {
    harnesses = await Harnesses.raise();
    harnesses.backend.openai.tokensPerSecond = 1_000;
    member = await harnesses.member();
  });
  after(() => harnesses.close());

  /** All that a page has put on its console while everything happened to it that is worth a line. */
  async function linesOf(context: BrowserContext): Promise<{ lines: string[]; page: HarnessPage }> {
    const printing: Promise<string>[] = [];
    context.on('console', (message) => {
      const whole = Promise.all(message.args().map((argument) => argument.jsonValue().catch(() => undefined)));
      printing.push(whole.then((values) => `${message.type()} ${JSON.stringify(values)}`));
    });
    const page = await harnesses.open(context);
    await page.call('signIn', member.email, member.password);
    await page.call('watch', 1);
    const { length } = await harnesses.notes(member.id, 1);
    await page.shows(1, length);
    await harnesses.add(member.id, 1);
    await page.shows(1, length + 1);
    await page.call('say', SECRET);
    await until(async () => (await page.call('chat'))[1]?.status === 'complete');
    harnesses.backend.faults.set({ restStatus: 503 });
    await page.call('bump', 1);
    await harnesses.add(member.id, 1);
    await until(async () => (await page.call('connection')).errors > 1);
    harnesses.backend.faults.clear();
    harnesses.backend.faults.set({ expireTokens: true });
    await page.shows(1, length + 2);
    harnesses.backend.faults.set({ dropSockets: true });
    await until(async () => (await page.call('connection')).state !== 'live');
    await page.shows(1, length + 2);
    await until(async () => (await page.call('connection')).pending === 0);
    return { lines: await Promise.all(printing), page };
  }

  it('tells what the store does, and no secret of it', async () => {
    const context = await harnesses.browser.newContext();
    await context.addInitScript(() => localStorage.setItem('debug_sync', 'true'));
    const { lines, page } = await linesOf(context);
    const own = lines.filter((line) => line.includes('livelit: '));
    for (const what of [
      /this tab is leader/,
      /joining user:/,
      /topic user:\S+ is joined/,
      /topic user:\S+ is lost/,
      /event notes on user:/,
      /fetching notes:1…/,
      /fetch of notes:1 completed in \d+ ms/,
      /fetch of notes:1 failed: unavailable/,
      /silent refresh of notes:1 triggered by an event/,
      /the socket is gone/,
      /write \S+ on bumps is delivered/,
    ]) {
      assert.ok(
        own.some((line) => what.test(line)),
        `no line says ${String(what)}`,
      );
    }
    assert.ok(own.every((line) => line.startsWith('debug ')));
    const tokens = await page.page.evaluate(() => {
      const name = Object.keys(localStorage).find((each) => each.startsWith('livelit-auth'))!;
      const { access_token, refresh_token } = JSON.parse(localStorage.getItem(name)!) as Record<string, string>;
      return [access_token!, refresh_token!];
    });
    const { publishable, secret } = harnesses.backend.keys;
    const { email, password } = member;
    for (const word of [SECRET, email, password, publishable, secret, ...tokens, 'eyJ']) {
      assert.deepEqual(
        own.filter((line) => line.includes(word)),
        [],
        `a line tells ${word}`,
      );
    }
    await context.close();
  });

  it('says nothing unless somebody has switched it on', async () => {
    const context = await harnesses.browser.newContext();
    const { lines } = await linesOf(context);
    assert.deepEqual(
      lines.filter((line) => line.includes('livelit')),
      [],
    );
    await context.close();
  });
});
