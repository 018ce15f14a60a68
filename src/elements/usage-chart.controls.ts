import { css, html, nothing, svg, type LitElement } from 'lit';
import { lastDays, MAX_DAYS, METRICS, rangeDays } from '../services/usage-series.ts';
import { localeOf } from './locale.ts';
import { partStrings as strings } from './strings/chart-parts.en.ts';
import { GROUPS, TYPES, type ChartType, type UsageChartChoice } from './usage-chart.choice.ts';

/** The ranges that are one click away, days. */
const PRESETS = [7, 30, 90];

const CUSTOM = 'custom';

interface Shown extends UsageChartChoice {
  /** The days that are drawn. */
  readonly drawn: readonly string[];
  /** There is something to divide by. */
  readonly divisible: boolean;
  readonly choose: (choice: Partial<UsageChartChoice>) => void;
}

/** The choices that a chart offers; each tells the chart, whose properties alone say what is chosen. */
export class UsageChartControls {
  readonly #host: LitElement;
  /** What is wrong with the days that were entered, which are not drawn then. */
  #problem = '';

  constructor(host: LitElement) {
    this.#host = host;
  }

  render(shown: Shown) {
    const { metric, group, divisible, from, choose } = shown;
    return html`
      ${select(strings.metric, strings.metrics, METRICS, metric, (chosen) => choose({ metric: chosen }))}
      ${
        divisible
          ? select(strings.group, strings.groups, GROUPS, group, (chosen) => choose({ group: chosen }))
          : nothing
      }
      ${this.#renderRange(shown)} ${renderTypes(shown)} ${from ? this.#renderDays(shown) : nothing}
    `;
  }

  #renderRange({ days, from, drawn, choose }: Shown) {
    const chosen = from ? CUSTOM : String(days);
    const presets = [...new Set([...PRESETS, ...(from ? [] : [days])])].sort((a, b) => a - b);
    const locale = localeOf(this.#host);
    const inDays = (unitDisplay: 'long' | 'narrow') =>
      new Intl.NumberFormat(locale, { style: 'unit', unit: 'day', unitDisplay });
    const [long, narrow] = [inDays('long'), inDays('narrow')];
    const act = (range: string) => {
      this.#problem = '';
      choose(range === CUSTOM ? { from: drawn[0]!, to: drawn.at(-1)! } : { days: Number(range), from: '', to: '' });
    };
    const options = [
      ...presets.map((count) => ({ value: String(count), label: long.format(count), short: narrow.format(count) })),
      { value: CUSTOM, label: strings.custom },
    ];
    return radios(strings.range, options, chosen, act);
  }

  #renderDays({ from: first, to: last, choose }: Shown) {
    const [today = ''] = lastDays(1);
    const take = (event: Event) => {
      const [from, to] = [...(event.currentTarget as Element).querySelectorAll('input')];
      const range = { from: from!.value, to: to!.value };
      this.#problem = problemOf(range, today);
      this.#host.requestUpdate();
      if (!this.#problem) choose(range);
    };
    const field = (label: string, value: string) => html`
      <label>
        <span>${label}</span>
        <input
          part="input"
          type="date"
          required
          max=${today}
          .value=${value}
          aria-invalid=${this.#problem ? 'true' : 'false'}
          aria-describedby="problem"
        />
      </label>
    `;
    return html`
      <div class="days" @change=${take}>
        ${field(strings.from, first)} ${field(strings.to, last || today)}
        <span part="problem" class="problem" id="problem" role="alert">${this.#problem}</span>
      </div>
    `;
  }
}

function problemOf(range: { readonly from: string; readonly to: string }, today: string): string {
  // A date input is empty as long as what was entered is no day.
  if (!range.from || !range.to) return strings.incomplete;
  if (range.from > range.to) return strings.reversed;
  if (range.to > today) return strings.future;
  return rangeDays(range).length ? '' : strings.tooLong(MAX_DAYS);
}

function renderTypes({ type, choose }: Shown) {
  const options = TYPES.map((value) => ({ value, label: strings.types[value], icon: ICONS[value] }));
  return radios(strings.type, options, type, (chosen) => choose({ type: chosen }));
}

function select<Value extends string>(
  label: string,
  labels: Readonly<Record<Value, string>>,
  values: readonly Value[],
  chosen: Value,
  choose: (value: Value) => void,
) {
  return html`
    <span class="select">
      <select
        part="select"
        aria-label=${label}
        @change=${(event: Event) => choose((event.currentTarget as HTMLSelectElement).value as Value)}
      >
        ${values.map((value) => html`<option value=${value} .selected=${value === chosen}>${labels[value]}</option>`)}
      </select>
    </span>
  `;
}

interface Option<Value> {
  readonly value: Value;
  readonly label: string;
  /** Shown in place of the label, which is said then: always an icon, a shorter word where there is little room. */
  readonly icon?: unknown;
  readonly short?: string;
}

