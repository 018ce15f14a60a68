import { LiveValue } from '../store/live.ts';
import type { UsageMetric } from './usage-series.ts';

/** What elements take for their defaults, where their own attributes say nothing. What is missing, the page decides. */
export interface PagePreferences {
  /** For numbers and dates, a language tag. */
  readonly locale?: string;
  /** For moments, a name of IANA's. Usage stays in UTC days. */
  readonly timeZone?: string;
  /** How to show an amount of USD: times `perUsd`, in this currency. */
  readonly currency?: { readonly code: string; readonly perUsd: number };
  readonly metric?: UsageMetric;
  /** The range of usage, in days until today. */
  readonly days?: number;
}

const page = globalThis as Record<symbol, LiveValue<PagePreferences> | undefined>;

const KEY = Symbol.for('livelit.preferences.v1');

/** The preferences that apply to this page, whichever bundle asks: empty until `applySettings()` sets them. */
export const pagePreferences = (): LiveValue<PagePreferences> =>
  (page[KEY] ??= new LiveValue<PagePreferences>({ status: 'live', data: {}, sample: false }));
