import { html, nothing, type TemplateResult } from 'lit';
import { chartStrings } from './strings/chart.en.ts';
import { strings } from './strings/en.ts';
import type { ShownUsage } from './usage-chart.shown.ts';

/** The line above the drawing: what it is, how much, how current; and what can be done with it. */
export function renderHeader(
  { view, change, choice, snapshot }: ShownUsage,
  estimate: TemplateResult | typeof nothing,
  menu: TemplateResult,
) {
  const { data, status, error, sample } = snapshot;
  const { series, format, title } = view;
  const filled = series.lines.length > 0;
  const missing = choice.metric === 'co2' ? 'footprint' : 'price';
  const unknown = series.unknown.length ? chartStrings.unknown(missing, series.unknown) : '';
  return html`
    <header part="header">
      <div class="words">
        <span part="title" class="title" title=${title}>${title}</span>
        ${filled ? html`<span part="total" title=${chartStrings.total}>${format.value(series.total)}</span>` : nothing}
        ${filled ? estimate : nothing} ${change ? html`<span part="change" class="change">${change}</span>` : nothing}
        ${sample ? html`<span part="badge" class="badge">${strings.sample}</span>` : nothing}
        <span part="note" class="note" title=${unknown || nothing}>
          ${status === 'refreshing' ? html`<span class="patient">${strings.syncing}</span>` : nothing}
          ${status === 'stale' ? strings.stale : nothing}
          ${data && error && status === 'error' ? error.message : nothing} ${unknown}
        </span>
      </div>
      ${filled ? menu : nothing}
    </header>
  `;
}

/** The list of models or projects, where it is divided by them. */
export function renderLegend({ view: { lines, format }, choice: { group } }: ShownUsage) {
  if (group === 'none') return nothing;
  return html`
    <ul part="legend" class="legend" tabindex=${lines.length > ONE_LINE ? 0 : nothing}>
      ${lines.map(
        ({ name, colour, total, unknown }) =>
          html`<li>
            <span class="swatch series-${colour}"></span>${name}
            <span part="value">${unknown ? chartStrings.unknownValue : format.value(total)}</span>
          </li>`,
      )}
    </ul>
  `;
}

/** With more lines the legend may have to be scrolled, and so has to take the focus. */
const ONE_LINE = 4;
