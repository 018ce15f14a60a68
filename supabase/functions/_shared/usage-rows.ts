import { co2Grams } from './footprint.ts';
import type { Charge, ProviderReport, UsageCount } from './providers/provider.ts';

/** A row of `model_prices`: micro-USD per million tokens, from a UTC day on. */
export interface DatedPrice {
  readonly model: string;
  readonly valid_from: string;
  readonly input_micro_usd: number;
  readonly cached_micro_usd: number;
  readonly output_micro_usd: number;
}

/** A row as `usage_apply` takes it. */
export interface UsageRow {
  readonly date: string;
  readonly model: string;
  readonly project: string;
  readonly requests: number;
  readonly context_tokens: number;
  readonly cached_tokens: number;
  readonly generated_tokens: number;
  readonly cost: number | null;
  readonly cost_source: 'estimated' | 'billed';
  readonly co2_grams: number | null;
  readonly provisional: boolean;
}

type Sum = Omit<UsageCount, 'date'> & { readonly date: string; readonly usd: number | undefined };

const DAY_MS = 86_400_000;

/**
 * What a provider reports, as rows: snapshots of a model added up, each priced and with its footprint.
 *
 * A day whose bill is there costs what the bill says, to the last line: what was used without a line was free, and a line
 * without usage is a row of its own. Today and yesterday are estimated by price, because bills lag behind; what has no
 * price takes what is billed so far.
 */
export function usageRows(report: ProviderReport, prices: readonly DatedPrice[], today: string): UsageRow[] {
  const billedDays = new Set(report.charges.map(({ date }) => date));
  const yesterday = new Date(Date.parse(today) - DAY_MS).toISOString().slice(0, 10);
  return [...sums(report).values()].map((sum) => {
    const provisional = sum.date >= yesterday;
    const estimate = estimateUsd(sum, prices);
    const billed =
      billedDays.has(sum.date) && !provisional ? (sum.usd ?? 0) : estimate === undefined ? sum.usd : undefined;
    const tokens = { input: sum.inputTokens, cached: sum.cachedTokens, output: sum.outputTokens };
    const grams = tokens.input + tokens.output > 0 ? co2Grams(sum.model, tokens)?.mid : undefined;
    return {
      date: sum.date,
      model: sum.model,
      project: sum.project,
      requests: sum.requests,
      context_tokens: sum.inputTokens,
      cached_tokens: sum.cachedTokens,
      generated_tokens: sum.outputTokens,
      cost: billed ?? estimate ?? null,
      cost_source: billed === undefined ? 'estimated' : 'billed',
      co2_grams: grams ?? null,
      provisional,
    };
  });
}

/** USD by the price of that day; `undefined` for what has none, which is not 0. */
function estimateUsd(sum: Sum, prices: readonly DatedPrice[]): number | undefined {
  const price = prices
    .filter(({ model, valid_from }) => model === sum.model && valid_from <= sum.date)
    .reduce<DatedPrice | undefined>(
      (newest, each) => (newest && newest.valid_from > each.valid_from ? newest : each),
      undefined,
    );
  if (!price) return undefined;
  const microUsdTimesMillion =
    (sum.inputTokens - sum.cachedTokens) * price.input_micro_usd +
    sum.cachedTokens * price.cached_micro_usd +
    sum.outputTokens * price.output_micro_usd;
  return microUsdTimesMillion / 1e12;
}

function sums({ usage, charges }: ProviderReport): Map<string, Sum> {
  const all = new Map<string, Sum>();
  const add = ({ date, model, project }: UsageCount | Charge, more: (sum: Sum) => Partial<Sum>) => {
    const key = JSON.stringify([date, model, project]);
    const sum = all.get(key) ?? {
      ...{ date, model, project, requests: 0, inputTokens: 0, cachedTokens: 0, outputTokens: 0 },
      usd: undefined,
    };
    all.set(key, { ...sum, ...more(sum) });
  };
  for (const each of usage) {
    add(each, (sum) => ({
      requests: sum.requests + each.requests,
      inputTokens: sum.inputTokens + each.inputTokens,
      cachedTokens: sum.cachedTokens + Math.min(each.cachedTokens, each.inputTokens),
      outputTokens: sum.outputTokens + each.outputTokens,
    }));
  }
  // A credit cannot make a row cost less than nothing.
  for (const each of charges) add(each, (sum) => ({ usd: Math.max(0, (sum.usd ?? 0) + each.usd) }));
  return all;
}
