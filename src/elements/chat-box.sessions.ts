import { html, nothing, type ReactiveController, type ReactiveControllerHost } from 'lit';
import {
  closeConversation,
  deleteConversation,
  joinConversation,
  markRead,
  type Conversation,
} from '../services/chat-conversations.ts';
import { MAX_OWNER_LENGTH, replyAsOwner } from '../services/chat-turns.ts';
import type { Message } from '../services/chat.ts';
import type { Live } from '../store/live.ts';
import { adopt } from './adopt.ts';
import { ConversationList, who } from './chat-box.conversations.ts';
import type { ChatExtras } from './chat-box.extras.ts';
import { renderIcon, type Heading } from './chat-box.header.ts';
import { Knowledge } from './chat-box.knowledge.ts';
import { sessionsStyles } from './chat-box.sessions.styles.ts';
import { chatOwnerStrings } from './strings/chat-owner.en.ts';
import type { ChatWords } from './strings/chat-more.en.ts';

/** The database counts somebody as here for two minutes. */
const HERE_MS = 60_000;

/** How long ago the newest messages came is said anew, ms. */
const TICK_MS = 30_000;

type SessionsHost = ReactiveControllerHost & HTMLElement & { readonly renderRoot: HTMLElement | DocumentFragment };

/** What the element tells of itself. */
interface Shown {
  readonly words: ChatWords;
  readonly rows: readonly Message[];
  readonly extras: ChatExtras | undefined;
  readonly nameOf: ((message: Message, words: ChatWords) => string) | undefined;
  readonly close: (() => void) | undefined;
}

/**
 * What who runs the site sees: all conversations, one of them with what its owner can do there, and what the model knows.
 * Visitors never load it.
 */
export class Sessions implements ReactiveController {
  readonly strings = chatOwnerStrings;
  readonly most = MAX_OWNER_LENGTH;
  readonly #host: SessionsHost;
  readonly #fail: (error: unknown) => void;
  readonly #list: ConversationList;
  readonly #knowledge: Knowledge;
  #sessionId = '';
  /** What is shown while no conversation is. */
  #tab: 'conversations' | 'knowledge' = 'conversations';
  /** Somebody is asked whether the conversation may be deleted. */
  #deleting = false;
  /** Told that the owner is in the conversation, again and again. */
  #heartbeat: ReturnType<typeof setInterval> | undefined;
  #tick: ReturnType<typeof setInterval> | undefined;
  /** Which of the visitor's messages are known to be read, as their number. */
  #readAt = '';

  constructor(host: SessionsHost, fail: (error: unknown) => void) {
    this.#host = host;
    this.#fail = fail;
    this.#list = new ConversationList(host, { open: (id) => this.#show(id), fail });
    this.#knowledge = new Knowledge(host, () => this.#tab === 'knowledge' && !this.#sessionId);
    host.addController(this);
  }

  /** The conversation that is open; empty while none is. */
  get sessionId(): string {
    return this.#sessionId;
  }

  /** How many messages nobody has read. */
  get unread(): number {
    return this.#list.rows.reduce((sum, { unread = 0 }) => sum + unread, 0);
  }

  get live(): () => Live<readonly Conversation[]> {
    return this.#list.live;
  }

