import type { Question } from './question.ts';

/** One thing that is counted: the fields by which it is grouped and filtered, and its figures. */
export interface Entry {
  readonly fields: Readonly<Record<string, string | boolean | null>>;
  readonly figures: Readonly<Record<string, number>>;
}

/** Answers a question as a page of buckets. A bucket in which nothing happened is there, and has no results. */
export function pageOf(
  { buckets, nextPage, groupBy, filters }: Question,
  fields: readonly string[],
  entriesOf: (start: number, end: number) => readonly Entry[],
  show: (sum: Entry) => object,
) {
  return {
    object: 'page',
    data: buckets.map(({ start, end }) => {
      const entries = entriesOf(start, end).filter((entry) =>
        filters.every(({ field, values }) => values.includes(String(entry.fields[field]))),
      );
      return {
        object: 'bucket',
        start_time: start / 1000,
        end_time: end / 1000,
        results: sumBy(entries, groupBy, fields).map(show),
      };
    }),
    has_more: nextPage !== null,
    next_page: nextPage,
  };
}

/** One sum for each group; a field that was not asked to be grouped by is null in it. */
function sumBy(entries: readonly Entry[], groupBy: readonly string[], fields: readonly string[]): Entry[] {
  const groups = new Map<string, { fields: Entry['fields']; figures: Record<string, number> }>();
  for (const entry of entries) {
    const key = JSON.stringify(groupBy.map((field) => entry.fields[field]));
    const shown = fields.map(
      (field) => [field, groupBy.includes(field) ? (entry.fields[field] ?? null) : null] as const,
    );
    const group = groups.get(key) ?? { fields: Object.fromEntries(shown), figures: {} };
    groups.set(key, group);
    for (const [name, value] of Object.entries(entry.figures)) {
      group.figures[name] = (group.figures[name] ?? 0) + value;
    }
  }
  return [...groups.values()];
}
