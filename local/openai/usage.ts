import { activitiesOn, DAY_MS, requestsBetween, type Clock } from './organization.ts';
import { pageOf, type Entry } from './page.ts';
import type { Kind } from './products.ts';
import { readQuestion, USAGE_WIDTHS } from './question.ts';

type Figures = Readonly<Record<string, number>>;

interface Endpoint {
  /** In the name of its results; mostly the kind itself. */
  readonly object: string;
  readonly groups: readonly string[];
  readonly filters: readonly string[];
  /** What a result says, from the sums of its group. */
  readonly show: (figures: Figures) => object;
}

const CALLER_GROUPS = ['project_id', 'user_id', 'api_key_id'];
const CALLER_FILTERS = ['project_ids', 'user_ids', 'api_key_ids'];

/** An endpoint that counts requests to a model and one thing more. */
const ofModel = (object: string, figure: string, groups: string[] = [], filters: string[] = []): Endpoint => ({
  object,
  groups: [...CALLER_GROUPS, 'model', ...groups],
  filters: [...CALLER_FILTERS, 'models', ...filters],
  show: (figures) => ({ [figure]: figures[figure] ?? 0, num_model_requests: figures.requests ?? 0 }),
});

const ofProject = (object: string, figure: string): Endpoint => ({
  object,
  groups: ['project_id'],
  filters: ['project_ids'],
  show: (figures) => ({ [figure]: figures[figure] ?? 0 }),
});

const ofTokens = (object: string): Endpoint => ({
  ...ofModel(object, '', ['batch', 'service_tier', 'api_source'], ['batch']),
  show: ({ requests = 0, input_uncached_tokens: fresh = 0, input_cached_tokens: cached = 0, output_tokens = 0 }) => ({
    input_tokens: fresh + cached,
    output_tokens,
    num_model_requests: requests,
    input_uncached_tokens: fresh,
    input_cached_tokens: cached,
    input_cache_write_tokens: 0,
    input_text_tokens: fresh,
    input_cached_text_tokens: cached,
    output_text_tokens: output_tokens,
    input_audio_tokens: 0,
    input_cached_audio_tokens: 0,
    output_audio_tokens: 0,
    input_image_tokens: 0,
    input_cached_image_tokens: 0,
    output_image_tokens: 0,
  }),
});

/** Shapes, parameters and names: openai 7.55.0, resources/admin/organization/usage. */
const ENDPOINTS: Readonly<Record<Kind, Endpoint>> = {
  completions: ofTokens('completions'),
  decisions: ofTokens('decisions'),
  embeddings: ofModel('embeddings', 'input_tokens'),
  moderations: ofModel('moderations', 'input_tokens'),
  images: ofModel('images', 'images', ['size', 'source'], ['sizes', 'sources']),
  audio_speeches: ofModel('audio_speeches', 'characters'),
  audio_transcriptions: ofModel('audio_transcriptions', 'seconds'),
  web_search_calls: ofModel('web_searches', 'num_requests', ['context_level', 'api_source'], ['context_levels']),
  vector_stores: ofProject('vector_stores', 'usage_bytes'),
  code_interpreter_sessions: ofProject('code_interpreter_sessions', 'num_sessions'),
  file_search_calls: {
    ...ofProject('file_searches', 'num_requests'),
    groups: [...CALLER_GROUPS, 'vector_store_id'],
    filters: [...CALLER_FILTERS, 'vector_store_ids'],
  },
};

export const isKind = (kind: string): kind is Kind => Object.hasOwn(ENDPOINTS, kind);

/** `GET /organization/usage/<kind>`. @throws {Refusal} */
export function usage(kind: Kind, key: string, query: URLSearchParams, clock: Clock) {
  const { object, groups, filters, show } = ENDPOINTS[kind];
  const question = readQuestion(query, { widths: USAGE_WIDTHS, groups, filters }, clock.now());
  const days = new Map<number, ReturnType<typeof activitiesOn>>();
  const entriesOf = (start: number, end: number): Entry[] => {
    const day = Math.floor(start / DAY_MS) * DAY_MS;
    const activities = days.get(day) ?? activitiesOn(key, day).filter(({ product }) => product.kind === kind);
    days.set(day, activities);
    return activities.flatMap((activity) => {
      const requests = requestsBetween(activity, day, start, end, clock);
      const used = Object.entries(activity.uses).map(([use, each]) => [use, each * requests] as const);
      return requests ? [{ fields: activity.fields, figures: { requests, ...Object.fromEntries(used) } }] : [];
    });
  };
  return pageOf(question, groups, entriesOf, ({ fields, figures }) => ({
    object: `organization.usage.${object}.result`,
    ...show(figures),
    ...fields,
  }));
}
