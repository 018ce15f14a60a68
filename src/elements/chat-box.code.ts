import { chatMoreStrings as strings } from './strings/chat-more.en.ts';
import { copyText } from './copy-text.ts';

/** A block of code with a button that copies it; `code` is where the text goes. */
export function codeBlock(): { frame: HTMLElement; code: HTMLElement } {
  const frame = document.createElement('div');
  frame.className = 'code';
  frame.part.add('code');
  const pre = document.createElement('pre');
  // What scrolls must be reached by the keyboard; and code reads from left to right everywhere.
  pre.tabIndex = 0;
  pre.dir = 'ltr';
  const code = document.createElement('code');
  pre.append(code);
  const copy = document.createElement('button');
  copy.type = 'button';
  copy.className = 'copy';
  copy.part.add('action');
  copy.textContent = strings.copy;
  copy.setAttribute('aria-label', strings.copyCode);
  copy.addEventListener('click', () => {
    void copyText(code).then((done) => {
      if (done) copy.textContent = strings.copied;
    });
  });
  frame.append(pre, copy);
  return { frame, code };
}

/** Colours a block once, when it is complete; the library comes with the first block in a language that it knows. */
export function highlightCode(code: HTMLElement): void {
  const { language } = code.dataset;
  if (!language) return;
  void import('./chat-box.highlight.ts')
    .then(({ highlighted }) => {
      const nodes = highlighted(code.textContent, language);
      if (nodes) code.replaceChildren(...nodes);
    })
    // Code without colours is still code.
    .catch(() => undefined);
}
