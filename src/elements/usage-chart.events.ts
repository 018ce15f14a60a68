import type { LimitMetric, LimitPeriod, UsageLimit } from '../services/usage-limits.ts';
import type { UsageChartChoice } from './usage-chart.choice.ts';
import type { UsageFormat } from './usage-chart.export.ts';

/** Somebody has chosen something by the controls. */
export class UsageChartChangedEvent extends Event {
  /** The properties of the chart as they are now: `metric`, `group`, `type`, `days`, `from` and `to`. */
  readonly choice: UsageChartChoice;

  constructor(choice: UsageChartChoice) {
    super('usage-chart-changed', { bubbles: true, composed: true });
    this.choice = choice;
  }
}

/** A limit of the chart's metric was reached while the page looked on, or since it last did; once for each time. */
export class UsageChartLimitEvent extends Event {
  readonly metric: LimitMetric;
  /** Of UTC. */
  readonly period: LimitPeriod;
  /** Tokens, requests, USD or grams CO₂e. */
  readonly limit: number;
  readonly used: number;
  /** When it was reached, as the server said it, ISO 8601. */
  readonly crossedAt: string;

  constructor({ metric, period, limit_value, used, crossed_at }: UsageLimit) {
    super('usage-chart-limit', { bubbles: true, composed: true });
    this.metric = metric;
    this.period = period;
    this.limit = limit_value;
    this.used = used;
    this.crossedAt = crossed_at ?? '';
  }
}

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

declare global {
  interface GlobalEventHandlersEventMap {
    'usage-chart-changed': UsageChartChangedEvent;
    'usage-chart-limit': UsageChartLimitEvent;
    'usage-chart-moved': UsageChartMovedEvent;
    'usage-chart-export': UsageChartExportEvent;
  }
}
