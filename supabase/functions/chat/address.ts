import { required } from '../_shared/service.ts';

/**
 * A keyed hash of the caller's network, to limit by; the address itself is stored nowhere. Null when there is none to
 * trust.
 *
 * The last hop of `x-forwarded-for` was written by the platform's own proxy; everything before it, by the caller.
 */
export async function addressHash(headers: Headers): Promise<string | null> {
  const address = headers.get('cf-connecting-ip') ?? headers.get('x-forwarded-for')?.split(',').at(-1)?.trim();
  if (!address || address === '127.0.0.1' || address === '::1') return null;
  // One IPv6 subscriber holds a /64, so its first four groups are the person.
  const network = address.includes(':') ? address.split(':').slice(0, 4).join(':') : address;
  const encoder = new TextEncoder();
  const key = await crypto.subtle.importKey(
    'raw',
    encoder.encode(required('IP_HASH_KEY')),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  );
  const hash = await crypto.subtle.sign('HMAC', key, encoder.encode(network));
  return Array.from(new Uint8Array(hash).slice(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
