import { modelAlias, type TokenCounts } from './pricing.ts';

/** An estimate that is honest about its width, in grams CO2e. */
export interface Footprint {
  readonly low: number;
  readonly mid: number;
  readonly high: number;
}

type Range = readonly [low: number, mid: number, high: number];

/**
 * Wh per thousand output tokens, data-centre overhead included.
 *
 * Small models: EcoLogits' formula for 8–28 billion active parameters gives 0.089–0.113, Epoch AI's 0.06 Wh a query of
 * 500 tokens gives 0.12. Large models: Epoch AI's 0.3 Wh a query of 500 tokens gives 0.6 for GPT-4o, EcoLogits' formula
 * gives up to 3.8; the middle is their geometric mean.
 * Sources: https://ecologits.ai/latest/methodology/llm_inference/,
 * https://epoch.ai/gradient-updates/how-much-energy-does-chatgpt-use
 */
const OUTPUT_WH_PER_1K = {
  small: [0.089, 0.1, 0.12],
  large: [0.6, 1.5, 3.8],
} as const satisfies Record<string, Range>;

/** Reading a token costs a tenth to a quarter of writing one (assumed, from Epoch AI's figures for long inputs). */
const INPUT_SHARE: Range = [1 / 10, 1 / 6, 1 / 4];

/** A cached input token costs a tenth of another one (assumed, as its price is). */
const CACHED_SHARE = 0.1;

/** Grid intensity in g CO2e/kWh: USA, location-based, annual mean. Source: Ember, by way of @tgwf/co2 0.19. */
const GRID_G_PER_KWH = 383.55;

const SIZES: Readonly<Record<string, keyof typeof OUTPUT_WH_PER_1K>> = {
  'gpt-4o-mini': 'small',
  'gpt-4o': 'large',
  'gpt-5-mini': 'small',
};

/** Grams CO2e of a call's electricity, embodied emissions left out; `undefined` for a model of unknown size. */
export function co2Grams(model: string, { input, cached, output }: TokenCounts): Footprint | undefined {
  const size = SIZES[modelAlias(model)];
  if (!size) return undefined;
  const grams = (index: 0 | 1 | 2) => {
    const outputWh = OUTPUT_WH_PER_1K[size][index];
    const weighed = output + (input - cached + cached * CACHED_SHARE) * INPUT_SHARE[index];
    return ((weighed / 1000) * outputWh * GRID_G_PER_KWH) / 1000;
  };
  return { low: grams(0), mid: grams(1), high: grams(2) };
}
