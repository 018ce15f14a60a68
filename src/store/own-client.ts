import { AuthClient } from '@supabase/auth-js';
import { FunctionsClient } from '@supabase/functions-js';
import { PostgrestClient } from '@supabase/postgrest-js';
import type { SupabaseClient } from '@supabase/supabase-js';

/** A project's address and publishable key. */
export interface SupabaseTarget {
  readonly url: string;
  readonly key: string;
}

/** What the kit uses of a Supabase client; a page may hand us a whole one. */
export interface Client extends Pick<SupabaseClient, 'functions' | 'from' | 'rpc'> {
  /** By its shape: a page's and ours are of different classes. */
  readonly auth: Pick<SupabaseClient['auth'], keyof SupabaseClient['auth']>;
}

/**
 * A client of the kit's own: it shares neither its session nor its URL with a client of the page. Put together from the
 * parts of supabase-js, because `createClient` brings storage and a Realtime client that are never used here.
 */
export function ownClient({ url, key }: SupabaseTarget): Client {
  const headers = { apikey: key };
  const auth = new AuthClient({
    url: `${url}/auth/v1`,
    headers,
    storageKey: `livelit-auth-${new URL(url).host}`,
    autoRefreshToken: true,
    persistSession: true,
    detectSessionInUrl: false,
    fetch: withoutServerClock,
  });
  const authorized: typeof fetch = async (input, init) => {
    const token = (await auth.getSession()).data.session?.access_token;
    const own = new Headers(init?.headers);
    // An older project's key is a token, and stands for whoever is not signed in; a newer one must not be sent as one.
    const bearer = token ?? (key.startsWith('sb_') ? undefined : key);
    if (bearer && !own.has('authorization')) own.set('authorization', `Bearer ${bearer}`);
    return fetch(input, { ...init, headers: own });
  };
  const patient: typeof fetch = async (input, init) => withRetryAfter(await authorized(input, init));
  // It would try again by itself for seven seconds, unseen.
  const rest = new PostgrestClient(`${url}/rest/v1`, { headers, fetch: patient, retry: false });
  return {
    auth,
    functions: new FunctionsClient(`${url}/functions/v1`, { headers, customFetch: authorized }),
    from: rest.from.bind(rest),
    rpc: rest.rpc.bind(rest),
  };
}

/**
 * postgrest-js drops the headers of an answer and keeps the body of an error: how long to wait moves there. Hosted REST
 * does not let a page of another origin see `Retry-After` by itself; whoever sends it has to expose it.
 */
async function withRetryAfter(response: Response): Promise<Response> {
  const seconds = Number(response.headers.get('retry-after'));
  if (response.ok || !seconds) return response;
  const error = (await response.json().catch(() => ({}))) as object;
  return new Response(JSON.stringify({ ...error, retry_after_s: seconds }), response);
}

/**
 * auth-js compares the server's `expires_at` with the clock of the device: where that is an hour ahead, each request
 * would renew a token that has just been made. Without it, auth-js counts `expires_in` from its own clock.
 */
const withoutServerClock: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  const { pathname } = new URL(input instanceof Request ? input.url : input);
  if (!response.ok || !/\/(token|signup|verify)$/.test(pathname)) return response;
  const body = (await response.json()) as { expires_at?: unknown };
  delete body.expires_at;
  return new Response(JSON.stringify(body), response);
};
