import { readBody } from '../_shared/body.ts';
import { FunctionError } from '../_shared/errors.ts';
import { PROVIDERS } from '../_shared/providers/providers.ts';

const ACTIONS = ['set', 'validate', 'delete', 'list', 'rotate'] as const;

/** As long as a key may be; real ones have about 150 characters. */
const MIN_KEY = 20;
const MAX_KEY = 512;

export type KeyRequest =
  | { readonly action: 'list' }
  | { readonly action: 'rotate' }
  | { readonly action: 'validate' | 'delete'; readonly provider: string }
  | { readonly action: 'set'; readonly provider: string; readonly key: string };

/** Reads and checks the body. @throws {FunctionError} `invalid`, with a sentence that quotes nothing of a key. */
export async function readKeyRequest(request: Request): Promise<KeyRequest> {
  const body = await readBody(request);
  const action = oneOf('action', body.action, ACTIONS);
  if (action === 'list' || action === 'rotate') return { action };
  const provider = oneOf('provider', body.provider, [...PROVIDERS.keys()]);
  return action === 'set' ? { action, provider, key: readKey(body.key) } : { action, provider };
}

function oneOf<const T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  if (found === undefined) throw new FunctionError('invalid', name, `"${name}" is one of: ${allowed.join(', ')}.`);
  return found;
}

function readKey(value: unknown): string {
  // What is copied from a page often brings a line break along.
  const key = typeof value === 'string' ? value.trim() : '';
  if (/^[\x21-\x7e]+$/.test(key) && key.length >= MIN_KEY && key.length <= MAX_KEY) return key;
  throw new FunctionError(
    'invalid',
    'key',
    `A key has ${MIN_KEY} to ${MAX_KEY} letters, digits and signs, and no spaces.`,
  );
}
