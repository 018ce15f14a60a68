import { replyFailure } from './failures.ts';
import { openai, providerError } from './provider.ts';

/**
 * Asks the provider whether a visitor's text may be answered. A provider that cannot say counts as one that does not
 * answer: whoever switches moderation on wants nothing to pass without it.
 *
 * @throws {FunctionError} `invalid` (`moderation`) when it may not.
 */
export async function moderate(text: string, signal: AbortSignal): Promise<void> {
  try {
    const { results } = await openai().moderations.create({ model: 'omni-moderation-latest', input: text }, { signal });
    if (results.some(({ flagged }) => flagged)) throw replyFailure('moderation');
  } catch (error) {
    if (!signal.aborted) throw providerError(error);
  }
}
