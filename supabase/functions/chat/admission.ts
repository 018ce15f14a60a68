import { FunctionError, type FunctionErrorCode } from '../_shared/errors.ts';
import { rpc } from '../_shared/service.ts';
import { LARGEST_CALL, model } from './model.ts';
import { MAX_CONTENT } from './request.ts';
import { costOf } from '../_shared/pricing.ts';

/** USD 1 a day, unless `DAILY_CAP_MICRO_USD` says otherwise. */
const DEFAULT_DAILY_CAP_MICRO_USD = 1_000_000;

/** What is reserved for one call of a model without a known price: a US cent. */
const UNPRICED_RESERVE_MICRO_USD = 10_000;

interface Ids {
  readonly session_id: string;
  readonly user_message_id: string;
  readonly message_id: string;
  /** Whether this message began the session. */
  readonly created: boolean;
}

/** This worker holds the lease and writes the reply. */
export interface Run extends Ids {
  readonly resume: false;
  readonly run_id: string;
  readonly history: readonly { readonly role: 'user' | 'assistant'; readonly content: string }[];
}

/** The message was sent before: its reply exists, or another worker writes it. */
export interface Repeat extends Ids {
  readonly resume: true;
  readonly content: string;
  readonly status: 'streaming' | 'complete' | 'stopped';
}

interface Refusal {
  readonly ok: false;
  readonly code: FunctionErrorCode;
  readonly reason: string;
  readonly retry_after_s?: number;
}

const SENTENCES: Readonly<Record<string, string>> = {
  length: `A message has 1 to ${MAX_CONTENT} characters.`,
  session: 'This conversation belongs to somebody else.',
  session_expired: 'This conversation has expired. Please start a new one.',
  session_full: 'This conversation is full. Please start a new one.',
  client_id: 'A different message was already sent under this id.',
  too_many_messages: 'You are writing faster than this chat can answer. It goes on in a moment.',
  daily_cap: 'This chat has reached its budget for today. It is back tomorrow (UTC).',
};

/** Decides whether the message is answered, and saves it, in one call to the database. @throws {FunctionError} */
export async function admit(
  userId: string,
  asked: { sessionId: string; clientId: string; content: string },
  addressHash: string | null,
): Promise<Run | Repeat> {
  const answer = await rpc<Refusal | (({ ok: true } & Run) | ({ ok: true } & Repeat))>('chat_admit', {
    p_user_id: userId,
    p_session_id: asked.sessionId,
    p_client_id: asked.clientId,
    p_content: asked.content,
    p_address_hash: addressHash,
    p_reserve_micro_usd: Math.ceil(costOf('openai', model(), LARGEST_CALL) ?? UNPRICED_RESERVE_MICRO_USD),
    p_cap_micro_usd: Number(Deno.env.get('DAILY_CAP_MICRO_USD') ?? DEFAULT_DAILY_CAP_MICRO_USD),
  });
  if (answer.ok) return answer;
  const message = SENTENCES[answer.reason] ?? 'This message cannot be answered.';
  throw new FunctionError(answer.code, answer.reason, message, answer.retry_after_s);
}