  /** Replies in person. @throws {LivelitError} */
  reply(content: string): void {
    replyAsOwner(this.#sessionId, content);
    // The database counts who replies as here.
    this.#keepTelling();
  }

  hostConnected(): void {
    this.#tick = setInterval(() => this.#host.requestUpdate(), TICK_MS);
  }

  hostUpdated(): void {
    adopt(this.#host.renderRoot, sessionsStyles);
    if (!this.#sessionId) return;
    const row = this.#open;
    const { status } = this.#list.snapshot;
    // Somebody else has deleted it, or its owner has signed out.
    if (!row && this.#readAt && (status === 'live' || status === 'idle')) this.#back();
    else if (row) this.#noteRead(row);
  }

  hostDisconnected(): void {
    clearInterval(this.#tick);
    this.#leave();
  }

  /** The header, whatever is shown. */
  heading({ words, rows, extras, nameOf, close }: Shown): Heading {
    const row = this.#open;
    if (!this.#sessionId) {
      const title = html`<div part="tabs" class="tabs" role="group" aria-label=${words.conversations}>
        ${(['conversations', 'knowledge'] as const).map(
          (tab) =>
            html`<button
              part="tab"
              class="tab"
              type="button"
              aria-pressed=${tab === this.#tab}
              @click=${() => this.#turn(tab)}
            >
              ${words[tab]}
            </button>`,
        )}
      </div>`;
      return { title, label: words.conversations, presence: undefined, close };
    }
    const here = this.#heartbeat !== undefined;
    const title = html`
      <button part="back" class="icon back" type="button" aria-label=${words.back} @click=${this.#back}>
        ${renderIcon('M10 3L5 8l5 5')}
      </button>
      <strong dir="auto">${row ? who(row, words) : words.visitor}</strong>
    `;
    const actions = row?.closed_at
      ? html`<span class="badge">${words.ended}</span>`
      : html`<button part="join" class="chip" type="button" @click=${here ? this.#leave : this.#join}>
          ${here ? words.leave : words.join}
        </button>`;
    return {
      title,
      label: words.conversations,
      presence: here ? words.youAreHere : extras?.ownerHere ? words.ownerHere : undefined,
      actions,
      items: ({ renderItems, renderItem, renderTranscript }) =>
        renderItems(
          this.#host.renderRoot,
          html`
            ${renderItem(row?.closed_at ? words.reopen : words.closeConversation, () =>
              this.#try(closeConversation(this.#sessionId, !row?.closed_at)),
            )}
            ${renderTranscript({ words, rows, nameOf })} ${renderItem(words.delete, () => this.#ask(true))}
          `,
        ),
      close,
    };
  }

  /** What stands between the header and the conversation. */
  renderNotice(words: ChatWords) {
    if (!this.#deleting) return nothing;
    const name = this.#open?.title ?? words.visitor;
    return html`<div
      part="notice"
      class="notice"
      role="alertdialog"
      aria-label=${words.deleteSure(name)}
      @keydown=${this.#escape}
    >
      <p>${words.deleteSure(name)}</p>
      <button part="action" class="chip bad" type="button" @click=${this.#delete}>${words.delete}</button>
      <button part="action" class="chip" type="button" @click=${() => this.#ask(false)}>${words.keep}</button>
    </div>`;
  }

  /** What is shown while no conversation is. */
  renderOverview(words: ChatWords) {
    return this.#tab === 'knowledge' ? this.#knowledge.render(words) : this.#list.render(words);
  }

  get #open(): Conversation | undefined {
    return this.#list.rows.find(({ id }) => id === this.#sessionId);
  }

  #turn(tab: 'conversations' | 'knowledge'): void {
    this.#tab = tab;
    this.#host.requestUpdate();
  }

  #show(id: string): void {
    this.#sessionId = id;
    this.#readAt = '';
    this.#focus('textarea');
  }

  #back = (): void => {
    const id = this.#sessionId;
    this.#leave();
    this.#sessionId = '';
    this.#deleting = false;
    this.#focus(`[data-id="${id}"]`);
  };

  #ask(deleting: boolean): void {
    this.#deleting = deleting;
    this.#focus(deleting ? '.notice button:last-of-type' : 'summary');
  }

  #join = (): void => {
    this.#keepTelling();
    this.#try(joinConversation(this.#sessionId));
  };

  #leave = (): void => {
    if (this.#heartbeat === undefined) return;
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
    // When that does not arrive, it ends by itself.
    joinConversation(this.#sessionId, false).catch(() => undefined);
    this.#host.requestUpdate();
  };

  #keepTelling(): void {
    const id = this.#sessionId;
    this.#heartbeat ??= setInterval(() => {
      // The next one may arrive.
      joinConversation(id).catch(() => undefined);
    }, HERE_MS);
    this.#host.requestUpdate();
  }

  #escape = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    // It keeps the conversation, and does not close the dialog around it as well.
    event.preventDefault();
    this.#ask(false);
  };

  #delete = (): void => {
    const id = this.#sessionId;
    this.#deleting = false;
    this.#try(
      deleteConversation(id).then(() => {
        this.#list.drop(id);
        if (this.#sessionId === id) this.#back();
      }),
    );
  };

  #noteRead({ id, unread = 0, last_message_at: at }: Conversation): void {
    const state = `${unread}:${at}`;
    if (state === this.#readAt || document.visibilityState !== 'visible') return;
    this.#readAt = state;
    // Who has not read it here is told again by the next message.
    if (unread) markRead(id).catch(() => undefined);
  }

  #try(promise: Promise<unknown>): void {
    promise.catch(this.#fail);
    this.#host.requestUpdate();
  }

  #focus(selector: string): void {
    this.#host.requestUpdate();
    void (this.#host as unknown as { updateComplete: Promise<unknown> }).updateComplete.then(() => {
      const { renderRoot } = this.#host;
      // What is gone cannot take it.
      (renderRoot.querySelector<HTMLElement>(selector) ?? renderRoot.querySelector<HTMLElement>('.tab'))?.focus();
    });
  }
}
