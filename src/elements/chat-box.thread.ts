import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { Message } from '../services/chat.ts';
import { adopt } from './adopt.ts';
import type { ChatExtras } from './chat-box.extras.ts';
import { messageKey, renderDots, renderMessage, type Act } from './chat-box.message.ts';
import { threadStyles } from './chat-box.thread.styles.ts';
import type { ChatWords } from './strings/chat-more.en.ts';

export * as chat from '../services/chat.ts';
export { authorOf } from './chat-box.message.ts';
export { chatStrings } from './strings/chat.en.ts';

/** What a thread shows. */
export interface ThreadView {
  readonly rows: readonly Message[];
  /** Whoever looks runs the site: their own messages are the owner's. */
  readonly asOwner: boolean;
  readonly words: ChatWords;
  readonly busy: boolean;
  readonly locale: string | undefined;
  readonly act: Act;
  /** In place of messages, while there are none. */
  readonly empty: unknown;
  /** Come a moment later. */
  readonly extras: ChatExtras | undefined;
}

/** Until the extras know where the reader is, only the newest are in the page. */
const NEWEST = 40;

/** The messages of a conversation. */
export function renderThread(view: ThreadView, root: Node) {
  adopt(root, threadStyles);
  const { rows, words, busy, empty, extras } = view;
  const { from, to } = extras?.reading.window(rows.length) ?? {
    from: Math.max(0, rows.length - NEWEST),
    to: rows.length,
  };
  const last = rows.at(-1);
  const awaited =
    last?.role === 'user' && last.status === 'pending' && !last.error && !view.asOwner && !extras?.ownerHere;
  return html`
    <div
      part="log"
      class="log"
      role="log"
      aria-label=${words.messages}
      aria-live="off"
      aria-busy=${busy}
      tabindex=${rows.length ? -1 : 0}
      @scroll=${extras?.reading.follow}
    >
      ${from > 0 ? extras?.renderEarlier(words) : nothing} ${rows.length ? nothing : empty}
      <ol part="list" @keydown=${extras?.rove}>
        ${repeat(rows.slice(from, to), messageKey, (message) =>
          renderMessage(message, view, message === rows[to - 1], message === last),
        )}
        ${awaited ? html`<li part="row assistant" class="row assistant">${renderDots(words.writing)}</li>` : nothing}
        ${extras?.renderTyping(view)}
      </ol>
    </div>
    ${extras?.renderAfter(view)}
  `;
}
