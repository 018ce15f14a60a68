import { Task } from '@lit/task';
import { html, LitElement, nothing, type PropertyValues } from 'lit';
import { property, query, state } from 'lit/decorators.js';
import { pagePreferences } from '../services/page-preferences.ts';
import { PAGE_SIZES } from '../services/usage-logs-view.ts';
import { base } from './base.styles.ts';
import { LiveController, toggle } from './live-controller.ts';
import { localeOf } from './locale.ts';
import { memoize } from './memoize.ts';
import { strings as common } from './strings/en.ts';
import { logStrings as strings } from './strings/logs.en.ts';
import {
  columnsOf,
  moved,
  parseLayout,
  tracksOf,
  withWidth,
  type Layout,
  type LogRow,
} from './usage-logs-table.columns.ts';
import type { LogTable } from './usage-logs-table.controls.ts';
import { UsageLogsTableActivityEvent, UsageLogsTableOpenEvent } from './usage-logs-table.events.ts';
import { GridFocus, type FocusGrid } from './usage-logs-table.focus.ts';
import { logFormat } from './usage-logs-table.format.ts';
import { renderHead, renderRow, renderTotals, totalsInWords, type GridLook } from './usage-logs-table.grid.ts';
import { keyOf, LogSource, type LogData } from './usage-logs-table.source.ts';
import { styles } from './usage-logs-table.styles.ts';
import {
  DEFAULT_VIEW,
  filtered,
  FILTERS,
  readFragment,
  writeFragment,
  type LogsBy,
  type TableView,
} from './usage-logs-table.view.ts';
import { placeOf, RowWindow } from './usage-logs-table.window.ts';

/** How often "5 min. ago" is said anew, ms. */
const TICK_MS = 10_000;

/** How long a toast stays, ms. */
const TOAST_MS = 6_000;

/**
 * Who has used what, or every call: searched, filtered, sorted, and following every change without moving what is read.
 *
 * @tagname usage-logs-table
 * @fires {UsageLogsTableOpenEvent} usage-logs-table-open - Before a row's details are shown; cancelable.
 * @fires {UsageLogsTableExportEvent} usage-logs-table-export - Before a file is handed to the browser; cancelable.
 * @fires {UsageLogsTableActivityEvent} usage-logs-table-activity - After something new has come by itself.
 * @csspart header - The line above the table.
 * @csspart title - What the rows are.
 * @csspart count - How many there are.
 * @csspart revenue - What everybody has paid.
 * @csspart badge - Says that the data is a sample.
 * @csspart note - Says that data is being refreshed, or is not up to date.
 * @csspart toolbar - Views, search and filters.
 * @csspart tab - Chooses a view.
 * @csspart search - The field to search by.
 * @csspart filter - A choice that filters.
 * @csspart chip - A filter by one user, and the button that takes it away.
 * @csspart button - A button.
 * @csspart menu - Columns and downloads, and the button that opens them.
 * @csspart item - A line of the menu.
 * @csspart progress - How far a download is.
 * @csspart grid - The table, which scrolls.
 * @csspart heading - The name of a column.
 * @csspart edge - The end of a column's name, which resizes it.
 * @csspart row - A row; also `opened` or `pending`.
 * @csspart cell - A cell of a row.
 * @csspart payment - The dot of a user who has paid.
 * @csspart status - How a call ended.
 * @csspart totals - The sums of all rows.
 * @csspart message - The sentence in place of the rows: loading, nothing there, or an error.
 * @csspart spinner - Turns while what somebody has asked for is read.
 * @csspart fresh - The button that shows what has come.
 * @csspart toast - Says that something has come.
 * @csspart detail - All that is known of one row.
 * @csspart footer - The line below the table.
 * @csspart pages - The numbers of the pages.
 * @csspart page - One of them.
 * @csspart size - How many rows a page has.
 * @cssprop [--usage-logs-table-height=34rem] - Height of the whole element.
 * @cssprop [--usage-logs-table-row=calc(1.25rem + 2 * var(--livelit-space))] - Height of a row; 2.25rem, compact 2rem.
 * @cssstate idle - Nobody is signed in, or no project is connected.
 * @cssstate loading - Nothing to show yet, or not yet what somebody has asked for.
 * @cssstate live - What is shown is current.
 * @cssstate refreshing - What is shown is being fetched again.
 * @cssstate stale - The connection is down.
 * @cssstate error - Nothing helps without somebody's doing.
 * @cssstate sample - The data is invented.
 * @cssstate paused - New calls wait.
 */
export class UsageLogsTableElement extends LitElement {
  static override styles = [base, styles];

  /** What a row is: `users`, with the sums of each, or `entries`, each call. */
  @property() view: LogsBy = 'users';

  /** How many users a page has: 25, 50, 100 or 200. */
  @property({ type: Number }) size: number = DEFAULT_VIEW.size;

