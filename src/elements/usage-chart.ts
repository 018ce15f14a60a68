import { Task } from '@lit/task';
import { html, LitElement, nothing } from 'lit';
import { property, query } from 'lit/decorators.js';
import { lastDays, usageSeries, type UsageRow, type UsageSeries } from '../services/usage-series.ts';
import { dailyUsage, MAX_DAYS, type UsageMetric } from '../services/usage.ts';
import { base } from './base.styles.ts';
import { LiveController } from './live-controller.ts';
import { localeOf } from './locale.ts';
import { strings } from './strings/en.ts';
import type { ChartFormat, ChartTheme, UsageDrawing } from './usage-chart.drawing.ts';
import { styles } from './usage-chart.styles.ts';

const DEFAULT_DAYS = 30;

/** How many colours the theme has for models; further ones begin again. */
const SERIES = 8;

/**
 * Draws what was used on each of the last days, stacked by model, and follows every change.
 *
 * @tagname usage-chart
 * @csspart header - The line above the drawing.
 * @csspart title - What is drawn.
 * @csspart total - The sum of all days.
 * @csspart badge - Says that the data is a sample.
 * @csspart note - Says that data is being refreshed or is not up to date.
 * @csspart plot - The box of the drawing.
 * @csspart canvas - The drawing.
 * @csspart message - The sentence over the drawing: loading, nothing there, or an error.
 * @csspart legend - The list of models.
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

  /** What to draw: `tokens`, `requests`, `cost` in USD, or `co2` in grams CO₂e. */
  @property() metric: UsageMetric = 'tokens';

  @query('canvas') private canvas!: HTMLCanvasElement;

  #usage = new LiveController(this, () => dailyUsage({ days: this.#days }), this.attachInternals());

  #library = new Task(this, { task: () => import('./usage-chart.drawing.ts'), args: () => [] });

  #drawing: UsageDrawing | undefined;

  /** What is drawn at present, to draw only what has changed. */
  #drawn = '';
  #drawnSeries: UsageSeries | undefined;

  #series = memoize(usageSeries);

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
    const { data, status, error, sample } = this.#usage.snapshot;
    const series = this.#current();
    const title = strings.chart.title[this.#metric];
    const total = this.#format().value(series.total);
    const message = data ? (data.length ? '' : strings.chart.empty(this.#days)) : error?.message || strings.loading;
    return html`
      <figure>
        <header part="header">
          <span part="title" class="title">${title}</span>
          ${data?.length ? html`<span part="total" title=${strings.chart.total}>${total}</span>` : nothing}
          ${sample ? html`<span part="badge" class="badge">${strings.sample}</span>` : nothing}
          <span part="note" class="note">
            ${status === 'refreshing' ? html`<span class="patient">${strings.syncing}</span>` : nothing}
            ${status === 'stale' ? strings.stale : nothing}
            ${data && error && status === 'error' ? error.message : nothing}
            ${series.unknown ? strings.chart.unknown(series.unknown) : nothing}
          </span>
        </header>
        <div part="plot" class="plot" aria-busy=${status === 'loading'}>
          <canvas part="canvas" role="img" aria-label=${strings.chart.summary(title, this.#days, total)}></canvas>
          ${
            message
              ? html`<p part="message" class="over ${error ? 'error' : ''}" role=${error ? 'alert' : nothing}>
                  ${message}
                </p>`
              : nothing
          }
        </div>
        <ul part="legend">
          ${series.models.map(
            ({ model }, index) => html`<li><span class="swatch series-${(index % SERIES) + 1}"></span>${model}</li>`,
          )}
        </ul>
        ${data?.length ? renderTable(series, title, this.#format()) : nothing}
      </figure>
      <span class="theme" hidden> ${THEME_CLASSES.map((name) => html`<span class=${name}></span>`)} </span>
      <span class="theme-watch visually-hidden" aria-hidden="true" @transitionend=${this.#draw}></span>
    `;
  }

  get #days(): number {
    return Number.isInteger(this.days) && this.days >= 1 && this.days <= MAX_DAYS ? this.days : DEFAULT_DAYS;
  }

  get #metric(): UsageMetric {
    return this.metric in strings.chart.title ? this.metric : 'tokens';
  }

  #current(): UsageSeries {
    return this.#series(this.#usage.snapshot.data ?? NO_ROWS, this.#lastDays(), this.#metric);
  }

  /** The same array until the day changes, so that nothing is added up twice. */
  #lastDays = () => {
    const [today = ''] = lastDays(1);
    return this.#daysUntil(this.#days, today);
  };

  #daysUntil = memoize((days: number, today: string) => lastDays(days, Date.parse(today)));

  #draw = () => {
    const library = this.#library.value;
    if (!library) return;
    const series = this.#current();
    const theme = this.#theme();
    const drawn = JSON.stringify([theme, this.#metric, localeOf(this)]);
    if (this.#drawing && series === this.#drawnSeries && drawn === this.#drawn) return;
    if (this.#drawing) this.#drawing.update(series, theme, this.#format());
    else this.#drawing = new library.UsageDrawing(this.canvas, series, theme, this.#format());
    this.#drawnSeries = series;
    this.#drawn = drawn;
  };

  #theme(): ChartTheme {
    const probes = [...this.renderRoot.querySelectorAll('.theme span')];
    const [text = '', muted = '', border = '', surface = '', ...series] = probes.map(
      (probe) => getComputedStyle(probe).color,
    );
    const { fontFamily: font, direction } = getComputedStyle(this);
    return { text, muted, border, surface, series, font, rtl: direction === 'rtl' };
  }

  #format(): ChartFormat {
    const locale = localeOf(this);
    const options = NUMBER_FORMATS[this.#metric];
    const value = new Intl.NumberFormat(locale, options);
    // Two decimals would make 0 of what a few small calls cost.
    const small = new Intl.NumberFormat(locale, { ...options, maximumFractionDigits: 4 });
    const day = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone: 'UTC' });
    return {
      value: (number) => (number > 0 && number < 0.1 ? small : value).format(number),
      day: (date) => (date ? day.format(Date.parse(date)) : ''),
    };
  }
}

