import type { ElementPart } from 'lit';
import { Directive, directive, PartType, type PartInfo } from 'lit/directive.js';
import * as smd from 'streaming-markdown';
import { codeBlock, highlightCode } from './chat-box.code.ts';
import { linkTarget, remoteImage } from './chat-box.remote.ts';

/** The signs that the parser takes away, and that come back when they turn out to have meant nothing. */
const SIGNS: Readonly<Record<number, string>> = {
  [smd.Token.Italic_Ast]: '*',
  [smd.Token.Strong_Ast]: '**',
  [smd.Token.Italic_Und]: '_',
  [smd.Token.Strong_Und]: '__',
  [smd.Token.Strike]: '~~',
  [smd.Token.Code_Inline]: '`',
  [smd.Token.Link]: '[',
  [smd.Token.Image]: '![',
};

/** Headings are paragraphs: the outline of the page belongs to the page. */
const TAGS: Readonly<Record<number, string>> = {
  [smd.Token.Paragraph]: 'p',
  [smd.Token.Heading_1]: 'p.heading.large',
  [smd.Token.Heading_2]: 'p.heading.large',
  [smd.Token.Heading_3]: 'p.heading',
  [smd.Token.Heading_4]: 'p.heading',
  [smd.Token.Heading_5]: 'p.heading',
  [smd.Token.Heading_6]: 'p.heading',
  [smd.Token.Blockquote]: 'blockquote',
  [smd.Token.List_Unordered]: 'ul',
  [smd.Token.List_Ordered]: 'ol',
  [smd.Token.List_Item]: 'li',
  [smd.Token.Italic_Ast]: 'em',
  [smd.Token.Italic_Und]: 'em',
  [smd.Token.Strong_Ast]: 'strong',
  [smd.Token.Strong_Und]: 'strong',
  [smd.Token.Strike]: 's',
  [smd.Token.Code_Inline]: 'code',
  [smd.Token.Link]: 'a',
  [smd.Token.Raw_URL]: 'a',
  [smd.Token.Image]: 'span.image',
  [smd.Token.Line_Break]: 'br',
  [smd.Token.Rule]: 'hr',
  [smd.Token.Checkbox]: 'span',
  [smd.Token.Equation_Block]: 'p',
  [smd.Token.Equation_Inline]: 'span',
};

/** What reads in a direction of its own. */
const BLOCKS = new Set(['p', 'blockquote', 'li', 'th', 'td']);

interface Open {
  readonly token: smd.Token;
  readonly node: HTMLElement;
  /** What a link or an image points to. */
  address?: string;
}

/**
 * Writes Markdown into an element as it comes. What is written is only added to: a block that is complete keeps its
 * nodes. Everything is built node by node, so that no text is ever read as HTML.
 */
export class MarkdownWriter {
  readonly #root: HTMLElement;
  #parser!: smd.Parser;
  #open: Open[] = [];
  #written = '';
  #ended = false;

  constructor(root: HTMLElement) {
    this.#root = root;
    this.#startOver();
  }

  /** Writes what is new of a text; another text than before starts over. */
  write(text: string, ended: boolean): void {
    if (text === this.#written && ended === this.#ended) return;
    if (this.#ended || !text.startsWith(this.#written)) this.#startOver();
    smd.parser_write(this.#parser, text.slice(this.#written.length));
    this.#written = text;
    if (ended) this.#end();
  }

  #startOver(): void {
    this.#root.replaceChildren();
    this.#open = [{ token: smd.Token.Document, node: this.#root }];
    this.#written = '';
    this.#ended = false;
    this.#parser = smd.parser({
      data: undefined,
      add_token: (_, token) => this.#begin(token),
      end_token: () => this.#close(),
      add_text: (_, text) => this.#say(text),
      set_attr: (_, attribute, value) => this.#describe(attribute, value),
    });
  }

  #end(): void {
    this.#ended = true;
    const { token } = this.#last;
    // An address that never ended: what it has swallowed is text after all.
    const swallowed = this.#parser.pending.startsWith('](') && isReference(token) ? this.#parser.pending : '';
    if (swallowed) this.#close(swallowed);
    else smd.parser_end(this.#parser);
    while (this.#open.length > 1) this.#close('');
  }

  get #last(): Open {
    return this.#open.at(-1)!;
  }

