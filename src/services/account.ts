import type { Session } from '../store/backend.ts';
import { LivelitError } from '../store/error.ts';
import type { Live } from '../store/live.ts';
import { store } from '../store/store.ts';

export type { Session } from '../store/backend.ts';

/** Who is signed in, or null. */
export function session(): Live<Session | null> {
  return store().live<Session | null>({
    key: 'session',
    requires: 'nothing',
    fetch: (context) => Promise.resolve(context.session),
  });
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

/** Signs out in this browser; other devices stay signed in. */
export async function signOut(): Promise<void> {
  const backend = await store().connection.backend();
  await backend.signOut();
}
