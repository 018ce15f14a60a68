/** Keys that seal users' keys, by id: base64url of 32 bytes each. The active one seals; all of them open. */
export interface KeyRing {
  readonly keys: Readonly<Record<string, string>>;
  readonly active: string;
}

/** Whose key it is; one that is moved to another user or provider does not open there. */
export interface KeyOwner {
  readonly userId: string;
  readonly provider: string;
}

const encoder = new TextEncoder();

/**
 * Seals a secret with AES-256-GCM under a key that HKDF-SHA-256 derives for this user and provider from the ring's active
 * key and a random salt: `v1.<kid>.<salt>.<iv>.<ciphertext and tag>`.
 */
export async function seal(ring: KeyRing, owner: KeyOwner, secret: string): Promise<string> {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const key = await derive(ring, ring.active, salt, `livelit/api-key/v1|${context(owner)}`, 'AES-GCM');
  const sealed = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv, additionalData: bound(ring.active, owner) },
    key,
    encoder.encode(secret),
  );
  return ['v1', ring.active, ...[salt, iv, new Uint8Array(sealed)].map(toBase64)].join('.');
}

/** @throws when the envelope was changed, is somebody else's, or its key has left the ring. */
export async function open(ring: KeyRing, owner: KeyOwner, envelope: string): Promise<string> {
  const [version, kid = '', salt = '', iv = '', sealed = ''] = envelope.split('.');
  if (version !== 'v1') throw new Error('The envelope is of an unknown version.');
  const key = await derive(ring, kid, fromBase64(salt), `livelit/api-key/v1|${context(owner)}`, 'AES-GCM');
  const opened = await crypto.subtle.decrypt(
    { name: 'AES-GCM', iv: fromBase64(iv), additionalData: bound(kid, owner) },
    key,
    fromBase64(sealed),
  );
  return new TextDecoder().decode(opened);
}

/** A keyed hash of a secret: equal for equal secrets of one user, and no help in guessing without the ring. */
export async function fingerprint(ring: KeyRing, kid: string, owner: KeyOwner, secret: string): Promise<string> {
  const info = `livelit/fingerprint/v1|${context(owner)}`;
  const key = await derive(ring, kid, new Uint8Array(), info, 'HMAC');
  return toBase64(new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(secret))));
}

/** Whether two texts are equal, in a time that tells nothing about where they differ. */
export function equalInConstantTime(one: string, other: string): boolean {
  const [left, right] = [encoder.encode(one), encoder.encode(other)];
  let difference = left.length ^ right.length;
  for (let index = 0; index < left.length; index += 1) difference |= left[index]! ^ (right[index] ?? 0);
  return difference === 0;
}

const context = ({ userId, provider }: KeyOwner) => `${userId}|${provider}`;
const bound = (kid: string, owner: KeyOwner) => encoder.encode(`v1|${kid}|${context(owner)}`);

async function derive(
  { keys }: KeyRing,
  kid: string,
  salt: Uint8Array<ArrayBuffer>,
  info: string,
  use: 'AES-GCM' | 'HMAC',
) {
  const raw = Object.hasOwn(keys, kid) ? fromBase64(keys[kid]!) : undefined;
  if (raw?.length !== 32) throw new Error(`The key ring has no key of 32 bytes named "${kid}".`);
  const base = await crypto.subtle.importKey('raw', raw, 'HKDF', false, ['deriveKey']);
  return crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt, info: encoder.encode(info) },
    base,
    use === 'HMAC' ? { name: 'HMAC', hash: 'SHA-256', length: 256 } : { name: 'AES-GCM', length: 256 },
    false,
    use === 'HMAC' ? ['sign'] : ['encrypt', 'decrypt'],
  );
}

const toBase64 = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
const fromBase64 = (text: string) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
