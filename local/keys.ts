import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { decodeJwt, errors, jwtVerify, SignJWT, type JWTPayload } from 'jose';

/** What opens a local backend. Made once a data folder, so that no secret stands in the repository. */
export interface Keys {
  readonly publishable: string;
  readonly secret: string;
  readonly jwtSecret: string;
  /** Seals the API keys that users leave with the functions: 32 bytes, base64url. */
  readonly sealing: string;
}

/** The claims of a checked access token. */
export interface Claims extends JWTPayload {
  readonly sub?: string;
  readonly role?: string;
}

/** The same for everybody: a page that was written against one local backend runs against the next. */
const PUBLISHABLE_KEY = 'sb_publishable_livelit_local';

export const makeKeys = (): Keys => ({
  publishable: PUBLISHABLE_KEY,
  secret: `sb_secret_${randomBytes(18).toString('base64url')}`,
  jwtSecret: randomBytes(36).toString('base64url'),
  sealing: randomBytes(32).toString('base64url'),
});

/**
 * Reads the keys of a data folder, or makes and keeps them: tokens of yesterday's tabs stay valid, and what was sealed
 * opens. A file of before there was one of the keys gets it added.
 */
export async function loadKeys(file: string): Promise<Keys> {
  const made = makeKeys();
  const known = await readKeys(file);
  const keys = { ...made, ...known };
  if (Object.keys(made).every((name) => known && name in known)) return keys;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(keys, null, 2), { mode: 0o600 });
  return keys;
}

async function readKeys(file: string): Promise<Partial<Keys> | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Partial<Keys>;
  } catch {
    return undefined;
  }
}

/** Whom a key stands for, of those who bring no token. */
export function claimsOfKey(key: string, { publishable, secret }: Keys): Claims | undefined {
  if (key === secret) return { role: 'service_role' };
  return key === publishable ? { role: 'anon' } : undefined;
}

const bytes = (secret: string) => new TextEncoder().encode(secret);

export const signToken = (claims: JWTPayload, jwtSecret: string): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(bytes(jwtSecret));

/** @throws jose's error, when the token is malformed, forged or expired. */
export async function verifyToken(token: string, jwtSecret: string): Promise<Claims> {
  const { payload } = await jwtVerify<Claims>(token, bytes(jwtSecret), { algorithms: ['HS256'] });
  return payload;
}

/** The access tokens of a project, which a test may let run out all at once. */
export class Tokens {
  readonly #secret: string;
  #expiredUntil = 0;

  constructor(jwtSecret: string) {
    this.#secret = jwtSecret;
  }

  /** @throws jose's error, when the token is malformed, forged or expired. */
  async verify(token: string): Promise<Claims> {
    const claims = await verifyToken(token, this.#secret);
    if (this.expired(claims)) throw new errors.JWTExpired('"exp" claim timestamp check failed', claims, 'exp');
    return claims;
  }

  /** Whether a bearer's token counts as expired although its time has not come; what is no token does not. */
  ranOut(token: string): boolean {
    try {
      return this.expired(decodeJwt(token));
    } catch {
      return false;
    }
  }

  /** From now on, tokens that were issued until now count as expired. */
  expireAll(): void {
    this.#expiredUntil = Date.now();
  }

  /**
   * Whether a token with these claims was issued before the last `expireAll()`. Not by `iat`, whose seconds would keep
   * a token from being renewed within the one in which it ran out.
   */
  expired({ issued_at_ms, iat = Infinity }: JWTPayload): boolean {
    return (typeof issued_at_ms === 'number' ? issued_at_ms : iat * 1000) <= this.#expiredUntil;
  }
}
