import { html, nothing, type ReactiveControllerHost } from 'lit';
import {
  ACTIVITIES,
  MAX_SEARCH_LENGTH,
  PAGE_SIZES,
  PERIODS,
  STATUSES,
  USER_TYPES,
  type LogEntryDetail,
  type LogEntry,
} from '../services/usage-logs-view.ts';
import { logStrings as strings } from './strings/logs.en.ts';
import { COLUMNS, withWidth, moved, type Layout, type LogRow } from './usage-logs-table.columns.ts';
import type { LogFormat } from './usage-logs-table.format.ts';
import { renderMenu } from './usage-logs-table.menu.ts';
import type { LogData } from './usage-logs-table.source.ts';
import type { TableView } from './usage-logs-table.view.ts';

/** Hands everything to the browser as a file; answers how many rows there were. */
export type Download = (
  format: 'csv' | 'json',
  signal?: AbortSignal,
  progress?: (rows: number, total: number) => void,
) => Promise<number>;

/** What the lazily loaded parts of a table work with. */
export interface LogTable {
  readonly host: HTMLElement & ReactiveControllerHost;
  readonly view: TableView;
  readonly data: LogData | undefined;
  readonly rows: readonly LogRow[];
  /** How many rows stand before the first. */
  readonly offset: number;
  readonly format: LogFormat;
  readonly layout: Layout;
  readonly paused: boolean;
  /** New rows come in at the top. */
  readonly tailing: boolean;
  /** What somebody has asked for is not there yet. */
  readonly waiting: boolean;
  readonly sample: boolean;
  readonly change: (partial: Partial<TableView>) => void;
  readonly refresh: () => void;
  readonly pause: (paused: boolean) => void;
  /** Another layout, or, undefined, the one that the columns have by themselves. */
  readonly lay: (change: (layout: Layout) => Layout | undefined) => void;
  /** Looks at the next row, or the one before. */
  readonly step: (by: 1 | -1) => void;
  readonly close: () => void;
  readonly read: (id: string, signal: AbortSignal) => Promise<LogEntryDetail | undefined>;
  readonly download: Download;
}

/** Who writes pauses so long between letters that nothing is asked for each, ms. */
const TYPING_MS = 300;

/** How many of the models and apps that were seen are suggested. */
const SUGGESTIONS = 30;
const SUGGESTED_FROM_ROWS = 1_000;

const typing = new WeakMap<Element, ReturnType<typeof setTimeout>>();

/** Takes a text when its writer pauses, or at once with Enter. */
function typed(change: (text: string) => void) {
  return (event: Event) => {
    const field = event.currentTarget as HTMLInputElement;
    clearTimeout(typing.get(field));
    if (event.type === 'change') change(field.value);
    else
      typing.set(
        field,
        setTimeout(() => change(field.value), TYPING_MS),
      );
  };
}

export function renderToolbar(table: LogTable) {
  const { view, change } = table;
  const search = typed((text) => text !== view.search && change({ search: text }));
  return html`
    <div class="tabs" role="group" aria-label=${strings.views}>
      ${(['users', 'entries'] as const).map(
        (by) =>
          html`<button part="tab" aria-pressed=${view.by === by} @click=${() => view.by !== by && change({ by })}>
            ${strings.view[by]}
          </button>`,
      )}
    </div>
    <input
      part="search"
      class="field search"
      type="search"
      aria-label=${strings.search}
      placeholder=${strings.searchHint}
      maxlength=${MAX_SEARCH_LENGTH}
      .value=${view.search}
      @input=${search}
      @change=${search}
    />
    ${choice(strings.userType.label, USER_TYPES, strings.userType, view.userType, (userType) => change({ userType }))}
    ${choice(strings.activity.label, ACTIVITIES, strings.activity, view.activity, (activity) => change({ activity }))}
    ${view.by === 'entries' ? renderCallFilters(table) : nothing}
  `;
}

