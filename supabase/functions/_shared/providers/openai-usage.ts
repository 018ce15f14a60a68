import OpenAI from 'openai';
import { modelAlias } from '../model-alias.ts';
import { checkOpenAiKey, openAiAdmin, openAiComplaint, openAiError } from './openai-client.ts';
import { amount, count, dayOf, label, pagesOf, type Result } from './pages.ts';
import type { Charge, UsageCount, UsageProvider } from './provider.ts';

type Method = Exclude<keyof OpenAI['admin']['organization']['usage'], 'costs' | `_${string}`>;

const BY_MODEL = ['model', 'project_id'];
const BY_PROJECT = ['project_id'];

/** Every kind of usage that OpenAI lists. What has no model of its own is kept under a name. */
const KINDS: readonly { readonly method: Method; readonly groups: readonly string[]; readonly name?: string }[] = [
  { method: 'completions', groups: BY_MODEL },
  { method: 'embeddings', groups: BY_MODEL },
  { method: 'moderations', groups: BY_MODEL },
  { method: 'images', groups: BY_MODEL },
  { method: 'audioSpeeches', groups: BY_MODEL },
  { method: 'audioTranscriptions', groups: BY_MODEL },
  { method: 'decisions', groups: BY_MODEL },
  // Its models' own tokens are among the completions already.
  { method: 'webSearchCalls', groups: BY_PROJECT, name: 'web-search' },
  { method: 'fileSearchCalls', groups: BY_PROJECT, name: 'file-search' },
  { method: 'codeInterpreterSessions', groups: BY_PROJECT, name: 'code-interpreter' },
  { method: 'vectorStores', groups: BY_PROJECT, name: 'vector-storage' },
];

/** The lines of a bill that name no model; as the live API has been seen to write them. */
const TOOLS: readonly (readonly [line: RegExp, name: string])[] = [
  [/web search/i, 'web-search'],
  [/file search/i, 'file-search'],
  [/code interpreter/i, 'code-interpreter'],
  [/vector storage|vector store/i, 'vector-storage'],
];

/** The most days that a page of each may have. */
const USAGE_PAGE = 31;
const COSTS_PAGE = 180;

/** OpenAI's organisation usage and costs, with an admin key. */
export const openAiUsage: UsageProvider = {
  name: 'openai',
  complaint: openAiComplaint,
  check: checkOpenAiKey,
  async read(key, from, to) {
    const { usage } = openAiAdmin(key).admin.organization;
    const days = {
      start_time: Date.parse(from) / 1000,
      end_time: Date.parse(to) / 1000 + 86_400,
      bucket_width: '1d' as const,
    };
    const counts: UsageCount[] = [];
    // One after the other: an organisation's limits are not known, and are shared with whoever else reads.
    for (const { method, groups, name } of KINDS) {
      const ask = (page: string | undefined) => {
        const query = { ...days, group_by: groups, limit: USAGE_PAGE, ...(page && { page }) };
        return usage[method](query as never).catch((error: unknown) => {
          // A kind that this organisation's API does not have; the first is everybody's.
          if (error instanceof OpenAI.NotFoundError && method !== 'completions') return NOTHING;
          throw openAiError(error);
        });
      };
      for await (const { date, result } of pagesOf(ask, dayOf)) counts.push(countOf(date, result, name));
    }
    const charges: Charge[] = [];
    const askCosts = (page: string | undefined) =>
      usage
        .costs({ ...days, group_by: ['project_id', 'line_item'], limit: COSTS_PAGE, ...(page && { page }) })
        .catch((error: unknown) => {
          throw openAiError(error);
        });
    for await (const { date, result } of pagesOf(askCosts, dayOf)) charges.push(chargeOf(date, result));
    return { usage: counts, charges };
  },
};

const NOTHING = { data: [], has_more: false, next_page: null };

const countOf = (date: string, result: Result, name: string | undefined): UsageCount => ({
  date,
  model: name ?? modelAlias(label(result.model) || 'unknown'),
  project: label(result.project_id),
  requests: count(result.num_model_requests ?? result.num_requests ?? result.num_sessions),
  inputTokens: count(result.input_tokens),
  cachedTokens: count(result.input_cached_tokens),
  writtenTokens: count(result.input_cache_write_tokens),
  outputTokens: count(result.output_tokens),
});

/** A line of the bill is `<model>, <what of it>`, or the name of a tool. */
function chargeOf(date: string, result: Result): Charge {
  const line = label(result.line_item) || 'other';
  const tool = TOOLS.find(([pattern]) => pattern.test(line))?.[1];
  const [model = line] = line.split(', ');
  const { value, currency } = { ...(result.amount as Result | undefined) };
  return {
    date,
    model: tool ?? modelAlias(model),
    project: label(result.project_id),
    usd: amount(value, currency),
  };
}
