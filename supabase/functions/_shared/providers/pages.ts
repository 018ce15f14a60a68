import { ProviderError } from './provider.ts';

/** An object that a provider sent, of which nothing is known. */
export type Result = Readonly<Record<string, unknown>>;

/** More pages than a year of days on pages of one: whoever says that there are more is wrong. */
const MAX_PAGES = 400;

/** As long as a name may be in the database. */
const MAX_LABEL = 128;

/** The results of all pages of daily buckets, each with its UTC day. @throws {ProviderError} when they are none. */
export async function* pagesOf(
  ask: (page: string | undefined) => Promise<unknown>,
  dayOfBucket: (bucket: Result) => string,
): AsyncGenerator<{ readonly date: string; readonly result: Result }, void> {
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const answer = object(await ask(cursor));
    for (const bucket of list(answer.data).map(object)) {
      const date = dayOfBucket(bucket);
      for (const result of list(bucket.results).map(object)) yield { date, result };
    }
    if (answer.has_more !== true) return;
    if (typeof answer.next_page !== 'string') break;
    cursor = answer.next_page;
  }
  throw malformed();
}

/** The UTC day of a bucket that begins at a number of seconds. */
export function dayOf({ start_time }: Result): string {
  if (typeof start_time !== 'number' || !Number.isInteger(start_time) || start_time <= 0) throw malformed();
  return new Date(start_time * 1000).toISOString().slice(0, 10);
}

/** A number of things; nothing counts as none. */
export function count(value: unknown): number {
  if (value === undefined || value === null) return 0;
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) throw malformed();
  return Math.round(value);
}

/** USD; the live API has been seen to write a string where its types promise a number. */
export function amount(value: unknown, currency: unknown): number {
  const usd = typeof value === 'string' && value.trim() ? Number(value) : value;
  if (typeof usd !== 'number' || !Number.isFinite(usd) || String(currency).toLowerCase() !== 'usd') throw malformed();
  return usd;
}

/** A name; nothing is an empty one. */
export function label(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw malformed();
  return value.replaceAll('\0', '').slice(0, MAX_LABEL);
}

export const malformed = () => new ProviderError('provider_answer');

export function object(value: unknown): Result {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed();
  return value as Result;
}

export function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed();
  return value;
}
