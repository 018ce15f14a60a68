import type { AuthError, PostgrestError } from '@supabase/supabase-js';
import { LivelitError, SENTENCES, type ErrorCode, type WireError } from './error.ts';

/** What an HTTP status means where the answer itself does not say more. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  0: 'offline',
  400: 'invalid',
  401: 'unauthenticated',
  402: 'budget',
  403: 'forbidden',
  409: 'conflict',
  422: 'invalid',
  429: 'rate_limited',
};

const codeOf = (status: number): ErrorCode => CODES[status] ?? (status >= 500 ? 'unavailable' : 'unknown');

/** An error of the database or its REST interface. Its own words name tables and policies, so they stay in `cause`. */
export function answerError(error: PostgrestError, status: number): LivelitError {
  // Missing tables and functions: a project that was not set up, or only half.
  if (/^(42P01|42883|PGRST20[25])$/.test(error.code)) {
    return new LivelitError('invalid', 'The project is not set up for this. Its migrations are missing.', {
      reason: error.code,
      cause: error,
    });
  }
  const code = codeOf(status);
  // Our own functions speak to people: `PT422`, a sentence, and the reason as the hint.
  const own = error.code.startsWith('PT');
  const { retry_after_s: seconds } = error as WireError;
  const retryAfterMs = seconds && seconds * 1000;
  const [sentence, reason] = own ? [error.message, error.hint] : [SENTENCES[code], error.code];
  return new LivelitError(code, sentence, { reason, retryAfterMs, cause: error });
}

/** An error of signing in. Supabase's own sentences for people are kept. */
export function authError(error: AuthError): LivelitError {
  const code = codeOf(error.status ?? 0);
  const message = code === 'offline' || code === 'unavailable' ? SENTENCES[code] : error.message;
  return new LivelitError(code, message, { reason: error.code, cause: error });
}

/** An error of an Edge Function: its own `{ error: { code, reason, message, retry_after_s } }`, or the gateway's. */
export async function functionError(error: Error & { context?: unknown }): Promise<LivelitError> {
  const { context } = error;
  if (!(context instanceof Response)) {
    return new LivelitError('offline', SENTENCES.offline, { cause: error });
  }
  const body = (await context.json().catch(() => ({}))) as { error?: WireError; code?: string };
  const retryAfterS = Number(context.headers.get('retry-after')) || undefined;
  return LivelitError.fromWire(body.error ?? { reason: body.code ?? '' }, codeOf(context.status), retryAfterS);
}
