/** A passage as the function `chat` fences it in its system message. */
const SOURCE = /<source n="(\d+)" title="([^"]*)">\n([\s\S]*?)\n<\/source>/g;

/** Words that say nothing about what is asked. */
const EMPTY = new Set(
  'the and for are you your what when where which who how why does did can could would will have has had about with from that this there they them his her its our any some tell please'.split(
    ' ',
  ),
);

/** How many sentences an answer quotes. */
const MAX_QUOTED = 2;

/**
 * What a model would find in the sources of a system message: of the passages the sentences that share most words with the
 * question, each with its number; a shared word in the title counts as well. Undefined when nothing is shared. The same
 * question finds the same.
 */
export function answerFrom(system: string, question: string): string | undefined {
  const asked = stemsOf(question);
  const found = Array.from(system.matchAll(SOURCE), ([, n = '', title = '', passage = '']) => {
    const scored = sentencesOf(passage).map((sentence) => ({ n, sentence, score: shared(asked, sentence) }));
    const best = scored.reduce((one, other) => (other.score > one.score ? other : one));
    return { ...best, score: best.score + shared(asked, title) };
  });
  const fitting = found.filter(({ score }) => score > 0).sort((a, b) => b.score - a.score);
  const quoted = fitting.slice(0, MAX_QUOTED).map(({ n, sentence }) => `${sentence} [${n}]`);
  return quoted.length ? quoted.join(' ') : undefined;
}

/** As plain text: headings, lists, emphasis and links without their marks. */
function sentencesOf(passage: string): string[] {
  const plain = passage
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[*_`]+/g, '')
    .replace(/^\s*(#+|[-+>]|\d+[.)])\s+/gm, '');
  return plain
    .split(/\n\s*\n/)
    .flatMap((paragraph) => paragraph.replace(/\s+/g, ' ').split(/(?<=[.!?])\s+/))
    .map((sentence) => sentence.trim())
    .filter(Boolean);
}

/** The beginnings of words, so that `harbours` is about a harbour. */
export const stemsOf = (text: string): Set<string> =>
  new Set(
    (text.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu) ?? [])
      .filter((word) => !EMPTY.has(word))
      .map((word) => word.replace(/s$/, '').slice(0, 5)),
  );

function shared(asked: ReadonlySet<string>, sentence: string): number {
  const said = stemsOf(sentence);
  return [...asked].filter((stem) => said.has(stem)).length;
}
