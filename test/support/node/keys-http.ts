import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { LocalBackend } from '../../../local/backend.ts';
import { newMember, type Person } from './backend.ts';
import { invoke, type Answer } from './functions-http.ts';

export interface KeyAnswer {
  readonly keys: readonly { readonly provider: string; readonly last4: string; readonly status: string }[];
  readonly check?: { readonly status: string; readonly reason?: string; readonly message?: string };
  readonly error: { readonly code: string; readonly reason: string; readonly message: string };
}

export interface SyncAnswer {
  readonly runs: readonly {
    readonly status: string;
    readonly error_reason: string | null;
    readonly message?: string;
    readonly rows_read: number;
    readonly rows_changed: number;
    readonly window_from: string;
  }[];
  readonly error: { readonly code: string; readonly reason: string; readonly message: string };
}

const PREFIXES = { openai: 'sk-admin-', anthropic: 'sk-ant-admin01-' } as const;

export type Provider = keyof typeof PREFIXES;

/** Well-formed, and made for each test: no secret stands in a fixture. */
export const newKey = (provider: Provider = 'openai') =>
  `${PREFIXES[provider]}${randomBytes(24).toString('base64url')}`;

export const setKey = (
  backend: LocalBackend,
  { token }: Person,
  key: unknown,
  provider: Provider = 'openai',
): Promise<Answer<KeyAnswer>> => invoke(backend, 'api-keys', token, { action: 'set', provider, key });

/** Signs up a member whose key the provider's stand-in accepts. */
export async function newMemberWithKey(backend: LocalBackend, provider?: Provider): Promise<[Person, string]> {
  const [member, key] = [await newMember(backend), newKey(provider)];
  assert.equal((await setKey(backend, member, key, provider)).status, 200);
  return [member, key];
}

/** Has the usage of somebody synced, as their page would. */
export const sync = (backend: LocalBackend, { token }: Person, provider?: Provider): Promise<Answer<SyncAnswer>> =>
  invoke(backend, 'sync-usage', token, { mode: 'user', ...(provider && { provider }) });
