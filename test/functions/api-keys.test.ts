import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { LocalBackend } from '../../local/backend.ts';
import { redact } from '../../supabase/functions/_shared/errors.ts';
import { endBackend, newMember, newVisitor, startTestBackend, type Person } from '../support/node/backend.ts';
import { invoke } from '../support/node/functions-http.ts';
import { newKey, setKey, type KeyAnswer } from '../support/node/keys-http.ts';

describe('the function api-keys', () => {
  let backend: LocalBackend;
  let member: Person;
  before(async () => {
    backend = await startTestBackend();
  });
  after(() => endBackend(backend));
  beforeEach(async () => {
    member = await newMember(backend);
    backend.openai.failures.length = 0;
    backend.openai.adminKeys = undefined;
  });

  const ask = (body: object, { token }: Person = member) => invoke<KeyAnswer>(backend, 'api-keys', token, body);
  const set = (key: unknown, who = member) => setKey(backend, who, key);
  const rowsOf = ({ id }: Person) =>
    backend.database.query<{ envelope: string; status: string; fingerprint: string; last4: string }>(
      'select envelope, status, fingerprint, last4 from private.user_api_keys where user_id = $1',
      [id],
    );
  const actionsOf = async ({ id }: Person) =>
    (
      await backend.database.query<{ action: string }>(
        'select action from private.audit_log where subject_id = $1 order by id',
        [id],
      )
    ).map(({ action }) => action);

  describe('keeps a key', () => {
    it('that the provider accepts, and shows its last four characters', async () => {
      const key = newKey();
      const { status, text, body } = await set(key);
      assert.equal(status, 200);
      assert.partialDeepStrictEqual(body, {
        keys: [{ provider: 'openai', last4: key.slice(-4), status: 'valid' }],
        check: { status: 'valid' },
      });
      assert.ok(!text.includes(key.slice(9, 20)));
    });

    it('so that the database does not know it', async () => {
      const key = newKey();
      await set(key);
      const all = JSON.stringify(await backend.database.query('select * from private.user_api_keys'));
      assert.ok(!all.includes(key.slice(9, 30)));
      assert.match((await rowsOf(member))[0]!.envelope, /^v1\.local\.[\w-]{22}\.[\w-]{16}\.[\w-]+$/);
    });

    it('without the white space around it', async () => {
      const key = newKey();
      await set(` ${key}\n`);
      assert.equal((await rowsOf(member))[0]!.last4, key.slice(-4));
    });

    it('unchecked while the provider fails', async () => {
      backend.openai.failures.push(500);
      const { status, body } = await set(newKey());
      assert.equal(status, 200);
      assert.partialDeepStrictEqual(body, { keys: [{ status: 'unchecked' }], check: { reason: 'provider' } });
    });

    it('once when it is set again, and anew when it is another', async () => {
      const key = newKey();
      await set(key);
      const [first] = await rowsOf(member);
      await set(key);
      const [again] = await rowsOf(member);
      assert.equal(again!.envelope, first!.envelope);
      await set(newKey());
      const [other] = await rowsOf(member);
      assert.notEqual(other!.fingerprint, first!.fingerprint);
    });

    it('under different prints for different users', async () => {
      const [key, other] = [newKey(), await newMember(backend)];
      await Promise.all([set(key), set(key, other)]);
      assert.notEqual((await rowsOf(member))[0]!.fingerprint, (await rowsOf(other))[0]!.fingerprint);
    });
  });

  describe('refuses', () => {
    const KEYS: Record<string, [key: unknown, reason: string, message: RegExp]> = {
      'the key of a project': [`sk-proj-${'a1'.repeat(20)}`, 'key_kind', /for calling models.*"sk-admin-"/],
      'what is no key of OpenAI': ['x'.repeat(40), 'key_kind', /no key of OpenAI/],
      'no key': [undefined, 'key', /20 to 512/],
      'a key that is too short': ['sk-admin-1', 'key', /20 to 512/],
      'a key with a space': [`sk-admin-${'a'.repeat(20)} b`, 'key', /no spaces/],
    };
    for (const [what, [key, reason, message]] of Object.entries(KEYS)) {
      it(`${what} with 422, and keeps nothing`, async () => {
        const { status, body } = await set(key);
        assert.deepEqual([status, body.error.code, body.error.reason], [422, 'invalid', reason]);
        assert.match(body.error.message, message);
        assert.deepEqual(await rowsOf(member), []);
      });
    }

    it('a key that the provider does not know, and says nothing of it', async () => {
      backend.openai.adminKeys = new Set();
      const key = newKey();
      const { status, text, body } = await set(key);
      assert.deepEqual([status, body.error.reason], [422, 'key_invalid']);
      assert.ok(!text.includes(key.slice(-4)));
      assert.deepEqual(await rowsOf(member), []);
    });

    it('a key without the right to read usage', async () => {
      backend.openai.failures.push(403);
      const { body } = await set(newKey());
      assert.equal(body.error.reason, 'key_kind');
    });

    it('a visitor without an account, with 403', async () => {
      const { status, body } = await ask({ action: 'list' }, await newVisitor(backend));
      assert.deepEqual([status, body.error.code, body.error.reason], [403, 'forbidden', 'account']);
    });

    it('whoever has only the key, with 401', async () => {
      assert.equal((await invoke(backend, 'api-keys', undefined, { action: 'list' })).status, 401);
      assert.equal((await invoke(backend, 'api-keys', backend.keys.secret, { action: 'list' })).status, 401);
    });

    const BODIES: Record<string, [object, string]> = {
      'an unknown action': [{ action: 'show', provider: 'openai' }, 'action'],
      'an unknown provider': [{ action: 'delete', provider: 'constructor' }, 'provider'],
      'a check of no key': [{ action: 'validate', provider: 'openai' }, 'no_key'],
    };
    for (const [what, [body, reason]] of Object.entries(BODIES)) {
      it(`${what} with 422`, async () => {
        const answer = await ask(body);
        assert.deepEqual([answer.status, answer.body.error.reason], [422, reason]);
      });
    }

    it('the eleventh change in a minute with 429, and still lists', async () => {
      await backend.database.query('insert into private.rate_buckets (key, tokens, updated_at) values ($1, 0, now())', [
        `api-keys:user:${member.id}`,
      ]);
      const { status, headers, body } = await set(newKey());
      assert.deepEqual([status, body.error.code], [429, 'rate_limited']);
      assert.ok(Number(headers.get('retry-after')) > 50);
      assert.equal((await ask({ action: 'list' })).status, 200);
    });
  });

  describe('checks a key', () => {
    it('that was revoked, and marks it', async () => {
      await set(newKey());
      backend.openai.adminKeys = new Set();
      const { status, body } = await ask({ action: 'validate', provider: 'openai' });
      assert.equal(status, 200);
      assert.partialDeepStrictEqual(body, { keys: [{ status: 'invalid' }], check: { reason: 'key_invalid' } });
    });

    it('and leaves the mark alone while the provider is busy', async () => {
      await set(newKey());
      backend.openai.failures.push({ status: 429, retryAfterS: 7 });
      const { body } = await ask({ action: 'validate', provider: 'openai' });
      assert.partialDeepStrictEqual(body, { keys: [{ status: 'valid' }], check: { reason: 'provider_busy' } });
    });

    it('of its own user only: an envelope that was moved does not open', async () => {
      const other = await newMember(backend);
      await Promise.all([set(newKey()), set(newKey(), other)]);
      await backend.database.query(
        `update private.user_api_keys set envelope = (select envelope from private.user_api_keys where user_id = $1)
         where user_id = $2`,
        [other.id, member.id],
      );
      const { status, body } = await ask({ action: 'validate', provider: 'openai' });
      assert.deepEqual([status, body.error.reason], [503, 'internal']);
    });
  });

  it('deletes a key, and only the own one', async () => {
    const other = await newMember(backend);
    await Promise.all([set(newKey()), set(newKey(), other)]);
    const { body } = await ask({ action: 'delete', provider: 'openai' });
    assert.deepEqual(body.keys, []);
    assert.equal((await rowsOf(other)).length, 1);
  });

  it('notes what was done in the audit log, without a key', async () => {
    const key = newKey();
    await set(key);
    await ask({ action: 'validate', provider: 'openai' });
    await ask({ action: 'delete', provider: 'openai' });
    assert.deepEqual(await actionsOf(member), ['api_key.set', 'api_key.validate', 'api_key.delete']);
    const log = JSON.stringify(await backend.database.query('select * from private.audit_log'));
    assert.ok(!log.includes(key.slice(9, 30)));
  });
});

describe('what goes to a log', () => {
  for (const secret of [`sk-admin-${randomUUID()}`, `sk-ant-admin01-${randomUUID()}`, `sb_secret_${randomUUID()}`]) {
    it(`loses ${secret.slice(0, 12)}…`, () => {
      const said = redact(`Incorrect key "${secret}", twice: ${secret}.`);
      assert.ok(!said.includes(secret.slice(-20)), said);
    });
  }

  it('loses an access token', () => {
    const token = ['eyJhbGciOiJIUzI1NiJ9', 'eyJzdWIiOiIxIn0', 'c2lnbmF0dXJl'].join('.');
    assert.equal(redact(`Bearer ${token}`), 'Bearer eyJ…');
  });
});
