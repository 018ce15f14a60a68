import type { SupabaseClient } from '@supabase/supabase-js';
import { TOPIC_TABLES } from './services/schema.ts';
import { LivelitError } from './store/error.ts';
import { store } from './store/store.ts';
import { TIMINGS, type Timings } from './store/timings.ts';

export type { Timings } from './store/timings.ts';

export interface ConnectOptions {
  /** The project's address, `https://<ref>.supabase.co`. */
  readonly url?: string;
  /** The project's publishable key. A secret key is refused: it would give every visitor the whole database. */
  readonly key?: string;
  /** A client of the page's own, instead of url and key: its session is used, its other channels are left alone. */
  readonly client?: SupabaseClient;
  /** Called before a visitor is signed in anonymously, when the project asks for a captcha. */
  readonly captchaToken?: () => Promise<string>;
  /**
   * How changes arrive: private `broadcast` sent by the database (the default), or `postgres_changes` for a project that
   * lets Realtime watch its tables instead. Replies in a chat then grow in other tabs as they are saved, and nobody is told
   * who types.
   */
  readonly transport?: 'broadcast' | 'postgres_changes';
  /** Intervals of the kernel, ms; for tests and for pages with unusual needs. */
  readonly timings?: Partial<Timings>;
}

/**
 * Connects the page to a Supabase project. Elements that are there already come alive, later ones find the connection.
 * Calling it again for the same project does nothing. supabase-js is loaded now, not with the page.
 *
 * @throws {LivelitError} `invalid` without an address and a publishable key, or with a secret key; `conflict` when the
 * page is connected to another project.
 */
export function connect(options: ConnectOptions): void {
  const { client, captchaToken, transport } = options;
  const timings = { ...TIMINGS, ...options.timings };
  const target = client ? targetOf(client) : { url: checkUrl(options.url), key: checkKey(options.key) };
  const open = async () => {
    const { SupabaseBackend, ownClient } = await import('./store/supabase-backend.ts');
    const tables = transport === 'postgres_changes' ? TOPIC_TABLES : undefined;
    return new SupabaseBackend(client ?? ownClient(target), { ...target, timings, captchaToken, tables, own: !client });
  };
  store().connection.attach(target.url, open, options.timings);
}

/** Leaves the project. Elements go back to what they show without one. */
export function disconnect(): void {
  store().connection.detach();
}

/** Protected in their types only; the address tells whether two calls mean the same project. */
function targetOf(client: SupabaseClient): { url: string; key: string } {
  const { supabaseUrl, supabaseKey } = client as unknown as { supabaseUrl: string; supabaseKey: string };
  return { url: supabaseUrl.replace(/\/$/, ''), key: supabaseKey };
}

function checkUrl(url: string | undefined): string {
  if (url && URL.canParse(url) && /^https?:/.test(url)) return url.replace(/\/$/, '');
  throw new LivelitError('invalid', `"${url ?? ''}" is not the address of a Supabase project.`, { reason: 'url' });
}

function checkKey(key: string | undefined): string {
  if (!key) throw new LivelitError('invalid', 'The publishable key of the project is missing.', { reason: 'key' });
  if (key.startsWith('sb_secret_') || roleOf(key) === 'service_role') {
    throw new LivelitError(
      'invalid',
      'This is a secret key: in a page it would open the whole database to every visitor. Use the publishable key, ' +
        'and replace the secret one if the page was public.',
      { reason: 'secret_key' },
    );
  }
  return key;
}

/** The role in an older project's key, which is a token. */
function roleOf(key: string): unknown {
  try {
    const claims = key.split('.')[1]?.replaceAll('-', '+').replaceAll('_', '/');
    return claims && (JSON.parse(atob(claims)) as { role?: unknown }).role;
  } catch {
    return undefined;
  }
}
