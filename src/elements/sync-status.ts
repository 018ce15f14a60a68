import { html, LitElement, nothing } from 'lit';
import { property, state } from 'lit/decorators.js';
import { pagePreferences } from '../services/page-preferences.ts';
import { connection, discardWrite, retryWrite, type Connection } from '../services/sync.ts';
import { base } from './base.styles.ts';
import { LiveController, toggle } from './live-controller.ts';
import { localeOf, momentFormat } from './locale.ts';
import { dotStyles, toneOf } from './status-dot.ts';
import { statusStrings } from './strings/status.en.ts';
import { styles } from './sync-status.styles.ts';
import type { UsageSync } from './sync-status.usage.ts';
import { timeAgo } from './time-ago.ts';

/** How long a state lasts before it is worth interrupting somebody who listens, ms. */
const ANNOUNCE_AFTER_MS = 2_000;
/** How often "12 seconds ago" is said anew, ms. */
const TICK_MS = 5_000;

const STATES = ['idle', 'connecting', 'live', 'polling', 'stale', 'needs-auth', 'failed'] as const;

/**
 * Says truthfully whether what the page shows is current, and why not.
 *
 * @tagname sync-status
 * @fires {SyncStatusSyncedEvent} sync-status-synced - After usage was read because somebody asked for it here.
 * @csspart dot - The coloured dot: green live, orange unsent changes or polling, red not connected, grey idle.
 * @csspart label - The state in a word or two.
 * @csspart count - How much has not been sent.
 * @csspart reason - Why the page is not live.
 * @csspart facts - The list of facts in the panel.
 * @csspart write - A write that was refused, in the panel.
 * @csspart retry - Tries a refused write again.
 * @csspart discard - Gives a refused write up.
 * @csspart copy - Copies the report.
 * @csspart usage - The part of the panel about usage that is read from a provider.
 * @csspart problem - Why the last sync was not complete, and what to do.
 * @csspart sync - Reads usage now.
 * @csspart automatic - Whether usage is read by itself.
 * @csspart interval - How often.
 * @csspart history - How the syncs of the last 30 days went.
 * @csspart runs - The table of the last of them.
 * @cssprop --sync-status-dot-size - The dot's diameter; default `0.625em`.
 * @cssstate idle - Nothing is connected, or nothing has to be.
 * @cssstate connecting - The connection is being made.
 * @cssstate live - Every change arrives as it happens.
 * @cssstate polling - The socket is blocked; the page looks regularly instead.
 * @cssstate stale - The connection was lost and is being restored.
 * @cssstate needs-auth - Somebody has to sign in again.
 * @cssstate failed - Trying again will not help.
 * @cssstate busy - Something is in flight.
 * @cssstate attention - Somebody should know: not connected, or something was not sent. A banner shows only then.
 */
export class SyncStatusElement extends LitElement {
  static override styles = [base, dotStyles, styles];

  /** How much is said: a `dot` alone, a `pill` with words, a `panel` with all facts, or a `banner` when it matters. */
  @property({ reflect: true }) variant: 'dot' | 'pill' | 'panel' | 'banner' = 'pill';

  @state() private announcement = '';
  @state() private copied = false;

  /** Loaded for a panel. */
  @state() private usage: UsageSync | undefined;

  #internals = this.attachInternals();
  #connection = new LiveController(this, connection);
  #loading = false;
  #announce: ReturnType<typeof setTimeout> | undefined;
  #tick: ReturnType<typeof setInterval> | undefined;
  #said = '';

  constructor() {
    super();
    // Numbers and dates follow the page's settings.
    new LiveController(this, pagePreferences);
  }

