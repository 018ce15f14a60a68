/** The row of `private.chat_settings`, as far as an answer depends on it. */
export interface Settings {
  /** Counts changes of the settings and of the knowledge. */
  readonly revision: number;
  readonly system_prompt: string;
  readonly model: string | null;
  readonly temperature: number | null;
  readonly max_output_tokens: number;
  readonly daily_cap_micro_usd: number | null;
  readonly max_message_length: number;
  readonly moderation: boolean;
  /** Whether passages are found by meaning too. */
  readonly semantic_search: boolean;
}

/** Any provider that speaks Chat Completions serves: set `OPENAI_BASE_URL`, and here or in `OPENAI_MODEL` the model. */
export const modelOf = ({ model }: Settings): string => model ?? Deno.env.get('OPENAI_MODEL') ?? 'gpt-4o-mini';

/** USD 1 a day, unless the owner or `DAILY_CAP_MICRO_USD` says otherwise. */
export const dailyCapOf = ({ daily_cap_micro_usd: cap }: Settings): number =>
  cap ?? Number(Deno.env.get('DAILY_CAP_MICRO_USD') ?? 1_000_000);