/** What can be done with the table as it is. */
export function renderActions(table: LogTable) {
  return html`
    ${
      table.tailing
        ? html`<button
            part="button"
            aria-pressed=${table.paused}
            title=${strings.pauseHint}
            @click=${() => table.pause(!table.paused)}
          >
            ${table.paused ? strings.resume : strings.pause}
          </button>`
        : nothing
    }
    <button part="button" ?disabled=${table.waiting} @click=${() => table.refresh()}>${strings.refresh}</button>
    ${renderMenu(table)}
  `;
}

function renderCallFilters({ view, rows, change }: LogTable) {
  const seen = rows.slice(0, SUGGESTED_FROM_ROWS) as readonly LogEntry[];
  const statuses = { '': strings.anyStatus, ...strings.status };
  const periods = ['', ...(Object.keys(PERIODS) as (keyof typeof PERIODS)[])] as const;
  const named = view.user && seen.find(({ user_id: user }) => (user ?? 'visitors') === view.user);
  return html`
    ${choice(strings.period.label, periods, strings.period, view.period, (period) => change({ period }))}
    ${choice(strings.columns.status, ['', ...STATUSES] as const, statuses, view.status, (status) => change({ status }))}
    ${suggested('model', strings.anyModel, view.model, seen, (model) => change({ model }))}
    ${suggested('app', strings.anyApp, view.app, seen, (app) => change({ app }))}
    ${
      view.user
        ? html`<button part="chip" class="chip" title=${strings.everybody} @click=${() => change({ user: '' })}>
            ${(named && (named.full_name || named.email)) || strings.oneUser} <span aria-hidden="true">×</span
            ><span class="visually-hidden">${strings.everybody}</span>
          </button>`
        : nothing
    }
  `;
}

const choice = <Word extends string>(
  label: string,
  words: readonly Word[],
  names: Readonly<Record<Word, string>>,
  chosen: Word,
  choose: (word: Word) => void,
) => html`
  <select
    part="filter"
    class="field ${chosen && chosen !== 'all' ? 'set' : ''}"
    aria-label=${label}
    @change=${({ target }: Event) => choose((target as HTMLSelectElement).value as Word)}
  >
    ${words.map((word) => html`<option value=${word} .selected=${word === chosen}>${names[word]}</option>`)}
  </select>
`;

/** A text that has to be exactly so; what is in the rows is suggested. */
function suggested(
  name: 'model' | 'app',
  label: string,
  value: string,
  rows: readonly LogEntry[],
  choose: (text: string) => void,
) {
  const words = [...new Set(rows.map((row) => row[name]))].sort().slice(0, SUGGESTIONS);
  const take = typed((text) => text.trim() !== value && choose(text.trim()));
  return html`
    <input
      part="filter"
      class="field short ${value ? 'set' : ''}"
      aria-label=${strings.columns[name]}
      placeholder=${label}
      list=${name}
      .value=${value}
      @change=${take}
    />
    <datalist id=${name}>${words.map((word) => html`<option value=${word}></option>`)}</datalist>
  `;
}

export function renderFooter(table: LogTable) {
  const { view, data, format, rows, offset, change } = table;
  if (!data) return nothing;
  if (view.by === 'entries') {
    const read = data.rows.length;
    return html`<span>
      ${read < data.total ? strings.read(format.whole(read), format.whole(data.total)) : strings.count.entries(format.whole(data.total))}
    </span>`;
  }
  const pages = Math.max(1, Math.ceil(data.total / view.size));
  const turn = (page: number) => change({ page });
  const range = rows.length
    ? strings.range(format.whole(offset + 1), format.whole(offset + rows.length), format.whole(data.total))
    : strings.count.users(format.whole(data.total));
  return html`
    <span>${range}</span>
    <nav part="pages" aria-label=${strings.pages}>
      ${step(strings.previous, '‹', view.page > 1, () => turn(view.page - 1))}
      ${pagesAround(view.page, pages).map((page) =>
        page === 0
          ? html`<span aria-hidden="true">…</span>`
          : html`<button
              part="page"
              aria-label=${strings.page(format.whole(page))}
              aria-current=${page === view.page ? 'page' : nothing}
              @click=${() => page !== view.page && turn(page)}
            >
              ${format.whole(page)}
            </button>`,
      )}
      ${step(strings.next, '›', view.page < pages, () => turn(view.page + 1))}
    </nav>
    <label
      >${strings.size}
      <select
        part="size"
        class="field"
        @change=${({ target }: Event) => change({ size: Number((target as HTMLSelectElement).value) })}
      >
        ${PAGE_SIZES.map((size) => html`<option value=${size} .selected=${size === view.size}>${size}</option>`)}
      </select>
    </label>
  `;
}

