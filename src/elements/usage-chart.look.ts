import type { PagePreferences } from '../services/page-preferences.ts';
import {
  usageSeries,
  type UsageGroup,
  type UsageMetric,
  type UsageRow,
  type UsageSeries,
} from '../services/usage-series.ts';
import { COLOURS, coloursOf, REST_COLOUR } from './series-colours.ts';
import { chartStrings as strings } from './strings/chart.en.ts';

/** Colours as CSS computes them: a canvas knows no custom properties. */
export interface ChartTheme {
  /** By the numbers of `coloursOf()`; 0 is the accent. */
  readonly series: readonly string[];
  readonly text: string;
  readonly muted: string;
  readonly border: string;
  readonly surface: string;
  readonly bad: string;
  readonly font: string;
  /** The page reads from right to left: so do the days. */
  readonly rtl: boolean;
}

export interface ChartFormat {
  /** Short, for axes and sums: `1.2K`. */
  value(value: number): string;
  /** With all digits that mean something. */
  exact(value: number): string;
  change(change: number): string;
  /** For an axis. */
  day(day: string): string;
  longDay(day: string): string;
  days(first: string, last: string): string;
  /** A moment on the viewer's own clock. */
  moment(time: number): string;
  /** Where that clock stands, as IANA says. */
  readonly zone: string;
}

/** A line or a bar of every day, with the name and the colour that it has everywhere on the page. */
export interface DrawnLine {
  /** Tells one from the other, whatever they are called. */
  readonly key: string;
  readonly name: string;
  /** See `coloursOf()`. */
  readonly colour: number;
  readonly values: readonly number[];
  readonly total: number;
  /** Nothing of it has a known value: its zeros are none. */
  readonly unknown: boolean;
}

function drawnLines({ lines, unknown }: UsageSeries, group: UsageGroup): DrawnLine[] {
  const colours = coloursOf(lines.filter(({ rest }) => !rest).map(({ name }) => name));
  return lines.map(({ name, rest, values, total }, index) => ({
    key: rest ? '\0' : name,
    name: rest ? strings.rest : name || strings.nameless[group],
    colour: rest ? REST_COLOUR : group === 'none' ? 0 : colours[index]!,
    values,
    total,
    unknown: group === 'model' && total === 0 && unknown.includes(name),
  }));
}

const COMPACT = { notation: 'compact', maximumFractionDigits: 1 } as const;
const USD = { style: 'currency', currency: 'USD' } as const;
const GRAMS = { style: 'unit', unit: 'gram' } as const;

const NUMBERS: Partial<Record<UsageMetric, Intl.NumberFormatOptions>> = { cost: USD, co2: { ...COMPACT, ...GRAMS } };
const EXACT: Partial<Record<UsageMetric, Intl.NumberFormatOptions>> = { cost: USD, co2: GRAMS };

function chartFormat(locale: string | undefined, metric: UsageMetric, preferred: PagePreferences): ChartFormat {
  const { currency, timeZone } = preferred;
  const worth = metric === 'cost' ? (currency?.perUsd ?? 1) : 1;
  const number = (unit: Intl.NumberFormatOptions) => {
    const options = unit === USD && currency ? { ...USD, currency: currency.code } : unit;
    const usual = new Intl.NumberFormat(locale, options);
    // Two decimals would make 0 of what a few small calls cost.
    const small = new Intl.NumberFormat(locale, { ...options, maximumFractionDigits: 4 });
    return (value: number) => (value > 0 && value * worth < 0.1 ? small : usual).format(value * worth);
  };
  const date = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(locale, { timeZone: 'UTC', ...options });
  const day = date({ day: 'numeric', month: 'short' });
  const longDay = date({ weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' });
  const range = date({ dateStyle: 'medium' });
  const change = new Intl.NumberFormat(locale, {
    style: 'percent',
    signDisplay: 'exceptZero',
    maximumFractionDigits: 0,
  });
  const clock = new Intl.DateTimeFormat(locale, { timeZone, weekday: 'short', hour: 'numeric', minute: '2-digit' });
  return {
    value: number(NUMBERS[metric] ?? COMPACT),
    exact: number(EXACT[metric] ?? {}),
    change: (part) => change.format(part),
    day: (at) => (at ? day.format(Date.parse(at)) : ''),
    longDay: (at) => longDay.format(Date.parse(at)),
    days: (first, last) => range.formatRange(Date.parse(first), Date.parse(last)),
    moment: (time) => clock.format(time),
    zone: clock.resolvedOptions().timeZone,
  };
}

/** The classes of a hidden list that has each of its colours once. */
export const THEME_CLASSES = [
  'text',
  'muted',
  'border',
  'surface',
  'bad',
  ...Array.from({ length: COLOURS + 1 }, (_, index) => `series-${index}`),
];

/** Reads the theme off that list. */
export function chartTheme(host: Element, probes: Iterable<Element>): ChartTheme {
  const colours = [...probes].map((probe) => getComputedStyle(probe).color);
  const [text = '', muted = '', border = '', surface = '', bad = '', ...series] = colours;
  const { fontFamily: font, direction } = getComputedStyle(host);
  return { text, muted, border, surface, bad, series, font, rtl: direction === 'rtl' };
}

/** All that is shown of some rows, computed once for all who show it. */
export function chartView(
  rows: readonly UsageRow[],
  days: readonly string[],
  metric: UsageMetric,
  group: UsageGroup,
  top: number,
  label: string,
  locale: string | undefined,
  preferred: PagePreferences = {},
) {
  const series = usageSeries(rows, days, metric, group, top);
  return {
    series,
    lines: drawnLines(series, group),
    format: chartFormat(locale, metric, preferred),
    title: `${label && `${label} · `}${strings.title[metric]}`,
  };
}

/** When the last of the days began on the viewer's clock, where that is another than UTC's. */
export function zoneOf(days: readonly string[], format: ChartFormat): string {
  const start = Date.parse(days.at(-1)!);
  const time = new Intl.DateTimeFormat('en-GB', { timeZone: format.zone, timeStyle: 'short' }).format(start);
  return time === '00:00' ? strings.utc : strings.zone(format.moment(start), format.zone);
}
