import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { LocalBackend } from '../../local/backend.ts';
import { endBackend, newVisitor, startTestBackend, type Person } from '../support/node/backend.ts';
import { newMessage, post } from '../support/node/chat-http.ts';

const HOME = 'https://portfolio.example';
const WORK = 'https://work.example';

interface Refusal {
  readonly error: { readonly code: string; readonly reason: string; readonly message: string };
}

describe('the function chat with its own settings', () => {
  let backend: LocalBackend;
  let visitor: Person;
  before(async () => {
    backend = await startTestBackend({
      secrets: { ALLOWED_ORIGINS: `${HOME}, ${WORK}`, DAILY_CAP_MICRO_USD: '1' },
    });
    visitor = await newVisitor(backend);
  });
  after(() => endBackend(backend));

  const postFrom = (origin: string | undefined, method = 'POST') =>
    post(backend, visitor.token, newMessage(), {
      method,
      headers: origin ? { origin } : {},
      ...(method === 'OPTIONS' && { body: null }),
    });
  const corsOf = ({ status, headers }: Response) => ({ status, origin: headers.get('access-control-allow-origin') });

  describe('about the budget', () => {
    it('refuses what would cost more with 402, until midnight UTC', async () => {
      const answer = await postFrom(HOME);
      const retryAfter = Number(answer.headers.get('retry-after'));
      const midnight = new Date().setUTCHours(24, 0, 0, 0);
      assert.ok(Math.abs(retryAfter - (midnight - Date.now()) / 1000) < 5, `${retryAfter}`);
      const { error } = (await answer.json()) as Refusal;
      assert.deepEqual([answer.status, error.code, error.reason], [402, 'budget', 'daily_cap']);
      assert.match(error.message, /budget for today/);
    });

    it('saves nothing and asks no model', async () => {
      await postFrom(HOME);
      assert.deepEqual(await backend.database.query('select 1 from public.chat_messages'), []);
      assert.deepEqual(await backend.database.query('select 1 from private.spend_daily'), []);
      assert.equal(backend.openai.requests, 0);
    });
  });

  describe('about origins', () => {
    for (const origin of [HOME, WORK]) {
      it(`lets ${origin} in by name`, async () => {
        const answer = await postFrom(origin);
        assert.deepEqual(corsOf(answer), { status: 402, origin });
        assert.match(answer.headers.get('vary') ?? '', /origin/);
      });

      it(`answers the preflight of ${origin}`, async () => {
        const answer = await postFrom(origin, 'OPTIONS');
        assert.deepEqual(corsOf(answer), { status: 204, origin });
        assert.match(answer.headers.get('access-control-allow-methods') ?? '', /POST/);
        for (const header of ['authorization', 'apikey', 'content-type', 'x-client-info']) {
          assert.match(answer.headers.get('access-control-allow-headers') ?? '', new RegExp(header));
        }
      });
    }

    for (const origin of ['https://evil.example', `${HOME}.evil.example`, 'http://portfolio.example', 'null']) {
      it(`refuses ${origin} with 403`, async () => {
        const answer = await postFrom(origin);
        assert.deepEqual(corsOf(answer), { status: 403, origin: 'null' });
        const { error } = (await answer.json()) as Refusal;
        assert.deepEqual([error.code, error.reason], ['forbidden', 'origin']);
      });

      it(`refuses the preflight of ${origin}`, async () => {
        assert.deepEqual(corsOf(await postFrom(origin, 'OPTIONS')), { status: 403, origin: 'null' });
      });
    }

    it('lets a caller without an origin through, which no browser is', async () => {
      assert.equal((await postFrom(undefined)).status, 402);
    });
  });
});