/** A row of which one is chosen; as radio buttons it needs no keys of our own. */
function radios<Value extends string>(
  label: string,
  options: readonly Option<Value>[],
  chosen: Value,
  choose: (value: Value) => void,
) {
  const words = (option: Option<Value>) => {
    if (option.icon) return html`${option.icon}<span class="visually-hidden">${option.label}</span>`;
    if (!option.short) return html`<span>${option.label}</span>`;
    return html`<span class="long">${option.label}</span><span class="short" aria-hidden="true">${option.short}</span>`;
  };
  return html`
    <span class="radios" role="radiogroup" aria-label=${label}>
      ${options.map(
        (option) => html`
          <label part="option" title=${option.icon ? option.label : nothing}>
            <input
              class="visually-hidden"
              type="radio"
              name=${label}
              .checked=${option.value === chosen}
              @change=${() => choose(option.value)}
            />
            ${words(option)}
          </label>
        `,
      )}
    </span>
  `;
}

const icon = (path: string) => html`<svg viewBox="0 0 16 16" aria-hidden="true">${svg`<path d=${path}></path>`}</svg>`;

const ICONS: Readonly<Record<ChartType, unknown>> = {
  stacked: icon('M2 14V9h3v5zM2 8V5h3v3zM6.5 14V7h3v7zM6.5 6V2h3v4zM11 14v-4h3v4zM11 9V6h3v3z'),
  bar: icon('M1.5 14V8H4v6zM4.5 14V4H7v10zM9 14V2h2.5v12zM12 14V6h2.5v8z'),
  line: icon('M1.3 11.3 5.5 6l4 3.4 4.2-6.9 1.2.8-5 8.3-4.1-3.5-3.3 4.2z'),
};

export const styles = css`
  .select {
    position: relative;
    display: inline-flex;
  }

  .controls select,
  .controls input[type='date'],
  .radios {
    border: 1px solid var(--_border);
    border-radius: calc(var(--_radius) / 2);
    background: var(--_surface);
    color: inherit;
    font: inherit;
  }

  .controls select {
    appearance: none;
    inline-size: 100%;
    padding: 0.15em 1.75em 0.15em 0.6em;
    cursor: pointer;
    text-overflow: ellipsis;
  }

  .controls select:dir(rtl) {
    padding: 0.15em 0.6em 0.15em 1.75em;
  }

  .select::after {
    position: absolute;
    inset-block-start: 50%;
    inset-inline-end: 0.75em;
    border: solid currentColor;
    border-width: 0 1.5px 1.5px 0;
    block-size: 0.4em;
    inline-size: 0.4em;
    content: '';
    pointer-events: none;
    rotate: 45deg;
    translate: 0 -70%;
  }

  .radios {
    display: inline-flex;
    overflow: clip;
  }

  /* What is drawn on one side, how on the other. */
  .radios:has(svg) {
    margin-inline-start: auto;
  }

  .radios label {
    position: relative;
    display: inline-flex;
    flex: 1;
    align-items: center;
    justify-content: center;
    padding: 0.15em 0.6em;
    color: var(--_muted);
    cursor: pointer;
    white-space: nowrap;
  }

  .radios label + label {
    border-inline-start: 1px solid var(--_border);
  }

  .radios label:hover {
    color: var(--_text);
  }

  .radios label:has(:checked) {
    background: color-mix(in oklab, var(--_accent) 14%, var(--_surface));
    box-shadow: inset 0 -2px var(--_accent);
    color: var(--_text);
  }

  .radios label:has(:focus-visible) {
    outline: 2px solid var(--_accent);
    outline-offset: -2px;
  }

  .radios svg {
    block-size: 1.1em;
    inline-size: 1.1em;
    fill: currentColor;
  }

  .days {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.25em 1em;
    color: var(--_muted);
  }

  .days label {
    display: inline-flex;
    align-items: center;
    gap: 0.4em;
  }

  .controls input[type='date'] {
    padding: 0.1em 0.4em;
    color: var(--_text);
  }

  .controls input[aria-invalid='true'] {
    border-color: var(--_bad);
  }

  .problem {
    color: var(--_bad);
  }

  .radios .short {
    display: none;
  }

  @container (inline-size < 30rem) {
    .select {
      flex: 1 1 40%;
    }

    .radios label {
      padding-inline: 0.3em;
    }

    .radios .short {
      display: inline;
    }

    .radios .long,
    .days label span {
      position: absolute;
      overflow: hidden;
      block-size: 1px;
      inline-size: 1px;
      clip-path: inset(50%);
    }
  }

  @media (forced-colors: active) {
    .radios label:has(:checked) {
      background: SelectedItem;
      color: SelectedItemText;
      forced-color-adjust: none;
    }
  }
`;
