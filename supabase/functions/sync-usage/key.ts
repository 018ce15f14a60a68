import type { KeyOwner } from '../_shared/key-envelope.ts';
import { openKey, storedKey, type StoredKey } from '../_shared/user-keys.ts';

/** A key to read with; `stored` when it is the user's own. */
export interface ReadingKey {
  readonly key: string;
  readonly stored?: StoredKey;
}

/** The user's own key; for the site's owner also `OPENAI_ADMIN_KEY`, for sites that have only one user with a key. */
export async function keyOf(owner: KeyOwner, ownsSite: boolean): Promise<ReadingKey | undefined> {
  const stored = await storedKey(owner);
  if (stored) return { key: await openKey(owner, stored), stored };
  const shared = ownsSite && owner.provider === 'openai' ? Deno.env.get('OPENAI_ADMIN_KEY') : undefined;
  return shared ? { key: shared } : undefined;
}
