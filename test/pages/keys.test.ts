/** Where a key goes: everything that a browser gets, keeps, shows or says, from its first moment to its last. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { BrowserContext, Page } from 'playwright-core';
import { seal, type KeyRing } from '../../supabase/functions/_shared/key-envelope.ts';
import { Harnesses } from '../support/node/harness.ts';
import { keepPrinted } from '../support/node/printed.ts';
import { until } from '../support/node/until.ts';

/** Well-formed, and made for each test: no secret stands in a fixture. */
const newKey = () => `sk-admin-${randomBytes(24).toString('base64url')}`;

const newRingKey = () => randomBytes(32).toString('base64url');

/** The ring as it was, and as it is: what one has sealed the other has to seal anew. */
const OLD: KeyRing = { keys: { k1: newRingKey() }, active: 'k1' };
const RING: KeyRing = { keys: { ...OLD.keys, k2: newRingKey() }, active: 'k2' };

/** As many characters of a secret in a row are too many. */
const TOO_MANY = 12;

describe('an API key', () => {
  let harnesses: Harnesses;
  const said: string[] = [];
  before(async () => {
    harnesses = await Harnesses.raise({
      functions: { log: (text) => said.push(text) },
      secrets: { KEYRING: JSON.stringify(RING.keys), ACTIVE_KID: RING.active },
    });
  });
  after(() => harnesses.close());

  /** Everything that reaches the pages of a browser. */
  function overhear(context: BrowserContext): { readonly heard: Map<string, string[]>; settled(): Promise<unknown> } {
    const heard = new Map<string, string[]>();
    const bodies: Promise<unknown>[] = [];
    const note = (where: string, text: string) => heard.set(where, [...(heard.get(where) ?? []), text]);
    context.on('response', (response) => {
      const { host } = new URL(harnesses.backend.url);
      if (new URL(response.url()).host !== host) return;
      note('responses', JSON.stringify(response.headers()));
      bodies.push(
        response.text().then(
          (text) => note('responses', text),
          () => undefined,
        ),
      );
    });
    context.on('request', (request) => note('addresses', `${request.url()} ${JSON.stringify(request.headers())}`));
    context.on('console', (message) => note('console', message.text()));
    context.on('page', (page) => {
      page.on('pageerror', (error) => note('console', String(error)));
      page.on('websocket', (socket) => {
        socket.on('framereceived', ({ payload }) => note('frames', payload.toString()));
        socket.on('framesent', ({ payload }) => note('frames', payload.toString()));
      });
    });
    return { heard, settled: () => Promise.all(bodies) };
  }

  /** What a page keeps and shows. */
  async function keptBy(page: Page): Promise<string> {
    const kept = await page.evaluate(async () => {
      const read = <T>(request: IDBRequest<T>) =>
        new Promise<T>((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(new Error(String(request.error)));
        });
      const databases = await indexedDB.databases();
      const stores = await Promise.all(
        databases.map(async ({ name = '' }) => {
          const database = await read(indexedDB.open(name));
          const names = [...database.objectStoreNames];
          const rows = names.map((store) => read(database.transaction(store).objectStore(store).getAll()));
          return JSON.stringify([name, names, await Promise.all(rows)]);
        }),
      );
      const caches = await globalThis.caches.keys();
      /** What an element shows, and what is entered there: neither is in the markup of the page. */
      const shownIn = (root: Document | ShadowRoot): string[] => [
        root instanceof Document ? root.documentElement.outerHTML : root.innerHTML,
        ...[...root.querySelectorAll('input, textarea')].map((input) => (input as HTMLInputElement).value),
        ...[...root.querySelectorAll('*')].flatMap(({ shadowRoot }) => (shadowRoot ? shownIn(shadowRoot) : [])),
      ];
      return [
        JSON.stringify(localStorage),
        JSON.stringify(sessionStorage),
        document.cookie,
        caches.join(),
        ...stores,
        ...shownIn(document),
        location.href,
        JSON.stringify(history.state),
      ].join('\n');
    });
    return kept + JSON.stringify(await page.context().cookies());
  }

  it('is found nowhere, and neither is what it was sealed as', async () => {
    const { backend, browser } = harnesses;
    const printed = keepPrinted();
    const context = await browser.newContext();
    // The kernel says all that it has to say.
    await context.addInitScript(() => localStorage.setItem('debug_sync', 'true'));
    const { heard, settled } = overhear(context);
    const member = await harnesses.member();
    const page = await harnesses.open(context);
    const tab = await harnesses.open(context);
    await page.call('signIn', member.email, member.password);
    for (const each of [page, tab]) {
      await each.call('mount', 'settings-panel');
      await each.page.locator('settings-panel [data-tab=ai_providers]').click();
      await each.call('watchKeys');
      await each.call('watchSettings');
      await until(() => each.call('keys'));
    }
    const secrets: string[] = [];
    const snapshots: string[] = [];
    const step = async (action: () => Promise<unknown>, count: number) => {
      await action();
      await until(async () => (await tab.call('keys'))?.length === count);
      const sealed = await backend.database.query<{ envelope: string; fingerprint: string }>(
        'select envelope, fingerprint from private.user_api_keys',
      );
      // The parts of an envelope that are secret, or would help: salt, nonce, text.
      for (const { envelope, fingerprint } of sealed) secrets.push(...envelope.split('.').slice(2), fingerprint);
      for (const each of [page, tab]) snapshots.push(await keptBy(each.page));
    };
    const use = (key: string) => {
      secrets.push(key);
      return key;
    };
    const first = use(newKey());

    const panel = page.page.locator('settings-panel [data-provider=openai]');
    const paste = async (key: string) => {
      await panel.locator('button', { hasText: /Add key|Replace/ }).click();
      await panel.locator('input').fill(key);
    };

    // By the panel, and as a page would do it.
    await step(async () => {
      await paste(first);
      await panel.locator('button', { hasText: 'Save' }).click();
      await panel.locator('[part=key-state]', { hasText: `Ends with ${first.slice(-4)}` }).waitFor();
    }, 1);
    await step(() => page.call('saveKey', 'openai', first), 1);
    await step(() => page.call('validateKey', 'openai'), 1);
    // A provider that fails, that knows it no more, and that never knew it.
    backend.openai.failures.push(500);
    await step(() => page.call('saveKey', 'openai', use(newKey())), 1);
    backend.openai.adminKeys = new Set();
    await step(() => page.call('validateKey', 'openai'), 1);
    await step(() => page.call('saveKey', 'openai', use(newKey())), 1);
    backend.openai.adminKeys = undefined;
    // Of a wrong kind, and pasted where it does not belong.
    await step(() => page.call('saveKey', 'openai', use(`sk-proj-${randomBytes(24).toString('base64url')}`)), 1);
    await step(async () => {
      await paste(use(`sk-proj-${randomBytes(24).toString('base64url')}`));
      await panel.locator('[part=key-note]', { hasText: 'needs an admin key' }).waitFor();
      await panel.locator('button', { hasText: 'Cancel' }).click();
    }, 1);
    await step(() => page.call('saveKey', 'anthropic', use(`sb_secret_${randomBytes(24).toString('base64url')}`)), 1);
    // Without a network: what could not be sent waits nowhere.
    await context.setOffline(true);
    const offline = use(newKey());
    assert.match(await page.call('saveKey', 'openai', offline), /reached/);
    snapshots.push(await keptBy(page.page));
    await context.setOffline(false);
    // Sealed by the ring as it was, and then by the one that is.
    const rotated = use(newKey());
    await step(() => page.call('saveKey', 'openai', rotated), 1);
    const old = await seal(OLD, { userId: member.id, provider: 'openai' }, rotated);
    await step(
      () =>
        backend.database.query(`update private.user_api_keys set envelope = $2, kid = 'k1' where user_id = $1`, [
          member.id,
          old,
        ]),
      1,
    );
    const rotation: string[] = [];
    await step(async () => {
      const answer = await fetch(`${backend.url}/functions/v1/api-keys`, {
        method: 'POST',
        headers: { apikey: backend.keys.secret },
        body: JSON.stringify({ action: 'rotate' }),
      });
      rotation.push(JSON.stringify([...answer.headers]), await answer.text());
    }, 1);
    assert.deepEqual(JSON.parse(rotation.at(-1)!), { kid: 'k2', rotated: 1, remaining: 0, failed: [] });
    await step(async () => assert.match(await page.call('validateKey', 'openai'), /"valid"/), 1);
    await step(() => page.call('deleteKey', 'openai'), 0);
    await settled();
    printed.stop();

    const logs = await backend.database.query('select * from private.audit_log');
    const messages = await backend.database.query('select payload from realtime.messages');
    heard.set('storage and DOM', snapshots);
    heard.set('the terminal', printed.lines);
    heard.set('the functions’ logs', said);
    heard.set('the rotation’s answer', rotation);
    heard.set('the audit log', [JSON.stringify(logs)]);
    heard.set('signals', [JSON.stringify(messages)]);
    // A list that hears nothing finds nothing.
    const counts = [...heard].map(([where, texts]) => `${where}: ${texts.length}`);
    console.log(`searched for ${new Set(secrets).size} secrets in ${counts.join(', ')}`);
    for (const where of ['responses', 'frames', 'console', 'storage and DOM', 'the functions’ logs']) {
      assert.ok(heard.get(where)?.length, where);
    }
    assert.ok([...heard.get('responses')!].some((text) => text.includes(first.slice(-4))));
    const pieces = [...new Set(secrets)].flatMap((secret) =>
      Array.from({ length: Math.max(0, secret.length - TOO_MANY) }, (_, at) => secret.slice(at, at + TOO_MANY)),
    );
    for (const [where, texts] of heard) {
      const all = texts.join('\n');
      const found = pieces.filter(
        (piece) => !piece.startsWith('sk-admin-') && !piece.startsWith('sb_secret_') && all.includes(piece),
      );
      assert.deepEqual(found, [], where);
    }
    await context.close();
  });
});