const step = (label: string, sign: string, possible: boolean, turn: () => void) =>
  html`<button part="page" class="turn" aria-label=${label} ?disabled=${!possible} @click=${turn}>
    <span aria-hidden="true">${sign}</span>
  </button>`;

/** The first page, the last, and those about the one that is shown; 0 is a gap. */
export function pagesAround(page: number, pages: number): readonly number[] {
  const wanted = [1, page - 1, page, page + 1, pages];
  const shown = [...new Set(wanted)].filter((each) => each >= 1 && each <= pages).sort((a, b) => a - b);
  return shown.flatMap((each, index) => {
    const gap = each - (shown[index - 1] ?? 0);
    return gap === 2 ? [each - 1, each] : gap > 2 ? [0, each] : [each];
  });
}

/** The edge of a column's name is dragged: the column gets as wide. */
export function dragEdge(event: PointerEvent, { lay, host }: LogTable): void {
  const edge = event.target as HTMLElement;
  const heading = edge.closest<HTMLElement>('[role=columnheader]');
  if (!edge.matches('.edge') || !heading) return;
  event.preventDefault();
  const { width } = heading.getBoundingClientRect();
  const turn = getComputedStyle(host).direction === 'rtl' ? -1 : 1;
  edge.setPointerCapture(event.pointerId);
  const drag = ({ clientX }: PointerEvent) =>
    lay((layout) => withWidth(layout, heading.dataset.column!, width + turn * (clientX - event.clientX)));
  const end = new AbortController();
  edge.addEventListener('pointermove', drag, { signal: end.signal });
  for (const type of ['pointerup', 'pointercancel']) {
    edge.addEventListener(type, () => end.abort(), { signal: end.signal });
  }
}

/** A double click on the edge gives the column its own width back. */
export function resetWidth({ target }: MouseEvent, { lay }: LogTable): void {
  const edge = target as HTMLElement;
  if (!edge.matches('.edge')) return;
  const id = edge.closest<HTMLElement>('[role=columnheader]')!.dataset.column!;
  lay((layout) => ({
    ...layout,
    widths: Object.fromEntries(Object.entries(layout.widths).filter(([name]) => name !== id)),
  }));
}

/** A column's name is dragged to the place of another. */
export function dragHeading(event: DragEvent, { view, layout, lay }: LogTable): void {
  const root = (event.currentTarget as Element).getRootNode() as ShadowRoot;
  const id = (event.target as HTMLElement).dataset.column;
  if (!id || !COLUMNS[view.by].some((column) => column.id === id)) return;
  const over = ({ target }: Event) => (target as Element).closest<HTMLElement>('[role=columnheader]')?.dataset.column;
  const end = new AbortController();
  const { signal } = end;
  const seen = layout.order.filter((each) => !layout.hidden.includes(each));
  root.addEventListener('dragover', (hover) => over(hover) && hover.preventDefault(), { signal });
  root.addEventListener('dragend', () => end.abort(), { signal });
  root.addEventListener(
    'drop',
    (drop) => {
      const place = over(drop);
      if (place) lay((last) => moved(last, id, seen.indexOf(place) - seen.indexOf(id)));
    },
    { signal },
  );
}
