import { html } from 'lit';
import type { UsageSeries } from '../services/usage-series.ts';
import { chartStrings as strings } from './strings/chart.en.ts';
import type { ChartFormat, DrawnLine } from './usage-chart.look.ts';

/** What the drawing says, as a table, the newest day first; with sums, which a drawing cannot say. */
export function renderTable(series: UsageSeries, lines: readonly DrawnLine[], title: string, format: ChartFormat) {
  const newest = series.days.map((_, index) => index).reverse();
  const sumOf = (day: number) => lines.reduce((sum, { values }) => sum + (values[day] ?? 0), 0);
  const cell = ({ unknown }: DrawnLine, value: number) =>
    html`<td>${unknown ? strings.unknownValue : format.exact(value)}</td>`;
  return html`
    <div part="table" class="table" role="region" aria-label=${title} tabindex="0">
      <table>
        <caption class="visually-hidden">
          ${title}, ${strings.utc}
        </caption>
        <thead>
          <tr>
            <th scope="col">${strings.day}</th>
            ${lines.map(({ name }) => html`<th scope="col">${name}</th>`)}
            <th scope="col">${strings.total}</th>
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
          <tr>
            <th scope="row">${strings.total}</th>
            ${lines.map((line) => cell(line, line.total))}
            <td>${format.exact(series.total)}</td>
          </tr>
        </tfoot>
      </table>
    </div>
  `;
}
