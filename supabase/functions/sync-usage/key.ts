import { open } from '../_shared/key-envelope.ts';
import { keyRing } from '../_shared/key-ring.ts';
import { rpc } from '../_shared/service.ts';

/** A key to read with; the fingerprint is there when it is the user's own. */
export interface ReadingKey {
  readonly key: string;
  readonly fingerprint?: string;
}

/** The user's own key; for the site's owner also `OPENAI_ADMIN_KEY`, for sites that have only one user with a key. */
export async function keyOf(userId: string, provider: string, owner: boolean): Promise<ReadingKey | undefined> {
  const stored = await rpc<{ envelope: string; fingerprint: string } | null>('api_key_get', {
    p_user_id: userId,
    p_provider: provider,
  });
  if (stored) {
    return { key: await open(keyRing(), { userId, provider }, stored.envelope), fingerprint: stored.fingerprint };
  }
  const shared = owner && provider === 'openai' ? Deno.env.get('OPENAI_ADMIN_KEY') : undefined;
  return shared ? { key: shared } : undefined;
}
