import { html, nothing } from 'lit';
import type { Conversation } from '../services/chat-conversations.ts';
import type { Message } from '../services/chat.ts';
import { adopt } from './adopt.ts';
import { menuStyles } from './chat-box.menu.styles.ts';
import { momentFormat } from './locale.ts';
import { saveFile } from './save-file.ts';
import type { ChatWords } from './strings/chat-more.en.ts';

/** The messages that a transcript is made of, and how their authors are called. */
interface Told {
  readonly words: ChatWords;
  readonly rows: readonly Message[];
  /** Comes with the messages themselves. */
  readonly nameOf: ((message: Message, words: ChatWords) => string) | undefined;
}

interface Choices extends Told {
  readonly sessionId: string;
  /** Conversations of this visitor, newest first. */
  readonly past: readonly Conversation[];
  readonly locale: string | undefined;
  /** Goes on with a conversation; without an id, begins a new one. */
  readonly go: (id?: string) => void;
}

/** What the menu of a visitor holds. */
export function renderMenu(choices: Choices, host: Node) {
  const { words, rows, sessionId, past, locale, go } = choices;
  const others = past.filter(({ id, last }) => id !== sessionId && last);
  const day = (at: string) => momentFormat(locale, { day: 'numeric', month: 'short' }).format(new Date(at));
  return renderItems(
    host,
    html`
      ${rows.length ? renderItem(words.newConversation, () => go()) : nothing} ${renderTranscript(choices)}
      ${others.length ? html`<p class="heading">${words.past}</p>` : nothing}
      ${others.map(({ id, title, last_message_at }) =>
        renderItem(
          html`<span class="past">${title ?? words.untitled}</span> <small>${day(last_message_at)}</small>`,
          () => go(id),
        ),
      )}
      ${rows.length || others.length ? nothing : html`<p class="heading">${words.untitled}</p>`}
    `,
  );
}

/** Buttons in the order of the page, reached by Tab, and so no menu role. */
export function renderItems(host: Node, items: unknown) {
  adopt(host, menuStyles);
  return html`<div part="items" class="items" tabindex="-1">${items}</div>`;
}

export function renderItem(label: unknown, act: () => void) {
  const choose = (event: Event) => {
    close(event, true);
    act();
  };
  return html`<button part="item" type="button" @click=${choose}>${label}</button>`;
}

export const renderTranscript = (told: Told) =>
  told.rows.length && told.nameOf ? renderItem(told.words.transcript, () => saveTranscript(told)) : nothing;

/** Closes the menu when the focus has left it. */
export function leave(event: FocusEvent): void {
  if (!(event.currentTarget as Element).contains(event.relatedTarget as Node | null)) close(event, false);
}

export function escape(event: KeyboardEvent): void {
  const details = (event.currentTarget as Element).closest('details')!;
  if (event.key !== 'Escape' || !details.open) return;
  // It closes what is open, and not the dialog around it as well.
  event.preventDefault();
  event.stopPropagation();
  close(event, true);
}

function close(event: Event, focus: boolean): void {
  const details = (event.currentTarget as Element).closest('details')!;
  details.open = false;
  if (focus) details.querySelector('summary')!.focus();
}

/** A conversation as a Markdown document. */
function saveTranscript({ rows, words, nameOf }: Told): void {
  const said = rows.map((row) => {
    const sources = row.sources?.map(({ n, title, url }) => `[${n}] ${title}${url ? ` <${url}>` : ''}`) ?? [];
    return [`**${nameOf!(row, words)}** · ${row.created_at}`, row.content, ...sources].join('\n\n');
  });
  const day = rows[0]!.created_at.slice(0, 'YYYY-MM-DD'.length);
  const text = new Blob([`${said.join('\n\n---\n\n')}\n`], { type: 'text/markdown;charset=utf-8' });
  saveFile(text, `${words.transcriptName}-${day}.md`);
}
