import { FunctionError } from '../_shared/errors.ts';
import type { EventStream } from '../_shared/event-stream.ts';
import { co2Grams } from '../_shared/footprint.ts';
import { costOf, modelAlias, type TokenCounts } from '../_shared/pricing.ts';
import { rpc } from '../_shared/service.ts';
import type { Run } from './admission.ts';
import { complete, model } from './model.ts';

/** How often the text so far is saved and shown to the conversation's other clients, ms. */
const PROGRESS_MS = 300;

/** How often a model that is silent is checked upon: the lease renewed, a stop noticed, ms. */
const IDLE_PROGRESS_MS = 1_000;

/**
 * Lets the model write the reply: to this client as it comes, to the database and the other clients every 300 ms, and
 * in the end accounts for it. Whatever happens, the run is finished, so that the reservation is settled.
 */
export async function writeReply(run: Run, events: EventStream): Promise<void> {
  const abort = new AbortController();
  let content = '';
  let chunks = 0;
  let used: { model: string; tokens: TokenCounts } | undefined;
  let failure: FunctionError | undefined;

  const saving = saveWhile(run, () => content, abort);
  try {
    for await (const event of complete(run.history, abort.signal)) {
      if (event.type === 'usage') {
        used = event;
        continue;
      }
      events.send('delta', { at: content.length, text: event.text });
      content += event.text;
      chunks += 1;
    }
    if (!content && !abort.signal.aborted) throw new FunctionError('unavailable', 'empty', 'The model had no answer.');
  } catch (error) {
    failure = FunctionError.from(error);
  }
  await saving.end();

  // Without the provider's own figures tokens are counted here: a chunk is a token, and four characters are one.
  const estimated = !used;
  const { tokens } = (used ??= {
    model: model(),
    tokens: { input: chunks ? Math.ceil(charactersOf(run) / 4) : 0, cached: 0, output: chunks },
  });
  const exact = costOf('openai', used.model, tokens);
  const cost = exact === undefined ? undefined : Math.ceil(exact);
  const co2 = co2Grams(used.model, tokens, Deno.env.get('GRID_REGION'))?.mid;
  const status = failure ? 'error' : abort.signal.aborted ? 'stopped' : 'complete';
  const alias = modelAlias(used.model);
  try {
    const finished = await rpc<boolean>('chat_finish', {
      p_message_id: run.message_id,
      p_run_id: run.run_id,
      p_status: status,
      p_content: content.toWellFormed(),
      p_model: alias,
      p_input_tokens: tokens.input,
      p_cached_tokens: tokens.cached,
      p_output_tokens: tokens.output,
      p_cost_micro_usd: cost ?? null,
      p_co2_grams: co2 ?? null,
    });
    if (!finished) throw new FunctionError('unavailable', 'taken_over', 'The reply goes on elsewhere.');
    if (failure) throw failure;
    events.send('usage', {
      model: alias,
      input_tokens: tokens.input,
      cached_tokens: tokens.cached,
      output_tokens: tokens.output,
      cost_micro_usd: cost ?? null,
      co2_grams: co2 ?? null,
      estimated,
    });
    events.send('done', { message_id: run.message_id, status });
  } catch (error) {
    events.send('error', FunctionError.from(error));
  }
}

/** Saves what is new of a growing text until it is ended; aborts the model when somebody has asked to stop. */
function saveWhile(run: Run, text: () => string, abort: AbortController): { end(): Promise<void> } {
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

const charactersOf = (run: Run) => run.history.reduce((sum, message) => sum + message.content.length, 0);
