import type { ReactiveElement } from 'lit';
import { entryOrder, userKey, type LogEntries, type LogEntry, type LogUsers } from '../services/usage-logs-view.ts';
import type { Live, Snapshot } from '../store/live.ts';
import { Lazy } from './lazy.ts';
import { LiveController, toggle } from './live-controller.ts';
import type { LogRow } from './usage-logs-table.columns.ts';
import { Tail } from './usage-logs-table.tail.ts';
import { entryViewOf, userViewOf, type LogsBy, type TableView } from './usage-logs-table.view.ts';

/** With fewer rows than this below what is seen, further ones are read. */
const AHEAD_ROWS = 100;

const NO_ROWS: readonly never[] = [];

export type LogData = LogUsers | LogEntries;

export const keyOf = (row: LogRow): string => ('requests' in row ? userKey(row) : row.id);

/** Loaded beside the element: the table stands before the kernel is here. */
const loadLogs = () => import('../services/usage-logs.ts');

/** What a table shows: the data of its view, what of it has to wait while somebody reads, and whether somebody waits. */
export class LogSource {
  readonly #internals: ElementInternals;
  readonly #view: () => TableView;
  readonly #arrived: (count: number) => void;
  readonly #service: Lazy<Awaited<ReturnType<typeof loadLogs>>>;
  readonly #live: LiveController<LogData>;
  readonly #tail = new Tail();
  #current: Live<LogData> | undefined;
  /** Somebody waits for what they have asked for. */
  #asked = false;
  /** What was shown before that. */
  #before: { readonly by: LogsBy; readonly data: LogData; readonly offset: number } | undefined;
  /** What was seen last, to know what is new. */
  #seen: { readonly live: unknown; readonly rows: readonly LogRow[] } | undefined;
  #rows: readonly LogRow[] = NO_ROWS;
  #held = 0;

  /** @param arrived - Told how many rows have come, or users whose sums have moved, without anybody's asking. */
  constructor(
    host: ReactiveElement,
    internals: ElementInternals,
    view: () => TableView,
    arrived: (count: number) => void,
  ) {
    this.#internals = internals;
    this.#view = view;
    this.#arrived = arrived;
    this.#service = new Lazy(host, loadLogs);
    this.#live = new LiveController<LogData>(host, () => (this.#current = this.#choose()), internals);
  }

  get service() {
    return this.#service.value;
  }

  get snapshot(): Snapshot<LogData> {
    return this.#live.snapshot;
  }

  /** What is there, or was before somebody asked for something else. */
  get data(): LogData | undefined {
    const before = this.#before;
    return this.snapshot.data ?? (before?.by === this.#view().by ? before.data : undefined);
  }

  /** The rows to show; those that wait are not among them. */
  get rows(): readonly LogRow[] {
    return this.#rows;
  }

  /** How many new rows wait at the top. */
  get held(): number {
    return this.#held;
  }

  /** How many rows stand before the first that is shown. */
  get offset(): number {
    const { by, page, size } = this.#view();
    if (this.#before && !this.snapshot.data) return this.#before.offset;
    return by === 'users' ? (page - 1) * size : this.#held;
  }

  /** What somebody has asked for is not there yet. */
  get full(): boolean {
    return this.#asked && !this.snapshot.error;
  }

  /** Whether new rows come in at the top. */
  get tailing(): boolean {
    const { by, entries } = this.#view();
    return by === 'entries' && entries.sort === 'at' && !entries.ascending;
  }

  /** Somebody asks for something else than is shown, which stays until that is there. */
  ask(): void {
    this.#asked = true;
    const { data } = this;
    this.#before = data && { by: this.#view().by, data, offset: this.offset };
    this.#tail.release();
  }

  /** Somebody asks for the same, as it is now. */
  refresh(): void {
    this.ask();
    this.#current?.refresh?.();
  }

  /** Shows what waits. */
  release(): void {
    this.#tail.release();
  }

  /** Brings everything in line with what has come. @param reading - Somebody reads: what is new has to wait. */
  settle(reading: boolean): void {
    const { status, data, sample } = this.snapshot;
    if (status !== 'loading' && status !== 'refreshing') this.#asked = false;
    // What one user has asked for is not kept for the next.
    if (data || !this.#asked) this.#before = undefined;
    const rows: readonly LogRow[] = this.data?.rows ?? NO_ROWS;
    if (this.tailing) {
      const order = entryOrder(this.#view().entries);
      const { shown, held } = this.#tail.hold(rows as readonly LogEntry[], reading, order);
      this.#rows = shown;
      this.#held = held;
    } else {
      this.#rows = rows;
      this.#held = 0;
    }
    // What is real is no news after a sample, nor what is current after what was kept.
    if (!data || sample) this.#seen = undefined;
    else if (status === 'live') this.#look(data.rows);
  }

  /** The states of the element: what somebody has asked for is no silent refresh. */
  showStates(): void {
    if (!this.full) return;
    toggle(this.#internals.states, 'loading', true);
    toggle(this.#internals.states, 'refreshing', false);
  }

  /** Reads on before somebody who scrolls gets there. */
  readOn(lastSeen: number): void {
    if (this.#view().by !== 'entries' || lastSeen + AHEAD_ROWS < this.#rows.length) return;
    if (this.snapshot.status !== 'live' || !this.#current) return;
    this.service?.readMore(this.#current as Live<LogEntries>);
  }

  #choose(): Live<LogData> | undefined {
    const view = this.#view();
    if (view.by === 'users') return this.service?.usageUsers(userViewOf(view));
    return this.service?.usageEntries(entryViewOf(view));
  }

  #look(rows: readonly LogRow[]): void {
    const seen = this.#seen;
    this.#seen = { live: this.#current, rows };
    if (seen && seen.rows !== rows && seen.live === this.#current && !this.#asked) this.#tell(seen.rows, rows);
  }

  #tell(before: readonly LogRow[], after: readonly LogRow[]): void {
    const known = this.#view().by === 'users' ? new Set<unknown>(before) : undefined;
    const first = before[0] && keyOf(before[0]);
    // Of calls, those that stand before what was the first; of users, all that are not the same as before.
    const count = known
      ? after.filter((row) => !known.has(row)).length
      : Math.max(first === undefined ? after.length : after.findIndex((row) => keyOf(row) === first), 0);
    if (count) this.#arrived(count);
  }
}