const NO_ROWS: readonly UsageRow[] = [];

const THEME_CLASSES = [
  'text',
  'muted',
  'border',
  'surface',
  ...Array.from({ length: SERIES }, (_, index) => `series-${index + 1}`),
];

const COMPACT = { notation: 'compact', maximumFractionDigits: 1 } as const;

const NUMBER_FORMATS: Readonly<Record<UsageMetric, Intl.NumberFormatOptions>> = {
  tokens: COMPACT,
  requests: COMPACT,
  cost: { style: 'currency', currency: 'USD' },
  co2: { ...COMPACT, style: 'unit', unit: 'gram' },
};

/** What the drawing says, for those who do not see it. In a box, because a table is never smaller than what it holds. */
const renderTable = ({ days, models }: UsageSeries, title: string, format: ChartFormat) => html`
  <div class="visually-hidden">
    <table>
      <caption>
        ${title}
      </caption>
      <thead>
        <tr>
          <th scope="col">${strings.chart.day}</th>
          ${models.map(({ model }) => html`<th scope="col">${model}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${days.map(
          (day, index) => html`
            <tr>
              <th scope="row">${format.day(day)}</th>
              ${models.map(({ values }) => html`<td>${format.value(values[index] ?? 0)}</td>`)}
            </tr>
          `,
        )}
      </tbody>
    </table>
  </div>
`;

/** Answers again what it last answered, as long as it is asked the same. */
function memoize<Parameters extends readonly unknown[], Result>(
  work: (...parameters: Parameters) => Result,
): (...parameters: Parameters) => Result {
  let last: { readonly parameters: Parameters; readonly result: Result } | undefined;
  return (...parameters) => {
    if (!last?.parameters.every((parameter, index) => parameter === parameters[index])) {
      last = { parameters, result: work(...parameters) };
    }
    return last.result;
  };
}

declare global {
  interface HTMLElementTagNameMap {
    'usage-chart': UsageChartElement;
  }
}
