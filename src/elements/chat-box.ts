import { Task } from '@lit/task';
import { html, LitElement, nothing, type PropertyValues } from 'lit';
import { property, query, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { Message } from '../services/chat.ts';
import { LivelitError } from '../store/error.ts';
import type { Status } from '../store/live.ts';
import { base } from './base.styles.ts';
import { ChatBoxSendEvent, ChatBoxSentEvent } from './chat-box.events.ts';
import { styles } from './chat-box.styles.ts';
import { LiveController, toggle } from './live-controller.ts';
import { strings } from './strings/en.ts';

/** Loaded beside the element: the shell is on screen, and can be written in, before the kernel is here. */
const loadChat = () => import('../services/chat.ts');

/** Closer to the end than this the reader counts as being there, CSS pixels. */
const PINNED_PX = 48;

/** What is said of the whole conversation, small and over it. */
const NOTES: Partial<Record<Status, string>> = {
  loading: strings.loading,
  refreshing: strings.syncing,
  stale: strings.stale,
};

/** Refusals that a new conversation solves. */
const CONVERSATION_OVER = new Set(['session', 'session_expired', 'session_full']);

/**
 * A conversation with the site's model: persisted, streamed, and the same in every tab.
 *
 * @tagname chat-box
 * @slot greeting - Shown before the first message.
 * @fires {ChatBoxSendEvent} chat-box-send - Before a message is sent; cancelable.
 * @fires {ChatBoxSentEvent} chat-box-sent - After a message was taken.
 * @csspart log - The scrolling area of the messages.
 * @csspart list - The list of messages.
 * @csspart row - One message; also `user` or `assistant`, and `pending`, `failed` or `streaming`.
 * @csspart bubble - The text of a message.
 * @csspart meta - What is said under a message: that it is being sent, or why not.
 * @csspart action - A small button in a message: try again, discard, stop.
 * @csspart note - Says that the messages are being fetched or are not up to date.
 * @csspart error - The sentence over the input when something is wrong.
 * @csspart form - The input and its button.
 * @csspart input - The text field.
 * @csspart send - The button that sends.
 * @cssprop [--chat-box-height=28rem] - Height of the whole element.
 * @cssprop [--chat-box-user-surface=var(--livelit-accent)] - Background of the visitor's messages.
 * @cssprop [--chat-box-user-text] - Text colour of the visitor's messages.
 * @cssstate idle - The visitor has not written yet, or no project is connected.
 * @cssstate loading - The history is being fetched.
 * @cssstate live - What is shown is current.
 * @cssstate refreshing - What is shown is being fetched again.
 * @cssstate stale - The connection is down.
 * @cssstate error - Nothing helps without somebody's doing.
 * @cssstate streaming - A reply is being written.
 */
export class ChatBoxElement extends LitElement {
  static override styles = [base, styles];

  /** The conversation to show, a UUID; without one, the one that this browser is having. */
  @property() session = '';

  /** What to say when there is no message yet. */
  @property() greeting: string = strings.chat.greeting;

  /** What the empty input says. */
  @property() placeholder: string = strings.chat.placeholder;

  @state() private problem: LivelitError | undefined;

  @query('textarea') private input!: HTMLTextAreaElement;

  @query('.log') private log!: HTMLElement;

  #internals = this.attachInternals();

  #service = new Task(this, { task: loadChat, args: () => [] });

  #current = new LiveController(this, () => (this.session ? undefined : this.#chat?.currentSession()));

  #messages = new LiveController(
    this,
    () => (this.#sessionId ? this.#chat?.messages(this.#sessionId) : undefined),
    this.#internals,
  );

  /** The reader is at the end, and wants to stay there. */
  #pinned = true;

  /** The conversation whose draft stands in the input. */
  #draftOf = '';

  /** A message is being handed over: a second Enter must not send it twice. */
  #handingOver = false;

  /** The reply that was last seen being written: what is announced is its end. */
  #writing: string | undefined;

  #announcement = '';

  protected override willUpdate(): void {
    const rows = this.#rows;
    const streaming = rows.findLast((message) => message.status === 'streaming');
    toggle(this.#internals.states, 'streaming', streaming !== undefined);
    const ended = this.#writing && rows.find(({ id, status }) => id === this.#writing && status !== 'streaming');
    if (ended) this.#announcement = `${strings.chat[ended.author === 'owner' ? 'owner' : 'model']}: ${ended.content}`;
    this.#writing = streaming?.id;
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has('session') || this.#draftOf !== this.#sessionId) this.#restoreDraft();
    if (this.#pinned) this.log.scrollTop = this.log.scrollHeight;
  }

  override render() {
    const { status, error } = this.#messages.snapshot;
    const rows = this.#rows;
    const problem = this.problem ?? (status === 'error' ? error : undefined);
    const note = NOTES[status];
    const empty = !rows.length && status !== 'loading' && status !== 'error';
    return html`
      <div class="frame">
        <div
          part="log"
          class="log"
          role="log"
          aria-label=${strings.chat.messages}
          aria-live="off"
          aria-busy=${status === 'loading'}
          tabindex="0"
          @scroll=${this.#notePosition}
        >
          ${empty ? html`<slot name="greeting"><p class="greeting">${this.greeting}</p></slot>` : nothing}
          <ol part="list">
            ${repeat(
              rows,
              (message) => message.client_id ?? message.id,
              (message) => this.#renderRow(message),
            )}
            ${this.#replyAwaited ? html`<li part="row assistant" class="row assistant">${renderDots()}</li>` : nothing}
          </ol>
        </div>
        ${note ? html`<p part="note" class="note badge ${status === 'stale' ? '' : 'patient'}">${note}</p>` : nothing}
        <div class="visually-hidden" aria-live="polite">${this.#announcement}</div>
        ${problem ? this.#renderProblem(problem) : nothing}
        <form part="form" @submit=${this.#send}>
          <textarea
            part="input"
            name="content"
            rows="1"
            dir="auto"
            enterkeyhint="send"
            aria-label=${strings.chat.input}
            placeholder=${this.placeholder}
            @input=${this.#keepDraft}
            @keydown=${this.#sendOnEnter}
          ></textarea>
          <button part="send" class="send">${strings.chat.send}</button>
        </form>
      </div>
    `;
  }

  #renderRow(message: Message) {
    const { role, status, content } = message;
    const waiting = role === 'assistant' && status === 'streaming' && !content;
    const kind = `${role} ${['pending', 'failed', 'streaming'].includes(status) ? status : ''}`;
    return html`
      <li part="row ${kind}" class="row ${kind}">
        <span class="visually-hidden">${authorOf(message)}</span>
        ${waiting ? renderDots() : content ? html`<p part="bubble" class="bubble" dir="auto">${content}</p>` : nothing}
        ${this.#renderMeta(message)}
      </li>
    `;
  }

  #renderMeta(message: Message) {
    const { role, status, error } = message;
    const action = (label: string, act: () => void) =>
      html`<button part="action" class="link" type="button" @click=${act}>${label}</button>`;
    const meta = (content: unknown) => html`<span part="meta" class="meta">${content}</span>`;
    if (status === 'failed') {
      const actions = html`
        ${action(strings.chat.retry, () => this.#chat?.retryMessage(this.#sessionId, message))}
        ${action(strings.chat.discard, () => this.#chat?.discardMessage(this.#sessionId, message))}
        ${error && CONVERSATION_OVER.has(error.reason) ? action(strings.chat.newConversation, this.#startAgain) : nothing}
      `;
      return meta(html`${strings.chat.failed(error?.message ?? '')} ${actions}`);
    }
    if (error) return meta(status === 'pending' ? strings.chat.waiting(error.message) : error.message);
    if (status === 'pending') return meta(strings.chat.sending);
    if (status === 'stopped') return meta(strings.chat.stopped);
    if (status === 'error') return meta(strings.chat.replyFailed);
    if (role === 'assistant' && status === 'streaming')
      return meta(action(strings.chat.stop, () => this.#stop(message)));
    return nothing;
  }

  #renderProblem(problem: LivelitError) {
    return html`<p part="error" class="problem" role="alert">${problem.message}</p>`;
  }

  get #chat() {
    return this.#service.value;
  }

  get #sessionId(): string {
    return this.session || this.#current.snapshot.data || '';
  }

  get #rows(): readonly Message[] {
    return this.#messages.snapshot.data ?? [];
  }

  /** A message has been taken, and nothing of its reply is there yet. */
  get #replyAwaited(): boolean {
    const last = this.#rows.at(-1);
    return last?.role === 'user' && last.status === 'pending' && !last.error;
  }

  #notePosition() {
    const { scrollHeight, scrollTop, clientHeight } = this.log;
    this.#pinned = scrollHeight - scrollTop - clientHeight < PINNED_PX;
  }

  #sendOnEnter(event: KeyboardEvent) {
    // While an input method composes, Enter takes its suggestion; Safari tells only by the key code 229.
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- it has no successor for this
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.input.form?.requestSubmit();
  }

  #send(event: SubmitEvent) {
    event.preventDefault();
    const content = this.input.value;
    this.problem = undefined;
    const send = new ChatBoxSendEvent(content);
    if (!content.trim() || !this.dispatchEvent(send)) return;
    this.#deliver(content).catch(this.#showProblem);
  }

  /** Hands a message over; until that has worked it stays in the input, to be put right or sent again. */
  async #deliver(content: string) {
    if (this.#handingOver) return;
    this.#handingOver = true;
    try {
      // Both are there at once, unless somebody writes faster than the page loads.
      const chat = this.#chat ?? (await loadChat());
      chat.sendMessage(this.#sessionId || (await chat.readySession()), content);
    } finally {
      this.#handingOver = false;
    }
    // What was written meanwhile is the next message.
    if (this.input.value === content) this.input.value = '';
    this.#keepDraft();
    this.#pinned = true;
    const sent = new ChatBoxSentEvent(content);
    this.dispatchEvent(sent);
  }

  #stop(message: Message) {
    this.#chat?.stopReply(message).catch(this.#showProblem);
  }

  #startAgain = () => {
    this.#chat?.newConversation().catch(this.#showProblem);
  };

  #showProblem = (error: unknown) => {
    this.problem = LivelitError.from(error);
  };

  #keepDraft() {
    this.#draftOf = this.#sessionId;
    if (this.#draftOf) this.#chat?.keepDraft(this.#draftOf, this.input.value);
  }

  /** Puts back what was being written here; what stands in the input already is not overwritten. */
  #restoreDraft() {
    this.#draftOf = this.#sessionId;
    if (this.#draftOf && !this.input.value) this.input.value = this.#chat?.readDraft(this.#draftOf) ?? '';
  }
}

const authorOf = ({ author }: Message) =>
  author === 'visitor' ? strings.chat.you : author === 'owner' ? strings.chat.owner : strings.chat.model;

const renderDots = () =>
  html`<span part="bubble" class="bubble dots" role="img" aria-label=${strings.chat.writing}
    ><span></span><span></span><span></span
  ></span>`;

declare global {
  interface HTMLElementTagNameMap {
    'chat-box': ChatBoxElement;
  }
}
