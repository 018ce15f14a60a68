import type OpenAI from 'openai';
import type { TokenCounts } from '../_shared/pricing.ts';
import { replyFailure } from './failures.ts';
import { openai, patienceMs, providerError } from './provider.ts';
import { modelOf, type Settings } from './settings.ts';

export interface Turn {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

export type ModelEvent =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'usage'; readonly model: string; readonly tokens: TokenCounts };

/**
 * Streams a reply. Usage comes last, and not at all after an abort.
 *
 * @throws {FunctionError} `unavailable` when the provider refuses, breaks off or falls silent.
 */
export async function* complete(
  system: string,
  history: readonly Turn[],
  settings: Settings,
  stop: AbortSignal,
): AsyncGenerator<ModelEvent> {
  const silence = new Silence();
  try {
    const stream = await openai().chat.completions.create(
      {
        model: modelOf(settings),
        // A visitor's text is never more than a `user` message: it cannot speak as the site.
        messages: [{ role: 'system', content: system }, ...history],
        max_completion_tokens: settings.max_output_tokens,
        ...(settings.temperature !== null && { temperature: settings.temperature }),
        stream: true,
        stream_options: { include_usage: true },
      },
      { signal: AbortSignal.any([stop, silence.signal]) },
    );
    silence.begin();
    for await (const chunk of stream) {
      silence.begin();
      // Postgres stores no NUL, and a reply that cannot be saved would never end.
      const text = chunk.choices[0]?.delta.content?.replaceAll('\0', '');
      if (text) yield { type: 'text', text };
      if (chunk.usage) yield { type: 'usage', model: chunk.model, tokens: tokensOf(chunk.usage) };
    }
    // The client takes an abort for a good end.
    if (silence.signal.aborted) throw replyFailure('provider');
  } catch (error) {
    if (stop.aborted) return;
    throw providerError(error);
  } finally {
    silence.end();
  }
}

/** Aborts what has been silent for too long. */
class Silence {
  readonly #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  begin(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#abort.abort(), patienceMs());
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

const tokensOf = (usage: OpenAI.CompletionUsage): TokenCounts => ({
  input: usage.prompt_tokens,
  cached: usage.prompt_tokens_details?.cached_tokens ?? 0,
  written: usage.prompt_tokens_details?.cache_write_tokens ?? 0,
  output: usage.completion_tokens,
});
