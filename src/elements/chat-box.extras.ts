import { html, nothing, type ReactiveController } from 'lit';
import {
  chatInfo,
  conversations,
  presence,
  rateReply,
  tellTyping,
  type Conversation,
} from '../services/chat-conversations.ts';
import { discardMessage, editMessage, regenerateReply, retryMessage, stopReply } from '../services/chat-turns.ts';
import { keepReadUpTo, newConversation, readUpTo, type Message, type SendError } from '../services/chat.ts';
import { pagePreferences } from '../services/page-preferences.ts';
import { adopt } from './adopt.ts';
import { extrasStyles } from './chat-box.extras.styles.ts';
import { authorOf, renderDots, type Rendering, type Wish } from './chat-box.message.ts';
import { Reading, type ReadingHost } from './chat-box.reading.ts';
import type { ThreadView } from './chat-box.thread.ts';
import { LiveController } from './live-controller.ts';
import { momentFormat } from './locale.ts';
import { timeAgo } from './time-ago.ts';
import { chatMoreStrings, type ChatWords } from './strings/chat-more.en.ts';

/** Which conversation is shown. */
interface Shown {
  readonly sessionId: string;
  readonly rows: readonly Message[];
  /** Its menu is open. */
  readonly listing: boolean;
  /** Whoever looks runs the site. */
  readonly asOwner: boolean;
}

/** What surrounds the messages: where the reader is, who else is there, what can be done with them. */
export class ChatExtras implements ReactiveController {
  readonly strings = chatMoreStrings;
  readonly reading: Reading;
  readonly #host: ReadingHost;
  readonly #shown: () => Shown;
  readonly #info;
  readonly #presence;
  readonly #past;
  /** Loaded with the first reply. */
  #rendering: Rendering | undefined;
  #loading = false;
  /** Messages of others in the conversation that need not be announced any more. */
  #heard: ReadonlySet<string> = new Set();
  #heardIn: string | undefined;
  #announcement = '';
  #wake: ReturnType<typeof setTimeout> | undefined;

  constructor(host: ReadingHost, shown: () => Shown) {
    this.#host = host;
    this.#shown = shown;
    this.reading = new Reading(host);
    this.#info = new LiveController(host, chatInfo);
    // Asked for as soon as there is a conversation.
    this.#presence = new LiveController(host, () => (shown().rows.length ? presence(shown().sessionId) : undefined));
    // Dates and times follow the page's settings.
    new LiveController(host, pagePreferences);
    this.#past = new LiveController(host, () => (shown().listing && !shown().asOwner ? conversations() : undefined));
    host.addController(this);
  }

  get info() {
    return this.#info.snapshot.data;
  }

  get past(): readonly Conversation[] {
    return this.#past.snapshot.data ?? [];
  }

