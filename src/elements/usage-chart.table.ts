import { css, html, nothing } from 'lit';
import type { UsageSeries } from '../services/usage-series.ts';
import { chartStrings } from './strings/chart.en.ts';
import { partStrings as strings } from './strings/chart-parts.en.ts';
import type { ChartFormat, DrawnLine } from './usage-chart.look.ts';

interface Tabled {
  readonly series: UsageSeries;
  readonly lines: readonly DrawnLine[];
  readonly title: string;
  readonly format: ChartFormat;
  /** The daily limit of the metric, if there is one. */
  readonly limit: number | undefined;
}

/** What the drawing says, as a table, the newest day first; with sums, which a drawing cannot say. */
export function renderTable({ series, lines, title, format, limit }: Tabled) {
  const newest = series.days.map((_, index) => index).reverse();
  const sumOf = (day: number) => lines.reduce((sum, { values }) => sum + (values[day] ?? 0), 0);
  const cell = ({ unknown }: DrawnLine, value: number) =>
    html`<td>${unknown ? chartStrings.unknownValue : format.exact(value)}</td>`;
  return html`
    <div part="table" class="table" role="region" aria-label=${title} tabindex="0">
      <table>
        <caption class="visually-hidden">
          ${title}, ${chartStrings.utc}
        </caption>
        <thead>
          <tr>
            <th scope="col">${strings.day}</th>
            ${lines.map(({ name }) => html`<th scope="col">${name}</th>`)}
            <th scope="col">${chartStrings.total}</th>
          </tr>
        </thead>
        <tbody>
          ${newest.map(
            (day) => html`
              <tr>
                <th scope="row">${format.longDay(series.days[day]!)}</th>
                ${lines.map((line) => cell(line, line.values[day] ?? 0))}
                <td>${format.exact(sumOf(day))}</td>
              </tr>
            `,
          )}
        </tbody>
        <tfoot>
          ${
            limit === undefined
              ? nothing
              : html`<tr>
                  <th scope="row" colspan=${lines.length + 1}>${strings.limits.day}</th>
                  <td>${format.exact(limit)}</td>
                </tr>`
          }
          <tr>
            <th scope="row">${chartStrings.total}</th>
            ${lines.map((line) => cell(line, line.total))}
            <td>${format.exact(series.total)}</td>
          </tr>
        </tfoot>
      </table>
    </div>
  `;
}

export const styles = css`
  .table {
    position: absolute;
    overflow: auto;
    inset: 0;
    background: var(--_surface);
  }

  table {
    border-collapse: collapse;
    inline-size: 100%;
    font-size: 0.8125em;
  }

  th,
  td {
    padding: calc(var(--_space) / 2) var(--_space);
    border-block-end: 1px solid var(--_border);
    text-align: end;
    white-space: nowrap;
  }

  th:first-child {
    text-align: start;
  }

  thead th,
  tfoot tr:last-child > * {
    position: sticky;
    inset-block: 0;
    background: var(--_surface);
  }
`;
