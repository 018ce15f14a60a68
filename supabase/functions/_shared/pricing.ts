/** USD per million tokens. */
interface Price {
  readonly input: number;
  readonly cached: number;
  readonly output: number;
}

/** Source: https://developers.openai.com/api/docs/pricing, read with @pydantic/genai-prices 0.1.8 in November 2026. */
const PRICES: Readonly<Record<string, Price>> = {
  'gpt-4o-mini': { input: 0.15, cached: 0.075, output: 0.6 },
  'gpt-4o': { input: 2.5, cached: 1.25, output: 10 },
  'gpt-5-mini': { input: 0.25, cached: 0.025, output: 2 },
};

export interface TokenCounts {
  /** Input tokens, the cached ones included. */
  readonly input: number;
  readonly cached: number;
  readonly output: number;
}

/** `gpt-4o-mini-2024-07-18` → `gpt-4o-mini`: usage and prices are kept by alias, not by dated snapshot. */
export const modelAlias = (model: string): string => model.replace(/-\d{4}-\d{2}-\d{2}$/, '');

/** What a call costs in micro-USD, rounded up; `undefined` for a model without a known price, which is not 0. */
export function costMicroUsd(model: string, { input, cached, output }: TokenCounts): number | undefined {
  const price = PRICES[modelAlias(model)];
  if (!price) return undefined;
  // USD per million tokens is micro-USD per token.
  return Math.ceil((input - cached) * price.input + cached * price.cached + output * price.output);
}
