import { FunctionError, type FunctionErrorCode } from '../_shared/errors.ts';
import { priceOf } from '../_shared/pricing.ts';
import { rpc } from '../_shared/service.ts';
import type { Passage, Source } from './citations.ts';
import { NEAR_BYTES, embeddingCost } from './meaning.ts';
import type { Turn } from './model.ts';
import { systemMessage } from './prompt.ts';
import type { Question } from './request.ts';
import { dailyCapOf, modelOf, type Settings } from './settings.ts';

/** What is reserved for one call of a model without a known price: a US cent. */
const UNPRICED_RESERVE_MICRO_USD = 10_000;

/** What stands around the system message, and what explains sources, tokens; counted generously. */
const OVERHEAD_TOKENS = 600;

/** The longest question, 2,000 UTF-16 code units, in UTF-8. */
const MAX_QUESTION_BYTES = 6_000;

/** How often the settings may change under one request before it gives up. */
const MAX_TRIES = 4;

interface Ids {
  readonly session_id: string;
  readonly user_message_id: string;
  /** Whether this message began the session. */
  readonly created: boolean;
  /** The messages that are no longer part of the conversation. */
  readonly superseded: readonly string[];
}

/** This worker holds the lease and writes the reply. */
export interface Run extends Ids {
  readonly resume: false;
  readonly message_id: string;
  readonly run_id: string;
  /** The question last. */
  readonly history: readonly Turn[];
  readonly passages: readonly Passage[];
}

/** The message was sent before, is answered already, or is left to the owner. */
export interface Repeat extends Ids {
  readonly resume: true;
  /** Null when the owner answers in person. */
  readonly message_id: string | null;
  readonly content: string;
  readonly status: 'streaming' | 'complete' | 'stopped' | 'owner';
  readonly sources?: readonly Source[] | null;
  /** An earlier answer to the same first question is given again. */
  readonly from_cache?: boolean;
  readonly model?: string | null;
}

export interface Refusal {
  readonly ok: false;
  readonly code: FunctionErrorCode;
  readonly reason: string;
  readonly retry_after_s?: number;
}

type Admission = ({ ok: true } & (Run | Repeat)) | Refusal | { readonly ok: false; readonly settings: Settings };

const SENTENCES: Readonly<Record<string, string>> = {
  session: 'This conversation belongs to somebody else.',
  session_expired: 'This conversation has expired. Please start a new one.',
  session_closed: 'This conversation was closed. Please start a new one.',
  session_full: 'This conversation is full. Please start a new one.',
  message: 'This conversation has no such message.',
  owner: 'Only who runs this site may do this.',
  client_id: 'A different message was already sent under this id.',
  superseded: 'Something else stands in the place of this message by now.',
  not_last: 'Only the last reply of a conversation can be written anew.',
  owner_replied: 'The owner has answered since. Please write a new message.',
  owner_here: 'The owner answers in person at the moment.',
  too_many_messages: 'You are writing faster than this chat can answer. It goes on in a moment.',
  daily_cap: 'This chat has reached its budget for today. It is back tomorrow (UTC).',
};

export const refusalError = ({ code, reason, retry_after_s }: Refusal, length = 2_000): FunctionError =>
  new FunctionError(
    code,
    reason,
    reason === 'length' ? `A message has 1 to ${length} characters.` : (SENTENCES[reason] ?? 'This is not possible.'),
    retry_after_s,
  );

/** As this worker read them last; the database says when they are others. */
let known: Settings | undefined;

/**
 * Decides whether the question is answered, and saves it, in one call to the database. Answers also the settings that
 * hold for it.
 *
 * @throws {FunctionError}
 */
export async function admit(
  userId: string,
  asked: Question,
  addressHash: string | null,
): Promise<readonly [Run | Repeat, Settings]> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const settings = known;
    const answer: Admission = await rpc('chat_admit', {
      p_action: asked.action,
      p_user_id: userId,
      p_session_id: asked.sessionId,
      p_client_id: asked.clientId,
      p_message_id: asked.messageId,
      p_content: asked.content,
      p_address_hash: addressHash,
      p_call: settings ? callOf(settings) : {},
    });
    if ('settings' in answer) known = answer.settings;
    else if (!answer.ok) throw refusalError(answer, settings?.max_message_length);
    else if (settings) return [answer, settings];
  }
  throw new Error('The settings change faster than they can be read.');
}

/** What one call costs at most, apart from the conversation and the sources, which the database knows. */
function callOf(settings: Settings) {
  const model = modelOf(settings);
  const price = priceOf('openai', model);
  // Micro-USD a token; what is written to the provider's cache may cost more than what is only read.
  const input = price ? Math.max(price.input, price.written) / 1e6 : 0;
  const output = price ? price.output / 1e6 : 0;
  // A token has a byte at least.
  const bytes = new TextEncoder().encode(systemMessage(settings.system_prompt, [])).length;
  // By meaning other passages may be found than the database counts, and the question is read once more.
  const meaning = settings.semantic_search ? NEAR_BYTES * input + embeddingCost(MAX_QUESTION_BYTES) : 0;
  const fixed = Math.ceil((bytes + OVERHEAD_TOKENS) * input + settings.max_output_tokens * output + meaning);
  return {
    revision: settings.revision,
    model,
    reserve_micro_usd: price ? fixed : UNPRICED_RESERVE_MICRO_USD,
    micro_usd_per_byte: input,
    cap_micro_usd: dailyCapOf(settings),
  };
}
