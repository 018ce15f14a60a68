import { html, LitElement, nothing, type PropertyValues } from 'lit';
import { property, state } from 'lit/decorators.js';
import type { Message } from '../services/chat.ts';
import { LivelitError } from '../store/error.ts';
import type { Status } from '../store/live.ts';
import { base } from './base.styles.ts';
import { Composer, type Composing } from './chat-box.composer.ts';
import { ChatBoxSendEvent, ChatBoxSentEvent } from './chat-box.events.ts';
import type { ChatExtras } from './chat-box.extras.ts';
import { renderHeader } from './chat-box.header.ts';
import type { Launcher } from './chat-box.launcher.ts';
import type { Act } from './chat-box.message.ts';
import { styles } from './chat-box.styles.ts';
import { Lazy } from './lazy.ts';
import { LiveController, toggle } from './live-controller.ts';
import { localeOf } from './locale.ts';
import type { ChatWords } from './strings/chat-more.en.ts';
import { strings } from './strings/en.ts';

/** Loaded beside the element: the shell is on screen, and can be written in, before the rest is here. */
const loadThread = () => import('./chat-box.thread.ts');

/** What is said of the whole conversation, small and over it. */
const NOTES: Partial<Record<Status, string>> = {
  loading: strings.loading,
  refreshing: strings.syncing,
  stale: strings.stale,
};

/**
 * A conversation with the site's model: persisted, streamed, and the same in every tab.
 *
 * @tagname chat-box
 * @slot avatar - A picture at the start of the header.
 * @slot header - In place of the title.
 * @slot empty - In place of the greeting and the suggestions, before the first message.
 * @slot greeting - Shown before the first message.
 * @slot message-<id> - In place of the text of one reply.
 * @slot footer - Under the input.
 * @slot launcher - What the launcher's button shows.
 * @fires {ChatBoxSendEvent} chat-box-send - Before a message is sent; cancelable.
 * @fires {ChatBoxSentEvent} chat-box-sent - After a message was taken.
 * @csspart header - The line with the title and the menu.
 * @csspart menu - The button with three dots.
 * @csspart items - What the menu holds.
 * @csspart item - One line of the menu.
 * @csspart presence - Says that the owner of the site is here.
 * @csspart log - The scrolling area of the messages.
 * @csspart list - The list of messages.
 * @csspart earlier - The button over the first message that shows earlier ones.
 * @csspart row - One message; also `user` or `assistant`, and `pending`, `failed` or `streaming`.
 * @csspart typing - Dots while the owner types.
 * @csspart bubble - The text of a message.
 * @csspart code - A block of code with its button.
 * @csspart sources - What a reply cites.
 * @csspart meta - What is said under a message: that it is being sent, or why not.
 * @csspart actions - The small buttons under a message.
 * @csspart action - A small button in a message: try again, discard, stop, copy.
 * @csspart suggestions - Questions to begin with.
 * @csspart suggestion - One of them.
 * @csspart jump - The button that goes to the newest message.
 * @csspart closed - Says that nobody writes in this conversation any more.
 * @csspart note - Says that the messages are being fetched or are not up to date.
 * @csspart error - The sentence over the input when something is wrong.
 * @csspart hint - Over the input: how long the message is, or that one is being edited.
 * @csspart form - The input and its button.
 * @csspart input - The text field.
 * @csspart send - The button that sends.
 * @csspart launcher - The button that opens the chat over the page.
 * @csspart badge - How many messages are unread, on the launcher.
 * @csspart dialog - The chat over the page.
 * @csspart close - The button that closes it.
 * @cssprop [--chat-box-height=28rem] - Height of the whole element; 36rem over the page.
 * @cssprop [--chat-box-width=24rem] - Width over the page.
 * @cssprop [--chat-box-inset-block] - How far the launcher is from the lower edge of the page.
 * @cssprop [--chat-box-inset-inline] - How far the launcher is from the end of the line.
 * @cssprop [--chat-box-layer=1000] - The launcher's `z-index`.
 * @cssprop [--chat-box-user-surface=var(--livelit-accent)] - Background of the visitor's messages.
 * @cssprop [--chat-box-user-text] - Text colour of the visitor's messages.
 * @cssstate idle - The visitor has not written yet, or no project is connected.
 * @cssstate loading - The history is being fetched.
 * @cssstate live - What is shown is current.
 * @cssstate refreshing - What is shown is being fetched again.
 * @cssstate stale - The connection is down.
 * @cssstate error - Nothing helps without somebody's doing.
 * @cssstate streaming - A reply is being written.
 * @cssstate owner - The owner of the site is in the conversation.
 */
