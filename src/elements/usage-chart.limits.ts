import { css, html, nothing, type LitElement, type ReactiveController } from 'lit';
import {
  dismissLimit,
  limitDismissed,
  limitNow,
  resetsAt,
  usageLimits,
  watchDismissals,
  type UsageLimit,
} from '../services/usage-limits.ts';
import { LiveController } from './live-controller.ts';
import { localeOf, momentFormat } from './locale.ts';
import { memoize } from './memoize.ts';
import { partStrings as strings } from './strings/chart-parts.en.ts';
import { UsageChartLimitEvent } from './usage-chart.events.ts';
import { limitLine, type LimitLine } from './usage-chart.limit-line.ts';
import type { ShownUsage } from './usage-chart.shown.ts';

/**
 * The limits of the metric that a chart shows: a line for that of a day, words for each that is reached, and an event
 * when one is.
 */
export class UsageChartLimits implements ReactiveController {
  readonly #host: LitElement;
  readonly #shown: ShownUsage;
  readonly #limits: LiveController<readonly UsageLimit[]>;
  /** When each limit was crossed, as it was known last. */
  #known: ReadonlyMap<string, string | null> | undefined;
  #told: readonly UsageLimit[] | undefined;
  #announcement = '';
  #unwatch = () => {};

  constructor(host: LitElement, shown: ShownUsage) {
    this.#host = host;
    this.#shown = shown;
    this.#limits = new LiveController(host, () => (shown.own ? usageLimits() : undefined));
    host.addController(this);
  }

  hostConnected(): void {
    this.#unwatch = watchDismissals(() => this.#host.requestUpdate());
  }

  hostUpdate(): void {
    const { data } = this.#limits.snapshot;
    if (data === this.#told) return;
    this.#told = data;
    // Of a moment in which nothing is known, nothing is to be learnt.
    if (!data) return;
    const before = this.#known;
    this.#known = new Map(data.map((limit) => [keyOf(limit), limit.crossed_at]));
    for (const limit of this.#reached) {
      const known = before?.get(keyOf(limit));
      // One that nothing was known of may have been reached long ago.
      if (known === undefined || known === limit.crossed_at) continue;
      this.#announcement = this.#words(limit);
      const reached = new UsageChartLimitEvent(limit);
      this.#host.dispatchEvent(reached);
    }
  }

  hostDisconnected(): void {
    this.#unwatch();
  }

  /** The limit of a day, to be drawn. */
  get line(): LimitLine | undefined {
    const daily = this.#own.find(({ period }) => period === 'day');
    const { series, format } = this.#shown.view;
    return daily && this.#line(daily.limit_value, strings.limit(format.value(daily.limit_value)), series);
  }

  #line = memoize(limitLine);

  render() {
    const reached = this.#reached.filter((limit) => !limitDismissed(limit));
    return html`
      ${
        reached.length
          ? html`
              <div part="notice" class="notice">
                <div>${reached.map((limit) => html`<p>${this.#words(limit)}</p>`)}</div>
                <button
                  part="dismiss"
                  type="button"
                  aria-label=${strings.dismiss}
                  @click=${() => this.#dismiss(reached)}
                >
                  <span aria-hidden="true">×</span>
                </button>
              </div>
            `
          : nothing
      }
      <div class="visually-hidden" role="status">${this.#announcement}</div>
    `;
  }

  get #own(): UsageLimit[] {
    const { metric } = this.#shown.choice;
    const data = this.#shown.own ? this.#limits.snapshot.data : undefined;
    return (data ?? []).filter((limit) => limit.metric === metric).map((limit) => limitNow(limit));
  }

  get #reached(): UsageLimit[] {
    return this.#own.filter(({ crossed_at, status }) => crossed_at && status === 'saved');
  }

  #words(limit: UsageLimit): string {
    const { format } = this.#shown.view;
    const { metric, period, used, limit_value } = limit;
    // A day ends within a day, a month on some other one.
    const day = period === 'day' ? ({ weekday: 'long' } as const) : ({ day: 'numeric', month: 'long' } as const);
    const clock = { hour: 'numeric', minute: '2-digit', timeZoneName: 'short' } as const;
    const reset = momentFormat(localeOf(this.#host), { ...day, ...clock }).format(resetsAt(limit));
    return strings.reached(
      strings.limits[period],
      format.value(used),
      format.value(limit_value),
      strings.units[metric],
      reset,
    );
  }

  #dismiss(limits: readonly UsageLimit[]): void {
    for (const limit of limits) dismissLimit(limit);
    this.#announcement = '';
    // The button that had the focus is gone.
    this.#host.shadowRoot!.querySelector<HTMLElement>('[part="plot"]')!.focus();
  }
}

const keyOf = ({ user_id, metric, period }: UsageLimit) => `${user_id}:${metric}:${period}`;

export const styles = css`
  .notice {
    display: flex;
    align-items: start;
    flex-shrink: 0;
    gap: var(--_space);
    margin-block-start: var(--_space);
    padding: calc(var(--_space) / 2) var(--_space);
    border: 1px solid var(--_warn);
    border-inline-start-width: 4px;
    border-radius: calc(var(--_radius) / 2);
    background: color-mix(in oklab, var(--_warn) 8%, var(--_surface));
    font-size: 0.8125em;
  }

  .notice div {
    flex: 1;
  }

  .notice p {
    margin: 0;
  }

  .notice button {
    padding: 0 0.5em;
    border: 0;
    border-radius: calc(var(--_radius) / 2);
    background: none;
    cursor: pointer;
  }

  .notice button:hover {
    background: var(--_border);
  }

  @container (inline-size < 12rem) {
    .notice {
      display: none;
    }
  }
`;
