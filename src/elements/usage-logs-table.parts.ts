import type { ReactiveControllerHost } from 'lit';
import type { LogEntryDetail } from '../services/usage-logs-view.ts';
import type { Layout, LogRow } from './usage-logs-table.columns.ts';
import type { LogFormat } from './usage-logs-table.format.ts';
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
  readonly openMenu: (open: boolean) => void;
  /** Another layout, or, undefined, the one that the columns have by themselves. */
  readonly lay: (change: (layout: Layout) => Layout | undefined) => void;
  /** Looks at the next row, or the one before. */
  readonly step: (by: 1 | -1) => void;
  readonly close: () => void;
  readonly read: (id: string, signal: AbortSignal) => Promise<LogEntryDetail | undefined>;
  readonly download: Download;
}
