import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { LocalBackend } from '../../local/backend.ts';
import { ADMIN, MEMBER } from '../../local/seed.ts';
import { endBackend, newMember, startTestBackend } from '../support/node/backend.ts';

describe('the gateway', () => {
  let backend: LocalBackend;
  before(async () => void (backend = await startTestBackend({ demo: true })));
  after(() => endBackend(backend));

  const ask = (path: string, init: RequestInit = {}) => fetch(`${backend.url}${path}`, init);
  const key = () => ({ apikey: backend.keys.publishable });

  describe('answers pages of every origin', () => {
    const PREFLIGHT = {
      method: 'OPTIONS',
      headers: {
        origin: 'https://page.example',
        'access-control-request-method': 'PATCH',
        'access-control-request-headers': 'apikey,authorization,x-client-info',
      },
    };
    for (const path of ['/rest/v1/usage_data', '/auth/v1/signup', '/auth/v1/user', '/functions/v1/chat']) {
      it(`before they ask ${path}`, async () => {
        const { status, headers } = await ask(path, PREFLIGHT);
        assert.equal(status, 204);
        assert.equal(headers.get('access-control-allow-origin'), '*');
        assert.match(headers.get('access-control-allow-methods')!, /POST/);
        for (const header of ['apikey', 'authorization', 'x-client-info']) {
          assert.match(headers.get('access-control-allow-headers')!, new RegExp(header));
        }
      });
    }

    const ASKED: [path: string, method: string, status: number][] = [
      ['/rest/v1/usage_data', 'GET', 401],
      ['/auth/v1/user', 'GET', 401],
      ['/auth/v1/signup', 'POST', 400],
      ['/functions/v1/chat', 'POST', 401],
      ['/functions/v1/nosuch', 'POST', 404],
      ['/local/info', 'GET', 200],
      ['/nosuch', 'GET', 404],
    ];
    for (const [path, method, status] of ASKED) {
      it(`when they ask ${method} ${path}: ${status}`, async () => {
        const body = method === 'POST' ? '{' : null;
        const answer = await ask(path, { method, body, headers: { ...key(), origin: 'https://page.example' } });
        assert.deepEqual([answer.status, answer.headers.get('access-control-allow-origin')], [status, '*']);
        assert.match(answer.headers.get('content-type')!, /^application\/json/);
      });
    }
  });

  it('names what it does not have', async () => {
    assert.deepEqual(await (await ask('/nosuch')).json(), { message: 'The local backend has nothing at /nosuch.' });
  });

  it('goes on after a request that breaks off', async () => {
    const leave = new AbortController();
    const slow = new ReadableStream({ pull: () => leave.abort() });
    const broken = ask('/functions/v1/chat', {
      method: 'POST',
      body: slow,
      signal: leave.signal,
      duplex: 'half',
    } as RequestInit);
    await assert.rejects(broken);
    assert.equal((await ask('/local/info')).status, 200);
  });

  describe('tells the demo page', () => {
    it('where it is and how to sign in', async () => {
      assert.deepEqual(await (await ask('/local/info')).json(), {
        url: backend.url,
        publishable_key: backend.keys.publishable,
        member: MEMBER,
        admin: ADMIN,
        openai: 'stand-in',
      });
    });

    it('no secret', async () => {
      const text = await (await ask('/local/info')).text();
      assert.ok(!text.includes(backend.keys.secret) && !text.includes(backend.keys.jwtSecret));
    });
  });

  it('adds traffic to the usage of the demo member', async () => {
    const requests = async () =>
      (await backend.database.query<{ sum: number }>('select sum(requests)::int as sum from public.usage_data'))[0]!
        .sum;
    const before = await requests();
    assert.equal((await ask('/local/traffic', { method: 'POST' })).status, 204);
    assert.equal(await requests(), before + 1);
  });

  describe('of the functions', () => {
    it('knows no function without a folder', async () => {
      const answer = await ask('/functions/v1/nosuch', { method: 'POST' });
      assert.deepEqual(await answer.json(), { code: 'NOT_FOUND', message: 'There is no function "nosuch".' });
      assert.equal(answer.status, 404);
    });

    for (const path of [
      '/functions/v1/',
      '/functions/v1/_shared',
      '/functions/v1/..%2f..',
      '/functions/v1/__proto__',
    ]) {
      it(`has nothing at ${path}`, async () => {
        assert.equal((await ask(path, { method: 'POST' })).status, 404);
      });
    }

    for (const [what, headers, code] of [
      ['no token', {}, 'UNAUTHORIZED_NO_AUTH_HEADER'],
      ['a garbage token', { authorization: 'Bearer abc' }, 'UNAUTHORIZED_INVALID_JWT'],
    ] as const) {
      it(`turns ${what} away before the function`, async () => {
        const answer = await ask('/functions/v1/chat', { method: 'POST', headers: { ...key(), ...headers } });
        assert.partialDeepStrictEqual(await answer.json(), { code });
        assert.equal(answer.status, 401);
      });
    }

    it('answers 503 while they are down, and works again after', async () => {
      const { token } = await newMember(backend);
      const call = () =>
        ask('/functions/v1/chat', { method: 'POST', headers: { authorization: `Bearer ${token}` }, body: '{}' });
      backend.faults.set({ functionsDown: true });
      assert.equal((await call()).status, 503);
      backend.faults.clear();
      assert.equal((await call()).status, 422);
    });
  });
});
