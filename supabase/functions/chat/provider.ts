import OpenAI from 'openai';
import { FunctionError } from '../_shared/errors.ts';
import { required } from '../_shared/service.ts';
import { replyFailure } from './failures.ts';

/** How long the provider may be silent, before its answer and in it, ms. */
export const patienceMs = (): number => Number(Deno.env.get('OPENAI_TIMEOUT_MS') ?? 30_000);

/** The provider's client: what fails for a passing reason is asked a second time, and not a third. */
export const openai = (): OpenAI =>
  new OpenAI({
    apiKey: required('OPENAI_API_KEY'),
    baseURL: Deno.env.get('OPENAI_BASE_URL'),
    maxRetries: 1,
    timeout: patienceMs(),
  });

/** What the provider threw, as an error that may be shown; its own words stay in the log, because they may quote the key. */
export function providerError(error: unknown): FunctionError {
  if (error instanceof FunctionError) return error;
  const status = error instanceof OpenAI.APIError ? (error.status as number | undefined) : undefined;
  console.error(`The provider failed with ${status ?? (error instanceof Error ? error.name : 'an unknown error')}.`);
  if (status === 401 || status === 403) return replyFailure('provider_key');
  if (status === 429) return replyFailure('provider_busy', 5);
  if (status === 400 || status === 404 || status === 422) return replyFailure('provider_settings');
  return replyFailure('provider');
}
