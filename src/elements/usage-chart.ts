import { html, LitElement, nothing } from 'lit';
import { property, state } from 'lit/decorators.js';
import type { UsageGroup, UsageMetric } from '../services/usage-series.ts';
import { base } from './base.styles.ts';
import { Lazy } from './lazy.ts';
import { toggle } from './live-controller.ts';
import { memoize } from './memoize.ts';
import { chartStrings } from './strings/chart.en.ts';
import { strings } from './strings/en.ts';
import type { ChartType, UsageChartChoice } from './usage-chart.choice.ts';
import type { UsageChartControls } from './usage-chart.controls.ts';
import type { Pointable, UsageCursor } from './usage-chart.cursor.ts';
import type { Scene, UsageDrawing } from './usage-chart.drawing.ts';
import { UsageChartChangedEvent, UsageChartExportEvent } from './usage-chart.events.ts';
import type { Exported, UsageFormat } from './usage-chart.export.ts';
import { renderHeader, renderLegend } from './usage-chart.header.ts';
import type { UsageChartLimits } from './usage-chart.limits.ts';
import { chartTheme, THEME_CLASSES, zoneOf, type ChartTheme } from './usage-chart.look.ts';
import { ShownUsage } from './usage-chart.shown.ts';
import { styles } from './usage-chart.styles.ts';

/**
 * Draws what was used on each day of a range, by model or project, and follows every change.
 *
 * @tagname usage-chart
 * @fires {UsageChartChangedEvent} usage-chart-changed - After somebody has chosen something by the controls.
 * @fires {UsageChartLimitEvent} usage-chart-limit - When a limit of the metric is reached; once for each time.
 * @fires {UsageChartMovedEvent} usage-chart-moved - After the cursor has moved.
 * @fires {UsageChartExportEvent} usage-chart-export - Before a file is handed to the browser; cancelable.
 * @csspart header - The line above the drawing.
 * @csspart title - What is drawn.
 * @csspart total - The sum of all days.
 * @csspart estimate - Between what and what a footprint lies.
 * @csspart change - By how much the sum differs from that of the equally long time before.
 * @csspart badge - Says that the data is a sample.
 * @csspart note - Says that data is being refreshed, is not up to date, or has no known value.
 * @csspart menu - The list of what can be done with the chart, and the button that opens it.
 * @csspart button - The button that opens the menu.
 * @csspart item - A choice in the menu.
 * @csspart controls - The choices of metric, division, range and type.
 * @csspart select - One of them that is a list.
 * @csspart option - One answer of those that are a row.
 * @csspart input - The first or the last day of a range.
 * @csspart problem - What is wrong with these days.
 * @csspart notice - Says that a limit is reached.
 * @csspart dismiss - The button that takes that away.
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
 * @cssstate unshared - The share does not exist, or its owner has switched it off.
 */
export class UsageChartElement extends LitElement {
  static override styles = [base, styles];

  /** How many UTC days to draw, today included: 1 to 366; 30 unless the page's settings prefer another number. */
  @property({ type: Number }) days = 0;

  /** The first UTC day to draw, `YYYY-MM-DD`, in place of `days`; at most 366 days before the last. */
  @property() from = '';

  /** The last UTC day to draw, `YYYY-MM-DD`, where `from` is set; today, if it is empty. */
  @property() to = '';

  /**
   * What to draw: `tokens` of input and output, `input`, `output`, `cached` input, `requests`, `cost` in USD, or `co2` in
   * grams CO₂e. Empty: what the page's settings prefer, `tokens` at first.
   */
  @property() metric: UsageMetric | '' = '';

  /** What to divide it by. */
  @property() group: UsageGroup = 'model';

  /** How many models or projects to tell apart, the largest; all others are one. */
  @property({ type: Number }) top = 7;

  /** Bars on each other, bars beside each other, or lines. */
  @property() type: ChartType = 'stacked';

  /** The id of a share: the totals of its owner for whoever sees the page, in place of those of whoever is signed in. */
  @property() share = '';

  /** Lets people choose metric, division, range and type. */
  @property({ type: Boolean, reflect: true }) controls = false;

  /** The numbers as a table, in place of the drawing. */
  @property({ type: Boolean, reflect: true }) table = false;

  /** The menu has been open: what it holds is loaded then. */
  @state() private opened = false;

  #internals = this.attachInternals();

  #shown: ShownUsage = new ShownUsage(this, this.#internals);

  #library = new Lazy(this, () => import('./usage-chart.drawing.ts'));
  #tables = new Lazy(this, () => import('./usage-chart.table.ts'));
  #menus = new Lazy(this, () => import('./usage-chart.menu.ts'));
  #controlling = new Lazy(this, () => import('./usage-chart.controls.ts'));
  #limiting = new Lazy(this, () => import('./usage-chart.limits.ts'));
  #footprints = new Lazy(this, () => import('./usage-chart.footprint.ts'));

  #drawing: UsageDrawing | undefined;
  #cursor: UsageCursor | undefined;
  #controls: UsageChartControls | undefined;
  #limits: UsageChartLimits | undefined;
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

