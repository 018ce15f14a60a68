/** A passage of what the site knows, as the model gets it. */
export interface Passage {
  readonly n: number;
  /** The document's title and the headings over the passage: `Work › Maps`. */
  readonly title: string;
  readonly url: string | null;
  readonly content: string;
}

/** What a visitor sees of a passage that a reply cites. */
export interface Source {
  readonly n: number;
  readonly title: string;
  readonly url: string | null;
  /** The beginning of the passage. */
  readonly quote: string;
}

const MAX_QUOTE = 200;

/** `[1]`, `[1, 3]`; not `[1](…)`, which is a link of the model's own. */
const CITATION = /\[(\d{1,2}(?:\s*,\s*\d{1,2})*)\](?!\()/g;

/** In code `[1]` is an index. */
const CODE = /```[\s\S]*?(?:```|$)|`[^`\n]+`/g;

/** The passages that a reply cites by their numbers, in the order of these. A number that no passage has counts nothing. */
export function citedIn(reply: string, passages: readonly Passage[]): Source[] {
  const numbers = new Set<number>();
  for (const [, list = ''] of reply.replace(CODE, ' ').matchAll(CITATION)) {
    for (const number of list.split(',')) numbers.add(Number(number));
  }
  return passages
    .filter(({ n }) => numbers.has(n))
    .map(({ n, title, url, content }) => ({ n, title, url, quote: shortened(content) }));
}

/** Its beginning on one line, cut after a word. */
function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  if (line.length <= MAX_QUOTE) return line;
  const head = line.slice(0, MAX_QUOTE - 1);
  const words = head.slice(0, head.lastIndexOf(' '));
  return `${words.length > MAX_QUOTE / 2 ? words : head.replace(/[\uD800-\uDBFF]$/, '')}…`;
}
