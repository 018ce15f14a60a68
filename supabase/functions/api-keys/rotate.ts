import { keyRing } from '../_shared/key-ring.ts';
import { rpc } from '../_shared/service.ts';
import { openKey, sealKey, type StoredKey } from '../_shared/user-keys.ts';

/** So many keys are fetched together. */
const BATCH = 50;

/** After this no further batch is begun, ms: hosted ends a call after 150 s. The next call goes on with the rest. */
const LIMIT_MS = 90_000;

/** Of so many keys it is said that they failed; `remaining` counts all. */
const FAILED_LISTED = 100;

interface OldKey extends StoredKey {
  readonly user_id: string;
  readonly provider: string;
}

interface Failed {
  readonly user_id: string;
  readonly provider: string;
  /** The key of the ring that has sealed it. */
  readonly kid: string;
  /** It is not in the ring; or something else is there under its name, or the envelope was changed. */
  readonly reason: 'kid_unknown' | 'does_not_open';
}

export interface Rotation {
  /** The ring's active key. */
  readonly kid: string;
  readonly rotated: number;
  /** Keys that another one of the ring has sealed. While there are some, that one has to stay in the ring. */
  readonly remaining: number;
  readonly failed: readonly Failed[];
}

/**
 * Seals anew what another key of the ring has sealed than the active one. What does not open is left as it is; what its
 * user replaces meanwhile is theirs. It may be called again at any time, also while it runs.
 */
export async function rotateKeys(): Promise<Rotation> {
  const ring = keyRing();
  const end = performance.now() + LIMIT_MS;
  const failed: Failed[] = [];
  let rotated = 0;
  let last: OldKey | undefined;
  for (;;) {
    const batch = await rpc<OldKey[]>('api_keys_outdated', {
      p_kid: ring.active,
      p_after_user_id: last?.user_id ?? null,
      p_after_provider: last?.provider ?? null,
      p_limit: BATCH,
    });
    for (const old of batch) {
      const { user_id, provider, kid } = old;
      const owner = { userId: user_id, provider };
      const key = await openKey(owner, old).catch(() => undefined);
      if (key === undefined) {
        const reason = Object.hasOwn(ring.keys, kid) ? 'does_not_open' : 'kid_unknown';
        failed.push({ user_id, provider, kid, reason });
        continue;
      }
      const sealed = await sealKey(ring, owner, key);
      const resealed = await rpc<boolean>('api_key_reseal', {
        p_user_id: user_id,
        p_provider: provider,
        p_old_envelope: old.envelope,
        p_envelope: sealed.envelope,
        p_kid: sealed.kid,
        p_fingerprint: sealed.fingerprint,
      });
      if (resealed) rotated += 1;
    }
    last = batch.at(-1);
    if (batch.length < BATCH || performance.now() > end) break;
  }
  const remaining = await rpc<number>('api_keys_outdated_count', { p_kid: ring.active });
  return { kid: ring.active, rotated, remaining, failed: failed.slice(0, FAILED_LISTED) };
}
