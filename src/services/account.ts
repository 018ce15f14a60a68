import type { AuthStep, Session } from '../store/backend.ts';
import { LivelitError } from '../store/error.ts';
import type { Live } from '../store/live.ts';
import { store } from '../store/store.ts';
import { session } from './session.ts';

export type { Session } from '../store/backend.ts';
export { session } from './session.ts';

/** `session()`, by the name of the requirement documents. */
export const onAuthChange = (): Live<Session | null> => session();

/** Whether the page signs people in and out itself: `connect({ client })` brings its session along. */
export async function sessionHosted(): Promise<boolean> {
  const backend = await store().connection.backend();
  return backend.hosted === true;
}

/**
 * Signs somebody in with their address and password.
 *
 * @throws {LivelitError} `invalid` when the two do not belong together, `unavailable` before `connect()`.
 */
export async function signIn(email: string, password: string): Promise<Session> {
  if (!email.trim() || !password) {
    throw new LivelitError('invalid', 'Please enter your address and your password.', { reason: 'empty' });
  }
  const backend = await store().connection.backend();
  return backend.signIn({ email: email.trim(), password });
}

/**
 * Makes an account. A visitor who is chatting gets it for themselves: their conversations stay theirs. Null: the project
 * has the address confirmed, and `verifyCode()` is next. Whether an address has an account already is not always told.
 *
 * @throws {LivelitError} `invalid` when the address is none or taken, or the password too weak.
 */
export async function signUp(email: string, password: string, fullName = ''): Promise<Session | null> {
  if (!password) throw new LivelitError('invalid', 'Please choose a password.', { reason: 'empty' });
  return authenticate({ step: 'sign-up', email: addressOf(email), password, fullName: fullName.trim() });
}

/**
 * Mails six digits to sign in with, to `verifyCode()`; makes an account where there is none. Null, except where a
 * project trusts a visitor's address without a code.
 *
 * @throws {LivelitError} `rate_limited` with `retryAfterMs` when a mail was just sent: hosted waits a minute.
 */
export async function requestCode(email: string): Promise<Session | null> {
  return authenticate({ step: 'send-code', email: addressOf(email) });
}

/**
 * Signs in with the six digits of a mail, whichever it was: of signing up, of signing in, of a forgotten password, of a
 * visitor's new account.
 *
 * @throws {LivelitError} `invalid` when they are wrong or an hour old.
 */
export async function verifyCode(email: string, code: string): Promise<Session> {
  // Mail programs show them in groups, and people copy them so.
  const digits = code.replace(/\s/g, '');
  if (!/^\d{6}$/.test(digits)) throw new LivelitError('invalid', 'A code has six digits.', { reason: 'code' });
  return (await authenticate({ step: 'enter-code', email: addressOf(email), code: digits }))!;
}

/** Mails six digits, to `verifyCode()`; then `updatePassword()`. Says nothing of whether there is such an account. */
export async function resetPassword(email: string): Promise<void> {
  await authenticate({ step: 'recover', email: addressOf(email) });
}

/** Replaces the password of who is signed in. @throws {LivelitError} `invalid` when it is too weak, or the same. */
export async function updatePassword(password: string): Promise<void> {
  if (!password) throw new LivelitError('invalid', 'Please choose a password.', { reason: 'empty' });
  await authenticate({ step: 'set-password', password });
}

/** Signs out in this browser; other devices stay signed in. What is unsent waits for its own user. */
export async function signOut(): Promise<void> {
  const backend = await store().connection.backend();
  await backend.signOut();
}

async function authenticate(step: AuthStep): Promise<Session | null> {
  const backend = await store().connection.backend();
  return backend.authenticate(step);
}

function addressOf(email: string): string {
  const address = email.trim();
  // Only what cannot be one: whether it is one, a mail tells.
  if (/^\S+@\S+$/.test(address)) return address;
  throw new LivelitError('invalid', 'Please enter your address, as name@example.com.', { reason: 'email' });
}
