import { html, nothing, type CSSResult } from 'lit';
import type { Message } from '../services/chat.ts';
import type { renderActions, renderSources } from './chat-box.actions.ts';
import type { markdown } from './chat-box.markdown.ts';
import type { ThreadView } from './chat-box.thread.ts';
import type { ChatWords } from './strings/chat-more.en.ts';

/** How a message looks that is more than its text; loaded with the first reply. */
export interface Rendering {
  readonly markdown: typeof markdown;
  readonly styles: CSSResult;
  readonly renderActions: typeof renderActions;
  readonly renderSources: typeof renderSources;
}

/** What a reader wants done with a message. */
export type Wish =
  | { readonly do: 'retry' | 'discard' | 'stop' | 'regenerate'; readonly message: Message }
  | { readonly do: 'rate'; readonly message: Message; readonly feedback: Message['feedback'] }
  | { readonly do: 'renew' };

export type Act = (wish: Wish | { readonly do: 'edit'; readonly message: Message }) => void;

/** Refusals that a new conversation solves. */
const CONVERSATION_OVER = new Set(['session', 'session_expired', 'session_full', 'session_closed']);

/** A message keeps its row from the moment it is sent. */
export const messageKey = ({ role, client_id, id }: Message) => (role === 'user' ? (client_id ?? id) : id);

/**
 * @param entry - Where the keyboard enters the messages.
 * @param last - The newest of the conversation.
 */
export function renderMessage(message: Message, view: ThreadView, entry: boolean, last: boolean) {
  const { words, asOwner } = view;
  const rendering = view.extras?.rendering;
  const { id, role, author, status, content } = message;
  const side = (asOwner ? author === 'owner' : role === 'user') ? 'user' : 'assistant';
  const kind = `${side} ${['pending', 'failed', 'streaming'].includes(status) ? status : ''}`;
  const ended = status !== 'streaming';
  const rich = role === 'assistant' && rendering;
  const bubble = rich
    ? html`<slot name="message-${id}"
        ><div part="bubble" class="bubble rich" dir="auto" ${rendering.markdown(content, ended)}></div
      ></slot>`
    : html`<div part="bubble" class="bubble" dir="auto">${content}</div>`;
  return html`
    <li part="row ${kind}" class="row ${kind} by-${author}" tabindex=${entry ? 0 : -1}>
      <span class=${(author === 'owner') === asOwner ? 'visually-hidden' : `author ${author}`}
        >${authorOf(message, words, asOwner)}</span
      >
      ${content ? bubble : ended ? nothing : renderDots(words.writing)}
      ${message.sources?.length ? rendering?.renderSources(message, words) : nothing} ${renderMeta(message, view)}
      ${content && ended ? rendering?.renderActions(message, view, last) : nothing}
    </li>
  `;
}

export const authorOf = ({ author }: Message, words: ChatWords, asOwner = false) =>
  author === 'visitor' ? (asOwner ? words.visitor : words.you) : author === 'owner' ? words.owner : words.model;

export const renderDots = (label: string) =>
  html`<span part="bubble" class="bubble dots" role="img" aria-label=${label}
    ><span></span><span></span><span></span
  ></span>`;

function renderMeta(message: Message, { words, act, locale, asOwner, extras }: ThreadView) {
  const { role, status, error, author } = message;
  const action = (label: string, act: () => void) =>
    html`<button part="action" class="link" type="button" @click=${act}>${label}</button>`;
  const wish = (what: 'retry' | 'discard' | 'stop' | 'regenerate') => () => act({ do: what, message });
  const meta = (content: unknown) => html`<span part="meta" class="meta">${content}</span>`;
  const sentence = `${error?.message ?? ''} ${(error && extras?.waitOf(error, words, locale)) ?? ''}`.trim();
  if (status === 'failed') {
    return meta(html`
      ${(author === 'model' ? words.notAgain : words.failed)(sentence)} ${action(words.retry, wish('retry'))}
      ${action(words.discard, wish('discard'))}
      ${
        error && CONVERSATION_OVER.has(error.reason)
          ? action(words.newConversation, () => act({ do: 'renew' }))
          : nothing
      }
    `);
  }
  if (error) {
    return meta(status === 'pending' ? words.waiting(sentence) : sentence);
  }
  if (status === 'pending') return meta(words.sending);
  if (status === 'stopped') return meta(words.stopped);
  if (status === 'error') {
    const again = !asOwner && role === 'assistant' ? action(words.retry, wish('regenerate')) : nothing;
    return meta(html`${words.replyFailed} ${again}`);
  }
  if (role === 'assistant' && status === 'streaming') return meta(action(words.stop, wish('stop')));
  return nothing;
}
