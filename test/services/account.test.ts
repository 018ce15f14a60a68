import { expect } from 'chai';
import {
  onAuthChange,
  requestCode,
  resetPassword,
  session,
  signIn,
  signOut,
  signUp,
  updatePassword,
  verifyCode,
} from '../../src/services/account.ts';
import { messages, readySession, sendMessage } from '../../src/services/chat.ts';
import { disconnect } from '../../src/connect.ts';
import { connectToBackend, leaveBackend, mailedCode, newMember, sql } from '../support/browser/backend.ts';
import { until } from '../support/browser/page.ts';

const newAddress = () => `${crypto.randomUUID()}@test.invalid`;
const failure = (attempt: Promise<unknown>) => attempt.then(() => undefined).catch((reason: unknown) => reason);

describe('an account', () => {
  const leaves: (() => void)[] = [];

  beforeEach(() => connectToBackend());

  afterEach(async () => {
    for (const leave of leaves.splice(0)) leave();
    await leaveBackend();
  });

  it('is told of, from nobody to somebody and back', async () => {
    const seen: (string | null)[] = [];
    const live = onAuthChange();
    leaves.push(
      live.subscribe(() => {
        const { data } = live.snapshot;
        if (data !== undefined && seen.at(-1) !== (data?.email ?? null)) seen.push(data?.email ?? null);
      }),
    );
    await until(() => seen.length === 1);
    const { login } = await newMember();
    await signIn(login.email, login.password);
    await until(() => seen.length === 2);
    await signOut();
    await until(() => seen.length === 3);
    expect(seen).to.deep.equal([null, login.email, null]);
    expect(live).to.equal(session());
  });

  it('is made, with a profile that has the name', async () => {
    const email = newAddress();
    const made = await signUp(` ${email} `, 'correct horse', ' Vera Example ');
    expect(made).to.include({ email, anonymous: false });
    const [row] = await sql('select full_name from profiles where id = $1', [made!.userId]);
    expect(row).to.deep.equal({ full_name: 'Vera Example' });
  });

  it('is opened by a code, as a mail program shows it', async () => {
    const email = newAddress();
    expect(await requestCode(email)).to.equal(null);
    const code = await mailedCode(email);
    expect(await verifyCode(email, ` ${code.slice(0, 3)} ${code.slice(3)}\n`)).to.include({ email });
  });

  it('that was forgotten is opened by a code, and gets a new password', async () => {
    const { login } = await newMember();
    await resetPassword(login.email);
    await verifyCode(login.email, await mailedCode(login.email));
    await updatePassword('battery staple');
    await signOut();
    expect(await signIn(login.email, 'battery staple')).to.include({ email: login.email });
    expect(await failure(signIn(login.email, login.password))).to.include({ code: 'invalid' });
  });

  it('keeps quiet about an address that it does not know', async () => {
    expect(await failure(resetPassword(newAddress()))).to.equal(undefined);
  });

  describe('of a visitor', () => {
    /** A visitor who has said something. */
    async function visit(): Promise<{ userId: string; sessionId: string }> {
      const sessionId = await readySession();
      leaves.push(messages(sessionId).subscribe(() => undefined));
      sendMessage(sessionId, 'Hello?');
      await until(() => messages(sessionId).snapshot.data?.at(-1)?.status === 'complete' && visitor());
      return { userId: visitor()!.userId, sessionId };
    }
    const visitor = () => {
      const { data } = session().snapshot;
      return data?.anonymous ? data : undefined;
    };

    beforeEach(() => leaves.push(session().subscribe(() => undefined)));

    /** What a conversation shows to whoever is signed in. */
    const said = (sessionId: string) => messages(sessionId).snapshot.data?.map(({ content }) => content);

    it('keeps the chat when it is made by a code', async () => {
      const { userId, sessionId } = await visit();
      const before = said(sessionId);
      const email = newAddress();
      await requestCode(email);
      expect(await verifyCode(email, await mailedCode(email))).to.deep.equal({ userId, email, anonymous: false });
      expect(await readySession()).to.equal(sessionId);
      await until(() => messages(sessionId).snapshot.status === 'live');
      expect(said(sessionId)).to.deep.equal(before);
    });

    it('keeps the chat when it is made with a password, also for the next visit', async () => {
      const { userId, sessionId } = await visit();
      const email = newAddress();
      expect(await signUp(email, 'correct horse', 'Vera Example')).to.equal(null);
      await verifyCode(email, await mailedCode(email));
      await signOut();
      disconnect();
      await connectToBackend();
      expect(await signIn(email, 'correct horse')).to.include({ userId });
      expect(await readySession()).to.equal(sessionId);
      await until(() => said(sessionId)?.[0] === 'Hello?');
      const [row] = await sql('select full_name from profiles where id = $1', [userId]);
      expect(row).to.deep.equal({ full_name: 'Vera Example' });
    });

    it('is another one where the address has an account', async () => {
      const { userId } = await visit();
      const { login, userId: known } = await newMember();
      await requestCode(login.email);
      const opened = await verifyCode(login.email, await mailedCode(login.email));
      expect([opened.userId, opened.userId === userId]).to.deep.equal([known, false]);
    });

    it('cannot be made under an address that is taken', async () => {
      await visit();
      const { login } = await newMember();
      const error = await failure(signUp(login.email, 'correct horse'));
      expect(error).to.include({ code: 'invalid', reason: 'email_exists' });
      expect(error)
        .to.have.property('message')
        .that.matches(/sign in/);
    });
  });

  describe('refuses, before anything is asked,', () => {
    const attempts: Record<string, [() => Promise<unknown>, string]> = {
      'no address': [() => requestCode(' '), 'email'],
      'what cannot be an address': [() => signUp('nobody', 'correct horse'), 'email'],
      'an address with a space': [() => resetPassword('no body@test.invalid'), 'email'],
      'no password': [() => signUp(newAddress(), ''), 'empty'],
      'no new password': [() => updatePassword(''), 'empty'],
      'five digits': [() => verifyCode(newAddress(), '12345'), 'code'],
      'a code with letters': [() => verifyCode(newAddress(), '12345x'), 'code'],
    };
    for (const [what, [attempt, reason]] of Object.entries(attempts)) {
      it(what, async () => {
        expect(await failure(attempt())).to.include({ code: 'invalid', reason });
      });
    }
  });

  it('says in a sentence what is wrong with a code', async () => {
    const email = newAddress();
    await requestCode(email);
    const error = await failure(verifyCode(email, '000000'));
    expect(error).to.include({ reason: 'otp_expired' });
    expect(error)
      .to.have.property('message')
      .that.matches(/^This code is wrong/);
  });
});
