import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { decodeJwt } from 'jose';
import type { LocalBackend } from '../../local/backend.ts';
import { verifyToken } from '../../local/keys.ts';
import { ADMIN, MEMBER } from '../../local/seed.ts';
import { endBackend, newClient, newMember, newVisitor, startTestBackend } from '../support/node/backend.ts';

describe('sign-in', () => {
  let backend: LocalBackend;
  before(async () => void (backend = await startTestBackend({ demo: true })));
  after(() => endBackend(backend));

  const rowOf = async (id: string) =>
    (
      await backend.database.query<{ email: string | null; is_anonymous: boolean; profiles: number }>(
        `select email, is_anonymous, (select count(*)::int from public.profiles as p where p.id = u.id) as profiles
         from auth.users as u where id = $1`,
        [id],
      )
    )[0];

  describe('without an account', () => {
    it('makes an anonymous user without an address or a profile', async () => {
      assert.deepEqual(await rowOf((await newVisitor(backend)).id), { email: null, is_anonymous: true, profiles: 0 });
    });

    it('gives a token that says so', async () => {
      const { id, token } = await newVisitor(backend);
      const claims = await verifyToken(token, backend.keys.jwtSecret);
      assert.partialDeepStrictEqual(claims, {
        sub: id,
        aud: 'authenticated',
        role: 'authenticated',
        email: '',
        is_anonymous: true,
      });
    });

    it('gives a session whose user says so', async () => {
      const { client } = await newVisitor(backend);
      const { data } = await client.auth.getSession();
      assert.partialDeepStrictEqual(data.session?.user, { email: '', is_anonymous: true });
    });

    it('is remembered by the server', async () => {
      const { id, client } = await newVisitor(backend);
      const { data } = await client.auth.getUser();
      assert.partialDeepStrictEqual(data.user, { id, email: '', is_anonymous: true });
    });

    it('shows nowhere the address it was signed up under', async () => {
      const { client, token } = await newVisitor(backend);
      const { data } = await client.auth.getUser();
      assert.doesNotMatch(JSON.stringify([data.user, decodeJwt(token)]), /anonymous\.invalid/);
    });

    it('keeps what the page says about its visitor', async () => {
      const client = newClient(backend);
      const { data } = await client.auth.signInAnonymously({ options: { data: { page: 'home' } } });
      assert.equal(data.user?.user_metadata.page, 'home');
    });

    it('becomes an account with a confirmed address, and keeps its id', async () => {
      const { id, client } = await newVisitor(backend);
      const email = `${randomUUID()}@test.invalid`;
      await client.auth.updateUser({ email, password: 'correct horse' });
      const [mail] = await backend.database.query<{ token_hash: string }>(
        'select email_change_token_new as token_hash from auth.users where id = $1',
        [id],
      );
      const { error } = await client.auth.verifyOtp({ type: 'email_change', token_hash: mail!.token_hash });
      assert.equal(error, null);
      assert.deepEqual(await rowOf(id), { email, is_anonymous: false, profiles: 1 });
      const { data } = await newClient(backend).auth.signInWithPassword({ email, password: 'correct horse' });
      assert.partialDeepStrictEqual(decodeJwt(data.session!.access_token), { sub: id, email, is_anonymous: false });
    });

    it('makes a new user each time', async () => {
      assert.notEqual((await newVisitor(backend)).id, (await newVisitor(backend)).id);
    });
  });

  describe('refreshed', () => {
    it('stays anonymous, under the same id', async () => {
      const { client, id } = await newVisitor(backend);
      const { data, error } = await client.auth.refreshSession();
      assert.equal(error, null);
      assert.partialDeepStrictEqual(decodeJwt(data.session!.access_token), { sub: id, is_anonymous: true, email: '' });
    });

    it('keeps app_metadata, and follows it', async () => {
      const { client, id } = await newMember(backend);
      await backend.database.query(`update auth.users set raw_app_meta_data = '{"role": "admin"}' where id = $1`, [id]);
      const { data } = await client.auth.refreshSession();
      assert.partialDeepStrictEqual(decodeJwt(data.session!.access_token), {
        app_metadata: { role: 'admin' },
        is_anonymous: false,
      });
    });

    it('gets another refresh token', async () => {
      const { client } = await newMember(backend);
      const before = (await client.auth.getSession()).data.session!.refresh_token;
      const { data } = await client.auth.refreshSession();
      assert.notEqual(data.session?.refresh_token, before);
      assert.equal((await client.auth.refreshSession()).error, null);
    });

    it('with a token that was replaced a minute ago is refused, and ends the session', async () => {
      const { client, id } = await newMember(backend);
      const old = (await client.auth.getSession()).data.session!.refresh_token;
      await client.auth.refreshSession();
      await client.auth.refreshSession();
      await backend.database.query(
        `update auth.refresh_tokens set created_at = created_at - interval '1 min', updated_at = updated_at - interval '1 min'
         where user_id = $1`,
        [id],
      );
      const { error } = await newClient(backend).auth.refreshSession({ refresh_token: old });
      assert.equal(error?.status, 400);
      assert.notEqual((await client.auth.refreshSession()).error, null);
    });

    it('with a made-up token is refused', async () => {
      const { error } = await newClient(backend).auth.refreshSession({ refresh_token: 'made-up' });
      assert.equal(error?.name, 'AuthApiError');
      assert.equal(error.status, 400);
    });
  });

  describe('with an address and a password', () => {
    const login = () => ({ email: `${randomUUID()}@test.invalid`, password: 'correct horse' });

    it('makes a user with a profile', async () => {
      const { email, password } = login();
      const { data } = await newClient(backend).auth.signUp({ email, password });
      assert.deepEqual(await rowOf(data.user!.id), { email, is_anonymous: false, profiles: 1 });
    });

    it('opens the same account again', async () => {
      const { email, password } = login();
      const { data: made } = await newClient(backend).auth.signUp({ email, password });
      const { data } = await newClient(backend).auth.signInWithPassword({ email, password });
      assert.equal(data.user?.id, made.user?.id);
      assert.partialDeepStrictEqual(decodeJwt(data.session!.access_token), { email, is_anonymous: false });
    });

    it('is refused with a wrong password, in words', async () => {
      const { data, error } = await newClient(backend).auth.signInWithPassword({ ...MEMBER, password: 'wrong' });
      assert.equal(data.session, null);
      assert.deepEqual([error?.status, error?.code], [400, 'invalid_credentials']);
      assert.equal(error?.message, 'Invalid login credentials');
    });

    it('is refused to an unknown address, in the same words', async () => {
      const { error } = await newClient(backend).auth.signInWithPassword(login());
      assert.equal(error?.message, 'Invalid login credentials');
    });

    it('ends with the sign-out', async () => {
      const { client } = await newMember(backend);
      const { refresh_token } = (await client.auth.getSession()).data.session!;
      assert.equal((await client.auth.signOut()).error, null);
      assert.notEqual((await newClient(backend).auth.refreshSession({ refresh_token })).error, null);
    });
  });

  describe('of the demo users', () => {
    for (const [who, login, role] of [
      ['member', MEMBER, undefined],
      ['admin', ADMIN, 'admin'],
    ] as const) {
      it(`gives the ${who} the role ${role ?? 'of nobody special'}`, async () => {
        const { data } = await newClient(backend).auth.signInWithPassword(login);
        const { app_metadata } = decodeJwt<{ app_metadata: { role?: string } }>(data.session!.access_token);
        assert.equal(app_metadata.role, role);
      });
    }
  });

  for (const body of ['', '{', '[]', '"x"']) {
    it(`refuses a sign-up that says ${body || 'nothing'}`, async () => {
      const answer = await fetch(`${backend.url}/auth/v1/signup`, {
        method: 'POST',
        headers: { apikey: backend.keys.publishable, 'content-type': 'application/json' },
        body,
      });
      assert.ok(answer.status >= 400 && answer.status < 500, `${answer.status}`);
    });
  }

  it('is refused without the key', async () => {
    const answer = await fetch(`${backend.url}/auth/v1/signup`, { method: 'POST', body: '{}' });
    assert.equal(answer.status, 401);
  });
});
