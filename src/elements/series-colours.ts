/**
 * Which colour of the theme stands for which name: the same in every chart of the page for as long as it is open, and,
 * since a name's first choice is computed from it, mostly the same on the next visit.
 */

/** Colours `--livelit-series-1` to `-7` are for names, 8 is for the rest; 9 to 15 are the first seven, stronger. */
const NAMED = 7;
export const REST_COLOUR = 8;
export const COLOURS = 15;

const chosen = new Map<string, number>();

/** The colours of names that are shown beside each other, 1 to 15; as long as there are enough, all differ. */
export function coloursOf(names: readonly string[]): number[] {
  for (const name of names) {
    if (!chosen.has(name)) chosen.set(name, choose(name, names));
  }
  return names.map((name) => chosen.get(name)!);
}

function choose(name: string, beside: readonly string[]): number {
  const first = hash(name) % NAMED;
  const order = Array.from(
    { length: 2 * NAMED },
    (_, index) => ((first + index) % NAMED) + 1 + (index < NAMED ? 0 : REST_COLOUR),
  );
  const onPage = new Set(chosen.values());
  const here = new Set(beside.map((other) => chosen.get(other)));
  return order.find((colour) => !onPage.has(colour)) ?? order.find((colour) => !here.has(colour)) ?? order[0]!;
}

/** FNV-1a: short names that differ in a letter come far apart. */
function hash(name: string): number {
  let sum = 0x811c9dc5;
  for (let index = 0; index < name.length; index += 1) {
    sum = Math.imul(sum ^ name.charCodeAt(index), 0x01000193) >>> 0;
  }
  return sum;
}
