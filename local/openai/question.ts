import { DAY_MS } from './organization.ts';
import { Refusal } from './refusal.ts';

/** The width of a bucket in ms, how many a page has unless it is told, and how many it can have. */
export type Widths = Readonly<Record<string, readonly [ms: number, usual: number, most: number]>>;

/** Filters, and the field of which each names the values. */
const FILTERS: Readonly<Record<string, string>> = {
  project_ids: 'project_id',
  user_ids: 'user_id',
  api_key_ids: 'api_key_id',
  models: 'model',
  batch: 'batch',
  sizes: 'size',
  sources: 'source',
  vector_store_ids: 'vector_store_id',
  context_levels: 'context_level',
  line_items: 'line_item',
};

/** What an endpoint can be asked. */
export interface Form {
  readonly widths: Widths;
  readonly groups: readonly string[];
  readonly filters: readonly string[];
}

/** What is asked for, checked: one page of it. Times in ms. */
export interface Question {
  readonly buckets: readonly { readonly start: number; readonly end: number }[];
  readonly nextPage: string | null;
  readonly groupBy: readonly string[];
  readonly filters: readonly { readonly field: string; readonly values: readonly string[] }[];
}

/**
 * Reads the parameters of a usage or costs request. Buckets are whole and begin at full UTC days, hours or minutes, none in
 * the future; whether OpenAI cuts the first and last when asked for part of one is not documented.
 *
 * @throws {Refusal} as OpenAI refuses a parameter.
 */
export function readQuestion(query: URLSearchParams, form: Form, now: number): Question {
  const known = new Set(['start_time', 'end_time', 'bucket_width', 'limit', 'page', 'group_by', ...form.filters]);
  const values = (name: string) => [...query.getAll(name), ...query.getAll(`${name}[]`)];
  for (const key of query.keys()) {
    const name = key.replace(/\[\]$/, '');
    if (!known.has(name)) throw Refusal.of(name, 'unknown_parameter', `Unknown parameter: '${name}'.`);
  }

  const width = oneOf('bucket_width', query.get('bucket_width') ?? '1d', Object.keys(form.widths));
  const [step, usual, most] = form.widths[width]!;
  const start = whole(query, 'start_time');
  if (start === undefined) {
    throw Refusal.of('start_time', 'missing_required_parameter', "Missing required parameter: 'start_time'.");
  }
  const end = whole(query, 'end_time') ?? Infinity;
  if (end <= start) throw Refusal.of('end_time', 'invalid_value', "Invalid 'end_time': it is not after 'start_time'.");
  const limit = whole(query, 'limit') ?? usual;
  if (limit < 1 || limit > most) {
    throw Refusal.of('limit', 'invalid_value', `Invalid 'limit': ${limit}. Expected 1 to ${most} for ${width}.`);
  }

  const last = Math.min(end * 1000, now + 1);
  const first = Math.floor((start * 1000) / step) * step;
  const page = query.get('page');
  const from = page === null ? first : readCursor(page);
  if (from < first || from >= last || from % step) throw badCursor();
  const count = Math.max(0, Math.min(limit, Math.ceil((last - from) / step)));
  const next = from + count * step;
  return {
    buckets: Array.from({ length: count }, (_, index) => {
      const at = from + index * step;
      return { start: at, end: at + step };
    }),
    nextPage: next < last ? `page_${Buffer.from(String(next)).toString('base64url')}` : null,
    groupBy: values('group_by').map((field) => oneOf('group_by', field, form.groups)),
    filters: form.filters
      .map((name) => ({ field: FILTERS[name]!, values: values(name) }))
      .filter((filter) => filter.values.length),
  };
}

export const DAYS_ONLY = { '1d': [DAY_MS, 7, 180] } as const;
export const USAGE_WIDTHS = { '1m': [60_000, 60, 1440], '1h': [3_600_000, 24, 168], '1d': [DAY_MS, 7, 31] } as const;

const badCursor = () =>
  Refusal.of('page', 'invalid_value', "Invalid 'page': it is not from an answer to this question.");

function readCursor(page: string): number {
  const number = Number(Buffer.from(page.replace(/^page_/, ''), 'base64url').toString());
  if (!Number.isInteger(number)) throw badCursor();
  return number;
}

function whole(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw Refusal.of(name, 'invalid_type', `Invalid type for '${name}': expected an integer, but got '${text}' instead.`);
}

function oneOf(name: string, value: string, allowed: readonly string[]): string {
  if (allowed.includes(value)) return value;
  const list = allowed.map((each) => `'${each}'`).join(', ');
  throw Refusal.of(name, 'invalid_value', `Invalid value: '${value}'. Supported values are: ${list}.`);
}
