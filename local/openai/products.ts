/** What an endpoint `/organization/usage/<kind>` counts. */
export type Kind =
  | 'completions'
  | 'embeddings'
  | 'moderations'
  | 'images'
  | 'audio_speeches'
  | 'audio_transcriptions'
  | 'vector_stores'
  | 'code_interpreter_sessions'
  | 'file_search_calls'
  | 'web_search_calls'
  | 'decisions';

/** Something that an organisation uses every day, and what OpenAI charges for it. */
export interface Product {
  readonly kind: Kind;
  /** As OpenAI reports it: the dated snapshot where there is one. */
  readonly model: string | null;
  /** On an ordinary weekday, in the whole organisation. */
  readonly requests: number;
  /** What one request uses, on average. */
  readonly uses: Readonly<Record<string, number>>;
  /** The lines of the bill: of which use, its unit there, and USD for one. */
  readonly prices: readonly {
    readonly lineItem: string;
    readonly use: string;
    readonly unit: string | null;
    readonly usd: number;
  }[];
  /** The further fields by which its usage can be grouped. */
  readonly fields?: Readonly<Record<string, string | boolean>>;
}

/** USD per million tokens; the names of the lines are as the live API has been seen to write them. */
const chat = (model: string, requests: number, tokens: [number, number, number], usd: [number, number, number]) => ({
  kind: 'completions' as const,
  model,
  requests,
  uses: { input_uncached_tokens: tokens[0], input_cached_tokens: tokens[1], output_tokens: tokens[2] },
  prices: [
    { lineItem: `${model}, input`, use: 'input_uncached_tokens', unit: 'tokens', usd: usd[0] / 1e6 },
    { lineItem: `${model}, cached input`, use: 'input_cached_tokens', unit: 'tokens', usd: usd[1] / 1e6 },
    { lineItem: `${model}, output`, use: 'output_tokens', unit: 'tokens', usd: usd[2] / 1e6 },
  ],
  fields: { batch: false, service_tier: 'default', api_source: 'unlabeled' },
});

/** A use that is billed one by one. */
const single = (
  kind: Kind,
  model: string | null,
  requests: number,
  [use, each]: [string, number],
  prices: [lineItem: string, unit: string | null, usd: number][],
  fields: Product['fields'] = {},
): Product => ({
  kind,
  model,
  requests,
  uses: { [use]: each },
  prices: prices.map(([lineItem, unit, usd]) => ({ lineItem, use, unit, usd })),
  fields,
});

/**
 * Source: https://developers.openai.com/api/docs/pricing, November 2026. Kept apart from the functions' own prices, as a
 * bill is. The functions know no price of what is not counted in tokens: that is only in the costs.
 */
export const PRODUCTS: readonly Product[] = [
  chat('gpt-4o-mini-2024-07-18', 600, [700, 300, 250], [0.15, 0.075, 0.6]),
  chat('gpt-4o-2024-08-06', 60, [1200, 400, 350], [2.5, 1.25, 10]),
  chat('gpt-5-mini-2025-08-07', 120, [900, 500, 600], [0.25, 0.025, 2]),
  chat('o4-mini-2025-04-16', 15, [800, 0, 1500], [1.1, 0.275, 4.4]),
  single(
    'embeddings',
    'text-embedding-3-small',
    200,
    ['input_tokens', 400],
    [['text-embedding-3-small, input', 'tokens', 0.02 / 1e6]],
  ),
  single('moderations', 'omni-moderation-latest', 300, ['input_tokens', 60], []),
  single('images', 'dall-e-3', 6, ['images', 1], [['dall-e-3, images', 'images', 0.04]], {
    size: '1024x1024',
    source: 'image.generation',
  }),
  single('audio_speeches', 'tts-1', 9, ['characters', 500], [['tts-1, characters', 'characters', 15 / 1e6]]),
  single('audio_transcriptions', 'whisper-1', 6, ['seconds', 90], [['whisper-1, audio', 'duration_seconds', 0.0001]]),
  single('vector_stores', null, 12, ['usage_bytes', 5_000_000], [['vector storage', null, 0.1 / 1e9]]),
  single('code_interpreter_sessions', null, 6, ['num_sessions', 1], [['code interpreter sessions', null, 0.03]]),
  single('file_search_calls', null, 12, ['num_requests', 1], [['file search tool calls', null, 0.0025]], {
    vector_store_id: 'vs_standin',
  }),
  single('web_search_calls', 'gpt-4o-2024-08-06', 9, ['num_requests', 1], [['web search tool calls', null, 0.01]], {
    context_level: 'medium',
    api_source: 'unlabeled',
  }),
];
