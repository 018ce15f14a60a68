import { anthropicUsage } from './anthropic-usage.ts';
import { openAiUsage } from './openai-usage.ts';
import type { UsageProvider } from './provider.ts';

/** Sources of usage, by the name that keys, runs and rows have of them. */
export const PROVIDERS: ReadonlyMap<string, UsageProvider> = new Map(
  [openAiUsage, anthropicUsage].map((each) => [each.name, each]),
);