  get #busy(): boolean {
    return this.#current.busy || this.usage?.running === true;
  }

  get #current(): Connection {
    return this.#connection.snapshot.data!;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#tickWhile(false);
    clearTimeout(this.#announce);
  }

  protected override willUpdate(): void {
    if (this.variant === 'panel' && !this.#loading) void this.#loadUsage();
    const { states } = this.#internals;
    for (const each of STATES) toggle(states, each, each === this.#current.state);
    toggle(states, 'busy', this.#busy);
    toggle(states, 'attention', needsAttention(this.#current));
  }

  protected override updated(): void {
    // Only the panel says how long ago something was.
    this.#tickWhile(this.isConnected && this.variant === 'panel');
    const said = `${statusStrings.label[this.#current.state]}. ${this.#visibleReason}`;
    if (said === this.#said) return;
    this.#said = said;
    clearTimeout(this.#announce);
    // A connection that comes and goes within a moment is nobody's business.
    this.#announce = setTimeout(() => (this.announcement = said), ANNOUNCE_AFTER_MS);
  }

  async #loadUsage(): Promise<void> {
    this.#loading = true;
    const { UsageSync } = await import('./sync-status.usage.ts');
    const announce = (words: string) => (this.announcement = words);
    this.usage = new UsageSync(this, () => this.variant === 'panel', announce);
  }

  #tickWhile(wanted: boolean): void {
    if (wanted) {
      this.#tick ??= setInterval(() => this.requestUpdate(), TICK_MS);
      return;
    }
    clearInterval(this.#tick);
    this.#tick = undefined;
  }

  override render() {
    const spoken = html`<span class="visually-hidden" role="status">${this.announcement}</span>`;
    if (this.variant === 'banner' && !needsAttention(this.#current)) return spoken;
    if (this.variant === 'panel') return html`${this.#renderPanel()}${spoken}`;
    return html`${this.#renderDot()}${this.#renderWords(this.variant === 'dot' ? 'visually-hidden' : '')}${spoken}`;
  }

  #renderDot() {
    const { lastSyncAt } = this.#current;
    const time = lastSyncAt === undefined ? '' : statusStrings.lastSync(timeOf(lastSyncAt, localeOf(this)));
    const words = `${statusStrings.label[this.#current.state]}${time && ` · ${time}`}`;
    return html`<span
      part="dot"
      class="dot ${toneOf(this.#current)} ${this.#busy ? 'busy' : ''}"
      title=${words}
    ></span>`;
  }

  #renderWords(hidden: string) {
    const { pending, failed } = this.#current;
    const status = statusStrings;
    const unsent = [pending ? status.pending(pending) : '', failed ? status.failed(failed) : ''].filter(Boolean);
    return html`<span class=${hidden}>
      <span part="label">${status.label[this.#current.state]}</span>
      ${unsent.length ? html`<span part="count">· ${unsent.join(', ')}</span>` : nothing}
      ${this.#visibleReason ? html`<span part="reason" class="reason">· ${this.#visibleReason}</span>` : nothing}
    </span>`;
  }

  #renderPanel() {
    const { reason, writes } = this.#current;
    const refused = writes.filter((write) => write.state === 'failed');
    return html`
      <div class="panel">
        <p class="head">${this.#renderDot()}<span part="label">${statusStrings.label[this.#current.state]}</span></p>
        <p part="reason" class="reason">${reason}</p>
        <dl part="facts">
          ${this.#facts().map(
            ([term, value]) =>
              html`<dt>${term}</dt>
                <dd>${value}</dd>`,
          )}
        </dl>
        <section part="usage" class="usage">${this.usage?.render()}</section>
        ${refused.map(
          ({ id, error }) => html`
            <p part="write" class="write">
              <span>${statusStrings.refused(error?.message ?? '')}</span>
              <button part="retry" @click=${() => retryWrite(id)}>${statusStrings.retry}</button>
              <button part="discard" @click=${() => discardWrite(id)}>${statusStrings.discard}</button>
            </p>
          `,
        )}
        <button part="copy" @click=${this.#copyReport}>
          ${this.copied ? statusStrings.copied : statusStrings.copy}
        </button>
      </div>
    `;
  }

  #facts(): [term: string, value: string][] {
    const { lastSyncAt, nextRetryAt, pending, oldestPendingAt, role, latencyMs, syncsPerMinute, errors } =
      this.#current;
    const locale = localeOf(this);
    const { facts, never, since, perMinute } = statusStrings;
    const rows: [string, string | undefined][] = [
      [facts.lastSync, lastSyncAt === undefined ? never : timeAgo(lastSyncAt, locale)],
      [facts.nextRetry, nextRetryAt === undefined ? undefined : timeAgo(nextRetryAt, locale)],
      [facts.unsent, oldestPendingAt === undefined ? undefined : since(pending, timeAgo(oldestPendingAt, locale))],
      [facts.link, statusStrings.role[role]],
      [facts.latency, latencyMs === undefined ? undefined : `${Math.round(latencyMs)} ms`],
      [facts.activity, perMinute(syncsPerMinute)],
      [facts.errors, errors ? String(errors) : undefined],
    ];
    return rows.filter((row): row is [string, string] => row[1] !== undefined);
  }

  get #visibleReason(): string {
    return needsAttention(this.#current) && this.#current.state !== 'live' ? this.#current.reason : '';
  }

  /** Everything that helps to help: the state in numbers, what the browser can do; no token, address or text. */
  get report(): string {
    const { writes, ...facts } = this.#current;
    const refused = writes.filter(({ state: each }) => each === 'failed').map(({ error }) => error?.reason ?? '');
    const browser = {
      online: navigator.onLine,
      visible: document.visibilityState,
      locks: 'locks' in navigator,
      channel: 'BroadcastChannel' in globalThis,
      agent: navigator.userAgent,
    };
    const report = { at: new Date().toISOString(), ...facts, refused, usage: this.usage?.report, browser };
    return JSON.stringify(report, null, 2);
  }

  readonly #copyReport = async () => {
    await navigator.clipboard.writeText(this.report);
    this.copied = true;
  };
}

const needsAttention = ({ state: current, failed }: Connection) =>
  failed > 0 || ['polling', 'stale', 'needs-auth', 'failed'].includes(current);

const timeOf = (at: number, locale: string | undefined) => momentFormat(locale, { timeStyle: 'medium' }).format(at);

declare global {
  interface HTMLElementTagNameMap {
    'sync-status': SyncStatusElement;
  }
}
