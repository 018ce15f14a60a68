import type { PagePreferences } from '../services/page-preferences.ts';
import { momentFormat } from './locale.ts';
import { memoize } from './memoize.ts';
import { logStrings as strings } from './strings/logs.en.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** So long a day needs no year to be known by. */
const MONTHS_MS = 300 * DAY_MS;

/** A column says whose dollars they are by what they are for. */
const MONEY = { style: 'currency', currencyDisplay: 'narrowSymbol' } as const;

/** Up to here a sum is written out, in a cell that is made for the numbers of one row. */
const SHORT = 1e5;

/** How numbers, money and times are written in one language. Made once: a formatter costs more than all it formats. */
export const logFormat = memoize(formatOf);

function formatOf(locale: string | undefined, preferred?: PagePreferences) {
  const { code: currency = 'USD', perUsd = 1 } = preferred?.currency ?? {};
  const money = { ...MONEY, currency };
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const compact = new Intl.NumberFormat(locale, { notation: 'compact', maximumSignificantDigits: 3 });
  const sum = new Intl.NumberFormat(locale, money);
  const parts = new Intl.NumberFormat(locale, { ...money, maximumSignificantDigits: 2 });
  const grams = new Intl.NumberFormat(locale, { style: 'unit', unit: 'gram', maximumSignificantDigits: 3 });
  const kilograms = new Intl.NumberFormat(locale, { style: 'unit', unit: 'kilogram', maximumSignificantDigits: 3 });
  const milliseconds = new Intl.NumberFormat(locale, { style: 'unit', unit: 'millisecond', maximumFractionDigits: 0 });
  const seconds = new Intl.NumberFormat(locale, { style: 'unit', unit: 'second', maximumSignificantDigits: 3 });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'narrow' });
  const moment = momentFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' });
  const day = momentFormat(locale, { month: 'short', day: 'numeric' });
  const month = momentFormat(locale, { month: 'short', year: 'numeric' });
  return {
    /** Another one writes otherwise. */
    stamp: JSON.stringify([locale, preferred]),
    whole: (value: number) => whole.format(value),
    /** Whole as long as it is short. */
    short: (value: number) => (value < SHORT ? whole : compact).format(value),
    /** Of USD; small sums with two digits that count, for 0 would be another thing. */
    money(usd: number | null): string {
      if (usd === null) return strings.unpriced;
      const value = usd * perUsd;
      return (value && Math.abs(value) < 0.1 ? parts : sum).format(value);
    },
    grams(value: number | null): string {
      if (value === null) return strings.unknown;
      return value >= 1_000 ? kilograms.format(value / 1_000) : grams.format(value);
    },
    duration: (ms: number | null) =>
      ms === null ? '' : ms < 1_000 ? milliseconds.format(ms) : seconds.format(ms / 1_000),
    moment: (at: string) => moment.format(Date.parse(at)),
    /** "5m ago"; the day, or, when it was long ago, the month. */
    ago(at: string, now: number): string {
      const ms = now - Date.parse(at);
      if (ms < MINUTE_MS) return strings.now;
      if (ms < HOUR_MS) return relative.format(-Math.floor(ms / MINUTE_MS), 'minute');
      if (ms < DAY_MS) return relative.format(-Math.floor(ms / HOUR_MS), 'hour');
      if (ms < 7 * DAY_MS) return relative.format(-Math.floor(ms / DAY_MS), 'day');
      return (ms < MONTHS_MS ? day : month).format(Date.parse(at));
    },
  };
}

export type LogFormat = ReturnType<typeof logFormat>;