  /** Under this name the page's address keeps what is shown, after `#`: a link to it. Empty: it does not. */
  @property() fragment = '';

  /** Says, in a corner, when something new has come while it is not seen. */
  @property({ type: Boolean }) notify = false;

  @state() private current: TableView = DEFAULT_VIEW;
  @state() private paused = false;
  /** The row that is looked at. */
  @state() private opened: string | undefined;
  @state() private now = Date.now();
  @state() private announcement = '';
  @state() private toast = '';
  /** As it was kept, by view. */
  @state() private layouts: Partial<Record<LogsBy, Layout>> = {};

  @query('.grid') private grid!: HTMLElement;
  @query('.body') private body!: HTMLElement;
  @query('.sheet') private sheet!: HTMLElement;

  #internals = this.attachInternals();

  #controls = new Task(this, { task: () => import('./usage-logs-table.controls.ts'), args: () => [] });

  #details = new Task(this, {
    task: ([wanted]) => (wanted ? import('./usage-logs-table.detail.ts') : undefined),
    args: () => [this.opened !== undefined],
  });

  #source = new LogSource(
    this,
    this.#internals,
    () => this.current,
    (count) => this.#arrived(count),
  );

  #focus = new GridFocus(() => this.grid, this.#focusGrid());

  #window: RowWindow<LogRow> | undefined;
  /** Where the row that is looked at was last. */
  #openedAt = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #toasting: ReturnType<typeof setTimeout> | undefined;
  #unwatch: (() => void) | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener('hashchange', this.#followAddress);
    this.#timer = setInterval(() => (this.now = Date.now()), TICK_MS);
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener('hashchange', this.#followAddress);
    clearInterval(this.#timer);
    clearTimeout(this.#toasting);
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#window?.destroy();
    this.#window = undefined;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const by = this.view === 'entries' ? 'entries' : 'users';
    const size = PAGE_SIZES.find((each) => each === this.size) ?? DEFAULT_VIEW.size;
    if (changed.has('view') && by !== this.current.by) this.current = { ...this.current, by };
    if (changed.has('size') && size !== this.current.size) this.current = { ...this.current, size, page: 1 };
    if (changed.has('fragment')) this.#followAddress();
  }

  protected override update(changed: PropertyValues<this>): void {
    const held = this.paused || this.opened !== undefined || this.#focus.reading || this.#window?.atTop === false;
    this.#source.settle(held);
    const { service } = this.#source;
    if (service && !this.#unwatch) {
      this.#unwatch = service.watchLayouts(() => (this.layouts = {}));
      this.layouts = {};
    }
    super.update(changed);
  }

  protected override updated(): void {
    if (!this.isConnected) return;
    toggle(this.#internals.states, 'paused', this.paused);
    this.#source.showStates();
    const { tracks, px } = tracksOf(this.#look().columns, this.#layout);
    this.grid.style.setProperty('--_tracks', tracks);
    this.grid.style.setProperty('--_width', `${px}px`);
    this.#window ??= new RowWindow<LogRow>(this.grid, this.body, this.sheet, (paint) => this.#focus.keep(paint));
    this.#paint();
    this.#source.readOn(this.#window.seen[1]);
  }

  override render() {
    const { status, error, sample } = this.#source.snapshot;
    const { by } = this.current;
    const { data, full } = this.#source;
    const look = this.#look();
    const { format } = look;
    const title = strings.title[by];
    const controls = this.#controls.value;
    return html`
      <section class="frame" aria-label=${title}>
        <header part="header">
          <div class="words">
            <span part="title" class="title">${title}</span>
            ${data ? html`<span part="count" class="muted">${strings.count[by](format.whole(data.total))}</span>` : nothing}
            ${
              data && 'revenue' in data && data.revenue > 0
                ? html`<span part="revenue" class="muted"
                    >${strings.revenue} <b>${format.money(data.revenue)}</b></span
                  >`
                : nothing
            }
            ${sample ? html`<span part="badge" class="badge">${common.sample}</span>` : nothing}
            <span part="note" class="note">
              ${status === 'refreshing' && !full ? html`<span class="syncing patient">${common.syncing}</span>` : nothing}
              ${status === 'stale' ? common.stale : nothing} ${data && status === 'error' ? error?.message : nothing}
            </span>
          </div>
          <span class="end">${controls?.renderActions(this.#table)}</span>
        </header>
        <div part="toolbar" class="toolbar">${controls?.renderToolbar(this.#table)}</div>
        <div class="box">
          <div
            part="grid"
            class="grid ${full ? 'waiting' : ''}"
            role="grid"
            aria-label=${title}
            aria-rowcount=${data ? data.total + 1 : -1}
            aria-colcount=${look.columns.length}
            aria-busy=${full}
            @scroll=${this.#scroll}
            @focusin=${(event: FocusEvent) => this.#focus.entered(event)}
            @focusout=${(event: FocusEvent) => this.#focus.left(event)}
            @keydown=${(event: KeyboardEvent) => this.#focus.press(event)}
            @click=${this.#click}
            @pointerdown=${(event: PointerEvent) => controls?.dragEdge(event, this.#table)}
            @dragstart=${(event: DragEvent) => controls?.dragHeading(event, this.#table)}
            @dblclick=${(event: MouseEvent) => controls?.resetWidth(event, this.#table)}
          >
            <div role="rowgroup" class="head">${renderHead(look)}</div>
            <div role="rowgroup" class="body"><div role="presentation" class="sheet"></div></div>
            ${data ? renderTotals(data.totals, look) : nothing}
          </div>
          ${data ? html`<p class="visually-hidden">${totalsInWords(data.totals, look)}</p>` : nothing}
          ${this.#renderOver(data)}
          ${
            this.opened === undefined
              ? nothing
              : this.#details.value?.renderDetail(this.#openedRow, this.#table, this.#source.snapshot.sample)
          }
        </div>
        <footer part="footer" class="footer">${controls?.renderFooter(this.#table)}</footer>
        <div class="visually-hidden" aria-live="polite">${this.announcement}</div>
      </section>
    `;
  }

  /** What lies over the rows. */
  #renderOver(data: LogData | undefined) {
    const { error } = this.#source.snapshot;
    const { by } = this.current;
    const empty = filtered(this.current) ? strings.nothing : strings.empty[by];
    const message = data ? (data.rows.length ? '' : empty) : error?.message || common.loading;
    return html`
      ${
        message
          ? html`<p
              part="message"
              class="over ${error && !data ? 'error' : ''}"
              role=${error && !data ? 'alert' : nothing}
            >
              ${message}
              ${data && filtered(this.current) ? html`<button part="button" @click=${() => this.#change(UNFILTERED)}>${strings.clear}</button>` : nothing}
            </p>`
          : nothing
      }
      ${this.#source.full && data ? html`<span part="spinner" class="spinner" role="img" aria-label=${common.loading}></span>` : nothing}
      ${
        this.#source.held > 0
          ? html`<button part="fresh" class="fresh" title=${strings.freshHint} @click=${this.#release}>
              ${strings.fresh(this.#look().format.whole(this.#source.held))}
            </button>`
          : nothing
      }
      ${this.toast ? html`<p part="toast" class="toast" role="status">${this.toast}</p>` : nothing}
    `;
  }

  /** Hands all rows that the filters leave to the browser as a file, unless `usage-logs-table-export` is cancelled. */
  async download(
    format: 'csv' | 'json',
    signal?: AbortSignal,
    progress?: (rows: number, total: number) => void,
  ): Promise<number> {
    const { download } = await import('./usage-logs-table.export.ts');
    return download(this, this.current, format, signal, progress);
  }

  /** Reads what is shown anew. */
  refresh(): void {
    this.#source.refresh();
    this.requestUpdate();
  }

  /** What the lazily loaded parts work with. */
  get #table(): LogTable {
    const { current: view, paused } = this;
    const { format } = this.#look();
    const { data, full, rows, offset, snapshot, tailing } = this.#source;
    return {
      view,
      format,
      rows,
      offset,
      data,
      paused,
      tailing,
      waiting: full,
      sample: snapshot.sample,
      layout: this.#layout,
      host: this,
      change: (partial) => this.#change(partial),
      refresh: () => this.refresh(),
      pause: (paused) => (this.paused = paused),
      lay: (change) => this.#lay(change),
      step: (by) => this.#open(this.#openedAt + by),
      close: () => this.#close(),
      download: (...wanted) => this.download(...wanted),
      read: (id, signal) => this.#source.service!.readEntry(id, signal),
    };
  }

  get #layout(): Layout {
    const { by } = this.current;
    return (this.layouts[by] ??= parseLayout(by, this.#source.service?.readLayout(by)));
  }

  #lay(change: (layout: Layout) => Layout | undefined): void {
    const { by } = this.current;
    const layout = change(this.#layout);
    this.#source.service?.keepLayout(by, layout && JSON.stringify(layout));
    this.layouts = { ...this.layouts, [by]: layout ?? parseLayout(by, undefined) };
  }

  #preferences = new LiveController(this, pagePreferences);
  #formatOf = memoize(logFormat);
  #columnsOf = memoize(columnsOf);

  #look(): GridLook {
    const columns = this.#columnsOf(this.current.by, this.#layout);
    return {
      columns,
      order: this.current[this.current.by],
      focus: this.#focus,
      format: this.#formatOf(localeOf(this), this.#preferences.snapshot.data),
    };
  }

  #paint = () => {
    const look = this.#look();
    const { rows, offset } = this.#source;
    const { opened, now } = this;
    const columns = look.columns.map(({ id }) => id).join();
    this.#window?.paint({
      rows,
      keyOf,
      template: (row, index) => renderRow(row, keyOf(row), offset + index, look, now, keyOf(row) === opened),
      pinned: this.#focus.pinned,
      stamp: `${columns}|${this.#focus.stamp}|${opened}|${now}|${offset}|${look.format.stamp}`,
    });
  };

  #focusGrid(): FocusGrid {
    const rows = () => this.#source.rows;
    return {
      columns: () => this.#look().columns,
      count: () => rows().length,
      page: () => {
        const [first, last] = this.#window?.seen ?? [0, 1];
        return Math.max(last - first, 1);
      },
      keyAt: (index) => keyOf(rows()[index]!),
      indexOf: (key, near) => placeOf({ rows: rows(), keyOf }, key, near),
      reveal: (index) => this.#window?.reveal(index),
      repaint: () => this.requestUpdate(),
      moved: (index) => this.opened !== undefined && this.#open(index),
      open: (index) => this.#open(index),
      close: () => this.#close(),
      sort: (column) => this.#sort(column.id),
      move: (column, step) => this.#lay((layout) => moved(layout, column.id, step)),
      widen: (column, px) =>
        this.#lay((layout) => withWidth(layout, column.id, (layout.widths[column.id] ?? column.width) + px)),
    };
  }

  /** Shows something else; a page is kept only by who turns it. */
  #change(partial: Partial<TableView>): void {
    this.#source.ask();
    this.current = { ...this.current, page: 1, ...partial };
    this.view = this.current.by;
    this.size = this.current.size;
    this.opened = undefined;
    this.#window?.toTop();
    if (!this.fragment) return;
    const hash = writeFragment(location.hash, this.fragment, this.current);
    history.replaceState(history.state, '', `${location.pathname}${location.search}${hash && `#${hash}`}`);
  }

  #followAddress = () => {
    const view = this.fragment && readFragment(location.hash, this.fragment);
    if (!view) return;
    if (this.hasUpdated) this.#source.ask();
    this.current = view;
    this.view = view.by;
    this.size = view.size;
  };

  #sort(id: string): void {
    const { by } = this.current;
    const column = this.#look().columns.find((each) => each.id === id);
    if (!column?.sort) return;
    const { sort, ascending: rising } = this.current[by];
    // The largest and the newest first; names from A on; then the other way round.
    const ascending = sort === column.sort ? !rising : column.sort === 'email';
    this.#change({ [by]: { sort: column.sort, ascending } });
    this.announcement = strings.sorted(strings.columns[column.id], ascending);
  }

  #click = ({ target }: Event) => {
    const at = (target as Element).closest<HTMLElement>('[data-column]');
    const key = at?.closest<HTMLElement>('[data-key]')?.dataset.key;
    if (key === undefined) {
      if (at && !(target as Element).matches('.edge')) this.#sort(at.dataset.column!);
      // Who marks text wants to copy it.
    } else if (!getSelection()?.toString()) this.#open(placeOf({ rows: this.#source.rows, keyOf }, key, 0));
  };

  #open(index: number): void {
    const row = this.#source.rows[index];
    if (!row) return;
    const event = new UsageLogsTableOpenEvent(row);
    if (!this.dispatchEvent(event)) return;
    this.opened = keyOf(row);
    this.#openedAt = index;
    this.#window?.reveal(index);
  }

  get #openedRow(): LogRow | undefined {
    const { rows } = this.#source;
    this.#openedAt = Math.max(placeOf({ rows, keyOf }, this.opened!, this.#openedAt), 0);
    const row = rows[this.#openedAt];
    return row && keyOf(row) === this.opened ? row : undefined;
  }

  #close(): boolean {
    const open = this.opened !== undefined;
    this.opened = undefined;
    return open;
  }

  #scroll = () => {
    const window = this.#window;
    if (!window) return;
    window.scrolled();
    this.#source.readOn(window.seen[1]);
    // Back at the top, what waits comes in.
    if (this.#source.held && window.atTop && !this.paused) this.requestUpdate();
  };

  #release = () => {
    this.#source.release();
    this.#window?.toTop();
    this.requestUpdate();
  };

  #arrived(count: number): void {
    const event = new UsageLogsTableActivityEvent(count);
    this.dispatchEvent(event);
    if (!this.notify) return;
    this.toast = strings.arrived(count);
    clearTimeout(this.#toasting);
    this.#toasting = setTimeout(() => (this.toast = ''), TOAST_MS);
  }
}

const UNFILTERED: Partial<TableView> = Object.fromEntries(FILTERS.map((name) => [name, DEFAULT_VIEW[name]]));

declare global {
  interface HTMLElementTagNameMap {
    'usage-logs-table': UsageLogsTableElement;
  }
}
