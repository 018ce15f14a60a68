import { baseModel, modelAlias } from './model-alias.ts';
import { PRICES } from './prices.ts';

export { modelAlias };

export interface TokenCounts {
  /** Input tokens; the cached and the written ones are among them. */
  readonly input: number;
  /** Read from the provider's cache. */
  readonly cached: number;
  /** Written to its cache, as providers do that charge for it; `written1h` is what is kept there for an hour. */
  readonly written?: number;
  readonly written1h?: number;
  /** Output tokens; those of hidden reasoning are among them. */
  readonly output: number;
}

/** Micro-USD per million tokens. */
export type Price = Readonly<Record<keyof TokenCounts, number>>;

/**
 * What a model's tokens cost on a UTC day, as its provider publishes it (https://developers.openai.com/api/docs/pricing,
 * https://platform.claude.com/docs/en/about-claude/pricing); `undefined` for a model without a known price, which is not 0.
 * A fine-tuned model costs what those of its base do.
 *
 * It is the list price of single requests with short prompts. Not in it, because what is counted by model and day does not
 * show it: the surcharge for long prompts (from 200,000 or 272,000 tokens on), the discounts for batches and flexible
 * tiers, the surcharges for fast ones and for regions, and the twelve-hour cache. Tokens of audio and images have several
 * prices, so models of these have none here. A finished day takes what is billed instead.
 */
export function priceOf(provider: string, model: string, day: string = utcToday()): Price | undefined {
  const name = baseModel(model);
  const row = PRICES.findLast(([of, known, validFrom]) => of === provider && known === name && validFrom <= day);
  if (!row) return undefined;
  const [, , , input, cached, written, written1h, output] = row;
  return { input, cached, written, written1h, output };
}

/** What tokens cost by the price of a UTC day, in micro-USD and fractions of it; `undefined` without a known price. */
export function costOf(provider: string, model: string, tokens: TokenCounts, day?: string): number | undefined {
  const price = priceOf(provider, model, day);
  if (!price) return undefined;
  const { input, cached, written = 0, written1h = 0, output } = tokens;
  const total =
    (input - cached - written - written1h) * price.input +
    cached * price.cached +
    written * price.written +
    written1h * price.written1h +
    output * price.output;
  return total / 1e6;
}

const utcToday = () => new Date().toISOString().slice(0, 10);
