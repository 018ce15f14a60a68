import { FunctionError } from '../_shared/errors.ts';
import type { EventStream } from '../_shared/event-stream.ts';
import { co2Grams } from '../_shared/footprint.ts';
import { costOf, modelAlias, type TokenCounts } from '../_shared/pricing.ts';
import { rpc } from '../_shared/service.ts';
import type { Run } from './admission.ts';
import { citedIn } from './citations.ts';
import { replyFailure } from './failures.ts';
import { passagesFor } from './meaning.ts';
import { complete } from './model.ts';
import { moderate } from './moderation.ts';
import { saveWhile } from './progress.ts';
import { systemMessage } from './prompt.ts';
import { modelOf, type Settings } from './settings.ts';

/** After this long a reply is ended as it is, ms: hosted ends the worker after 150 s, and what is not saved by then is lost. */
const REPLY_LIMIT_MS = 120_000;

/**
 * Lets the model write the reply: to this client as it comes, to the database and the other clients every 300 ms, and
 * in the end accounts for it. Whatever happens, the run is finished, so that the reservation is settled.
 */
export async function writeReply(run: Run, settings: Settings, events: EventStream): Promise<void> {
  const abort = new AbortController();
  const limit = setTimeout(() => abort.abort(), REPLY_LIMIT_MS);
  let { passages } = run;
  let system = systemMessage(settings.system_prompt, passages);
  let foundFor = 0;
  let content = '';
  let chunks = 0;
  let used: { model: string; tokens: TokenCounts } | undefined;
  let failure: FunctionError | undefined;

  const saving = saveWhile(run, () => content, abort);
  try {
    if (settings.moderation) await moderate(run.history.at(-1)!.content, abort.signal);
    if (settings.semantic_search) {
      ({ passages, cost: foundFor } = await passagesFor(run, abort.signal));
      system = systemMessage(settings.system_prompt, passages);
    }
    for await (const event of complete(system, run.history, settings, abort.signal)) {
      if (event.type === 'usage') {
        used = event;
        continue;
      }
      events.send('delta', { at: content.length, text: event.text });
      content += event.text;
      chunks += 1;
    }
    if (!content && !abort.signal.aborted) throw replyFailure('empty');
  } catch (error) {
    failure = FunctionError.from(error);
  }
  clearTimeout(limit);
  await saving.end();

  // Without the provider's own figures tokens are counted here: a chunk is a token, and four characters are one.
  const estimated = !used;
  const asked = run.history.reduce((sum, turn) => sum + turn.content.length, system.length);
  const { tokens } = (used ??= {
    model: modelOf(settings),
    tokens: { input: chunks ? Math.ceil(asked / 4) : 0, cached: 0, output: chunks },
  });
  const exact = costOf('openai', used.model, tokens);
  const cost = exact === undefined ? undefined : Math.ceil(exact + foundFor);
  const co2 = co2Grams(used.model, tokens, Deno.env.get('GRID_REGION'))?.mid;
  const status = failure ? 'error' : abort.signal.aborted ? 'stopped' : 'complete';
  const alias = modelAlias(used.model);
  const sources = citedIn(content, passages);
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
      p_sources: sources.length ? sources : null,
      p_reason: failure?.reason ?? null,
    });
    if (!finished) throw replyFailure('taken_over');
    if (failure) throw failure;
    if (sources.length) events.send('sources', { message_id: run.message_id, sources });
    events.send('usage', {
      model: alias,
      input_tokens: tokens.input,
      cached_tokens: tokens.cached,
      output_tokens: tokens.output,
      cost_micro_usd: cost ?? null,
      co2_grams: co2 ?? null,
      estimated,
      from_cache: false,
    });
    events.send('done', { message_id: run.message_id, status });
  } catch (error) {
    events.send('error', FunctionError.from(error));
  }
}