export class ChatBoxElement extends LitElement {
  static override styles = [base, styles];

  /** The conversation to show, a UUID; without one, the one that this browser is having. */
  @property() session = '';

  /** The title; without one, "Chat". */
  @property() label = '';

  /** What to say when there is no message yet; without one, what the owner of the site has set. */
  @property() greeting = '';

  /** What the empty input says. */
  @property() placeholder = '';

  /** `inline` stands in the page; `launcher` is a button in the corner that opens the chat over it. */
  @property({ reflect: true }) mode: 'inline' | 'launcher' = 'inline';

  /** Whether the chat is open over the page. */
  @property({ type: Boolean, reflect: true }) open = false;

  /** Words in place of the English ones, by name. */
  @property({ attribute: false }) words: Partial<ChatWords> = {};

  @state() private problem: LivelitError | undefined;

  @state() private menuOpen = false;

  #internals = this.attachInternals();

  #thread = new Lazy(this, loadThread);

  #menu = new Lazy(this, () => import('./chat-box.menu.ts'));

  #current = new LiveController(this, () => (this.session ? undefined : this.#chat?.currentSession()));

  #messages = new LiveController(
    this,
    () => (this.#sessionId ? this.#chat?.messages(this.#sessionId) : undefined),
    this.#internals,
  );

  #extras: ChatExtras | undefined;

  #launcher: Launcher | undefined;

