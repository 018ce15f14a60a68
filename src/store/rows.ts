/** A row of a table, as far as the kernel has to know it. */
interface Row {
  readonly id: unknown;
}

/**
 * What was fetched, with the objects of what is shown wherever the two say the same, so that `===` tells a renderer
 * what has changed: equal rows stay the same rows, and an equal list stays the same list.
 */
export function shareRows<T extends Row>(shown: readonly T[], fetched: readonly T[]): readonly T[] {
  const known = new Map(shown.map((row) => [row.id, row]));
  const shared = fetched.map((row) => {
    const own = known.get(row.id);
    return own && equal(own, row) ? own : row;
  });
  const same = shared.length === shown.length && shared.every((row, index) => row === shown[index]);
  return same ? shown : shared;
}

/** What was fetched, or what is shown where the two say the same; for plain values that are small. */
export const shareValue = <T>(shown: T, fetched: T): T =>
  JSON.stringify(shown) === JSON.stringify(fetched) ? shown : fetched;

function equal<T extends object>(a: T, b: T): boolean {
  const names = Object.keys(a) as (keyof T)[];
  return names.length === Object.keys(b).length && names.every((name) => Object.is(a[name], b[name]));
}
