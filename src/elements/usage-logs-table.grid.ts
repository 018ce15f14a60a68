import { html, nothing } from 'lit';
import type { LogTotals } from '../services/usage-logs-view.ts';
import { logStrings as strings } from './strings/logs.en.ts';
import type { Column, LogRow } from './usage-logs-table.columns.ts';
import { HEAD, type TabStop } from './usage-logs-table.focus.ts';
import type { LogFormat } from './usage-logs-table.format.ts';

/** What is sorted by. */
export interface Order {
  readonly sort: string;
  readonly ascending: boolean;
}

export interface GridLook {
  readonly columns: readonly Column[];
  readonly order: Order;
  readonly stop: TabStop;
  readonly format: LogFormat;
}

const tabIndex = (stop: TabStop, row: string, { id }: Column) => (stop.row === row && stop.column === id ? 0 : -1);

const classOf = ({ number }: Column) => (number ? 'cell number' : 'cell');

/** The names of the columns; they sort, and their edges resize. */
export function renderHead({ columns, order, stop }: GridLook) {
  return html`
    <div role="row" class="row" aria-rowindex="1">
      ${columns.map((column, place) => {
        const sorted = column.sort !== undefined && column.sort === order.sort;
        const turned = sorted ? (order.ascending ? 'ascending' : 'descending') : 'none';
        return html`<div
          role="columnheader"
          part="heading"
          class="${classOf(column)} ${column.sort ? 'sortable' : ''}"
          aria-colindex=${place + 1}
          aria-sort=${column.sort ? turned : nothing}
          aria-description=${strings.headKeys}
          tabindex=${tabIndex(stop, HEAD, column)}
          data-column=${column.id}
          draggable="true"
        >
          <span class="name">${strings.columns[column.id]}</span
          ><span class="arrow ${turned}" aria-hidden="true"></span>
          <span part="edge" class="edge" aria-hidden="true"></span>
        </div>`;
      })}
    </div>
  `;
}

/** @param index - The row's place among all that there are, from 0. */
export function renderRow(
  row: LogRow,
  key: string,
  index: number,
  { columns, stop, format }: GridLook,
  now: number,
  opened: boolean,
) {
  const pending = 'pending' in row && row.pending;
  return html`<div
    role="row"
    part=${pending ? 'row pending' : opened ? 'row opened' : 'row'}
    class="row"
    aria-rowindex=${index + 2}
    aria-selected=${opened}
    data-key=${key}
  >
    ${columns.map(
      (column, place) =>
        html`<div
          role="gridcell"
          part="cell"
          class=${classOf(column)}
          aria-colindex=${place + 1}
          tabindex=${tabIndex(stop, key, column)}
          data-column=${column.id}
        >
          ${column.cell(row as never, format, now)}
        </div>`,
    )}
  </div>`;
}

/** The sums of all rows that there are, read or not; to be seen. `totalsInWords` says them. */
export function renderTotals(totals: LogTotals, { columns, format }: GridLook) {
  const sums = sumsOf(totals, format);
  return html`
    <div part="totals" class="row totals" aria-hidden="true">
      ${columns.map((column, place) => {
        const [short, exact] = place === 0 ? [strings.totals, nothing] : (sums[column.id] ?? [nothing, nothing]);
        return html`<div class=${classOf(column)} title=${exact}>${short}</div>`;
      })}
    </div>
  `;
}

/** The same for who listens: a grid's rows are its rows, and nothing else. */
export const totalsInWords = (totals: LogTotals, { columns, format }: GridLook): string => {
  const sums = sumsOf(totals, format);
  const words = columns.flatMap(({ id }) => (sums[id] ? [`${strings.columns[id]} ${sums[id][1]}`] : []));
  return `${strings.totals}: ${words.join(', ')}`;
};

type Sums = Partial<Record<Column['id'], readonly [short: string, exact: string]>>;

function sumsOf(totals: LogTotals, format: LogFormat): Sums {
  const count = (value: number) => [format.short(value), format.whole(value)] as const;
  const same = (text: string) => [text, text] as const;
  return {
    requests: count(totals.requests),
    errors: count(totals.errors),
    input: count(totals.context_tokens),
    cached: count(totals.cached_tokens),
    output: count(totals.generated_tokens),
    tokens: count(totals.tokens),
    cost: same(format.money(totals.unpriced > 0 && totals.unpriced === totals.requests ? null : totals.cost)),
    co2: same(format.grams(totals.co2_grams)),
    ...(totals.revenue !== undefined && { revenue: same(format.money(totals.revenue)) }),
  };
}
