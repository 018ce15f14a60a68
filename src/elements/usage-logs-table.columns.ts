import { html, nothing } from 'lit';
import type { EntrySort, LogEntry, LogUser, UserSort } from '../services/usage-logs-view.ts';
import { logStrings as strings } from './strings/logs.en.ts';
import type { LogFormat } from './usage-logs-table.format.ts';
import type { LogsBy } from './usage-logs-table.view.ts';

export type LogRow = LogUser | LogEntry;

/** A column as it is by itself. */
export interface Column {
  readonly id: keyof typeof strings.columns;
  /** The order that it is sorted by; without one it is not. */
  readonly sort?: UserSort | EntrySort;
  /** px; what is left of the table's width goes to the columns that grow. */
  readonly width: number;
  readonly grows?: true;
  /** Numbers stand at the end of their cell. */
  readonly number?: true;
  readonly hidden?: true;
  /** The longest text that is usual: in some languages longer than the width has room for. */
  readonly longest?: (format: LogFormat) => string;
  readonly cell: (row: never, format: LogFormat, now: number) => unknown;
}

/** What a reader has made of the columns: the order, what is hidden, and widths in px. */
export interface Layout {
  readonly order: readonly string[];
  readonly hidden: readonly string[];
  readonly widths: Readonly<Record<string, number>>;
}

/** Narrower a column cannot be made. */
export const MIN_WIDTH_PX = 48;

/** What a letter needs, on the generous side, and what a cell has around its text. */
const LETTER_PX = 8.5;
const PADDING_PX = 24;

const longCount = (format: LogFormat) => format.short(99_900_000);
const longMoney = (format: LogFormat) => format.money(0.00012);

/** A day of two digits, in a month whose name is not short. */
const LONG_DAY = '2025-12-28T00:00:00Z';

/** Minutes ago, or, long ago, the month. */
const longAgo = (format: LogFormat) =>
  [59 * 60_000, 400 * 86_400_000]
    .map((ms) => format.ago(LONG_DAY, Date.parse(LONG_DAY) + ms))
    .reduce((one, other) => (one.length > other.length ? one : other));

/** Who it is, as they are called; the chat's own exchanges are of whoever looks. */
export const named = (row: LogRow): string =>
  row.full_name || row.email || ('pending' in row ? strings.you : strings.nobody);

const person = (row: LogRow) => html`<span title=${row.email ?? nothing}>${named(row)}</span>`;

const payer = (row: LogUser) =>
  html`${row.has_completed_payment ? PAID : UNPAID}<span title=${row.email ?? nothing}>${named(row)}</span>`;

const PAID = html`<span
  part="payment"
  class="payment"
  role="img"
  aria-label=${strings.paid}
  title=${strings.paid}
></span>`;
const UNPAID = html`<span class="payment none"></span>`;

const time = (at: string | null, format: LogFormat, now: number) =>
  at === null ? '' : html`<time datetime=${at} title=${format.moment(at)}>${format.ago(at, now)}</time>`;

const status = ({ status: word, pending }: LogEntry) =>
  pending
    ? html`<span part="status" class="status pending">${strings.sending}</span>`
    : html`<span part="status" class="status ${word}">${strings.status[word]}</span>`;

const partial = (row: LogUser, format: LogFormat) =>
  row.unpriced && row.cost !== null
    ? html`<span title=${strings.partly(format.whole(row.unpriced))}
        >${format.money(row.cost)}<span class="partly">*</span></span
      >`
    : format.money(row.cost);

const USERS: readonly Column[] = [
  { id: 'user', sort: 'email', width: 156, grows: true, cell: payer },
  { id: 'type', width: 80, cell: (row: LogUser) => strings.type[row.user_type] },
  { id: 'requests', sort: 'requests', width: 84, number: true, cell: (row: LogUser, f) => f.whole(row.requests) },
  { id: 'errors', width: 72, number: true, hidden: true, cell: (row: LogUser, f) => f.whole(row.errors) },
  {
    id: 'input',
    width: 92,
    number: true,
    longest: longCount,
    hidden: true,
    cell: (row: LogUser, f) => f.whole(row.context_tokens),
  },
  {
    id: 'cached',
    width: 92,
    number: true,
    longest: longCount,
    hidden: true,
    cell: (row: LogUser, f) => f.whole(row.cached_tokens),
  },
  {
    id: 'output',
    width: 92,
    number: true,
    longest: longCount,
    hidden: true,
    cell: (row: LogUser, f) => f.whole(row.generated_tokens),
  },
  {
    id: 'tokens',
    sort: 'tokens',
    width: 100,
    number: true,
    longest: longCount,
    cell: (row: LogUser, f) => f.whole(row.tokens),
  },
  { id: 'cost', sort: 'cost', width: 80, number: true, longest: longMoney, cell: partial },
  { id: 'co2', sort: 'co2_grams', width: 92, number: true, cell: (row: LogUser, f) => f.grams(row.co2_grams) },
  {
    id: 'revenue',
    sort: 'revenue',
    width: 104,
    number: true,
    cell: (row: LogUser, f) => (row.revenue ? f.money(row.revenue) : ''),
  },
  {
    id: 'first',
    sort: 'first_activity_at',
    width: 116,
    hidden: true,
    cell: (row: LogUser, f, now) => time(row.first_activity_at, f, now),
  },
  {
    id: 'last',
    sort: 'last_activity_at',
    width: 116,
    longest: longAgo,
    cell: (row: LogUser, f, now) => time(row.last_activity_at, f, now),
  },
];

