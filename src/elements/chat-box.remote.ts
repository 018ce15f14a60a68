import { chatMoreStrings as strings } from './strings/chat-more.en.ts';

/**
 * The address that a text may lead to, or undefined. Only what a browser opens as a page or as a letter: no scripts, no
 * data, no programs. A path is one of this site.
 */
export function linkTarget(address: string): string | undefined {
  // Markdown may write `<address>`, and a title after it.
  const [written = ''] = address
    .trim()
    .replace(/^<(.*)>$/s, '$1')
    .split(/\s/);
  if (!/^(https?:\/\/|mailto:|\/)/i.test(written)) return undefined;
  try {
    const { protocol, href } = new URL(written, document.baseURI);
    return ['http:', 'https:', 'mailto:'].includes(protocol) ? href : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A button in the place of an image. Fetching one tells its host that, when and from where it was read, and can carry
 * what was said in its address: so the reader decides.
 */
export function remoteImage(description: string, address: string): HTMLElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'remote';
  button.part.add('action');
  button.textContent = strings.showImage(description, new URL(address).host);
  button.addEventListener('click', (event) => {
    // It may stand in a link.
    event.preventDefault();
    const image = document.createElement('img');
    image.alt = description;
    image.referrerPolicy = 'no-referrer';
    image.src = address;
    button.replaceWith(image);
  });
  return button;
}
