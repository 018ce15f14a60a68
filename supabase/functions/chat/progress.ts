import { FunctionError } from '../_shared/errors.ts';
import { rpc } from '../_shared/service.ts';
import type { Run } from './admission.ts';

/** How often the text so far is saved and shown to the conversation's other clients, ms. */
const PROGRESS_MS = 300;

/** How often a model that is silent is checked upon: the lease renewed, a stop noticed, ms. */
const IDLE_PROGRESS_MS = 1_000;

/** Saves what is new of a growing text until it is ended; aborts the model when somebody has asked to stop. */
export function saveWhile(run: Run, text: () => string, abort: AbortController): { end(): Promise<void> } {
  let ended = false;
  let wake = () => {};
  const loop = async () => {
    let saved = 0;
    let at = Date.now();
    while (!ended) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, PROGRESS_MS);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      const delta = wholeCharacters(text().slice(saved));
      if (ended || (!delta && Date.now() - at < IDLE_PROGRESS_MS)) continue;
      at = Date.now();
      const { stop } = await rpc<{ stop: boolean }>('chat_progress', {
        p_message_id: run.message_id,
        p_run_id: run.run_id,
        p_delta: delta,
        p_at: saved,
      });
      saved += delta.length;
      if (stop) abort.abort();
    }
  };
  // A lost save is no reason to lose the reply: its end saves the whole text.
  const running = loop().catch((error: unknown) => void FunctionError.from(error));
  return {
    end() {
      ended = true;
      wake();
      return running;
    },
  };
}

/** Leaves half a surrogate pair for the next time: alone it is no text. */
const wholeCharacters = (text: string) => (/[\uD800-\uDBFF]$/.test(text) ? text.slice(0, -1) : text);
