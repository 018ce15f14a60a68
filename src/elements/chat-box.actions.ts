import { html, nothing } from 'lit';
import type { Message } from '../services/chat.ts';
import { linkTarget } from './chat-box.remote.ts';
import type { ThreadView } from './chat-box.thread.ts';
import { copyText } from './copy-text.ts';
import type { ChatWords } from './strings/chat-more.en.ts';

/** What can be done with a message: small, and there when somebody points at it or goes to it. */
export function renderActions(message: Message, { words, act, asOwner }: ThreadView, last: boolean) {
  const { role, author, status, feedback } = message;
  const settled = status === 'complete' || status === 'stopped';
  if (!settled) return nothing;
  const reply = role === 'assistant' && author === 'model';
  const rate = (chosen: 'up' | 'down') => () =>
    act({ do: 'rate', message, feedback: feedback === chosen ? null : chosen });
  return html`
    <span part="actions" class="actions" role="group" aria-label=${words.actions}>
      ${button(words.copyMessage, 'copy', (event) => void copy(event, message, words))}
      ${
        role === 'assistant' && !asOwner
          ? html`${button(words.good, 'up', rate('up'), feedback === 'up')}
            ${button(words.bad, 'down', rate('down'), feedback === 'down')}`
          : nothing
      }
      ${reply && last && !asOwner ? button(words.regenerate, 'again', () => act({ do: 'regenerate', message })) : nothing}
      ${role === 'user' && !asOwner ? button(words.edit, 'edit', () => act({ do: 'edit', message })) : nothing}
    </span>
  `;
}

/** What a reply cites, in the order of its numbers. */
export function renderSources({ sources }: Message, words: ChatWords) {
  const source = (title: string, url: string | null) => {
    const target = url === null ? undefined : linkTarget(url);
    return target
      ? html`<a href=${target} target="_blank" rel="noopener noreferrer">${title}</a>`
      : html`<span>${title}</span>`;
  };
  return html`
    <ul part="sources" class="sources" aria-label=${words.sources}>
      ${sources?.map(({ n, title, url, quote }) => html`<li title=${quote}>[${n}] ${source(title, url)}</li>`)}
    </ul>
  `;
}

type Icon = 'copy' | 'up' | 'down' | 'again' | 'edit' | 'done';

/** Strokes on a grid of 16. */
const ICONS: Readonly<Record<Icon, string>> = {
  copy: 'M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z',
  up: 'M5 7v6.5H2.5V7zM5 7l2.5-5c1.5 0 2 1 1.7 2.2L8.7 6.5h3.6c1 0 1.6.8 1.4 1.7l-.9 4c-.2.8-.8 1.3-1.6 1.3H5',
  down: 'M5 9V2.5H2.5V9zM5 9l2.5 5c1.5 0 2-1 1.7-2.2L8.7 9.5h3.6c1 0 1.6-.8 1.4-1.7l-.9-4c-.2-.8-.8-1.3-1.6-1.3H5',
  again: 'M13.5 3v3.5H10M13 6.5A5.5 5.5 0 1 0 13.5 9',
  edit: 'M2.5 13.5l.7-3L11 2.7l2.3 2.3-7.8 7.8z',
  done: 'M3 8.5l3.5 3.5L13 4.5',
};

const drawn = (icon: Icon) => html`
  <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d=${ICONS[icon]}></path></svg>
`;

const button = (label: string, icon: Icon, act: (event: Event) => void, pressed?: boolean) => html`
  <button
    part="action"
    class="icon"
    type="button"
    title=${label}
    aria-label=${label}
    aria-pressed=${pressed ?? nothing}
    @click=${act}
  >
    ${drawn(icon)}
  </button>
`;

async function copy(event: Event, { content }: Message, words: ChatWords): Promise<void> {
  const pressed = event.currentTarget as HTMLElement;
  const bubble = pressed.closest('.row')!.querySelector<HTMLElement>('.bubble')!;
  if (!(await copyText(bubble, content))) return;
  const path = pressed.querySelector('path')!;
  path.setAttribute('d', ICONS.done);
  pressed.setAttribute('aria-label', words.copied);
  setTimeout(() => {
    path.setAttribute('d', ICONS.copy);
    pressed.setAttribute('aria-label', words.copyMessage);
  }, COPIED_MS);
}

/** How long it says that it has copied. */
const COPIED_MS = 1_500;
