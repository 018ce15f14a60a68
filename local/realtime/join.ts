import { errors } from 'jose';
import type { Claims } from '../keys.ts';
import { subscriptionOf, type Binding, type Subscription } from './bindings.ts';
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
  readonly postgres_changes?: Binding[];
  readonly postgres_changes_options?: { readonly wait?: boolean };
}

/** A join that may be let in. */
export interface Join {
  readonly topic: string;
  readonly private: boolean;
  readonly claims: Claims;
  readonly bindings: readonly Binding[];
  readonly subscriptions: readonly Subscription[];
  /** The answer waits until the changes of tables arrive. */
  readonly wait: boolean;
}

/** A refusal in hosted's words: `<Code>: <what is wrong>`. */
export class Refusal extends Error {}

/** Whoever has only the publishable key. */
const ANONYMOUS: Claims = { role: 'anon' };

/** Reads a `phx_join` and asks whether its sender may listen. @throws {Refusal} */
export async function admit({ topic: name, payload }: Frame, authority: Authority): Promise<Join> {
  if (!name.startsWith('realtime:')) throw new Refusal('UnmatchedTopic: A topic starts with "realtime:".');
  const topic = name.slice('realtime:'.length);
  if (!topic) throw new Refusal('TopicNameRequired: You must provide a topic name');
  const config = (payload.config ?? {}) as JoinConfig;
  const bindings = config.postgres_changes ?? [];
  if (config.presence?.enabled) throw new Refusal('Unsupported: The local Realtime server has no presence');
  if (config.broadcast?.replay) throw new Refusal('Unsupported: The local Realtime server has no replay');
  if (!Array.isArray(bindings)) throw new Refusal('Unsupported: postgres_changes is an array of bindings');
  // A public channel carries changes of tables, which ask row-level security by themselves, and nothing else.
  if (!config.private && !bindings.length) {
    throw new Refusal('PrivateOnly: This project only allows private channels');
  }
  const claims = await claimsOf(payload.access_token, authority);
  if (config.private) await authorize(claims, topic, authority);
  return {
    topic,
    private: Boolean(config.private),
    claims,
    bindings,
    subscriptions: bindings.map((binding) => {
      try {
        return subscriptionOf(binding);
      } catch (error) {
        throw new Refusal(`RealtimeDisabledForConfiguration: ${messageOf(error)}`, { cause: error });
      }
    }),
    wait: Boolean(config.postgres_changes_options?.wait),
  };
}

/** Asks row-level security whether the bearer of the claims may listen. @throws {Refusal} */
export async function authorize(claims: Claims, topic: string, { canReceive }: Authority): Promise<void> {
  const allowed = await canReceive(claims, topic).catch((error: unknown) => {
    throw new Refusal(`RlsPolicyError: ${messageOf(error)}`);
  });
  if (!allowed) {
    throw new Refusal(`Unauthorized: You do not have permissions to read from this Channel topic: ${topic}`);
  }
}

/** The claims of a token that came with a join or was pushed. @throws {Refusal} */
export async function claimsOf(token: unknown, { verify }: Authority): Promise<Claims> {
  // Keys are not tokens: hosted ignores them here and falls back to what the handshake proved.
  if (typeof token !== 'string' || token.startsWith('sb_')) return ANONYMOUS;
  return verify(token).catch((error: unknown) => {
    if (error instanceof errors.JWTExpired) {
      const seconds = Math.max(0, Math.floor(Date.now() / 1000 - (error.payload.exp ?? 0)));
      throw new Refusal(`InvalidJWTToken: Token has expired ${seconds} seconds ago`);
    }
    if (error instanceof errors.JWSSignatureVerificationFailed) {
      throw new Refusal('JwtSignatureError: Failed to validate JWT signature');
    }
    throw new Refusal('MalformedJWT: The token provided is not a valid JWT');
  });
}

export const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
