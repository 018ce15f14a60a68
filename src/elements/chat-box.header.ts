import { html, nothing, type ReactiveElement } from 'lit';
import type * as Menu from './chat-box.menu.ts';
import { Lazy } from './lazy.ts';
import type { ChatWords } from './strings/chat-more.en.ts';

/** What stands in the header. */
export interface Heading {
  /** In place of the picture and the title that the page may bring. */
  readonly title?: unknown;
  readonly label: string;
  /** Who is here. */
  readonly presence: string | undefined;
  /** Before the menu. */
  readonly actions?: unknown;
  /** What the menu holds; without it there is none. */
  readonly items?: ((menu: typeof Menu) => unknown) | undefined;
  /** Only a chat over the page can be closed. */
  readonly close: (() => void) | undefined;
}

/** The line over the messages, with its menu, which is loaded when it is first opened. */
export class Header {
  readonly #host: ReactiveElement;
  readonly #menu;
  /** Its menu is open. */
  open = false;

  constructor(host: ReactiveElement) {
    this.#host = host;
    this.#menu = new Lazy(host, () => import('./chat-box.menu.ts'));
  }

  render(words: ChatWords, { title, label, presence, actions, items, close }: Heading) {
    const menu = this.open ? this.#menu.value : undefined;
    return html`
      <header part="header">
        ${title ? nothing : html`<slot name="avatar"></slot>`}
        <div class="title">
          ${title ?? html`<slot name="header"><strong>${label}</strong></slot>`}
          ${presence ? html`<span part="presence" class="presence" role="status">${presence}</span>` : nothing}
        </div>
        ${actions}
        ${
          items
            ? html`<details @toggle=${this.#toggle} @focusout=${menu?.leave} @keydown=${menu?.escape}>
                <summary part="menu" class="icon" aria-label=${words.more}>
                  ${renderIcon('M3 8h.01M8 8h.01M13 8h.01')}
                </summary>
                ${menu && items(menu)}
              </details>`
            : nothing
        }
        ${
          close
            ? html`<button part="close" class="icon" type="button" aria-label=${words.close} @click=${close}>
                ${renderIcon('M3.5 3.5l9 9M12.5 3.5l-9 9')}
              </button>`
            : nothing
        }
      </header>
    `;
  }

  #toggle = (event: Event): void => {
    this.open = (event.target as HTMLDetailsElement).open;
    this.#host.requestUpdate();
  };
}

export const renderIcon = (path: string) => html`
  <svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true"><path d=${path}></path></svg>
`;
