import { html, LitElement, nothing } from 'lit';
import { property, state } from 'lit/decorators.js';
import type { Conversation } from '../services/chat-conversations.ts';
import type { Message } from '../services/chat.ts';
import { LivelitError } from '../store/error.ts';
import type { Live, Status } from '../store/live.ts';
import { base } from './base.styles.ts';
import { Composer, type Composing } from './chat-box.composer.ts';
import { ChatBoxSendEvent, ChatBoxSentEvent } from './chat-box.events.ts';
import { Header, type Heading } from './chat-box.header.ts';
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
 * @csspart tabs - Over the owner's lists: which of them is shown.
 * @csspart tab - One of them.
 * @csspart conversations - All conversations, for the owner of the site.
 * @csspart conversation - One of them; also `unread`.
 * @csspart older - The button under them that shows older ones.
 * @csspart back - The button that goes back to them.
 * @csspart join - The button by which the owner joins a conversation, or leaves it.
 * @csspart notice - Asks the owner whether a conversation may be deleted.
 * @csspart texts - What the model knows, for the owner of the site.
 * @csspart text - One text of it.
 * @csspart add - The button that adds a text.
 * @csspart load - The button that loads files.
 * @csspart text-form - Where a text is written.
 * @csspart field - An input in it.
 * @csspart save - The button that keeps the text.
 * @csspart cancel - The button that does not.
 * @csspart knowledge-note - How that went.
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

  /** `sessions` shows the owner of the site, signed in, all conversations, and what the model knows. */
  @property() view: 'conversation' | 'sessions' = 'conversation';

  /** Words in place of the English ones, by name. */
  @property({ attribute: false }) words: Partial<ChatWords> = {};

  @state() private problem: LivelitError | undefined;

  #internals = this.attachInternals();

  #thread = new Lazy(this, loadThread);

  #lateLauncher = new Lazy(this, async () => new (await import('./chat-box.launcher.ts')).Launcher(this));

  #lateSessions = new Lazy(
    this,
    async () => new (await import('./chat-box.sessions.ts')).Sessions(this, this.#showProblem),
  );

  #lateExtras = new Lazy(this, async () => {
    await loadThread();
    const { ChatExtras } = await import('./chat-box.extras.ts');
    return new ChatExtras(this, () => ({
      sessionId: this.#sessionId,
      rows: this.#rows,
      listing: this.#header.open,
      asOwner: this.view === 'sessions',
    }));
  });

  #current = new LiveController(this, () => (this.session ? undefined : this.#chat?.currentSession()));

  /** The messages of the conversation; to the owner of the site, while none is open, the conversations. */
  #shown = new LiveController<readonly (Message | Conversation)[]>(
    this,
    (): Live<readonly (Message | Conversation)[]> | undefined =>
      this.#sessionId ? this.#chat?.messages(this.#sessionId) : this.#sessions?.live(),
    this.#internals,
  );

  #words = strings.chat as ChatWords;

  #header = new Header(this);

  #composer = new Composer(this, () => this.#composing);

  protected override willUpdate(): void {
    // Once for each paint, however often they are asked for in it.
    this.#words = {
      ...strings.chat,
      ...this.#thread.value?.chatStrings,
      ...this.#extras?.strings,
      ...this.#sessions?.strings,
      ...this.words,
    } as ChatWords;
    const { states } = this.#internals;
    toggle(
      states,
      'streaming',
      this.#rows.some(({ status }) => status === 'streaming'),
    );
    toggle(states, 'owner', this.#extras?.ownerHere === true);
  }

  protected override updated(): void {
    if (this.open && this.mode === 'launcher') this.#extras?.noteRead();
    // Until the extras know where the reader is, that is the end.
    const log = this.#extras ? null : this.renderRoot.querySelector('.log');
    if (log) log.scrollTop = log.scrollHeight;
  }

  override render() {
    if (this.mode !== 'launcher') return this.#renderFrame();
    const unread = this.open ? 0 : ((this.#sessions ?? this.#extras)?.unread ?? 0);
    return this.#lateLauncher.value?.render(() => this.#renderFrame(), this.#words, this.#label, unread) ?? nothing;
  }

  #renderFrame() {
    const { status, error } = this.#shown.snapshot;
    const problem = this.problem ?? (status === 'error' ? error : undefined);
    const note = NOTES[status];
    const talking = this.view !== 'sessions' || this.#sessionId;
    const words = this.#words;
    return html`
      <div class="frame">
        ${this.#header.render(words, this.#heading)}
        ${note ? html`<p part="note" class="note badge ${status === 'stale' ? '' : 'patient'}">${note}</p>` : nothing}
        ${this.#sessions?.renderNotice(words)} ${talking ? this.#renderThread() : this.#sessions?.renderOverview(words)}
        ${problem ? html`<p part="error" class="problem" role="alert">${problem.message}</p>` : nothing}
        ${talking ? html`${this.#composer.render()}<slot name="footer"></slot>` : nothing}
      </div>
    `;
  }

  get #heading(): Heading {
    const words = this.#words;
    const rows = this.#rows;
    const nameOf = this.#thread.value?.authorOf;
    const close = this.mode === 'launcher' ? this.#close : undefined;
    return (
      this.#sessions?.heading({ words, rows, extras: this.#extras, nameOf, close }) ?? {
        label: this.#label,
        presence: this.#extras?.ownerHere ? words.ownerHere : undefined,
        items: (menu) =>
          menu.renderMenu(
            {
              words,
              rows,
              sessionId: this.#sessionId,
              past: this.#extras?.past ?? [],
              locale: localeOf(this),
              nameOf,
              go: (id) => void this.#chat?.openConversation(id).catch(this.#showProblem),
            },
            this.renderRoot,
          ),
        close,
      }
    );
  }

  #renderThread() {
    const rows = this.#rows;
    const words = this.#words;
    const { status } = this.#shown.snapshot;
    const extras = this.#extras;
    const asOwner = this.view === 'sessions';
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
      asOwner,
      words,
      busy: status === 'loading',
      locale: localeOf(this),
      act: this.#act,
      empty: asOwner || status === 'loading' || status === 'error' ? nothing : empty,
      extras,
    };
    return value.renderThread(view, this.renderRoot);
  }

  get #composing(): Composing {
    const sessions = this.#sessions;
    const words = this.#words;
    return {
      sessionId: this.#sessionId,
      words,
      placeholder: sessions ? words.reply : this.placeholder,
      most: sessions?.most ?? this.#extras?.info?.max_message_length ?? MAX_LENGTH,
      readDraft: this.#chat?.readDraft,
      keepDraft: this.#chat?.keepDraft,
      hand: (content, edited) => this.#hand(content, edited),
      tellTyping: () => this.#extras?.tellTyping(),
    };
  }

  get #label(): string {
    return this.label || this.#words.label;
  }

  get #chat() {
    return this.#thread.value?.chat;
  }

  get #extras() {
    return this.#lateExtras.value;
  }

  /** Only for the owner of the site. */
  get #sessions() {
    return this.view === 'sessions' ? this.#lateSessions.value : undefined;
  }

  get #sessionId(): string {
    if (this.view === 'sessions') return this.#sessions?.sessionId ?? '';
    return this.session || this.#current.snapshot.data || '';
  }

  get #rows(): readonly Message[] {
    return this.#sessionId ? ((this.#shown.snapshot.data ?? []) as readonly Message[]) : [];
  }

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
      if (this.#sessions) this.#sessions.reply(content);
      else if (edited) this.#extras!.edit(edited, content);
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