const ENTRIES: readonly Column[] = [
  { id: 'at', sort: 'at', width: 96, longest: longAgo, cell: (row: LogEntry, f, now) => time(row.at, f, now) },
  { id: 'user', width: 130, grows: true, cell: person },
  { id: 'app', width: 88, cell: (row: LogEntry) => row.app },
  { id: 'feature', width: 96, hidden: true, cell: (row: LogEntry) => row.feature },
  { id: 'model', width: 128, cell: (row: LogEntry) => row.model },
  { id: 'input', width: 80, number: true, longest: longCount, cell: (row: LogEntry, f) => f.whole(row.context_tokens) },
  {
    id: 'cached',
    width: 80,
    number: true,
    longest: longCount,
    hidden: true,
    cell: (row: LogEntry, f) => f.whole(row.cached_tokens),
  },
  {
    id: 'output',
    width: 80,
    number: true,
    longest: longCount,
    cell: (row: LogEntry, f) => f.whole(row.generated_tokens),
  },
  {
    id: 'tokens',
    sort: 'tokens',
    width: 88,
    number: true,
    hidden: true,
    longest: longCount,
    cell: (row: LogEntry, f) => f.whole(row.tokens),
  },
  {
    id: 'cost',
    sort: 'cost',
    width: 88,
    number: true,
    longest: longMoney,
    cell: (row: LogEntry, f) => f.money(row.cost),
  },
  { id: 'co2', width: 92, number: true, hidden: true, cell: (row: LogEntry, f) => f.grams(row.co2_grams) },
  {
    id: 'latency',
    sort: 'latency_ms',
    width: 84,
    number: true,
    cell: (row: LogEntry, f) => f.duration(row.latency_ms),
  },
  { id: 'status', width: 84, cell: status },
];

export const COLUMNS: Readonly<Record<LogsBy, readonly Column[]>> = { users: USERS, entries: ENTRIES };

const standard = (by: LogsBy): Layout => ({
  order: COLUMNS[by].map(({ id }) => id),
  hidden: COLUMNS[by].filter(({ hidden }) => hidden).map(({ id }) => id),
  widths: {},
});

/** A layout as it was kept; columns that it does not know stand where they do by themselves. */
export function parseLayout(by: LogsBy, kept: string | undefined): Layout {
  const plain = standard(by);
  try {
    const { order, hidden, widths } = JSON.parse(kept ?? '') as Layout;
    const known = order.filter((id) => plain.order.includes(id));
    const added = plain.order.filter((id) => !order.includes(id));
    const usable = Object.entries(widths).filter(([, width]) => width >= MIN_WIDTH_PX);
    return {
      order: [...known, ...added],
      hidden: [...hidden, ...added.filter((id) => plain.hidden.includes(id))],
      widths: Object.fromEntries(usable),
    };
  } catch {
    // Nothing was kept, or nothing that makes sense.
    return plain;
  }
}

/** The columns to be seen, in order: never none. */
export function columnsOf(by: LogsBy, { order, hidden }: Layout): readonly Column[] {
  const all = order.map((id) => COLUMNS[by].find((column) => column.id === id)!);
  const seen = all.filter(({ id }) => !hidden.includes(id));
  return seen.length ? seen : all.slice(0, 1);
}

/** What a column is wide by itself, px. */
export const widthOf = ({ width, longest }: Column, format: LogFormat): number =>
  Math.max(width, longest ? Math.ceil(longest(format).length * LETTER_PX) + PADDING_PX : 0);

/** `grid-template-columns`, and the width below which the table is scrolled, px. */
export function tracksOf(
  columns: readonly Column[],
  { widths }: Layout,
  format: LogFormat,
): { readonly tracks: string; readonly px: number } {
  const sizes = columns.map((column) => widths[column.id] ?? widthOf(column, format));
  const growing = columns.some(({ id, grows }) => grows && !widths[id]);
  const tracks = columns.map(({ id, grows }, index) => {
    const px = `${sizes[index]}px`;
    const last = index === columns.length - 1;
    return (growing ? grows && !widths[id] : last) ? `minmax(${px}, 1fr)` : px;
  });
  return { tracks: tracks.join(' '), px: sizes.reduce((sum, size) => sum + size, 0) };
}

export const withWidth = (layout: Layout, id: string, width: number): Layout => ({
  ...layout,
  widths: { ...layout.widths, [id]: Math.max(MIN_WIDTH_PX, Math.round(width)) },
});

/** A column goes so many places on, past hidden ones too. */
export function moved(layout: Layout, id: string, step: number): Layout {
  const seen = layout.order.filter((each) => !layout.hidden.includes(each));
  const beside = seen[seen.indexOf(id) + step];
  if (beside === undefined) return layout;
  const order = layout.order.filter((each) => each !== id);
  order.splice(order.indexOf(beside) + (step > 0 ? 1 : 0), 0, id);
  return { ...layout, order };
}

export const withHidden = (layout: Layout, id: string, hide: boolean): Layout => ({
  ...layout,
  hidden: hide ? [...layout.hidden, id] : layout.hidden.filter((each) => each !== id),
});
