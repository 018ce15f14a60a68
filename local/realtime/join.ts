import { errors } from 'jose';
import type { Claims } from '../keys.ts';
import type { Binding } from './bindings.ts';
import type { Frame } from './frames.ts';

/** What a connection asks of the server it belongs to. */
export interface Authority {
  /** @throws jose's error when the token is malformed, forged or expired. */
  readonly verify: (token: string) => Promise<Claims>;
  readonly canReceive: (claims: Claims, topic: string) => Promise<boolean>;
}

/** The payload of `phx_join`, as far as it is read here. */
interface JoinConfig {
  readonly private?: boolean;
  readonly broadcast?: { readonly replay?: unknown };
  readonly presence?: { readonly enabled?: boolean };
  readonly postgres_changes?: (Binding | null)[];
  readonly postgres_changes_options?: { readonly wait?: boolean };
}

/** A join that may be let in. */
export interface Join {
  readonly topic: string;
  readonly private: boolean;
  readonly claims: Claims;
  readonly bindings: readonly Binding[];
  /** The answer waits until the changes of tables arrive. */
  readonly wait: boolean;
}

/** A refusal in hosted's words: a join is answered `<Code>: <what is wrong>`, a channel closed with the latter. */
export class Refusal extends Error {
  readonly code: string;
  readonly reason: string;

  constructor(code: string, reason: string, options?: ErrorOptions) {
    super(`${code}: ${reason}`, options);
    this.code = code;
    this.reason = reason;
  }
}

/**
 * Reads a `phx_join` and asks whether its sender may listen; without a token that is the bearer of the handshake's key.
 * @throws {Refusal}
 */
export async function admit({ topic: name, payload }: Frame, authority: Authority, bearer: Claims): Promise<Join> {
  if (!name.startsWith('realtime:')) throw new Refusal('UnmatchedTopic', 'A topic starts with "realtime:".');
  const topic = name.slice('realtime:'.length);
  if (!topic) throw new Refusal('TopicNameRequired', 'You must provide a topic name');
  const config = (payload.config ?? {}) as JoinConfig;
  const bindings = config.postgres_changes ?? [];
  if (config.presence?.enabled) throw new Refusal('Unsupported', 'The local Realtime server has no presence');
  if (config.broadcast?.replay) throw new Refusal('Unsupported', 'The local Realtime server has no replay');
  if (!Array.isArray(bindings) || bindings.some((binding) => typeof binding !== 'object')) {
    throw new Refusal('Unsupported', 'postgres_changes is an array of bindings');
  }
  // A public channel carries changes of tables, which ask row-level security by themselves, and nothing else.
  if (!config.private && !bindings.length) {
    throw new Refusal('PrivateOnly', 'This project only allows private channels');
  }
  const { access_token: token } = payload;
  const claims = token === undefined || token === null || isKey(token) ? bearer : await claimsOf(token, authority);
  if (config.private) await authorize(claims, topic, authority);
  return {
    topic,
    private: Boolean(config.private),
    claims,
    bindings: bindings.filter((binding) => binding !== null),
    wait: Boolean(config.postgres_changes_options?.wait),
  };
}

/** Keys are not tokens: hosted passes over them where a token belongs. */
export const isKey = (token: unknown): boolean => typeof token === 'string' && token.startsWith('sb_');

/** Asks row-level security whether the bearer of the claims may listen. @throws {Refusal} */
export async function authorize(claims: Claims, topic: string, { canReceive }: Authority): Promise<void> {
  // As hosted: a policy that fails lets nobody in.
  const allowed = await canReceive(claims, topic).catch(() => false);
  if (!allowed) {
    throw new Refusal('Unauthorized', `You do not have permissions to read from this Channel topic: ${topic}`);
  }
}

/** The claims of a token that came with a join or was pushed. @throws {Refusal} */
export async function claimsOf(token: unknown, { verify }: Authority): Promise<Claims> {
  const claims = await verify(String(token)).catch((error: unknown) => {
    if (error instanceof errors.JWTExpired) {
      const seconds = Math.max(0, Math.floor(Date.now() / 1000 - (error.payload.exp ?? 0)));
      throw new Refusal('InvalidJWTToken', `Token has expired ${seconds} seconds ago`);
    }
    if (error instanceof errors.JWSSignatureVerificationFailed) {
      throw new Refusal('JwtSignatureError', 'Failed to validate JWT signature');
    }
    throw new Refusal('MalformedJWT', 'The token provided is not a valid JWT');
  });
  if (claims.role !== undefined && claims.exp !== undefined) return claims;
  throw new Refusal('InvalidJWTToken', 'Fields `role` and `exp` are required in JWT');
}

export const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
