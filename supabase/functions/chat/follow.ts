import { FunctionError } from '../_shared/errors.ts';
import type { EventStream } from '../_shared/event-stream.ts';
import { service } from '../_shared/service.ts';
import type { Repeat } from './admission.ts';
import type { Source } from './citations.ts';
import { replyFailure, savedFailure } from './failures.ts';

/** How often the reply of another worker is looked at, ms: as often as that worker saves it. */
const POLL_MS = 300;

/** After this long without a new word the worker counts as lost, ms; longer than its lease of 30 s. */
const PATIENCE_MS = 35_000;

/** What is looked at of a reply. */
interface Saved {
  readonly content: string;
  readonly status: string;
  readonly reason?: string | null;
  readonly sources?: readonly Source[] | null;
}

/** Nothing was asked of the model for it. */
const FROM_CACHE = {
  input_tokens: 0,
  cached_tokens: 0,
  output_tokens: 0,
  cost_micro_usd: 0,
  co2_grams: 0,
  estimated: false,
  from_cache: true,
};

/**
 * Sends the reply of a message that was sent before, or that is answered already: what is saved of it, then what is added,
 * until it ends. A message that is left to the owner has none.
 */
export async function followReply(repeat: Repeat, events: EventStream): Promise<void> {
  const { message_id, model, from_cache } = repeat;
  // What a failed reply had come to is not the owner's.
  let saved: Saved = message_id === null ? { ...repeat, content: '', sources: null } : repeat;
  let sent = '';
  let movedAt = Date.now();
  try {
    for (;;) {
      const { content, status } = saved;
      if (!content.startsWith(sent)) throw replyFailure('restarted');
      if (content.length > sent.length) {
        events.send('delta', { at: sent.length, text: content.slice(sent.length) });
        sent = content;
        movedAt = Date.now();
      }
      if (status === 'error') throw savedFailure(saved.reason ?? null);
      if (status !== 'streaming') break;
      if (Date.now() - movedAt > PATIENCE_MS) throw replyFailure('worker_lost');
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      const { data, error } = await service()
        .from('chat_messages')
        .select('content, status, reason, sources')
        .eq('id', message_id)
        .single<Saved>();
      if (error) throw new Error(`chat_messages: ${error.message}`);
      saved = data;
    }
    if (saved.sources?.length) events.send('sources', { message_id, sources: saved.sources });
    if (from_cache) events.send('usage', { model, ...FROM_CACHE });
    events.send('done', { message_id, status: saved.status });
  } catch (error) {
    events.send('error', FunctionError.from(error));
  }
}
