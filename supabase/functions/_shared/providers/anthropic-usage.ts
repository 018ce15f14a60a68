import { modelAlias } from '../model-alias.ts';
import { anthropicComplaint, askAnthropic, checkAnthropicKey } from './anthropic-client.ts';
import { amount, count, label, malformed, object, pagesOf, type Result } from './pages.ts';
import type { Charge, UsageCount, UsageProvider } from './provider.ts';

const DAY_MS = 86_400_000;

/** The most days that a page may have. */
const PAGE = '31';

/** What costs without a model. */
const TOOLS: ReadonlyMap<unknown, string> = new Map([
  ['web_search', 'web-search'],
  ['code_execution', 'code-execution'],
]);

/**
 * Anthropic's organisation usage and costs, with an admin key; workspaces are its projects. It counts tokens and no
 * requests. Source: https://platform.claude.com/docs/en/api/admin/usage_report/retrieve_messages, .../cost_report.
 */
export const anthropicUsage: UsageProvider = {
  name: 'anthropic',
  complaint: anthropicComplaint,
  check: checkAnthropicKey,
  async read(key, from, to) {
    const usage: UsageCount[] = [];
    const messages = asker(key, 'usage_report/messages', ['workspace_id', 'model'], from, to);
    for await (const { date, result } of pagesOf(messages, dayOf)) usage.push(...countsOf(date, result));
    const charges: Charge[] = [];
    const costs = asker(key, 'cost_report', ['workspace_id', 'description'], from, to);
    for await (const { date, result } of pagesOf(costs, dayOf)) charges.push(chargeOf(date, result));
    return { usage, charges };
  },
};

function asker(key: string, path: string, groups: readonly string[], from: string, to: string) {
  return (page: string | undefined) => {
    const query = new URLSearchParams({ starting_at: `${from}T00:00:00Z`, bucket_width: '1d', limit: PAGE });
    // Buckets that end before it are answered: a day more, so that the last one is among them however that is meant.
    query.set('ending_at', new Date(Date.parse(to) + 2 * DAY_MS).toISOString());
    for (const group of groups) query.append('group_by[]', group);
    if (page) query.set('page', page);
    return askAnthropic(key, path, query);
  };
}

function countsOf(date: string, result: Result): UsageCount[] {
  const project = label(result.workspace_id);
  const written = object(result.cache_creation ?? {});
  const cachedTokens = count(result.cache_read_input_tokens);
  const writtenTokens = count(written.ephemeral_5m_input_tokens);
  const written1hTokens = count(written.ephemeral_1h_input_tokens);
  const searches = count(object(result.server_tool_use ?? {}).web_search_requests);
  const none = { date, project, requests: 0, inputTokens: 0, cachedTokens: 0, outputTokens: 0 };
  return [
    {
      ...none,
      model: modelAlias(label(result.model) || 'unknown'),
      inputTokens: count(result.uncached_input_tokens) + writtenTokens + written1hTokens + cachedTokens,
      cachedTokens,
      writtenTokens,
      written1hTokens,
      outputTokens: count(result.output_tokens),
    },
    ...(searches ? [{ ...none, model: 'web-search', requests: searches }] : []),
  ];
}

const chargeOf = (date: string, result: Result): Charge => ({
  date,
  model: TOOLS.get(result.cost_type) ?? modelAlias(label(result.model) || label(result.description) || 'other'),
  project: label(result.workspace_id),
  // In cents.
  usd: amount(result.amount, result.currency) / 100,
});

function dayOf({ starting_at }: Result): string {
  const time = typeof starting_at === 'string' ? Date.parse(starting_at) : NaN;
  if (Number.isNaN(time)) throw malformed();
  return new Date(time).toISOString().slice(0, 10);
}
