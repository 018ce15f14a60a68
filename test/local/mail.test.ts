import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { decodeJwt } from 'jose';
import type { LocalBackend } from '../../local/backend.ts';
import type { Mail } from '../../local/mail.ts';
import { endBackend, newClient, newMember, newVisitor, startTestBackend } from '../support/node/backend.ts';

const newAddress = () => `${randomUUID()}@test.invalid`;

describe('mail', () => {
  let backend: LocalBackend;
  before(async () => void (backend = await startTestBackend({ confirmations: true })));
  after(() => endBackend(backend));

  const read = async (to: string) => {
    const answer = await fetch(`${backend.url}/local/mail?to=${encodeURIComponent(to)}`);
    return (await answer.json()) as Mail[];
  };
  const codeFor = async (to: string) => (await read(to))[0]!.code;

  it('brings six digits to whoever wants to sign in, and they do', async () => {
    const email = newAddress();
    const { auth } = newClient(backend);
    assert.equal((await auth.signInWithOtp({ email })).error, null);
    const [mail] = await read(email);
    assert.match(mail!.code, /^\d{6}$/);
    assert.equal(mail!.subject, `${mail!.code} is your code`);
    assert.match(mail!.text, /^Your code\nEnter this code where you want to sign in:\n\d{6}\nIt is good for one hour/);
    const { data, error } = await auth.verifyOtp({ email, token: mail!.code, type: 'email' });
    assert.equal(error, null);
    assert.partialDeepStrictEqual(decodeJwt(data.session!.access_token), { email, is_anonymous: false });
  });

  it('confirms the address of a new account, which is closed until then', async () => {
    const [email, password] = [newAddress(), 'correct horse'];
    const { auth } = newClient(backend);
    assert.equal((await auth.signUp({ email, password })).data.session, null);
    assert.equal((await auth.signInWithPassword({ email, password })).error?.code, 'email_not_confirmed');
    await auth.verifyOtp({ email, token: await codeFor(email), type: 'email' });
    assert.equal((await newClient(backend).auth.signInWithPassword({ email, password })).error, null);
  });

  it('lets somebody in who has forgotten their password', async () => {
    const email = newAddress();
    const { auth } = newClient(backend);
    await auth.signUp({ email, password: 'correct horse' });
    await auth.verifyOtp({ email, token: await codeFor(email), type: 'email' });
    const elsewhere = newClient(backend);
    await elsewhere.auth.resetPasswordForEmail(email);
    const { error } = await elsewhere.auth.verifyOtp({ email, token: await codeFor(email), type: 'email' });
    assert.equal(error, null);
    assert.equal((await elsewhere.auth.updateUser({ password: 'battery staple' })).error, null);
    const again = await newClient(backend).auth.signInWithPassword({ email, password: 'battery staple' });
    assert.equal(again.error, null);
  });

  it('makes an account of a visitor, who stays the same user', async () => {
    const email = newAddress();
    const { id, client } = await newVisitor(backend);
    await client.auth.updateUser({ email, password: 'correct horse' });
    const { data } = await client.auth.verifyOtp({ email, token: await codeFor(email), type: 'email_change' });
    assert.partialDeepStrictEqual(decodeJwt(data.session!.access_token), { sub: id, email, is_anonymous: false });
  });

  for (const [what, change] of [
    ['wrong', (code: string) => code.replace(/^./, (digit) => String((Number(digit) + 1) % 10))],
    ['empty', () => ''],
  ] as const) {
    it(`has a code that does not work when it is ${what}`, async () => {
      const email = newAddress();
      const { auth } = newClient(backend);
      await auth.signInWithOtp({ email });
      const { error } = await auth.verifyOtp({ email, token: change(await codeFor(email)), type: 'email' });
      assert.ok(error && error.status! >= 400 && error.status! < 500, `${error?.status}`);
    });
  }

  it('has a code that works once', async () => {
    const email = newAddress();
    const { auth } = newClient(backend);
    await auth.signInWithOtp({ email });
    const token = await codeFor(email);
    await auth.verifyOtp({ email, token, type: 'email' });
    const { error } = await newClient(backend).auth.verifyOtp({ email, token, type: 'email' });
    assert.equal(error?.code, 'otp_expired');
  });

  it('has a code that works for its own address only', async () => {
    const [email, other] = [newAddress(), newAddress()];
    const { auth } = newClient(backend);
    await auth.signInWithOtp({ email });
    await auth.signInWithOtp({ email: other });
    const { error } = await auth.verifyOtp({ email: other, token: await codeFor(email), type: 'email' });
    assert.equal(error?.code, 'otp_expired');
  });

  it('is not sent to an address without an account by whoever does not want one', async () => {
    const email = newAddress();
    const { error } = await newClient(backend).auth.signInWithOtp({ email, options: { shouldCreateUser: false } });
    assert.equal(error?.code, 'otp_disabled');
    assert.deepEqual(await read(email), []);
  });

  it('is a page for a browser, in which nothing of it is markup', async () => {
    await newClient(backend).auth.signInWithOtp({ email: `"<b>"@test.invalid` });
    const answer = await fetch(`${backend.url}/local/mail`, { headers: { accept: 'text/html' } });
    assert.match(answer.headers.get('content-type') ?? '', /text\/html/);
    assert.doesNotMatch(await answer.text(), /<b>/);
  });

  it('is not needed where a project asks for no confirmation', async () => {
    const open = await startTestBackend();
    const { token } = await newMember(open);
    assert.ok(token);
    assert.deepEqual(open.mailbox.to(), []);
    await endBackend(open);
  });
});
