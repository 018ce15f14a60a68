import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  LinearScale,
  Tooltip,
  type ChartConfiguration,
  type ChartData,
} from 'chart.js';
import type { UsageSeries } from '../services/usage-series.ts';

Chart.register(BarController, BarElement, CategoryScale, LinearScale, Tooltip);

/** Colours as CSS computes them: a canvas knows no custom properties. */
export interface ChartTheme {
  readonly series: readonly string[];
  readonly text: string;
  readonly muted: string;
  readonly border: string;
  readonly surface: string;
  readonly font: string;
  /** The page reads from right to left: so do the days. */
  readonly rtl: boolean;
}

export interface ChartFormat {
  value(value: number): string;
  day(day: string): string;
}

type BarChart = Chart<'bar', readonly number[], string>;

/** Stacked bars, one a day, on Chart.js; tuned for updates: no animation, nothing parsed, charts reused. */
export class UsageDrawing {
  readonly #chart: BarChart;

  constructor(canvas: HTMLCanvasElement, series: UsageSeries, theme: ChartTheme, format: ChartFormat) {
    const data = dataOf(series, theme);
    this.#chart = new Chart(canvas, { type: 'bar', data, options: optionsOf(series, theme, format) });
  }

  update(series: UsageSeries, theme: ChartTheme, format: ChartFormat): void {
    this.#chart.data = dataOf(series, theme);
    this.#chart.options = optionsOf(series, theme, format);
    this.#chart.update('none');
  }

  destroy(): void {
    this.#chart.destroy();
  }
}

type Options = NonNullable<ChartConfiguration<'bar', readonly number[], string>['options']>;

function optionsOf({ days, total }: UsageSeries, theme: ChartTheme, format: ChartFormat): Options {
  const font = { family: theme.font };
  // Fractions of what there is nothing of would say something.
  const label = (value: number) => (total === 0 && value !== 0 ? '' : format.value(value));
  return {
    animation: false,
    normalized: true,
    maintainAspectRatio: false,
    interaction: { mode: 'index', intersect: false },
    scales: {
      x: {
        stacked: true,
        reverse: theme.rtl,
        grid: { display: false },
        border: { color: theme.border },
        ticks: {
          color: theme.muted,
          font,
          maxRotation: 0,
          autoSkipPadding: 16,
          callback: (_value, index) => format.day(days[index] ?? ''),
        },
      },
      y: {
        stacked: true,
        position: theme.rtl ? 'right' : 'left',
        beginAtZero: true,
        // An empty chart has axes and a grid too.
        ...(total === 0 && { suggestedMax: 1 }),
        border: { display: false },
        grid: { color: theme.border },
        ticks: { color: theme.muted, font, maxTicksLimit: 6, callback: (value) => label(Number(value)) },
      },
    },
    plugins: {
      tooltip: {
        backgroundColor: theme.surface,
        borderColor: theme.border,
        borderWidth: 1,
        titleColor: theme.text,
        bodyColor: theme.text,
        titleFont: font,
        bodyFont: font,
        filter: ({ parsed }) => parsed.y !== 0,
        callbacks: {
          title: ([item]) => format.day(item?.label ?? ''),
          label: ({ dataset, parsed }) => ` ${dataset.label ?? ''}  ${format.value(parsed.y ?? 0)}`,
        },
      },
    },
  };
}

const dataOf = ({ days, models }: UsageSeries, theme: ChartTheme): ChartData<'bar', readonly number[], string> => ({
  labels: [...days],
  datasets: models.map(({ model, values }, index) => ({
    label: model,
    data: values,
    backgroundColor: theme.series[index % theme.series.length]!,
    maxBarThickness: 28,
  })),
});
