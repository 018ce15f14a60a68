import type { UsageFormat } from './usage-chart.export.ts';

/** The cursor stands on another day or line, or has gone; for what goes along with it. */
export class UsageChartMovedEvent extends Event {
  /** UTC day, `YYYY-MM-DD`; empty when there is no cursor. */
  readonly day: string;
  /** What is pointed at on that day, as the legend names it; empty for all of it. */
  readonly name: string;
  /** In units of the metric. */
  readonly value: number;

  constructor(day: string, name: string, value: number) {
    super('usage-chart-moved', { bubbles: true, composed: true });
    this.day = day;
    this.name = name;
    this.value = value;
  }
}

/** A file is about to be handed to the browser; `preventDefault()` leaves it to the page. */
export class UsageChartExportEvent extends Event {
  readonly format: UsageFormat;
  readonly blob: Blob;
  /** The name that the file would get. */
  readonly fileName: string;

  constructor(format: UsageFormat, blob: Blob, fileName: string) {
    super('usage-chart-export', { bubbles: true, composed: true, cancelable: true });
    this.format = format;
    this.blob = blob;
    this.fileName = fileName;
  }
}
