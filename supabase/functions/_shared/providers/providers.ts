import { openAiUsage } from './openai-usage.ts';
import type { UsageProvider } from './provider.ts';

/** Sources of usage, by the name that runs and rows have of them. */
export const PROVIDERS: ReadonlyMap<string, UsageProvider> = new Map([openAiUsage].map((each) => [each.name, each]));
