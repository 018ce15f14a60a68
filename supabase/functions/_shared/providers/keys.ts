import { checkAnthropicKey, anthropicComplaint } from './anthropic-client.ts';
import { checkOpenAiKey, openAiComplaint } from './openai-client.ts';

const KINDS = {
  openai: { complaint: openAiComplaint, check: checkOpenAiKey },
  anthropic: { complaint: anthropicComplaint, check: checkAnthropicKey },
};

/** What is wrong with the form of a key, as a sentence; `undefined` when it may be one. */
export const complaintAbout = (provider: keyof typeof KINDS, key: string) => KINDS[provider].complaint(key);

/** Asks the provider whether a key may read usage. @throws {ProviderError} */
export const checkKey = (provider: keyof typeof KINDS, key: string) => KINDS[provider].check(key);
