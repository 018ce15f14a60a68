import { html, LitElement, nothing } from 'lit';
import { connection, type Connection } from '../services/sync.ts';
import { base } from './base.styles.ts';
import { LiveController } from './live-controller.ts';
import { localeOf } from './locale.ts';
import { strings } from './strings/en.ts';
import { styles } from './sync-status.styles.ts';

/**
 * Says truthfully whether what the page shows is current, and why not.
 *
 * @tagname sync-status
 * @csspart dot - The coloured dot: green live, orange unsent changes or polling, red not connected, grey idle.
 * @csspart label - The state in a word or two.
 * @csspart count - How many writes are unsent.
 * @csspart reason - Why the page is not live, in a sentence.
 * @cssprop [--sync-status-dot-size=0.625em] - Diameter of the dot.
 * @cssstate idle - Nothing is connected, or nothing has to be.
 * @cssstate connecting - The connection is being made.
 * @cssstate live - Every change arrives as it happens.
 * @cssstate polling - The socket is blocked; the page looks regularly instead.
 * @cssstate stale - The connection was lost and is being restored.
 * @cssstate needs-auth - Somebody has to sign in again.
 * @cssstate failed - Trying again will not help.
 * @cssstate busy - Something is in flight.
 */
export class SyncStatusElement extends LitElement {
  static override styles = [base, styles];

  #internals = this.attachInternals();

  #connection = new LiveController(this, connection);

  protected override willUpdate(): void {
    const { states } = this.#internals;
    const { state, busy } = this.#connection.snapshot.data!;
    states.clear();
    states.add(state);
    if (busy) states.add('busy');
  }

  override render() {
    const { state, reason, pending, failed, busy, lastSyncAt } = this.#connection.snapshot.data!;
    const time = lastSyncAt === undefined ? '' : strings.status.lastSync(timeOf(lastSyncAt, localeOf(this)));
    const unsent = [pending ? strings.status.pending(pending) : '', failed ? strings.status.failed(failed) : ''].filter(
      Boolean,
    );
    return html`
      <span
        part="dot"
        class="dot ${toneOf(this.#connection.snapshot.data!)} ${busy ? 'busy' : ''}"
        title=${time}
      ></span>
      <span role="status">
        <span part="label">${strings.status.label[state]}</span>
        ${unsent.length ? html`<span part="count">· ${unsent.join(', ')}</span>` : nothing}
        ${
          state === 'live' || state === 'idle' || state === 'connecting'
            ? nothing
            : html`<span part="reason" class="reason">· ${reason}</span>`
        }
      </span>
    `;
  }
}

/** The one colour that says most: red before orange before green. */
function toneOf({ state, pending, failed }: Connection): 'red' | 'orange' | 'green' | '' {
  if (state === 'failed' || state === 'needs-auth' || state === 'stale') return 'red';
  if (state === 'polling' || pending || failed) return 'orange';
  return state === 'live' ? 'green' : '';
}

const timeOf = (at: number, locale: string | undefined) =>
  new Intl.DateTimeFormat(locale, { timeStyle: 'medium' }).format(at);

declare global {
  interface HTMLElementTagNameMap {
    'sync-status': SyncStatusElement;
  }
}
