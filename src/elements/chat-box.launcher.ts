import { html, nothing, type ReactiveController, type ReactiveControllerHost } from 'lit';
import { adopt } from './adopt.ts';
import { launcherStyles } from './chat-box.launcher.styles.ts';
import type { ChatWords } from './strings/chat-more.en.ts';

interface LauncherHost extends ReactiveControllerHost {
  readonly renderRoot: HTMLElement | DocumentFragment;
  open: boolean;
}

/**
 * A button in the corner of the page, and the chat that it opens over the page. A modal dialog: the browser keeps the
 * focus in it, closes it at Escape, and gives the focus back.
 */
export class Launcher implements ReactiveController {
  readonly #host: LauncherHost;
  /** What was never opened is not there at all. */
  #opened = false;

  constructor(host: LauncherHost) {
    this.#host = host;
    host.addController(this);
  }

  hostUpdated(): void {
    adopt(this.#host.renderRoot, launcherStyles);
    const dialog = this.#dialog;
    if (!dialog || dialog.open === this.#host.open) return;
    if (this.#host.open) {
      dialog.showModal();
      dialog.querySelector('textarea')?.focus();
      visualViewport?.addEventListener('resize', this.#fit);
    } else {
      dialog.close();
      this.hostDisconnected();
    }
  }

  hostDisconnected(): void {
    visualViewport?.removeEventListener('resize', this.#fit);
  }

  get #dialog(): HTMLDialogElement | null {
    return this.#host.renderRoot.querySelector('dialog');
  }

  /** A keyboard on the screen covers the page, which does not grow shorter for it in every browser. */
  #fit = (): void => this.#dialog?.style.setProperty('--_visible', `${visualViewport!.height}px`);

  render(frame: () => unknown, words: ChatWords, label: string, unread: number) {
    this.#opened ||= this.#host.open;
    const badge = unread ? html`<span part="badge" class="unread" aria-hidden="true">${unread}</span>` : nothing;
    const name = unread ? `${words.open}, ${words.unread(unread)}` : words.open;
    return html`
      <button
        part="launcher"
        class="launcher"
        type="button"
        aria-label=${name}
        aria-haspopup="dialog"
        aria-expanded=${this.#host.open}
        @click=${() => (this.#host.open = true)}
      >
        <slot name="launcher">
          <svg viewBox="0 0 24 24" width="26" height="26" aria-hidden="true">
            <path d="M4 5.5h16v11h-9l-4.5 3.5v-3.5H4zM8 9.5h8M8 12.5h5"></path>
          </svg>
        </slot>
        ${badge}
      </button>
      ${
        this.#opened
          ? html`<dialog
              part="dialog"
              aria-label=${label}
              @close=${() => (this.#host.open = false)}
              @click=${this.#closeOutside}
            >
              ${frame()}
            </dialog>`
          : nothing
      }
    `;
  }

  /** The dialog itself is hit only where its content does not reach: on the page behind it. */
  #closeOutside = (event: Event): void => {
    if (event.target === event.currentTarget) this.#host.open = false;
  };
}
