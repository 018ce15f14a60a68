import { createClient, type PostgrestError, type SupabaseClient } from '@supabase/supabase-js';
import { FunctionError } from './errors.ts';
import { equalInConstantTime } from './key-envelope.ts';

/** The bearer of a checked access token. */
export interface Caller {
  readonly id: string;
  readonly anonymous: boolean;
}

let client: SupabaseClient | undefined;

/** The project's client with the secret key: it passes every policy, so what it is asked must be checked first. */
export function service(): SupabaseClient {
  client ??= createClient(required('SUPABASE_URL'), secretKey(), {
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
  });
  return client;
}

/** Calls a database function as the service. @throws {FunctionError} `unavailable` when the database does not answer. */
export async function rpc<T>(name: string, parameters: Record<string, unknown>): Promise<T> {
  const { data, error } = (await service().rpc(name, parameters)) as { data: T; error: PostgrestError | null };
  if (error) throw new Error(`${name}: ${error.code} ${error.message}`);
  return data;
}

/**
 * Who calls. The gateway's own check (`verify_jwt`) also lets bare API keys through, so the token is checked here.
 *
 * @throws {FunctionError} `unauthenticated` without a valid token of a user.
 */
export async function caller(request: Request): Promise<Caller> {
  // It throws at what only looks like a token.
  const { data } = await service()
    .auth.getClaims(bearerOf(request.headers))
    .catch(() => ({ data: null }));
  if (!data?.claims.sub) {
    throw new FunctionError('unauthenticated', 'token', 'Please sign in again.');
  }
  return { id: data.claims.sub, anonymous: data.claims.is_anonymous === true };
}

/** Whether the project's own secret key is what a request comes with, as a timer's does. */
export function isService({ headers }: Request): boolean {
  const given = headers.get('apikey') ?? bearerOf(headers);
  return given !== '' && equalInConstantTime(given, secretKey());
}

/** What follows `Bearer`; empty when nothing does. */
const bearerOf = (headers: Headers) => /^Bearer (.+)$/i.exec(headers.get('authorization') ?? '')?.[1] ?? '';

export function required(name: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`The secret ${name} is not set.`);
  return value;
}

/** New projects hand out named secret keys as JSON, older ones a single service-role key. */
function secretKey(): string {
  const named = Deno.env.get('SUPABASE_SECRET_KEYS');
  if (!named) return required('SUPABASE_SERVICE_ROLE_KEY');
  const keys = JSON.parse(named) as Record<string, string>;
  return keys.default ?? Object.values(keys)[0] ?? '';
}
