import { baseModel } from './model-alias.ts';
import type { TokenCounts } from './pricing.ts';

/** An estimate that is honest about its width, in grams CO2e: `mid` is the geometric mean of the two others. */
export interface Footprint {
  readonly low: number;
  readonly mid: number;
  readonly high: number;
}

/** How the figures come about; changes with every figure below, so that numbers of different methods can be told apart. */
export const FOOTPRINT_METHOD = 'livelit-2026-11';

/** Whose figures they are, for people. */
export const FOOTPRINT_SOURCE = 'Energy: EcoLogits, Epoch AI, University of Rhode Island. Electricity: Ember, 2024.';

/**
 * Wh per thousand output tokens, the data centre's overhead included, by the size of the model: the least and the most that
 * is published for one of that size. Providers publish neither; hardware, training and networks are not in it.
 *
 * small, 8 to 28 billion parameters: EcoLogits' formula, 0.094 to 0.235.
 * large, 44 to 132 of 440 billion active: Epoch AI's 0.3 Wh for GPT-4o and 500 tokens, to EcoLogits' formula, 3.85.
 * largest, 176 to 528 of 1,760 billion active: the University of Rhode Island's 2.12 Wh for GPT-4 and 1,000 tokens, to
 * EcoLogits' formula, 52.4.
 *
 * EcoLogits, formula and the assumed sizes (a tenth to three tenths of the parameters are active):
 * https://github.com/genai-impact/ecologits/blob/af96c0ffcb0d925a39f9939d30f4b0303e988601/docs/methodology/llm_inference.md
 * and proprietary_models.md beside it; test/functions/footprint.test.ts works the formula out. Epoch AI, February 2025:
 * https://epoch.ai/gradient-updates/how-much-energy-does-chatgpt-use. The University's AI lab, August 2025, as newspapers
 * reported it; its figures for GPT-5 (18 Wh) and o3 (25 Wh) are left out, because it counts a thousand tokens of the answer
 * there and not those of the reasoning before it, which are billed and counted here as output.
 */
const OUTPUT_WH_PER_1K = {
  small: [0.09, 0.24],
  large: [0.6, 3.9],
  largest: [2.1, 52],
} as const satisfies Record<string, Range>;

type Range = readonly [low: number, high: number];

/**
 * Reading a token takes this part of writing one. Assumed: Epoch AI's 2.5 Wh for 10,000 tokens of input and 40 Wh for
 * 100,000 lie within what comes out.
 */
const INPUT_SHARE: Range = [1 / 10, 1 / 4];

/** A cached token takes a tenth of another one. Assumed, because its price does. */
const CACHED_SHARE = 0.1;

/** Where a provider does not say where it computes; EcoLogits assumes the same of OpenAI and Anthropic. */
export const DEFAULT_REGION = 'US';

/**
 * g CO2e/kWh of electricity that was generated there in 2024, over its life cycle and whoever bought it (location-based):
 * the countries with regions of the large clouds. Source: Ember, CC BY 4.0, by way of
 * https://github.com/thegreenwebfoundation/co2.js/blob/6628f83f24c2d836fb7ac0dd80eaf5012b27bae4/data/output/average-intensities.json
 */
// prettier-ignore
export const GRID_G_PER_KWH: Readonly<Record<string, number>> = {
  AT: 102.62, AU: 551.59, BE: 117.58, BR: 103.21, CA: 174.81, CH: 36.6, CL: 265.52, CN: 559.55, CZ: 413.86, DE: 344.14,
  DK: 143.3, ES: 146.15, FI: 72.25, FR: 44.18, GB: 210.89, GR: 319.76, IE: 279.7, IN: 708.32, IT: 287.53, JP: 482.32,
  KR: 414.27, MX: 484.83, MY: 609.85, NL: 253.31, NO: 30.75, NZ: 120.11, PL: 614.98, PT: 112.29, QA: 602.83, SE: 35.82,
  SG: 498.74, TH: 554.5, TW: 635.65, US: 383.55, ZA: 708.88,
  EU: 213.31, WORLD: 473.05,
};

