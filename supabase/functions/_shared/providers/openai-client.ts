import OpenAI from 'openai';
import { ProviderError } from './provider.ts';

/** A page of usage comes within seconds, ms. */
const TIMEOUT_MS = 20_000;

const DAY_S = 86_400;

/** OpenAI's own client with an admin key. It does not repeat by itself: whoever waits has to know that it waits. */
export const openAiAdmin = (key: string): OpenAI =>
  new OpenAI({
    apiKey: null,
    adminAPIKey: key,
    baseURL: Deno.env.get('OPENAI_BASE_URL'),
    maxRetries: 0,
    timeout: TIMEOUT_MS,
  });

/** What is wrong with the form of an OpenAI key. Admin keys are told from others by how they begin. */
export function openAiComplaint(key: string): string | undefined {
  if (key.startsWith('sk-admin-')) return undefined;
  if (key.startsWith('sk-')) {
    return (
      'This is a key for calling models. Usage needs an admin key, which begins with "sk-admin-"; ' +
      'an owner of the organisation makes one in its settings, under Admin keys.'
    );
  }
  return 'This is no key of OpenAI: an admin key begins with "sk-admin-".';
}

/** Asks for as little usage as there is. @throws {ProviderError} */
export async function checkOpenAiKey(key: string): Promise<void> {
  const start_time = Math.floor(Date.now() / 1000 / DAY_S) * DAY_S;
  try {
    await openAiAdmin(key).admin.organization.usage.completions({ start_time, limit: 1 });
  } catch (error) {
    throw openAiError(error);
  }
}

export function openAiError(error: unknown): ProviderError {
  if (error instanceof ProviderError) return error;
  if (!(error instanceof OpenAI.APIError)) return new ProviderError('provider');
  return ProviderError.ofStatus(error.status as number | undefined, error.headers as Headers | undefined);
}
