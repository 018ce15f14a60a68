import { Task } from '@lit/task';
import { html, LitElement, nothing } from 'lit';
import { property, query, state } from 'lit/decorators.js';
import {
  MAX_DAYS,
  METRICS,
  rangeDays,
  usageChange,
  type UsageGroup,
  type UsageMetric,
  type UsageRange,
  type UsageRow,
} from '../services/usage-series.ts';
import { dailyUsage, usageTotals } from '../services/usage.ts';
import { base } from './base.styles.ts';
import { LiveController } from './live-controller.ts';
import { localeOf } from './locale.ts';
import { memoize } from './memoize.ts';
import { COLOURS } from './series-colours.ts';
import { chartStrings } from './strings/chart.en.ts';
import { strings } from './strings/en.ts';
import type { Scene, UsageCursor, UsageDrawing } from './usage-chart.drawing.ts';
import { UsageChartExportEvent } from './usage-chart.events.ts';
import type { Exported, UsageFormat } from './usage-chart.export.ts';
import { chartTheme, chartView, type ChartTheme, type ChartType } from './usage-chart.look.ts';
import { styles } from './usage-chart.styles.ts';

const DEFAULT_DAYS = 30;

/** As many as have a colour of their own beside the rest. */
const DEFAULT_TOP = 7;

/** With more lines the legend may have to be scrolled, and so has to take the focus. */
const ONE_LINE = 4;

const TYPES: readonly ChartType[] = ['stacked', 'bar', 'line'];
const GROUPS: readonly UsageGroup[] = ['model', 'project', 'none'];

/**
 * Draws what was used on each day of a range, by model or project, and follows every change.
 *
 * @tagname usage-chart
 * @fires {UsageChartMovedEvent} usage-chart-moved - After the cursor has moved.
 * @fires {UsageChartExportEvent} usage-chart-export - Before a file is handed to the browser; cancelable.
 * @csspart header - The line above the drawing.
 * @csspart title - What is drawn.
 * @csspart total - The sum of all days.
 * @csspart change - By how much the sum differs from that of the equally long time before.
 * @csspart badge - Says that the data is a sample.
 * @csspart note - Says that data is being refreshed, is not up to date, or has no known value.
 * @csspart menu - The list of what can be done with the chart, and the button that opens it.
 * @csspart button - The button that opens the menu.
 * @csspart item - A choice in the menu.
 * @csspart plot - The box of the drawing.
 * @csspart canvas - The drawing.
 * @csspart cursor - The line at the day that is pointed at.
 * @csspart tooltip - What was used on that day.
 * @csspart message - The sentence over the drawing: loading, nothing there, or an error.
 * @csspart table - The numbers as a table, in place of the drawing.
 * @csspart legend - The list of models or projects.
 * @csspart value - The sum of one of them, in the legend.
 * @csspart footnote - The range, and when its days begin.
 * @cssprop [--usage-chart-height=16rem] - Height of the drawing; it is taken before the data is there.
 * @cssstate idle - Nobody is signed in, or no project is connected.
 * @cssstate loading - Nothing to show yet.
 * @cssstate live - What is shown is current.
 * @cssstate refreshing - What is shown is being fetched again.
 * @cssstate stale - The connection is down.
 * @cssstate error - Nothing helps without somebody's doing.
 * @cssstate sample - The data is invented.
 */
export class UsageChartElement extends LitElement {
  static override styles = [base, styles];

  /** How many UTC days to draw, today included: 1 to 366. */
  @property({ type: Number }) days = DEFAULT_DAYS;

  /** The first UTC day to draw, `YYYY-MM-DD`, in place of `days`; at most 366 days before the last. */
  @property() from = '';

  /** The last UTC day to draw, `YYYY-MM-DD`, where `from` is set; today, if it is empty. */
  @property() to = '';

  /**
   * What to draw: `tokens` of input and output, `input`, `output`, `cached` input, `requests`, `cost` in USD, or `co2` in
   * grams CO₂e.
   */
  @property() metric: UsageMetric = 'tokens';

  /** What to divide it by. */
  @property() group: UsageGroup = 'model';

  /** How many models or projects to tell apart, the largest; all others are one. */
  @property({ type: Number }) top = DEFAULT_TOP;

  /** Bars on each other, bars beside each other, or lines. */
  @property() type: ChartType = 'stacked';

  /** The numbers as a table, in place of the drawing. */
  @property({ type: Boolean, reflect: true }) table = false;

  /** The menu has been open: what it holds is loaded then. */
  @state() private opened = false;

  @query('canvas') private canvas!: HTMLCanvasElement;

  #usage = new LiveController(this, () => dailyUsage(this.#range), this.attachInternals());

  #totals = new LiveController(this, () => usageTotals(this.#range));

  #library = new Task(this, { task: () => import('./usage-chart.drawing.ts'), args: () => [] });