/** Grams CO2e of the electricity that tokens take; `undefined` for a model of unknown size and for an unknown region. */
export function co2Grams(
  model: string,
  { input, cached, output }: TokenCounts,
  region: string = DEFAULT_REGION,
): Footprint | undefined {
  const size = sizeOf(model);
  const grid = Object.hasOwn(GRID_G_PER_KWH, region) ? GRID_G_PER_KWH[region] : undefined;
  if (!size || grid === undefined) return undefined;
  const grams = (end: 0 | 1) => {
    const asOutput = output + (input - cached + cached * CACHED_SHARE) * INPUT_SHARE[end];
    const wh = (asOutput / 1000) * OUTPUT_WH_PER_1K[size][end];
    return (wh / 1000) * grid;
  };
  const [low, high] = [grams(0), grams(1)];
  return { low, mid: Math.sqrt(low * high), high };
}

/** Tokens of several kinds, or of models whose energy nobody publishes anything about. */
const OTHER_MODELS = /audio|image|realtime|transcribe|tts|whisper|embedding|moderation|dall-e|sora/;

/**
 * The size of most models is not published. EcoLogits concludes from prices to sizes; so do we, and go by the names of
 * families, which are ordered as their prices are (the test compares the two).
 */
const SIZES: readonly (readonly [names: RegExp, size: keyof typeof OUTPUT_WH_PER_1K])[] = [
  [/mini|nano|luna|oss|haiku/, 'small'],
  [/^(ft:)?gpt-4(-|$)|^gpt-4\.5|^o1|-pro(-|$)|astra|claude-3-opus|opus-4(-[01])?$|fable|mythos/, 'largest'],
  [/^(ft:|chat)?gpt-[4-9]|^o\d|sonnet|opus/, 'large'],
];

function sizeOf(model: string) {
  const name = baseModel(model);
  return OTHER_MODELS.test(name) ? undefined : SIZES.find(([names]) => names.test(name))?.[1];
}

/** What the footprint of a row of `usage_data` comes from. */
export interface UsedTokens {
  readonly model: string;
  readonly context_tokens: number;
  readonly cached_tokens: number;
  readonly generated_tokens: number;
  /** The middle of an estimate; null when it is unknown. */
  readonly co2_grams: number | null;
}

export interface UsageFootprint extends Footprint {
  /** Models of rows that are not in the sums, because nothing is known about them. */
  readonly unknown: readonly string[];
  readonly method: string;
  readonly source: string;
}

/**
 * Grams CO2e of rows: what they say, with the width of its estimate; with a `region` all is estimated anew for that
 * electricity: a country as `DE` (ISO 3166), `EU` or `WORLD`, as `GRID_G_PER_KWH` lists them.
 *
 * @throws {RangeError} when nothing is known about the electricity of the region.
 */
export function usageFootprint(
  rows: readonly UsedTokens[],
  { region }: { readonly region?: string | undefined } = {},
): UsageFootprint {
  if (region !== undefined && !Object.hasOwn(GRID_G_PER_KWH, region)) {
    const known = Object.keys(GRID_G_PER_KWH).join(', ');
    throw new RangeError(`Nothing is known about the electricity of "${region}". Regions are: ${known}.`);
  }
  const sum = { low: 0, mid: 0, high: 0 };
  const unknown = new Set<string>();
  for (const row of rows) {
    const grams = region === undefined ? storedGrams(row) : co2Grams(row.model, tokensOf(row), region);
    if (!grams) unknown.add(row.model);
    for (const end of ['low', 'mid', 'high'] as const) sum[end] += grams?.[end] ?? 0;
  }
  return { ...sum, unknown: [...unknown].sort(), method: FOOTPRINT_METHOD, source: FOOTPRINT_SOURCE };
}

/** The width of an estimate depends on the model, and not on the electricity; a figure from elsewhere has none. */
function storedGrams(row: UsedTokens): Footprint | undefined {
  if (row.co2_grams === null) return undefined;
  const { low, mid, high } = co2Grams(row.model, tokensOf(row)) ?? { low: 0, mid: 0, high: 0 };
  const scale = (end: number) => (mid > 0 ? (end / mid) * row.co2_grams! : row.co2_grams!);
  return { low: scale(low), mid: row.co2_grams, high: scale(high) };
}

const tokensOf = (row: UsedTokens): TokenCounts => ({
  input: row.context_tokens,
  cached: row.cached_tokens,
  output: row.generated_tokens,
});
