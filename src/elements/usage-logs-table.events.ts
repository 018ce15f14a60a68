import type { LogEntry, LogUser } from '../services/usage-logs-view.ts';

/** A row is about to be opened; `preventDefault()` leaves it to the page to show more of it. */
export class UsageLogsTableOpenEvent extends Event {
  readonly row: LogUser | LogEntry;

  constructor(row: LogUser | LogEntry) {
    super('usage-logs-table-open', { bubbles: true, composed: true, cancelable: true });
    this.row = row;
  }
}

/** A file is about to be handed to the browser; `preventDefault()` leaves it to the page. */
export class UsageLogsTableExportEvent extends Event {
  readonly format: 'csv' | 'json';
  readonly blob: Blob;
  /** The name that the file would get. */
  readonly fileName: string;

  constructor(format: 'csv' | 'json', blob: Blob, fileName: string) {
    super('usage-logs-table-export', { bubbles: true, composed: true, cancelable: true });
    this.format = format;
    this.blob = blob;
    this.fileName = fileName;
  }
}

/** Something new has come while nobody saw it. */
export class UsageLogsTableActivityEvent extends Event {
  /** How many new rows, or users whose sums have moved. */
  readonly count: number;

  constructor(count: number) {
    super('usage-logs-table-activity', { bubbles: true, composed: true });
    this.count = count;
  }
}

declare global {
  interface GlobalEventHandlersEventMap {
    'usage-logs-table-open': UsageLogsTableOpenEvent;
    'usage-logs-table-export': UsageLogsTableExportEvent;
    'usage-logs-table-activity': UsageLogsTableActivityEvent;
  }
}
