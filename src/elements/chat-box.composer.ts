import { html, nothing, type ReactiveController, type ReactiveControllerHost } from 'lit';
import type { Message } from '../services/chat.ts';
import type { ChatWords } from './strings/chat-more.en.ts';

/** The database counts again what is typed after this time. */
const TYPING_MS = 2_500;

/** From here on the input says how long a message is, as a share of the longest. */
const NEARLY_FULL = 0.8;

/** What a composer needs to know of the conversation, and what it does in it. */
export interface Composing {
  /** Empty while it is not known. */
  readonly sessionId: string;
  readonly words: ChatWords;
  readonly placeholder: string;
  /** The longest message, UTF-16 code units. */
  readonly most: number;
  readonly readDraft: ((sessionId: string) => string) | undefined;
  readonly keepDraft: ((sessionId: string, text: string) => void) | undefined;
  /** Hands a message over; resolves when it is taken, with false when it was kept back. */
  readonly hand: (content: string, edited: Message | undefined) => Promise<boolean>;
  readonly tellTyping: () => void;
}

type ComposerHost = ReactiveControllerHost & { readonly renderRoot: HTMLElement | DocumentFragment };

/** Where a message is written: its draft, its length, and the message that is being edited. */
export class Composer implements ReactiveController {
  readonly #host: ComposerHost;
  readonly #composing: () => Composing;
  /** The visitor's message that the input holds again. */
  #edited: Message | undefined;
  /** The conversation whose draft stands in the input, and that input. */
  #draftOf = '';
  #draftIn: HTMLTextAreaElement | undefined;
  /** A message is being handed over: a second Enter must not send it twice. */
  #handingOver = false;
  #toldTypingAt = 0;

  constructor(host: ComposerHost, composing: () => Composing) {
    this.#host = host;
    this.#composing = composing;
    host.addController(this);
  }

  hostUpdated(): void {
    const input = this.#input;
    if (input && (this.#draftOf !== this.#composing().sessionId || this.#draftIn !== input)) this.#restoreDraft();
  }

  render() {
    const { words, placeholder } = this.#composing();
    return html`
      ${this.#renderHint()}
      <form part="form" @submit=${this.#submit}>
        <textarea
          part="input"
          name="content"
          rows="1"
          dir="auto"
          enterkeyhint="send"
          aria-label=${words.input}
          placeholder=${placeholder || words.placeholder}
          @input=${this.#noteWriting}
          @keydown=${this.#press}
        ></textarea>
        <button part="send" class="send">${words.send}</button>
      </form>
    `;
  }

  /** Sends a text that stands elsewhere, such as a suggestion. */
  async send(content: string): Promise<void> {
    if (!content.trim() || this.#handingOver) return;
    this.#handingOver = true;
    try {
      if (!(await this.#composing().hand(content, this.#edited))) return;
    } finally {
      this.#handingOver = false;
    }
    this.#edited = undefined;
    // What was written meanwhile is the next message.
    if (this.#input?.value === content) this.#input.value = '';
    this.#keepDraft();
    this.#host.requestUpdate();
  }

  edit(message: Message): void {
    this.#edited = message;
    this.#write(message.content);
  }

  #cancelEdit = (): void => {
    this.#edited = undefined;
    this.#write('');
    this.#restoreDraft();
  };

  #write(text: string): void {
    this.#input!.value = text;
    this.#input!.focus();
    this.#host.requestUpdate();
  }

  get #input(): HTMLTextAreaElement | null {
    return this.#host.renderRoot.querySelector('textarea');
  }

  #renderHint() {
    const { words, most } = this.#composing();
    const length = this.#input?.value.length ?? 0;
    const near = length > most * NEARLY_FULL;
    if (!near && !this.#edited) return nothing;
    const count = near
      ? html`<span class=${length > most ? 'over' : ''}>${words.length(length, most)}</span>`
      : nothing;
    const editing = this.#edited
      ? html`<span>
          ${words.editing}
          <button part="action" class="link" type="button" @click=${this.#cancelEdit}>${words.cancel}</button>
        </span>`
      : nothing;
    return html`<div part="hint" class="hint">${editing} ${count}</div>`;
  }

  #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void this.send(this.#input!.value);
  };

  #press = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && this.#edited) {
      // It gives up the edit, and not the dialog around it as well.
      event.preventDefault();
      this.#cancelEdit();
    }
    // From an empty input, up goes to the newest message.
    if (event.key === 'ArrowUp' && !this.#input!.value) {
      this.#host.renderRoot.querySelector<HTMLElement>('li.row[tabindex="0"]')?.focus();
    }
    // While an input method composes, Enter takes its suggestion; Safari tells only by the key code 229.
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- it has no successor for this
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#input!.form?.requestSubmit();
  };

  #noteWriting = (): void => {
    if (!this.#edited) this.#keepDraft();
    this.#host.requestUpdate();
    if (Date.now() - this.#toldTypingAt < TYPING_MS) return;
    this.#toldTypingAt = Date.now();
    this.#composing().tellTyping();
  };

  #keepDraft(): void {
    const { sessionId, keepDraft } = this.#composing();
    this.#draftOf = sessionId;
    if (sessionId) keepDraft?.(sessionId, this.#input?.value ?? '');
  }

  /** Puts back what was being written here; what stands in the input already is not overwritten. */
  #restoreDraft(): void {
    const { sessionId, readDraft } = this.#composing();
    const input = this.#input;
    if (!input || !readDraft) return;
    this.#draftOf = sessionId;
    this.#draftIn = input;
    if (sessionId && !input.value) input.value = readDraft(sessionId);
  }
}
