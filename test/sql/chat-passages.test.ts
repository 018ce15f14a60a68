import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { onEachEngine } from '../support/node/engines.ts';

interface Passage {
  readonly heading: string;
  readonly content: string;
}

/** Sentences that can be told apart. */
const sentences = (count: number) => Array.from({ length: count }, (_, index) => `This is sentence ${index}.`);

onEachEngine('a text', (database) => {
  const passagesOf = (text: string) =>
    database.query<Passage>('select heading, content from private.passages_of($1) order by ord', [text]);

  const CUT: Record<string, [text: string, passages: readonly [heading: string, content: string][]]> = {
    'without headings is one passage': ['One.\n\nTwo.', [['', 'One.\n\nTwo.']]],
    'is cut at its headings': [
      '# A\nOne.\n# B\nTwo.',
      [
        ['A', 'One.'],
        ['B', 'Two.'],
      ],
    ],
    'has under a heading those over it': [
      '# A\n## B\nOne.\n### C ###\nTwo.\n## D\nThree.\n# E\nFour.',
      [
        ['A › B', 'One.'],
        ['A › B › C', 'Two.'],
        ['A › D', 'Three.'],
        ['E', 'Four.'],
      ],
    ],
    'may leave levels of headings out': [
      '### C\nOne.\n# A\n#### D\nTwo.',
      [
        ['C', 'One.'],
        ['A › D', 'Two.'],
      ],
    ],
    'may underline its headings': [
      'A\n===\nOne.\n\nB\n---\nTwo.',
      [
        ['A', 'One.'],
        ['A › B', 'Two.'],
      ],
    ],
    'has headings outside of its code only': [
      '# A\n```sh\n# no heading\n\necho\n```\nOne.\n\n~~~\n## nor this\n~~~',
      [['A', '```sh\n# no heading\n\necho\n```\nOne.\n\n~~~\n## nor this\n~~~']],
    ],
    'may leave its code open': ['One.\n\n```\n# x', [['', 'One.\n\n```\n# x']]],
    'may have lines across': ['One.\n\n---\n\nTwo.\n* * *\nThree.', [['', 'One.\n\nTwo.\n\nThree.']]],
    'is no heading for a # without a space': ['#tag\n\n# \nOne.', [['', '#tag\n\nOne.']]],
    'of Windows is the same': [
      '# A\r\n\r\nOne.\r\nTwo.\r\n\r\n# B\r\n\r\nThree.',
      [
        ['A', 'One.\nTwo.'],
        ['B', 'Three.'],
      ],
    ],
    'leaves out headings without a text': ['# A\n# B\nOne.\n## C', [['B', 'One.']]],
    'that is blank has no passages': [' \n\t\n', []],
    'of headings has no passages': ['# A\n## B', []],
    'in any script is itself': ['# 仕事\n地図を描きます。\n\n👋🏽', [['仕事', '地図を描きます。\n\n👋🏽']]],
  };
  for (const [what, [text, passages]] of Object.entries(CUT)) {
    it(what, async () => {
      assert.deepEqual(
        (await passagesOf(text)).map(({ heading, content }) => [heading, content]),
        passages,
      );
    });
  }

  describe('that is long', () => {
    it('has paragraphs together while they fit', async () => {
      const paragraphs = Array.from({ length: 5 }, (_, index) => `${index} ${'x'.repeat(398)}`);
      const passages = await passagesOf(paragraphs.join('\n\n'));
      assert.deepEqual(
        passages.map(({ content }) => content),
        [paragraphs.slice(0, 2).join('\n\n'), paragraphs.slice(2, 4).join('\n\n'), paragraphs[4]],
      );
    });

    it('is cut after a sentence, and loses none', async () => {
      const all = sentences(300);
      const passages = await passagesOf(all.join(' '));
      assert.ok(passages.length > 4, `${passages.length}`);
      for (const { content } of passages) {
        assert.ok(content.length <= 1_200, `${content.length}`);
        assert.match(content, /^This is sentence \d+\.(.*\.)?$/s);
      }
      assert.equal(passages.map(({ content }) => content).join(' '), all.join(' '));
    });

    it('without sentences is cut after a word', async () => {
      const words = Array.from({ length: 1_000 }, (_, index) => `word${index}`);
      const passages = await passagesOf(words.join(' '));
      assert.ok(passages.every(({ content }) => content.length <= 1_200 && /^word\d+( word\d+)*$/.test(content)));
      assert.equal(passages.map(({ content }) => content).join(' '), words.join(' '));
    });

    it('without words is cut all the same', async () => {
      const passages = await passagesOf('漢'.repeat(3_000));
      assert.deepEqual(
        passages.map(({ content }) => content.length),
        [1_200, 1_200, 600],
      );
    });

    it('has its heading over each of its passages', async () => {
      const passages = await passagesOf(`# A\n${sentences(100).join(' ')}\n# B\nOne.`);
      assert.deepEqual(
        passages.map(({ heading }) => heading),
        ['A', 'A', 'B'],
      );
    });

    it('of 200,000 characters is cut in a moment', async (t) => {
      const text = '# Heading\n\nA line of it.\nAnother one.\n\n'.repeat(5_000).slice(0, 200_000);
      const start = performance.now();
      const passages = await passagesOf(text);
      const took = performance.now() - start;
      t.diagnostic(`${passages.length} passages in ${Math.round(took)} ms`);
      assert.ok(took < 5_000, `${took}`);
    });
  });
});
