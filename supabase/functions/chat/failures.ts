import { FunctionError } from '../_shared/errors.ts';

/** Why a reply ended as an error, for people. The reason is kept in the row; the sentence is told once. */
const SENTENCES = {
  provider: 'The model did not answer. It is tried again.',
  provider_busy: 'The model is busy at the moment. It is tried again.',
  provider_key: 'The chat is not set up correctly: its API key was refused.',
  provider_settings: 'The chat is not set up correctly: the model refused the settings.',
  empty: 'The model had no answer.',
  moderation: 'This message goes against the rules of this chat, so it is not answered.',
  worker_lost: 'The reply broke off. It is tried again.',
  taken_over: 'The reply goes on elsewhere.',
  restarted: 'The reply starts over.',
} as const;

export type FailureReason = keyof typeof SENTENCES;

/** A reply's failure as an error; passing troubles are `unavailable`, so that a client tries again. */
export function replyFailure(reason: FailureReason, retryAfterS?: number): FunctionError {
  const code = reason === 'moderation' ? 'invalid' : 'unavailable';
  return new FunctionError(code, reason, SENTENCES[reason], retryAfterS);
}

/** The failure of a reply that has ended, by the reason in its row. */
export const savedFailure = (reason: string | null): FunctionError =>
  replyFailure(reason && Object.hasOwn(SENTENCES, reason) ? (reason as FailureReason) : 'provider');
