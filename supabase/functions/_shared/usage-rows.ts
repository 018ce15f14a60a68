import { co2Grams } from './footprint.ts';
import { costOf, type TokenCounts } from './pricing.ts';
import type { Charge, ProviderReport, UsageCount } from './providers/provider.ts';

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

type Sum = Required<UsageCount> & { readonly usd: number | undefined };

const DAY_MS = 86_400_000;

/** Whose report it is, when it was read, and where the electricity comes from. */
export interface Reading {
  readonly provider: string;
  /** UTC day. */
  readonly today: string;
  /** As `co2Grams` takes it. */
  readonly region?: string | undefined;
}

/**
 * What a provider reports, as rows: snapshots of a model added up, each priced and with its footprint.
 *
 * A day whose bill is there costs what the bill says, to the last line: what was used without a line was free, and a line
 * without usage is a row of its own. Today and yesterday are estimated by price, because bills lag behind; what has no
 * price takes what is billed so far.
 */
export function usageRows(report: ProviderReport, { provider, today, region }: Reading): UsageRow[] {
  const billedDays = new Set(report.charges.map(({ date }) => date));
  const yesterday = new Date(Date.parse(today) - DAY_MS).toISOString().slice(0, 10);
  return [...sums(report).values()].map((sum) => {
    const provisional = sum.date >= yesterday;
    const tokens = tokensOf(sum);
    // What is counted in something else than tokens costs something else than tokens do.
    const counted = tokens.input + tokens.output > 0;
    const microUsd = counted ? costOf(provider, sum.model, tokens, sum.date) : undefined;
    const estimate = microUsd === undefined ? undefined : microUsd / 1e6;
    const billed =
      billedDays.has(sum.date) && !provisional ? (sum.usd ?? 0) : estimate === undefined ? sum.usd : undefined;
    const grams = counted ? co2Grams(sum.model, tokens, region)?.mid : undefined;
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

const tokensOf = (sum: Sum): TokenCounts => ({
  input: sum.inputTokens,
  cached: sum.cachedTokens,
  written: sum.writtenTokens,
  written1h: sum.written1hTokens,
  output: sum.outputTokens,
});

function sums({ usage, charges }: ProviderReport): Map<string, Sum> {
  const all = new Map<string, Sum>();
  const add = ({ date, model, project }: UsageCount | Charge, more: (sum: Sum) => Partial<Sum>) => {
    const key = JSON.stringify([date, model, project]);
    const sum = all.get(key) ?? {
      ...{ date, model, project, requests: 0, inputTokens: 0, cachedTokens: 0, outputTokens: 0 },
      ...{ writtenTokens: 0, written1hTokens: 0, usd: undefined },
    };
    all.set(key, { ...sum, ...more(sum) });
  };
  for (const each of usage) {
    const cached = Math.min(each.cachedTokens, each.inputTokens);
    const written1h = Math.min(each.written1hTokens ?? 0, each.inputTokens - cached);
    const written = Math.min(each.writtenTokens ?? 0, each.inputTokens - cached - written1h);
    add(each, (sum) => ({
      requests: sum.requests + each.requests,
      inputTokens: sum.inputTokens + each.inputTokens,
      cachedTokens: sum.cachedTokens + cached,
      writtenTokens: sum.writtenTokens + written,
      written1hTokens: sum.written1hTokens + written1h,
      outputTokens: sum.outputTokens + each.outputTokens,
    }));
  }
  // A credit cannot make a row cost less than nothing.
  for (const each of charges) add(each, (sum) => ({ usd: Math.max(0, (sum.usd ?? 0) + each.usd) }));
  return all;
}
