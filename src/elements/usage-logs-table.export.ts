import { exportEntries, exportUsers, logFileName, type LogFileFormat } from '../services/usage-logs-export.ts';
import { UsageLogsTableExportEvent } from './usage-logs-table.events.ts';
import { entryViewOf, userViewOf, type TableView } from './usage-logs-table.view.ts';

const TYPES = { csv: 'text/csv;charset=utf-8', json: 'application/json' };

/** The browser needs the address until it has begun to read. */
const HANDOVER_MS = 10_000;

/** Reads everything that a view leaves, and hands it to the browser; answers how many rows there were. */
export async function download(
  host: HTMLElement,
  view: TableView,
  format: LogFileFormat,
  signal: AbortSignal = new AbortController().signal,
  progress?: (rows: number, total: number) => void,
): Promise<number> {
  const pieces =
    view.by === 'users'
      ? exportUsers(userViewOf(view), format, signal)
      : exportEntries(entryViewOf(view), format, signal);
  // Each piece leaves the script's memory as it comes: the browser keeps large blobs on disk.
  const parts: Blob[] = [];
  let count = 0;
  for await (const { text, rows, total } of pieces) {
    parts.push(new Blob([text]));
    count = rows;
    progress?.(rows, total);
  }
  const blob = new Blob(parts, { type: TYPES[format] });
  const event = new UsageLogsTableExportEvent(format, blob, logFileName(view.by, view, format));
  if (host.dispatchEvent(event)) save(blob, event.fileName);
  return count;
}

/** Hands a file to the browser, which asks or saves as its user has told it. */
function save(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), HANDOVER_MS);
}
