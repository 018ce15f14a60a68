import { fingerprint, open, seal, type KeyOwner, type KeyRing } from './key-envelope.ts';
import { keyRing } from './key-ring.ts';
import { rpc } from './service.ts';

/** A user's key as the database holds it. */
export interface StoredKey {
  readonly envelope: string;
  readonly kid: string;
  readonly fingerprint: string;
}

export const storedKey = ({ userId, provider }: KeyOwner): Promise<StoredKey | null> =>
  rpc('api_key_get', { p_user_id: userId, p_provider: provider });

/** @throws when the envelope was changed, is somebody else's, or its key has left the ring. */
export const openKey = (owner: KeyOwner, { envelope }: StoredKey): Promise<string> => open(keyRing(), owner, envelope);

/** What the active key of the ring makes of a key, for the database. */
export async function sealKey(ring: KeyRing, owner: KeyOwner, key: string): Promise<StoredKey> {
  const [envelope, print] = await Promise.all([seal(ring, owner, key), fingerprint(ring, ring.active, owner, key)]);
  return { envelope, kid: ring.active, fingerprint: print };
}

/** Notes what a check has shown, unless the key was replaced meanwhile; false then. */
export const markKey = (owner: KeyOwner, stored: StoredKey, status: 'valid' | 'invalid'): Promise<boolean> =>
  rpc('api_key_mark', {
    p_user_id: owner.userId,
    p_provider: owner.provider,
    p_fingerprint: stored.fingerprint,
    p_status: status,
  });
