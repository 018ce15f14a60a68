import { lastDays, type UsageRow } from './usage-series.ts';

/** Costs and grams CO2e are what `pricing.ts` and `footprint.ts` make of the tokens. */
const MODELS = [
  { model: 'gpt-4o', requests: 24, context: 2600, generated: 520, usdPerRequest: 0.0117, gramsPerRequest: 0.56 },
  { model: 'gpt-4o-mini', requests: 90, context: 1400, generated: 350, usdPerRequest: 0.00042, gramsPerRequest: 0.033 },
  { model: 'gpt-5-mini', requests: 45, context: 1900, generated: 610, usdPerRequest: 0.0017, gramsPerRequest: 0.053 },
] as const;

/** Invented usage of the last days, the same at every call: shown, labelled, where there is nothing real to show. */
export function sampleUsage(days: number, now: number = Date.now()): UsageRow[] {
  return lastDays(days, now).flatMap((date, day) =>
    MODELS.map(({ model, requests, context, generated, usdPerRequest, gramsPerRequest }, index) => {
      const weekend = [0, 6].includes(new Date(date).getUTCDay()) ? 0.35 : 1;
      // Three waves out of step: it looks alive and needs no random numbers.
      const count = Math.round(requests * weekend * (1 + 0.3 * Math.sin(day / 2 + index * 2)));
      return {
        id: `sample-${date}-${model}`,
        date,
        model,
        project: '',
        source: 'sample' as const,
        requests: count,
        context_tokens: count * context,
        cached_tokens: 0,
        generated_tokens: count * generated,
        cost: count * usdPerRequest,
        co2_grams: count * gramsPerRequest,
      };
    }),
  );
}