  #begin(token: smd.Token): void {
    const parent = this.#last.node;
    const node = this.#make(token, parent);
    this.#open.push({ token, node });
    if (token === smd.Token.Checkbox) this.#say('☐');
    else if (token === smd.Token.Equation_Inline) this.#say('$');
  }

  #make(token: smd.Token, parent: HTMLElement): HTMLElement {
    if (token === smd.Token.Code_Block || token === smd.Token.Code_Fence) {
      const { frame, code } = codeBlock();
      parent.append(frame);
      return code;
    }
    if (token === smd.Token.Table) {
      const frame = element('div.table');
      // What scrolls must be reached by the keyboard.
      frame.tabIndex = 0;
      parent.append(frame);
      return append(frame, 'table');
    }
    if (token === smd.Token.Table_Row) {
      const body = parent.children[1] ?? append(parent, parent.firstElementChild ? 'tbody' : 'thead');
      return append(body as HTMLElement, 'tr');
    }
    if (token === smd.Token.Table_Cell)
      return append(parent, parent.parentElement?.localName === 'thead' ? 'th' : 'td');
    // `snake_case` has nothing to do with emphasis.
    const inWord =
      (token === smd.Token.Italic_Und || token === smd.Token.Strong_Und) && /[\p{L}\p{N}]$/u.test(said(parent));
    const node = append(parent, inWord ? 'span.literal' : (TAGS[token] ?? 'span'));
    if (inWord) node.append(SIGNS[token]!);
    return node;
  }

  #say(text: string): void {
    const { node } = this.#last;
    const { lastChild } = node;
    if (lastChild instanceof Text) lastChild.appendData(text);
    else node.append(text);
  }

  #describe(attribute: smd.Attr, value: string): void {
    const last = this.#last;
    if (attribute === smd.Attr.Href || attribute === smd.Attr.Src) last.address = value;
    else if (attribute === smd.Attr.Start) last.node.setAttribute('start', value);
    else if (attribute === smd.Attr.Checked) last.node.textContent = '☑';
    else if (attribute === smd.Attr.Lang) last.node.dataset.language = value.trim().split(/\s/)[0]!.toLowerCase();
  }

  /** @param swallowed - At the end of the text: what the parser still holds of the innermost token. */
  #close(swallowed?: string): void {
    const { token, node, address } = this.#open.pop()!;
    const sign = SIGNS[token];
    if (token === smd.Token.Code_Fence) highlightCode(node);
    else if (token === smd.Token.Equation_Inline) unwrap(node, '', swallowed === undefined ? '$' : '');
    else if (token === smd.Token.Raw_URL) this.#finishAddress(node, address ?? said(node));
    else if (isReference(token)) this.#finishReference(token, node, address, swallowed);
    else if (sign !== undefined) {
      const closed = swallowed === undefined && this.#closedBy(token, sign);
      if (node.className === 'literal') unwrap(node, '', closed ? sign : '');
      else if (!closed) unwrap(node, sign, '');
    }
  }

  /** Whether a sign has ended a token, or only the end of its block. */
  #closedBy(token: smd.Token, sign: string): boolean {
    return token === smd.Token.Code_Inline ? this.#parser.fence_start > 0 : this.#parser.pending.startsWith(sign[0]!);
  }

  #finishReference(token: smd.Token, node: HTMLElement, address: string | undefined, swallowed?: string): void {
    const target = address === undefined ? undefined : linkTarget(address);
    if (target && token === smd.Token.Image) node.replaceWith(remoteImage(said(node), target));
    else if (target) point(node, target);
    else {
      const closed = swallowed === undefined && this.#closedBy(token, ']');
      const end = address === undefined ? (closed ? ']' : '') : `](${address})`;
      unwrap(node, SIGNS[token]!, swallowed ?? end);
    }
  }

  /** An address that stands in the text; what ends the sentence is not part of it. */
  #finishAddress(node: HTMLElement, address: string): void {
    const [rest = ''] = /[.,;:!?'")\]*_]*$/.exec(address) ?? [];
    const own = address.slice(0, address.length - rest.length);
    const target = linkTarget(own);
    node.textContent = own;
    if (target) point(node, target);
    if (target) node.after(rest);
    else unwrap(node, '', rest);
  }
}

const isReference = (token: smd.Token) => token === smd.Token.Link || token === smd.Token.Image;

const said = (node: Node) => node.textContent ?? '';

function element(name: string): HTMLElement {
  const [tag = '', ...classes] = name.split('.');
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(' ');
  if (BLOCKS.has(tag)) node.dir = 'auto';
  return node;
}

function append(parent: HTMLElement, name: string): HTMLElement {
  const node = element(name);
  parent.append(node);
  return node;
}

function point(node: HTMLElement, target: string): void {
  node.setAttribute('href', target);
  node.setAttribute('rel', 'noopener noreferrer nofollow ugc');
  node.setAttribute('target', '_blank');
}

/** Puts what an element holds in its place, between signs. */
function unwrap(node: HTMLElement, before: string, after: string): void {
  const parent = node.parentNode!;
  node.replaceWith(before, ...node.childNodes, after);
  parent.normalize();
}

class WriteMarkdown extends Directive {
  #writer: MarkdownWriter | undefined;

  constructor(info: PartInfo) {
    super(info);
    if (info.type !== PartType.ELEMENT) throw new Error('markdown() belongs into the tag of an element.');
  }

  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- Lit reads the parameters' types here
  override render(_text: string, _ended: boolean): void {}

  override update(part: ElementPart, [text, ended]: [string, boolean]): void {
    this.#writer ??= new MarkdownWriter(part.element as HTMLElement);
    this.#writer.write(text, ended);
  }
}

export { markdownStyles } from './chat-box.markdown.styles.ts';

/** `<div ${markdown(text, ended)}></div>` shows a text that grows. */
export const markdown = directive(WriteMarkdown);