  get ownerHere(): boolean {
    return (this.#presence.snapshot.data?.ownerUntil ?? 0) > Date.now();
  }

  get rendering(): Rendering | undefined {
    return this.#rendering;
  }

  /** How many messages have come that nobody has looked at here. */
  get unread(): number {
    const { rows, sessionId } = this.#shown();
    const upTo = readUpTo(sessionId);
    return rows.filter(({ role, seq, status }) => role === 'assistant' && status === 'complete' && (seq ?? 0) > upTo)
      .length;
  }

  /** Notes that everything has been seen. */
  noteRead(): void {
    const { rows, sessionId } = this.#shown();
    const seq = rows.findLast((row) => row.seq !== null && row.status !== 'streaming')?.seq;
    if (seq && document.visibilityState === 'visible') keepReadUpTo(sessionId, seq);
  }

  /** Tells the others that somebody is typing, while the owner is there; nobody misses it. */
  tellTyping(): void {
    if (this.ownerHere) tellTyping(this.#shown().sessionId).catch(() => undefined);
  }

  /** Does what a reader wants done with a message. @throws {LivelitError} */
  async fulfil(wish: Wish): Promise<void> {
    const { sessionId } = this.#shown();
    if (wish.do === 'retry') retryMessage(sessionId, wish.message);
    else if (wish.do === 'discard') discardMessage(sessionId, wish.message);
    else if (wish.do === 'regenerate') regenerateReply(sessionId, wish.message);
    else if (wish.do === 'stop') await stopReply(wish.message);
    else if (wish.do === 'rate') await rateReply(wish.message, wish.feedback);
    else await newConversation();
  }

  /** Puts a text in the place of a message of the visitor's. @throws {LivelitError} */
  edit(message: Message, content: string): void {
    editMessage(this.#shown().sessionId, message, content);
  }

  hostUpdated(): void {
    adopt(this.#host.renderRoot, extrasStyles);
    if (this.#rendering) adopt(this.#host.renderRoot, this.#rendering.styles);
    const { rows } = this.#shown();
    if (!this.#rendering && rows.some(({ role, content }) => role === 'assistant' && content)) this.#loadRendering();
    clearTimeout(this.#wake);
    const wait = this.#nextChange(rows);
    if (wait !== undefined) this.#wake = setTimeout(() => this.#host.requestUpdate(), wait);
  }

  hostDisconnected(): void {
    clearTimeout(this.#wake);
  }

  /** How long somebody has to wait, in words, when it is known. */
  waitOf({ retryAt, reason }: SendError, words: ChatWords, locale: string | undefined): string {
    if (reason !== 'daily_cap') return retryAt ? words.retryIn(timeAgo(retryAt, locale)) : '';
    const midnight = new Date();
    midnight.setUTCHours(24, 0, 0, 0);
    return words.backAt(momentFormat(locale, { hour: '2-digit', minute: '2-digit' }).format(midnight));
  }

  renderEmpty(greeting: string, words: ChatWords, ask: (text: string) => void) {
    const suggestions = this.info?.suggestions ?? [];
    return html`
      <slot name="empty">
        <slot name="greeting"
          ><p class="greeting" dir="auto">${greeting || this.info?.greeting || words.greeting}</p></slot
        >
        ${
          suggestions.length
            ? html`<div part="suggestions" class="suggestions" role="group" aria-label=${words.suggestions}>
                ${suggestions.map(
                  (text) =>
                    html`<button part="suggestion" class="chip" type="button" dir="auto" @click=${() => ask(text)}>
                      ${text}
                    </button>`,
                )}
              </div>`
            : nothing
        }
      </slot>
    `;
  }

  renderEarlier(words: ChatWords) {
    return html`<button part="earlier" class="link earlier" type="button" @click=${this.reading.showEarlier}>
      ${words.earlier}
    </button>`;
  }

  renderTyping({ asOwner, words }: ThreadView) {
    const { typing } = this.#presence.snapshot.data ?? {};
    if (typing?.author !== (asOwner ? 'visitor' : 'owner') || typing.until <= Date.now()) return nothing;
    const label = asOwner ? words.visitorTyping : words.ownerTyping;
    return html`<li part="row typing" class="row assistant">
      ${renderDots(label)}<span part="meta" class="meta">${label}</span>
    </li>`;
  }

  renderAfter(view: ThreadView) {
    const { words, asOwner, act } = view;
    this.#announce(view);
    const action = (part: string, name: string, label: string, go: () => void) =>
      html`<button part=${part} class=${name} type="button" @click=${go}>${label}</button>`;
    const renew = asOwner ? nothing : action('action', 'link', words.newConversation, () => act({ do: 'renew' }));
    return html`
      ${this.reading.away ? action('jump', 'jump', words.latest, () => this.reading.toEnd()) : nothing}
      ${this.#presence.snapshot.data?.closed ? html`<p part="closed" class="closed">${words.closed} ${renew}</p>` : nothing}
      <div class="visually-hidden" aria-live="polite">${this.#announcement}</div>
    `;
  }

  /** Up and down go from message to message. */
  rove = (event: KeyboardEvent): void => {
    const row = event.target as HTMLElement;
    if (!row.matches('li.row')) return;
    const rows = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('li.row[tabindex]')];
    const at = rows.indexOf(row);
    const next = { ArrowUp: rows[at - 1], ArrowDown: rows[at + 1], Home: rows[0], End: rows.at(-1) }[event.key];
    if (!next) return;
    event.preventDefault();
    next.focus();
  };

  /** Says what has come from somebody else and is complete: once, and nothing of what was there before. */
  #announce({ rows, words, asOwner }: ThreadView): void {
    const { sessionId } = this.#shown();
    const others = rows.filter(({ author }) => author !== (asOwner ? 'owner' : 'visitor'));
    const ended = others.filter(({ status }) => ['complete', 'stopped', 'error'].includes(status));
    if (this.#heardIn === sessionId) {
      const said = ended
        .filter(({ id }) => !this.#heard.has(id))
        .map((row) => `${authorOf(row, words, asOwner)}: ${row.content || words.replyFailed}`)
        .join('\n');
      // What somebody says again is another sentence.
      if (said) this.#announcement = said === this.#announcement ? `${said}\u00a0` : said;
    } else this.#announcement = '';
    this.#heardIn = rows.length ? sessionId : undefined;
    this.#heard = new Set(ended.map(({ id }) => id));
  }

  /** In how many ms something changes by itself: a wait grows shorter, somebody is no longer typing. */
  #nextChange(rows: readonly Message[]): number | undefined {
    const now = Date.now();
    const { typing, ownerUntil = 0 } = this.#presence.snapshot.data ?? {};
    const waits = rows.some(({ error }) => error?.retryAt && error.retryAt > now) ? [1_000] : [];
    for (const until of [typing?.until ?? 0, ownerUntil]) if (until > now) waits.push(until - now);
    return waits.length ? Math.min(...waits) : undefined;
  }

  #loadRendering(): void {
    if (this.#loading) return;
    this.#loading = true;
    Promise.all([import('./chat-box.markdown.ts'), import('./chat-box.actions.ts')]).then(
      ([{ markdown, markdownStyles: styles }, { renderActions, renderSources }]) => {
        this.#rendering = { markdown, styles, renderActions, renderSources };
        this.#host.requestUpdate();
      },
      // Without them the text is still there; the next change tries again.
      () => (this.#loading = false),
    );
  }
}
