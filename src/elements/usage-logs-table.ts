import { html, LitElement, nothing, type PropertyValues } from 'lit';
import { property, query, state } from 'lit/decorators.js';
import { pagePreferences } from '../services/page-preferences.ts';
import { PAGE_SIZES } from '../services/usage-logs-view.ts';
import { base } from './base.styles.ts';
import { Lazy } from './lazy.ts';
import { LiveController, toggle } from './live-controller.ts';
import { localeOf } from './locale.ts';
import { logStrings as strings } from './strings/logs.en.ts';
import { ViewAddress } from './usage-logs-table.address.ts';
import { moved, tracksOf, widthOf, withWidth, type LogRow } from './usage-logs-table.columns.ts';
import { UsageLogsTableActivityEvent, UsageLogsTableOpenEvent } from './usage-logs-table.events.ts';
import { GridFocus, type FocusGrid } from './usage-logs-table.focus.ts';
import { logFormat } from './usage-logs-table.format.ts';
import { renderOver, renderWords } from './usage-logs-table.frame.ts';
import { renderHead, renderRow, renderTotals, totalsInWords, type GridLook } from './usage-logs-table.grid.ts';
import { ColumnLayouts } from './usage-logs-table.layouts.ts';
import { News } from './usage-logs-table.news.ts';
import type { LogTable } from './usage-logs-table.parts.ts';
import { keyOf, LogSource } from './usage-logs-table.source.ts';
import { styles } from './usage-logs-table.styles.ts';
import { DEFAULT_VIEW, UNFILTERED, type LogsBy, type TableView } from './usage-logs-table.view.ts';
import { placeOf, RowWindow } from './usage-logs-table.window.ts';

