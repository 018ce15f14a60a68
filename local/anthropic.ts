import { takeFailure, type Failure } from './openai/failures.ts';
import { DAY_MS, noise } from './openai/organization.ts';

/** As the models are reported; USD per million tokens of input and output, invented for the stand-in. */
const MODELS = [
  { model: 'claude-sonnet-4-20250514', tokens: 90_000, input: 3, output: 15 },
  { model: 'claude-haiku-4-5-20251001', tokens: 300_000, input: 1, output: 5 },
];

const WORKSPACES = [null, 'wrkspc_lab'];

/**
 * Stands in for the usage and cost reports of Anthropic's Admin API: for every admin key an organisation. Shapes:
 * https://platform.claude.com/docs/en/api/admin/usage_report/retrieve_messages and .../cost_report.
 */
export class AnthropicStandIn {
  /** What the next requests meet instead of an answer, one each. */
  readonly failures: Failure[] = [];
  /** The admin keys that exist; any well-formed one while this is not set. */
  adminKeys: ReadonlySet<string> | undefined;
  now = () => Date.now();

  handle(request: Request): Promise<Response> {
    const { pathname, searchParams: query } = new URL(request.url);
    const failure = takeFailure(this.failures, pathname);
    if (failure && 'status' in failure) return refuse(failure.status, 'api_error', failure.retryAfterS);
    const key = request.headers.get('x-api-key') ?? '';
    const known = this.adminKeys ? this.adminKeys.has(key) : key.startsWith('sk-ant-admin');
    if (!known || !request.headers.get('anthropic-version')) return refuse(401, 'authentication_error');
    const resultsOf = { '/usage_report/messages': usageOn, '/cost_report': costsOn }[
      pathname.replace('/anthropic/v1/organizations', '')
    ];
    if (!resultsOf) return refuse(404, 'not_found_error');
    const start = Date.parse(query.get('page') ?? query.get('starting_at') ?? '');
    const limit = Number(query.get('limit') ?? 7);
    if (Number.isNaN(start) || limit < 1 || limit > 31) return refuse(400, 'invalid_request_error');
    const end = Math.min(Date.parse(query.get('ending_at') ?? '') || Infinity, this.now());
    const days = Array.from({ length: limit }, (_, index) => start + index * DAY_MS).filter((day) => day < end);
    const next = start + limit * DAY_MS;
    const iso = (time: number) => new Date(time).toISOString();
    return Promise.resolve(
      Response.json({
        data: days.map((day) => ({
          starting_at: iso(day),
          ending_at: iso(day + DAY_MS),
          results: resultsOf(key, day),
        })),
        has_more: next < end,
        next_page: next < end ? iso(next) : null,
      }),
    );
  }
}

const usedOn = (key: string, day: number) =>
  MODELS.flatMap(({ model, tokens, input, output }) =>
    WORKSPACES.map((workspace_id) => {
      const about = (what: string) => Math.round(tokens * (0.5 + noise(key, day, model, workspace_id, what)));
      return {
        model,
        workspace_id,
        fresh: about('fresh'),
        cached: about('cached'),
        output: about('output'),
        usd: { input, output },
      };
    }),
  );

const usageOn = (key: string, day: number) =>
  usedOn(key, day).map(({ model, workspace_id, fresh, cached, output }) => ({
    ...{ account_id: null, api_key_id: null, context_window: null, inference_geo: null, service_tier: null },
    model,
    workspace_id,
    uncached_input_tokens: fresh,
    cache_creation: { ephemeral_1h_input_tokens: 5, ephemeral_5m_input_tokens: 10 },
    cache_read_input_tokens: cached,
    output_tokens: output,
    server_tool_use: { web_search_requests: workspace_id ? 2 : 0 },
  }));

/** Amounts are decimal texts, in cents. */
const costsOn = (key: string, day: number) =>
  usedOn(key, day).map(({ model, workspace_id, fresh, output, usd }) => ({
    amount: ((fresh * usd.input + output * usd.output) / 1e4).toFixed(6),
    currency: 'USD',
    cost_type: 'tokens',
    description: `${model} Usage`,
    ...{ context_window: null, inference_geo: null, service_tier: 'standard', token_type: null },
    model,
    workspace_id,
  }));

function refuse(status: number, type: string, retryAfterS?: number): Promise<Response> {
  const headers = retryAfterS === undefined ? undefined : { 'retry-after': String(retryAfterS) };
  const body = { type: 'error', error: { type, message: `The stand-in refuses this with ${status}.` } };
  return Promise.resolve(Response.json(body, { status, ...(headers && { headers }) }));
}
