import type { LocalBackend } from '../../../local/backend.ts';

type Figures = readonly [requests: number, input: number, cached: number, output: number];

/** Where the table has a name of ours for what the provider counts without a model. */
const NAMED: Readonly<Record<string, string>> = {
  web_search_calls: 'web-search',
  file_search_calls: 'file-search',
  code_interpreter_sessions: 'code-interpreter',
  vector_stores: 'vector-storage',
};

const BY_MODEL = ['completions', 'embeddings', 'moderations', 'images', 'audio_speeches', 'audio_transcriptions'];

type Bucket = { readonly start_time: number; readonly results: readonly Record<string, unknown>[] };

/** All buckets of an endpoint of the stand-in from a UTC day to another, both included; asked for day by day. */
async function bucketsOf(backend: LocalBackend, key: string, path: string, groups: readonly string[], days: Days) {
  const buckets: Bucket[] = [];
  const [start, end] = [Date.parse(days.from) / 1000, Date.parse(days.to) / 1000 + 86_400];
  let page: string | null = null;
  do {
    const query = new URLSearchParams({ start_time: `${start}`, end_time: `${end}`, bucket_width: '1d', limit: '7' });
    for (const group of groups) query.append('group_by', group);
    if (page) query.set('page', page);
    const answer: Response = await backend.openai.handle(
      new Request(`${backend.url}/openai/v1/organization/${path}?${query}`, {
        headers: { authorization: `Bearer ${key}` },
      }),
    );
    if (!answer.ok) throw new Error(await answer.text());
    const body = (await answer.json()) as { data: Bucket[]; next_page: string | null };
    buckets.push(...body.data);
    page = body.next_page;
  } while (page);
  return buckets;
}

export interface Days {
  readonly from: string;
  readonly to: string;
}

const dayOf = ({ start_time }: Bucket) => new Date(start_time * 1000).toISOString().slice(0, 10);
const alias = (model: unknown) => String(model).replace(/-20\d\d-\d\d-\d\d$/, '');

/** What the stand-in has, as `day model project` → figures: what the table has to be equal to. */
export async function upstreamUsage(backend: LocalBackend, key: string, days: Days): Promise<Record<string, Figures>> {
  const all: Record<string, Figures> = {};
  for (const kind of [...BY_MODEL, ...Object.keys(NAMED)]) {
    const groups = kind in NAMED ? ['project_id'] : ['project_id', 'model'];
    for (const bucket of await bucketsOf(backend, key, `usage/${kind}`, groups, days)) {
      for (const result of bucket.results) {
        const requests = result.num_model_requests ?? result.num_requests ?? result.num_sessions ?? 0;
        all[`${dayOf(bucket)} ${NAMED[kind] ?? alias(result.model)} ${String(result.project_id)}`] = [
          requests,
          result.input_tokens ?? 0,
          result.input_cached_tokens ?? 0,
          result.output_tokens ?? 0,
        ] as unknown as Figures;
      }
    }
  }
  return all;
}

/** What the stand-in bills, USD by day. */
export async function upstreamCosts(backend: LocalBackend, key: string, days: Days): Promise<Map<string, number>> {
  const all = new Map<string, number>();
  for (const bucket of await bucketsOf(backend, key, 'costs', [], days)) {
    for (const { amount } of bucket.results) {
      all.set(dayOf(bucket), (all.get(dayOf(bucket)) ?? 0) + Number((amount as { value: number | string }).value));
    }
  }
  return all;
}

/** What the table has of a user, in the same form. */
export async function storedUsage(backend: LocalBackend, userId: string): Promise<Record<string, Figures>> {
  const rows = await backend.database.query<{ key: string; figures: Figures }>(
    `select date::text || ' ' || model || ' ' || project as key,
            jsonb_build_array(requests, context_tokens, cached_tokens, generated_tokens) as figures
     from public.usage_data where user_id = $1 and source = 'openai'
       -- A line of the bill for what is not reported as usage.
       and not (requests = 0 and context_tokens = 0 and model <> 'vector-storage')`,
    [userId],
  );
  return Object.fromEntries(rows.map(({ key, figures }) => [key, figures]));
}
