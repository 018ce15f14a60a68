import type { Session } from '../store/backend.ts';
import type { Live } from '../store/live.ts';
import { store } from '../store/store.ts';

/**
 * Who is signed in, or null; changes with every sign-in, sign-out, upgrade and change of address. That a session has
 * ended by itself is said by `connection()`: its state is `needs-auth`.
 */
export function session(): Live<Session | null> {
  return store().live<Session | null>({
    key: 'session',
    requires: 'nothing',
    fetch: (context) => Promise.resolve(context.session),
  });
}