  protected override update(changed: Map<PropertyKey, unknown>): void {
    toggle(this.#internals.states, 'unshared', this.#shown.unshared);
    // Not before what draws, which is what people wait for.
    const limiting = this.#library.value && this.#shown.own && this.#limiting.value;
    if (limiting) this.#limits ??= new limiting.UsageChartLimits(this, this.#shown);
    super.update(changed);
    // Before the controllers are told: the cursor is placed in what is drawn.
    if (this.isConnected) this.#draw();
  }

  override render() {
    const { view, period, message, snapshot, unshared } = this.#shown;
    const { series, lines, format, title } = view;
    const { status, error } = snapshot;
    const filled = lines.length > 0;
    const operable = filled && !this.table;
    const footnote = `${period} · ${zoneOf(series.days, format)}`;
    const limit = this.#limits?.line;
    const summary = `${chartStrings.summary(title, period, format.value(series.total))}${limit ? `. ${limit.label}` : ''}`;
    return html`
      <figure>
        ${renderHeader(this.#shown, this.#renderEstimate(), this.#renderMenu())}
        ${this.controls ? this.#renderControls() : nothing} ${this.#limits?.render()}
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
          <canvas part="canvas" role="img" aria-label=${unshared ? message : summary}></canvas>
          ${this.#cursor?.render()}
          ${
            message
              ? html`<p part="message" class="over ${error ? 'error' : ''}" role=${error ? 'alert' : nothing}>
                  ${message}
                </p>`
              : nothing
          }
          ${
            filled && this.table
              ? this.#tables.value?.renderTable({ series, lines, title, format, limit: limit?.value })
              : nothing
          }
        </div>
        ${renderLegend(this.#shown)}
        <p part="footnote" class="footnote" title=${footnote}>${footnote}</p>
      </figure>
      <div class="visually-hidden" aria-live="polite">${this.#cursor?.announcement}</div>
      <span class="theme" hidden> ${THEME_CLASSES.map((name) => html`<span class=${name}></span>`)} </span>
      <span class="theme-watch visually-hidden" aria-hidden="true" @transitionend=${this.#draw}></span>
    `;
  }

  #renderEstimate() {
    const { choice, rows, view } = this.#shown;
    const footprints = choice.metric === 'co2' && rows ? this.#footprints.value : undefined;
    return footprints?.renderEstimate(rows!, view.format) ?? nothing;
  }

  #renderMenu() {
    const menu = this.opened ? this.#menus.value : undefined;
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

  #renderControls() {
    const { value } = this.#controlling;
    if (value) this.#controls ??= new value.UsageChartControls(this);
    const { choice, days } = this.#shown;
    const shown = { ...choice, drawn: days, divisible: !this.share, choose: this.#choose };
    return html`
      <div part="controls" class="controls" role="group" aria-label=${chartStrings.controls}>
        ${this.#controls?.render(shown)}
      </div>
    `;
  }

  #choose = (choice: Partial<UsageChartChoice>): void => {
    Object.assign(this, choice);
    const changed = new UsageChartChangedEvent(this.#shown.choice);
    this.dispatchEvent(changed);
  };

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
    const { snapshot, view, choice, rows, period } = this.#shown;
    if (!rows || !this.#drawing) throw new Error('The chart has nothing to show yet.');
    const { series, lines, title, format } = view;
    const badge = snapshot.sample ? ` · ${strings.sample}` : '';
    return {
      // A share brings the time before along.
      rows: rows.filter(({ date }) => date >= series.days[0]!),
      series,
      lines,
      metric: choice.metric,
      group: choice.group,
      sample: snapshot.sample,
      limit: this.#limits?.line?.value,
      title: `${title} · ${period} (UTC) · ${format.value(series.total)}${badge}`,
      canvas: this.#canvas,
      theme: this.#theme(),
    };
  }

  #draw = () => {
    const library = this.#library.value;
    if (!library) return;
    const scene = this.#scene();
    const last = this.#drawn;
    if (!this.#drawing) this.#drawing = new library.UsageDrawing(this.#canvas, scene);
    else if (last && !KEYS.every((key) => scene[key] === last[key])) {
      this.#drawing.update(scene, !matchMedia('(prefers-reduced-motion: reduce)').matches);
    }
    this.#drawn = scene;
    this.#cursor ??= new library.UsageCursor(this, () => this.#pointable);
  };

  /** What there is to draw; in parts that are the same as long as they say the same. */
  #scene(): Scene {
    const { view, choice } = this.#shown;
    const { series, lines, format } = view;
    const { days, total } = series;
    return { days, total, lines, format, type: choice.type, theme: this.#theme(), limit: this.#limits?.line };
  }

  get #pointable(): Pointable | undefined {
    const { series, lines, format } = this.#shown.view;
    if (!this.#drawing || !lines.length || this.table) return undefined;
    return { drawing: this.#drawing, days: series.days, lines, format, rtl: this.#drawn!.theme.rtl };
  }

  get #canvas(): HTMLCanvasElement {
    return this.renderRoot.querySelector('canvas')!;
  }

  #theme(): ChartTheme {
    const theme = chartTheme(this, this.renderRoot.querySelectorAll('.theme span'));
    return this.#sameTheme(JSON.stringify(theme));
  }

  #sameTheme = memoize((theme: string) => JSON.parse(theme) as ChartTheme);
}

const KEYS: readonly (keyof Scene)[] = ['days', 'lines', 'total', 'type', 'theme', 'format', 'limit'];

declare global {
  interface HTMLElementTagNameMap {
    'usage-chart': UsageChartElement;
  }
}