/** How often "5 min. ago" is said anew, ms. */
const TICK_MS = 10_000;

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
 * @csspart message - The sentence in place of the rows: nothing there, or an error.
 * @csspart spinner - Says that what somebody has asked for is being read.
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

  /** For logs so large that sums take long: there are none, and numbers of rows past 10,000 are estimates. */
  @property({ type: Boolean }) estimate = false;

  @state() private current: TableView = DEFAULT_VIEW;
  @state() private paused = false;
  /** The row that is looked at. */
  @state() private opened: string | undefined;
  @state() private now = Date.now();
  @state() private announcement = '';
  @state() private menuOpen = false;

  @query('.grid') private grid!: HTMLElement;
  @query('.body') private body!: HTMLElement;
  @query('.sheet') private sheet!: HTMLElement;

  #internals = this.attachInternals();

  #controls = new Lazy(this, () => import('./usage-logs-table.controls.ts'));
  #menu = new Lazy(this, () => import('./usage-logs-table.menu.ts'));
  #details = new Lazy(this, () => import('./usage-logs-table.detail.ts'));

  #source = new LogSource(
    this,
    this.#internals,
    () => (this.estimate ? { ...this.current, estimate: true } : this.current),
    (count) => this.#arrived(count),
  );

  #layouts = new ColumnLayouts(this, () => this.#source.service);
  #address = new ViewAddress(
    this,
    () => this.fragment,
    (view) => this.#show(view),
  );
  #news = new News(this);
  #focus = new GridFocus(() => this.grid, this.#focusGrid());

  #window: RowWindow<LogRow> | undefined;
  /** Where the row that is looked at was last. */
  #openedAt = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = setInterval(() => (this.now = Date.now()), TICK_MS);
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
    this.#window?.destroy();
    this.#window = undefined;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const by = this.view === 'entries' ? 'entries' : 'users';
    const size = PAGE_SIZES.find((each) => each === this.size) ?? DEFAULT_VIEW.size;
    if (changed.has('view') && by !== this.current.by) this.current = { ...this.current, by };
    if (changed.has('size') && size !== this.current.size) this.current = { ...this.current, size, page: 1 };
    if (changed.has('fragment')) this.#address.follow();
  }

  protected override update(changed: PropertyValues<this>): void {
    const held = this.paused || this.opened !== undefined || this.#focus.reading || this.#window?.atTop === false;
    this.#source.settle(held);
    super.update(changed);
  }

  protected override updated(): void {
    if (!this.isConnected) return;
    toggle(this.#internals.states, 'paused', this.paused);
    this.#source.showStates();
    const { tracks, px } = tracksOf(this.#columns, this.#layout, this.#look().format);
    this.grid.style.setProperty('--_tracks', tracks);
    this.grid.style.setProperty('--_width', `${px}px`);
    this.#window ??= new RowWindow<LogRow>(this.grid, this.body, this.sheet, (paint) => this.#focus.keep(paint));
    this.#paint();
    this.#source.readOn(this.#window.seen[1]);
  }

  override render() {
    const view = this.current;
    const { data, full, snapshot } = this.#source;
    const look = this.#look();
    const title = strings.title[view.by];
    const controls = this.#controls.value;
    const table = this.#table(look);
    return html`
      <section class="frame" aria-label=${title}>
        <header part="header">
          ${renderWords(this.#source, view, look.format)}
          <span class="end">
            ${controls?.renderActions(table, this.menuOpen ? this.#menu.value?.renderMenu(table) : nothing)}
          </span>
        </header>
        <div part="toolbar" class="toolbar">${controls?.renderToolbar(table)}</div>
        <div class="box">
          <div
            part="grid"
            class="grid ${full ? 'waiting' : ''}"
            role="grid"
            aria-label=${title}
            aria-rowcount=${data && !data.estimated ? data.total + 1 : -1}
            aria-colcount=${look.columns.length}
            aria-busy=${full}
            @scroll=${this.#scroll}
            @focusin=${(event: FocusEvent) => this.#focus.entered(event)}
            @focusout=${(event: FocusEvent) => this.#focus.left(event)}
            @keydown=${(event: KeyboardEvent) => this.#focus.press(event)}
            @click=${this.#click}
            @pointerdown=${(event: PointerEvent) => controls?.dragEdge(event, table)}
            @dragstart=${(event: DragEvent) => controls?.dragHeading(event, table)}
            @dblclick=${(event: MouseEvent) => controls?.resetWidth(event, table)}
          >
            <div role="rowgroup" class="head">${renderHead(look)}</div>
            <div role="rowgroup" class="body"><div role="presentation" class="sheet"></div></div>
            ${data?.totals ? renderTotals(data.totals, look) : nothing}
          </div>
          ${data?.totals ? html`<p class="visually-hidden">${totalsInWords(data.totals, look)}</p>` : nothing}
          ${renderOver(this.#source, view, look.format, this.#clear, this.#release)}
          ${this.#news.words ? html`<p part="toast" class="toast" role="status">${this.#news.words}</p>` : nothing}
          ${
            this.opened === undefined
              ? nothing
              : this.#details.value?.renderDetail(this.#openedRow, table, snapshot.sample)
          }
        </div>
        <footer part="footer" class="footer">${controls?.renderFooter(table)}</footer>
        <div class="visually-hidden" aria-live="polite">${this.announcement}</div>
      </section>
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
  #table({ format }: GridLook): LogTable {
    const { data, full, rows, offset, snapshot, tailing } = this.#source;
    return {
      host: this,
      view: this.current,
      data,
      rows,
      offset,
      format,
      layout: this.#layout,
      paused: this.paused,
      tailing,
      waiting: full,
      sample: snapshot.sample,
      change: (partial) => this.#change(partial),
      refresh: () => this.refresh(),
      pause: (paused) => (this.paused = paused),
      openMenu: (open) => (this.menuOpen = open),
      lay: (change) => this.#layouts.change(this.current.by, change),
      step: (by) => this.#open(this.#openedAt + by),
      close: () => this.#close(),
      download: (...wanted) => this.download(...wanted),
      read: (id, signal) => this.#source.service!.readEntry(id, signal),
    };
  }

  get #layout() {
    return this.#layouts.of(this.current.by);
  }

  get #columns() {
    return this.#layouts.columns(this.current.by);
  }

  #preferences = new LiveController(this, pagePreferences);

  #look(): GridLook {
    return {
      columns: this.#columns,
      order: this.current[this.current.by],
      stop: this.#focus.stop,
      format: logFormat(localeOf(this), this.#preferences.snapshot.data),
    };
  }

  #paint(): void {
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
  }

  #focusGrid(): FocusGrid {
    const rows = () => this.#source.rows;
    const lay = this.#layouts;
    return {
      columns: () => this.#columns,
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
      move: (column, step) => lay.change(this.current.by, (layout) => moved(layout, column.id, step)),
      widen: (column, px) =>
        lay.change(this.current.by, (layout) => {
          const width = layout.widths[column.id] ?? widthOf(column, this.#look().format);
          return withWidth(layout, column.id, width + px);
        }),
    };
  }

  /** Shows something else; a page is kept only by who turns it. */
  #change(partial: Partial<TableView>): void {
    this.#show({ ...this.current, page: 1, ...partial });
    this.opened = undefined;
    this.#window?.toTop();
    this.#address.write(this.current);
  }

  #show(view: TableView): void {
    if (this.hasUpdated) this.#source.ask();
    this.current = view;
    this.view = view.by;
    this.size = view.size;
  }

  #clear = () => this.#change(UNFILTERED);

  #sort(id: string): void {
    const { by } = this.current;
    const column = this.#columns.find((each) => each.id === id);
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

  /** Whoever was in the details is back on their row. */
  #close(): boolean {
    const open = this.opened !== undefined;
    if (this.renderRoot.querySelector('.detail')?.contains((this.renderRoot as ShadowRoot).activeElement)) {
      this.#focus.goTo(Math.min(this.#openedAt, this.#source.rows.length - 1));
    }
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
    this.dispatchEvent(new UsageLogsTableActivityEvent(count));
    if (this.notify) this.#news.tell(count);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'usage-logs-table': UsageLogsTableElement;
  }
}
