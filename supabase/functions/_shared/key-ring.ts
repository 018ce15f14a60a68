import type { KeyRing } from './key-envelope.ts';
import { required } from './service.ts';

/** The functions' ring, from the secrets `KEYRING` (`{"k2":"…","k1":"…"}`) and `ACTIVE_KID`. */
export function keyRing(): KeyRing {
  const keys = JSON.parse(required('KEYRING')) as Record<string, string>;
  const active = required('ACTIVE_KID');
  if (!Object.hasOwn(keys, active)) throw new Error('ACTIVE_KID names no key of KEYRING.');
  return { keys, active };
}
