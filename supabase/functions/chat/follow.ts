import { FunctionError } from '../_shared/errors.ts';
import type { EventStream } from '../_shared/event-stream.ts';
import { service } from '../_shared/service.ts';
import type { Repeat } from './admission.ts';

/** How often the reply of another worker is looked at, ms: as often as that worker saves it. */
const POLL_MS = 300;

/** After this long without a new word the worker counts as lost, ms; longer than its lease of 30 s. */
const PATIENCE_MS = 35_000;

/** Sends the reply of a message that was sent before: what is saved of it, then what is added, until it ends. */
export async function followReply(repeat: Repeat, events: EventStream): Promise<void> {
  let { content, status } = repeat as { content: string; status: string };
  let sent = '';
  let movedAt = Date.now();
  try {
    for (;;) {
      if (!content.startsWith(sent)) throw new FunctionError('unavailable', 'restarted', 'The reply starts over.');
      if (content.length > sent.length) {
        events.send('delta', { at: sent.length, text: content.slice(sent.length) });
        sent = content;
        movedAt = Date.now();
      }
      if (status === 'error') throw new FunctionError('unavailable', 'provider', 'The model did not answer.');
      if (status !== 'streaming') break;
      if (Date.now() - movedAt > PATIENCE_MS) {
        throw new FunctionError('unavailable', 'worker_lost', 'The reply broke off. It is tried again.');
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      const { data, error } = await service()
        .from('chat_messages')
        .select('content, status')
        .eq('id', repeat.message_id)
        .single<{ content: string; status: string }>();
      if (error) throw new Error(`chat_messages: ${error.message}`);
      ({ content, status } = data);
    }
    events.send('done', { message_id: repeat.message_id, status });
  } catch (error) {
    events.send('error', FunctionError.from(error));
  }
}
