import { withCors } from '../_shared/cors.ts';
import { FunctionError } from '../_shared/errors.ts';
import { equalInConstantTime, fingerprint, type KeyOwner } from '../_shared/key-envelope.ts';
import { keyRing } from '../_shared/key-ring.ts';
import { ProviderError } from '../_shared/providers/provider.ts';
import { PROVIDERS } from '../_shared/providers/providers.ts';
import { caller, isService, rpc } from '../_shared/service.ts';
import { markKey, openKey, sealKey, storedKey } from '../_shared/user-keys.ts';
import { readKeyRequest } from './request.ts';
import { rotateKeys } from './rotate.ts';

/** What a check has shown; `unchecked` when the provider could not be asked. */
interface Check {
  readonly status: 'valid' | 'invalid' | 'unchecked';
  readonly reason?: string;
  readonly message?: string;
}

/**
 * `POST /functions/v1/api-keys { action, provider, key? }` answers `{ keys: [{ provider, last4, status, checked_at,
 * updated_at }], check?: { status, reason?, message? } }`. A key goes in and never comes out.
 *
 * `{ action: 'rotate' }` with the secret key as `apikey` seals all keys anew and answers a `Rotation`.
 */
export const handler: (request: Request) => Promise<Response> = withCors(async (request) => {
  const asked = await readKeyRequest(request);
  if (asked.action === 'rotate') {
    if (!isService(request)) throw new FunctionError('forbidden', 'secret_key', 'This takes the secret key.');
    return Response.json(await rotateKeys());
  }
  const { id, anonymous } = await caller(request);
  if (anonymous) throw new FunctionError('forbidden', 'account', 'Keys need an account. Please sign up first.');
  if (asked.action === 'list') return answer(id);
  const wait = await rpc<number>('api_key_admit', { p_user_id: id });
  if (wait > 0) {
    throw new FunctionError('rate_limited', 'too_many_changes', 'Please wait a moment before the next change.', wait);
  }
  const owner = { userId: id, provider: asked.provider };
  switch (asked.action) {
    case 'set':
      return answer(id, await set(owner, asked.key));
    case 'validate':
      return answer(id, await validate(owner));
    case 'delete':
      await rpc<boolean>('api_key_delete', { p_user_id: id, p_provider: asked.provider });
      return answer(id);
  }
});

async function answer(userId: string, check?: Check): Promise<Response> {
  const keys = await rpc<unknown[]>('api_key_list', { p_user_id: userId });
  return Response.json({ keys, ...(check && { check }) }, { headers: { 'cache-control': 'no-store' } });
}

/** Keeps a key that the provider accepts, or that it could not be asked about; one that it refuses is not kept. */
async function set(owner: KeyOwner, key: string): Promise<Check> {
  const complaint = PROVIDERS.get(owner.provider)!.complaint(key);
  if (complaint) throw new FunctionError('invalid', 'key_kind', complaint);
  const check = await ask(owner.provider, key);
  if (check.status === 'invalid')
    throw new FunctionError('invalid', check.reason ?? 'key_invalid', check.message ?? '');
  const ring = keyRing();
  // The same key once more: its envelope stays, unless a newer key of the ring should seal it.
  const stored = await storedKey(owner);
  if (stored?.kid === ring.active) {
    const print = await fingerprint(ring, stored.kid, owner, key);
    if (equalInConstantTime(print, stored.fingerprint)) {
      if (check.status !== 'unchecked') await markKey(owner, stored, check.status);
      return check;
    }
  }
  const sealed = await sealKey(ring, owner, key);
  await rpc<null>('api_key_set', {
    p_user_id: owner.userId,
    p_provider: owner.provider,
    p_envelope: sealed.envelope,
    p_kid: sealed.kid,
    p_last4: key.slice(-4),
    p_fingerprint: sealed.fingerprint,
    p_status: check.status,
  });
  return check;
}

async function validate(owner: KeyOwner): Promise<Check> {
  const stored = await storedKey(owner);
  if (!stored) throw new FunctionError('invalid', 'no_key', 'There is no key to check. Please add one first.');
  const check = await ask(owner.provider, await openKey(owner, stored));
  if (check.status !== 'unchecked') await markKey(owner, stored, check.status);
  return check;
}

async function ask(provider: string, key: string): Promise<Check> {
  try {
    await PROVIDERS.get(provider)!.check(key);
    return { status: 'valid' };
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return { status: error.blamesKey ? 'invalid' : 'unchecked', reason: error.reason, message: error.message };
  }
}
