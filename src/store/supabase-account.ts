import type { AuthError, Session as AuthSession, User } from '@supabase/supabase-js';
import type { AuthStep } from './backend.ts';
import { LivelitError } from './error.ts';
import type { Client } from './own-client.ts';
import { authError } from './supabase-error.ts';

/** What a step of an account needs of its backend. Loaded with the first step: most pages never see one. */
export interface Desk {
  readonly auth: Client['auth'];
  readonly captchaToken: (() => Promise<string>) | undefined;
}

/** Where Supabase's own words are not for people. */
const SENTENCES: Readonly<Record<string, string>> = {
  otp_expired: 'This code is wrong, or older than it may be. Please ask for a new one.',
  otp_disabled: 'There is no account with this address.',
  email_exists: 'There is an account with this address already. Please sign in.',
  user_already_exists: 'There is an account with this address already. Please sign in.',
};

/** Takes a step; null when a code was mailed. @throws {LivelitError} */
export async function takeStep(desk: Desk, step: AuthStep): Promise<AuthSession | null> {
  const { auth } = desk;
  const user = (await auth.getSession()).data.session?.user;
  const visitor = user?.is_anonymous ? user : undefined;
  switch (step.step) {
    case 'sign-up': {
      const { email, password, fullName } = step;
      const data = fullName ? { full_name: fullName } : {};
      if (visitor) return upgrade(desk, { email, password, data });
      const answer = await auth.signUp({ email, password, options: { data, ...(await captcha(desk)) } });
      if (answer.error) throw failed(answer.error);
      return answer.data.session;
    }
    case 'send-code':
      return visitor ? sendCodeToVisitor(desk, step.email) : sendCode(desk, step.email, true);
    case 'recover': {
      const { error } = await auth.resetPasswordForEmail(step.email, await captcha(desk));
      if (error) throw failed(error);
      return null;
    }
    case 'enter-code': {
      const { email, code: token } = step;
      // `email` is a code to sign up, to sign in or to recover with; only a visitor's new address is something else.
      const type = visitor && sameAddress(visitor.new_email, email) ? 'email_change' : 'email';
      const { data, error } = await auth.verifyOtp({ email, token, type });
      if (error) throw failed(error);
      return data.session;
    }
    case 'set-password': {
      if (!user) throw new LivelitError('unauthenticated', 'Please sign in first.', { reason: 'session_not_found' });
      const { error } = await auth.updateUser({ password: step.password });
      if (error) throw failed(error);
      return (await auth.getSession()).data.session;
    }
  }
}

/** A visitor gets an address, and with it an account: what is theirs stays theirs, because their id does. */
async function upgrade(
  { auth }: Desk,
  account: { readonly email: string; readonly password?: string; readonly data?: object },
): Promise<AuthSession | null> {
  const { data, error } = await auth.updateUser(account);
  if (error) throw failed(error);
  if (isVisitor(data.user)) return null;
  // A project that asks for no confirmation; the token still says "anonymous".
  const renewed = await auth.refreshSession();
  if (renewed.error) throw failed(renewed.error);
  return renewed.data.session;
}

/** To a new address as its account, to a known one to sign in there. */
async function sendCodeToVisitor(desk: Desk, email: string): Promise<AuthSession | null> {
  try {
    return await upgrade(desk, { email });
  } catch (error) {
    if (LivelitError.from(error).reason !== 'email_exists') throw error;
    return sendCode(desk, email, false);
  }
}

async function sendCode(desk: Desk, email: string, shouldCreateUser: boolean): Promise<null> {
  const { error } = await desk.auth.signInWithOtp({ email, options: { shouldCreateUser, ...(await captcha(desk)) } });
  if (error) throw failed(error);
  return null;
}

async function captcha({ captchaToken }: Desk): Promise<{ captchaToken?: string }> {
  return captchaToken ? { captchaToken: await captchaToken() } : {};
}

const isVisitor = (user: User) => user.is_anonymous === true;

const sameAddress = (one: string | undefined, other: string) => one?.toLowerCase() === other.toLowerCase();

function failed(error: AuthError): LivelitError {
  const { code, reason, message, cause } = authError(error);
  // "… you can only request this after 43 seconds."
  const seconds = /after (\d+) second/.exec(error.message)?.[1];
  return new LivelitError(code, SENTENCES[reason] ?? message, {
    reason,
    cause,
    retryAfterMs: seconds === undefined ? undefined : Number(seconds) * 1000,
  });
}
