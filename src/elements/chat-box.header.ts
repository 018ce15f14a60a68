import { html, nothing } from 'lit';
import type * as Menu from './chat-box.menu.ts';
import type { ChatWords } from './strings/chat-more.en.ts';

interface Header {
  readonly label: string;
  readonly ownerHere: boolean;
  /** Loaded when it is first opened. */
  readonly menu: typeof Menu | undefined;
  readonly items: unknown;
  readonly toggle: (event: Event) => void;
  /** Only a chat over the page can be closed. */
  readonly close: (() => void) | undefined;
}

/** The line over the messages. */
export const renderHeader = (words: ChatWords, { label, ownerHere, menu, items, toggle, close }: Header) => html`
  <header part="header">
    <slot name="avatar"></slot>
    <div class="title">
      <slot name="header"><strong>${label}</strong></slot>
      ${ownerHere ? html`<span part="presence" class="presence" role="status">${words.ownerHere}</span>` : nothing}
    </div>
    <details @toggle=${toggle} @focusout=${menu?.leave} @keydown=${menu?.escape}>
      <summary part="menu" class="icon" aria-label=${words.more}>${renderIcon('M3 8h.01M8 8h.01M13 8h.01')}</summary>
      ${items}
    </details>
    ${
      close
        ? html`<button part="close" class="icon" type="button" aria-label=${words.close} @click=${close}>
            ${renderIcon('M3.5 3.5l9 9M12.5 3.5l-9 9')}
          </button>`
        : nothing
    }
  </header>
`;

const renderIcon = (path: string) => html`
  <svg viewBox="0 0 16 16" width="18" height="18" aria-hidden="true"><path d=${path}></path></svg>
`;
