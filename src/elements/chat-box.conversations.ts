import { html, nothing, type ReactiveControllerHost } from 'lit';
import { conversations, olderConversations, PAGE, type Conversation } from '../services/chat-conversations.ts';
import type { Live, Snapshot } from '../store/live.ts';
import { LiveController } from './live-controller.ts';
import { localeOf } from './locale.ts';
import type { ChatWords } from './strings/chat-more.en.ts';
import { timeAgo } from './time-ago.ts';

/** What the list tells the view around it. */
interface ListHooks {
  readonly open: (id: string) => void;
  readonly fail: (error: unknown) => void;
}

/** All conversations, newest first: the newest kept live, older ones on request. */
export class ConversationList {
  readonly #host: ReactiveControllerHost & HTMLElement;
  readonly #hooks: ListHooks;
  readonly #list: LiveController<readonly Conversation[]>;
  /** Conversations that the list, which is kept live, is too short for. */
  #older: readonly Conversation[] = [];
  #oldest = false;

  constructor(host: ReactiveControllerHost & HTMLElement, hooks: ListHooks) {
    this.#host = host;
    this.#hooks = hooks;
    this.#list = new LiveController(host, this.live);
  }

  live = (): Live<readonly Conversation[]> => conversations('all');

  get snapshot(): Snapshot<readonly Conversation[]> {
    return this.#list.snapshot;
  }

  get rows(): readonly Conversation[] {
    const newest = this.#list.snapshot.data ?? [];
    const known = new Set(newest.map(({ id }) => id));
    return [...newest, ...this.#older.filter(({ id }) => !known.has(id))];
  }

  /** A conversation has been deleted. */
  drop(id: string): void {
    this.#older = this.#older.filter((row) => row.id !== id);
  }

  render(words: ChatWords) {
    const { rows } = this;
    const { status } = this.#list.snapshot;
    const refused = status === 'idle' || status === 'error';
    return html`
      <div class="pane">
        ${
          rows.length
            ? html`<ul part="conversations" class="conversations" aria-label=${words.conversations} @keydown=${rove}>
                ${rows.map((row) => this.#renderRow(row, words))}
              </ul>`
            : status === 'loading'
              ? nothing
              : html`<p class="greeting">${refused ? words.needsOwner : words.noConversations}</p>`
        }
        ${
          rows.length >= PAGE && !this.#oldest
            ? html`<button part="older" class="link older" type="button" @click=${this.#showOlder}>
                ${words.older}
              </button>`
            : nothing
        }
      </div>
    `;
  }

  #renderRow(row: Conversation, words: ChatWords) {
    const { id, title, last, unread = 0, streaming, closed_at: closed, owner_active_until: until } = row;
    const attended = until !== null && Date.parse(until) > Date.now();
    const badge = (kind: string, text: string) => html`<span class="badge ${kind}">${text}</span>`;
    return html`<li>
      <button
        part="conversation ${unread ? 'unread' : ''}"
        class="conversation ${unread ? 'news' : ''}"
        type="button"
        data-id=${id}
        @click=${() => this.#hooks.open(id)}
      >
        <span class="name" dir="auto">${who(row, words)}</span>
        <span class="when">${timeAgo(Date.parse(row.last_message_at), localeOf(this.#host))}</span>
        <span class="about" dir="auto">${title ?? words.untitled}</span>
        <span class="marks">
          ${unread ? badge('new', words.news(unread)) : nothing} ${streaming ? badge('', words.live) : nothing}
          ${attended ? badge('good', words.attended) : nothing} ${closed ? badge('', words.ended) : nothing}
        </span>
        ${last && last.content !== title ? html`<span class="last" dir="auto">${last.content}</span>` : nothing}
      </button>
    </li>`;
  }

  #showOlder = (): void => {
    const last = this.rows.at(-1)!;
    olderConversations(last).then((rows) => {
      this.#older = [...this.#older, ...rows];
      this.#oldest = rows.length < PAGE;
      this.#host.requestUpdate();
    }, this.#hooks.fail);
  };
}

/** Who it is, as far as it is known. */
export const who = ({ visitor_name: name, email }: Conversation, words: ChatWords) => name ?? email ?? words.visitor;

/** Up and down go from conversation to conversation. */
function rove(event: KeyboardEvent): void {
  const buttons = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('button')];
  const at = buttons.indexOf(event.target as HTMLElement);
  const next = { ArrowUp: buttons[at - 1], ArrowDown: buttons[at + 1], Home: buttons[0], End: buttons.at(-1) }[
    event.key
  ];
  if (!next) return;
  event.preventDefault();
  next.focus();
}