  #tables = new Task(this, {
    task: ([wanted]) => (wanted ? import('./usage-chart.table.ts') : undefined),
    args: () => [this.table],
  });

  #menus = new Task(this, {
    task: ([wanted]) => (wanted ? import('./usage-chart.menu.ts') : undefined),
    args: () => [this.opened],
  });

  #drawing: UsageDrawing | undefined;

  #cursor: UsageCursor | undefined;

  #drawn: Scene | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    // Back in the page, the drawing has to be made anew.
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#drawing?.destroy();
    this.#drawing = undefined;
  }

  protected override updated(): void {
    if (this.isConnected) this.#draw();
  }

  override render() {
    const { data, status, error } = this.#usage.snapshot;
    const { series, format, title, lines } = this.#shown();
    const total = format.value(series.total);
    const filled = series.lines.length > 0;
    const footnote = `${this.#period()} · ${this.#zone()}`;
    const operable = filled && !this.table;
    const message = data ? (filled ? '' : chartStrings.empty(this.#period())) : error?.message || strings.loading;
    return html`
      <figure>
        ${this.#renderHeader(title, total, filled)}
        <div
          part="plot"
          class="plot"
          aria-busy=${status === 'loading'}
          role=${operable ? 'application' : nothing}
          tabindex=${operable ? 0 : nothing}
          aria-label=${operable ? chartStrings.plot(title) : nothing}
          aria-description=${operable ? chartStrings.keys : nothing}
          @keydown=${(event: KeyboardEvent) => this.#cursor?.press(event)}
          @pointermove=${(event: PointerEvent) => this.#cursor?.point(event)}
          @pointerdown=${(event: PointerEvent) => this.#cursor?.point(event)}
          @pointerleave=${(event: PointerEvent) => this.#cursor?.leave(event)}
          @blur=${(event: FocusEvent) => this.#cursor?.leave(event)}
        >
          <canvas part="canvas" role="img" aria-label=${chartStrings.summary(title, this.#period(), total)}></canvas>
          ${this.#cursor?.render()}
          ${
            message
              ? html`<p part="message" class="over ${error ? 'error' : ''}" role=${error ? 'alert' : nothing}>
                  ${message}
                </p>`
              : nothing
          }
          ${filled && this.table ? this.#tables.value?.renderTable(series, lines, title, format) : nothing}
        </div>
        <ul part="legend" class="legend" tabindex=${lines.length > ONE_LINE ? 0 : nothing}>
          ${(this.#group === 'none' ? [] : lines).map(
            ({ name, colour, total: sum, unknown }) =>
              html`<li>
                <span class="swatch series-${colour}"></span>${name}
                <span part="value">${unknown ? chartStrings.unknownValue : format.value(sum)}</span>
              </li>`,
          )}
        </ul>
        <p part="footnote" class="footnote" title=${footnote}>${footnote}</p>
      </figure>
      <div class="visually-hidden" aria-live="polite">${this.#cursor?.announcement}</div>
      <span class="theme" hidden> ${THEME_CLASSES.map((name) => html`<span class=${name}></span>`)} </span>
      <span class="theme-watch visually-hidden" aria-hidden="true" @transitionend=${this.#draw}></span>
    `;
  }

  #renderHeader(title: string, total: string, filled: boolean) {
    const { data, status, error, sample } = this.#usage.snapshot;
    const { series, format } = this.#shown();
    const previous = this.#totals.snapshot.data?.previous[this.#metric] ?? 0;
    const change = filled ? usageChange(series.total, previous) : null;
    const missing = this.#metric === 'co2' ? 'footprint' : 'price';
    const unknown = series.unknown.length ? chartStrings.unknown(missing, series.unknown) : '';
    return html`
      <header part="header">
        <div class="words">
          <span part="title" class="title">${title}</span>
          ${filled ? html`<span part="total" title=${chartStrings.total}>${total}</span>` : nothing}
          ${
            change === null
              ? nothing
              : html`<span part="change" class="change"
                  >${chartStrings.change(format.change(change), series.days.length)}</span
                >`
          }
          ${sample ? html`<span part="badge" class="badge">${strings.sample}</span>` : nothing}
          <span part="note" class="note" title=${unknown || nothing}>
            ${status === 'refreshing' ? html`<span class="patient">${strings.syncing}</span>` : nothing}
            ${status === 'stale' ? strings.stale : nothing}
            ${data && error && status === 'error' ? error.message : nothing} ${unknown}
          </span>
        </div>
        ${filled ? this.#renderMenu() : nothing}
      </header>
    `;
  }

  #renderMenu() {
    const menu = this.#menus.value;
    return html`
      <details
        part="menu"
        class="menu"
        @toggle=${() => (this.opened = true)}
        @focusout=${(event: FocusEvent) => menu?.leave(event)}
        @keydown=${(event: KeyboardEvent) => menu?.escape(event)}
      >
        <summary part="button" title=${chartStrings.more}>
          <span aria-hidden="true">⋯</span><span class="visually-hidden">${chartStrings.more}</span>
        </summary>
        ${menu?.renderItems({
          table: this.table,
          toggle: () => (this.table = !this.table),
          download: (format) => void this.download(format),
        })}
      </details>
    `;
  }

  /**
   * What is shown as a file: all numbers of its rows as CSV, rows and series as JSON, the picture as PNG.
   *
   * @throws While there is nothing to show yet.
   */
  async toBlob(format: UsageFormat): Promise<Blob> {
    const { exportUsage } = await import('./usage-chart.export.ts');
    return exportUsage(format, this.#exported());
  }

  /** Hands a file to the browser to save, unless `usage-chart-export` is cancelled. */
  async download(format: UsageFormat): Promise<void> {
    const { exportUsage, fileName, save } = await import('./usage-chart.export.ts');
    const exported = this.#exported();
    const blob = await exportUsage(format, exported);
    const event = new UsageChartExportEvent(format, blob, fileName(format, exported));
    if (this.dispatchEvent(event)) save(blob, event.fileName);
  }

  #exported(): Exported {
    const { data, sample } = this.#usage.snapshot;
    if (!data || !this.#drawing) throw new Error('The chart has nothing to show yet.');
    const { series, lines, title, format } = this.#shown();
    const badge = sample ? ` · ${strings.sample}` : '';
    return {
      rows: data,
      series,
      lines,
      metric: this.#metric,
      group: this.#group,
      sample,
      title: `${title} · ${this.#period()} (UTC) · ${format.value(series.total)}${badge}`,
      canvas: this.canvas,
      theme: this.#theme(),
    };
  }

  get #range(): UsageRange {
    const custom = { from: this.from, to: this.to };
    if (this.from && rangeDays(custom).length) return custom;
    return { days: Number.isInteger(this.days) && this.days >= 1 && this.days <= MAX_DAYS ? this.days : DEFAULT_DAYS };
  }

  get #metric(): UsageMetric {
    return METRICS.includes(this.metric) ? this.metric : 'tokens';
  }

  get #group(): UsageGroup {
    return GROUPS.includes(this.group) ? this.group : 'model';
  }

  #view = memoize(chartView);

  #shown() {
    const top = Number.isInteger(this.top) && this.top >= 1 ? this.top : DEFAULT_TOP;
    const rows = this.#usage.snapshot.data ?? NO_ROWS;
    return this.#view(rows, this.#days(), this.#metric, this.#group, top, localeOf(this));
  }

  /** The same array until the range changes, or the day, so that nothing is added up twice. */
  #days() {
    return this.#sameDays(rangeDays(this.#range).join());
  }

  #sameDays = memoize((days: string): readonly string[] => days.split(','));

  /** The range in words. */
  #period(): string {
    const days = this.#days();
    const { format } = this.#shown();
    return 'from' in this.#range ? format.days(days[0]!, days.at(-1)!) : chartStrings.last(days.length);
  }

  /** When the last day began on the viewer's clock, where that is another than UTC's. */
  #zone(): string {
    const start = Date.parse(this.#days().at(-1)!);
    const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
    if (new Date(start).getTimezoneOffset() === 0) return chartStrings.utc;
    return chartStrings.zone(this.#shown().format.moment(start), timeZone);
  }

  #draw = () => {
    const library = this.#library.value;
    if (!library) return;
    const scene = this.#scene();
    const last = this.#drawn;
    if (!this.#drawing) this.#drawing = new library.UsageDrawing(this.canvas, scene);
    else if (last && !KEYS.every((key) => scene[key] === last[key])) {
      this.#drawing.update(scene, !matchMedia('(prefers-reduced-motion: reduce)').matches);
    }
    this.#drawn = scene;
    this.#cursor ??= new library.UsageCursor(this, () => this.#pointable);
  };

  /** What there is to draw; in parts that are the same as long as they say the same. */
  #scene(): Scene {
    const { series, lines, format } = this.#shown();
    const type = TYPES.includes(this.type) ? this.type : 'stacked';
    return { days: series.days, total: series.total, lines, format, type, theme: this.#theme() };
  }

  get #pointable() {
    const scene = this.#drawn;
    return this.#drawing && scene?.lines.length && !this.table ? { drawing: this.#drawing, scene } : undefined;
  }

  #theme(): ChartTheme {
    const theme = chartTheme(this, this.renderRoot.querySelectorAll('.theme span'));
    return this.#sameTheme(JSON.stringify(theme));
  }

  #sameTheme = memoize((theme: string) => JSON.parse(theme) as ChartTheme);
}

const NO_ROWS: readonly UsageRow[] = [];

const KEYS: readonly (keyof Scene)[] = ['days', 'lines', 'total', 'type', 'theme', 'format'];

const THEME_CLASSES = [
  'text',
  'muted',
  'border',
  'surface',
  ...Array.from({ length: COLOURS + 1 }, (_, index) => `series-${index}`),
];

declare global {
  interface HTMLElementTagNameMap {
    'usage-chart': UsageChartElement;
  }
}