  #composer = new Composer(this, () => this.#composing);

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('mode') && this.mode === 'launcher') void this.#loadLauncher();
    const { states } = this.#internals;
    toggle(
      states,
      'streaming',
      this.#rows.some(({ status }) => status === 'streaming'),
    );
    toggle(states, 'owner', this.#extras?.ownerHere === true);
  }

  protected override firstUpdated(): void {
    void this.#loadExtras();
  }

  protected override updated(): void {
    if (this.open && this.mode === 'launcher') this.#extras?.noteRead();
    // Until the extras know where the reader is, that is the end.
    const log = this.#extras ? null : this.renderRoot.querySelector('.log');
    if (log) log.scrollTop = log.scrollHeight;
  }

  override render() {
    if (this.mode !== 'launcher') return this.#renderFrame();
    const unread = this.open ? 0 : (this.#extras?.unread ?? 0);
    return this.#launcher?.render(() => this.#renderFrame(), this.#words, this.#label, unread) ?? nothing;
  }

  #renderFrame() {
    const { status, error } = this.#messages.snapshot;
    const problem = this.problem ?? (status === 'error' ? error : undefined);
    const note = NOTES[status];
    return html`
      <div class="frame">
        ${this.#renderHeader()}
        ${note ? html`<p part="note" class="note badge ${status === 'stale' ? '' : 'patient'}">${note}</p>` : nothing}
        ${this.#renderThread()}
        ${problem ? html`<p part="error" class="problem" role="alert">${problem.message}</p>` : nothing}
        ${this.#composer.render()}
        <slot name="footer"></slot>
      </div>
    `;
  }

  #renderHeader() {
    const thread = this.#thread.value;
    // Who opens it early waits for the names in it.
    const menu = this.menuOpen && thread ? this.#menu.value : undefined;
    return renderHeader(this.#words, {
      label: this.#label,
      ownerHere: this.#extras?.ownerHere === true,
      menu,
      toggle: this.#toggleMenu,
      close: this.mode === 'launcher' ? this.#close : undefined,
      items: this.menuOpen
        ? menu?.renderMenu(
            {
              words: this.#words,
              rows: this.#rows,
              sessionId: this.#sessionId,
              past: this.#extras?.past ?? [],
              locale: localeOf(this),
              nameOf: thread!.authorOf,
              go: (id) => void this.#chat?.openConversation(id).catch(this.#showProblem),
            },
            this.renderRoot,
          )
        : nothing,
    });
  }

  #renderThread() {
    const rows = this.#rows;
    const words = this.#words;
    const { status } = this.#messages.snapshot;
    const extras = this.#extras;
    const quiet = status === 'loading' || status === 'error';
    const greeting = html`<slot name="empty"
      ><slot name="greeting">
        ${this.greeting ? html`<p class="greeting" dir="auto">${this.greeting}</p>` : nothing}
      </slot></slot
    >`;
    const empty = extras?.renderEmpty(this.greeting, words, (text) => void this.#composer.send(text)) ?? greeting;
    const { value } = this.#thread;
    if (!value) return html`<div part="log" class="log">${empty}</div>`;
    const view = {
      rows,
      asOwner: false,
      words,
      busy: status === 'loading',
      locale: localeOf(this),
      act: this.#act,
      empty: quiet ? nothing : empty,
      extras,
    };
    return value.renderThread(view, this.renderRoot);
  }

  get #composing(): Composing {
    return {
      sessionId: this.#sessionId,
      words: this.#words,
      placeholder: this.placeholder,
      most: this.#extras?.info?.max_message_length ?? MAX_LENGTH,
      readDraft: this.#chat?.readDraft,
      keepDraft: this.#chat?.keepDraft,
      hand: (content, edited) => this.#hand(content, edited),
      tellTyping: () => this.#extras?.tellTyping(),
    };
  }

  get #words(): ChatWords {
    return {
      ...strings.chat,
      ...this.#thread.value?.chatStrings,
      ...this.#extras?.strings,
      ...this.words,
    } as ChatWords;
  }

  get #label(): string {
    return this.label || this.#words.label;
  }

  get #chat() {
    return this.#thread.value?.chat;
  }

  get #sessionId(): string {
    return this.session || this.#current.snapshot.data || '';
  }

  get #rows(): readonly Message[] {
    return this.#messages.snapshot.data ?? [];
  }

  async #loadExtras() {
    await loadThread();
    const { ChatExtras } = await import('./chat-box.extras.ts');
    this.#extras ??= new ChatExtras(this, () => ({
      sessionId: this.#sessionId,
      rows: this.#rows,
      listing: this.menuOpen,
    }));
    this.requestUpdate();
  }

  async #loadLauncher() {
    const { Launcher } = await import('./chat-box.launcher.ts');
    this.#launcher ??= new Launcher(this);
    this.requestUpdate();
  }

  #toggleMenu = (event: Event) => {
    this.menuOpen = (event.target as HTMLDetailsElement).open;
  };

  #close = () => {
    this.open = false;
  };

  /** Hands a message over; until that has worked it stays in the input, to be put right or sent again. */
  async #hand(content: string, edited: Message | undefined): Promise<boolean> {
    this.problem = undefined;
    const send = new ChatBoxSendEvent(content);
    if (!this.dispatchEvent(send)) return false;
    try {
      // Both are there at once, unless somebody writes faster than the page loads.
      const { chat } = this.#thread.value ?? (await loadThread());
      const sessionId = this.#sessionId || (await chat.readySession());
      if (edited) chat.editMessage(sessionId, edited, content);
      else chat.sendMessage(sessionId, content);
    } catch (error) {
      this.#showProblem(error);
      return false;
    }
    this.#extras?.reading.toEnd();
    const sent = new ChatBoxSentEvent(content);
    this.dispatchEvent(sent);
    return true;
  }

  #act: Act = (wish) => {
    this.problem = undefined;
    if (wish.do === 'edit') this.#composer.edit(wish.message);
    else this.#extras?.fulfil(wish).catch(this.#showProblem);
  };

  #showProblem = (error: unknown) => {
    this.problem = LivelitError.from(error);
  };
}

/** As `MAX_MESSAGE_LENGTH` of the service, which is not loaded yet when the element is. */
const MAX_LENGTH = 2_000;

declare global {
  interface HTMLElementTagNameMap {
    'chat-box': ChatBoxElement;
  }
}
