import { LivelitError } from '../store/error.ts';
import type { Live } from '../store/live.ts';
import { store } from '../store/store.ts';

/** Whose usage can be read with a key that is left with us. */
export const PROVIDERS = ['openai', 'anthropic'] as const;

export type Provider = (typeof PROVIDERS)[number];

/** All that is known of a key here: the key itself goes one way, and stays sealed on the server. */
export interface ApiKey {
  readonly provider: Provider;
  /** Its last four characters. */
  readonly last4: string;
  /** Whether the provider took it when it was asked last. */
  readonly status: 'unchecked' | 'valid' | 'invalid';
  /** When that was, and when the key was set or checked last; ISO 8601. */
  readonly checked_at: string | null;
  readonly updated_at: string;
}

/** What a check of a key has shown; with a sentence, unless it is valid. */
export interface KeyCheck {
  readonly status: ApiKey['status'];
  readonly reason?: string;
  readonly message?: string;
}

/** The keys of the signed-in member, by provider, kept current by the topic `user:<uid>`. Never kept in the browser. */
export function apiKeys(): Live<readonly ApiKey[]> {
  return store().live<readonly ApiKey[]>({
    key: 'api-keys',
    requires: 'account',
    table: 'user_api_keys',
    topics: ({ session }) => [`user:${session!.userId}`],
    fetch: ({ backend, signal }) => backend.fetch({ rpc: 'api_keys' }, signal),
    reconcile: (shown, fetched) => (JSON.stringify(shown) === JSON.stringify(fetched) ? shown : fetched),
  });
}

/**
 * Leaves a key with the server, which asks the provider about it first. It does not wait in the outbox, so that it
 * stands in no storage of this browser.
 *
 * @throws {LivelitError} `invalid` for a key of a wrong kind, before it leaves the browser, and for one that the
 * provider does not take.
 */
export async function saveApiKey(provider: Provider, key: string): Promise<KeyCheck> {
  const text = key.trim();
  const complaint = keyComplaint(provider, text);
  if (complaint) throw new LivelitError('invalid', complaint, { reason: 'key_kind' });
  return ask({ action: 'set', provider, key: text });
}

/** Has the provider asked again whether it takes the key. @throws {LivelitError} `invalid` where there is none. */
export const validateApiKey = (provider: Provider): Promise<KeyCheck> => ask({ action: 'validate', provider });

/** Removes a key from the server. The provider is not told: to end it for good, revoke it there. */
export async function deleteApiKey(provider: Provider): Promise<void> {
  await ask({ action: 'delete', provider });
}

/** A change of somebody's keys. */
export interface ApiKeysChange {
  readonly eventType: 'UPDATE';
  readonly table: 'user_api_keys';
  /** The providers that there are keys of now. */
  readonly ids: readonly Provider[];
  readonly new: readonly ApiKey[];
  readonly bulk: false;
}

/** Calls back after each change of the signed-in member's keys; answers the way out. */
export function onApiKeysUpdate(changed: (change: ApiKeysChange) => void): () => void {
  const live = apiKeys();
  let last = live.snapshot.data;
  return live.subscribe(() => {
    const { data } = live.snapshot;
    const before = last;
    last = data;
    if (!data || !before || data === before) return;
    const ids = data.map(({ provider }) => provider);
    changed({ eventType: 'UPDATE', table: 'user_api_keys', ids, new: data, bulk: false });
  });
}

/** What kinds of keys look like that are none of a provider's admin keys, and what to say of them. */
const OTHER_KINDS: readonly (readonly [pattern: RegExp, sentence: string])[] = [
  [
    /^sb_secret_/,
    'This is the secret key of a Supabase project: it opens the whole database. Put it nowhere near a page, and replace it if it was in one.',
  ],
  [/^sb_publishable_/, 'This is the publishable key of a Supabase project. It belongs into connect().'],
  [/^(AKIA|ASIA)[A-Z0-9]{12}/, 'This is a key of AWS, not of an AI provider.'],
  [/^(gh[opsu]|github_pat)_/, 'This is a token of GitHub, not a key of an AI provider.'],
];

/**
 * What is wrong with a key, as a sentence that quotes nothing of it; undefined when it may be an admin key of the
 * provider. The server looks again, and asks the provider.
 */
export function keyComplaint(provider: Provider, key: string): string | undefined {
  const text = key.trim();
  if (!text) return 'Please paste a key first.';
  const role = roleOf(text);
  if (role === 'service_role') return OTHER_KINDS[0]![1];
  if (role !== undefined) return 'This is a token of Supabase, not a key of an AI provider.';
  const other = OTHER_KINDS.find(([pattern]) => pattern.test(text));
  if (other) return other[1];
  if (/[^\x21-\x7e]/.test(text))
    return 'A key has letters, digits and signs, and no spaces. Perhaps too much was copied.';
  const anthropic = text.startsWith('sk-ant-');
  if (provider === 'openai') {
    if (anthropic) return 'This is a key of Anthropic.';
    if (text.startsWith('sk-') && !text.startsWith('sk-admin-')) {
      return 'This is a key for calling models. Usage needs an admin key, which begins with "sk-admin-"; an owner of the organisation makes one in its settings, under Admin keys.';
    }
    if (!text.startsWith('sk-admin-')) return 'This is no key of OpenAI: an admin key begins with "sk-admin-".';
  } else if (!text.startsWith('sk-ant-admin')) {
    if (anthropic) {
      return 'This is a key for calling models. Usage needs an admin key, which begins with "sk-ant-admin"; an admin makes one in the Console.';
    }
    return text.startsWith('sk-')
      ? 'This is a key of OpenAI.'
      : 'This is no key of Anthropic: an admin key begins with "sk-ant-admin".';
  }
  return text.length >= 20 && text.length <= 512
    ? undefined
    : 'A key has 20 to 512 characters. Perhaps a part of it is missing.';
}

/** The role in a token of Supabase, which the keys of older projects are. */
function roleOf(text: string): unknown {
  const claims = /^eyJ[\w-]*\.(eyJ[\w-]*)\.[\w-]*$/.exec(text)?.[1];
  if (!claims) return undefined;
  try {
    return (JSON.parse(atob(claims.replaceAll('-', '+').replaceAll('_', '/'))) as { role?: unknown }).role ?? 'none';
  } catch {
    return 'none';
  }
}

async function ask(body: object): Promise<KeyCheck> {
  const backend = await store().connection.backend();
  const answer = await backend.invoke('api-keys', body, new AbortController().signal);
  // The list has changed, and a signal says so; who asked does not wait for it.
  apiKeys().refresh?.();
  return (answer as { readonly check?: KeyCheck }).check ?? { status: 'unchecked' };
}
