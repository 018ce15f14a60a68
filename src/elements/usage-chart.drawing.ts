import { BarController, BarElement, CategoryScale, Chart, LinearScale, type ChartConfiguration } from 'chart.js';
import type { ChartType } from './usage-chart.choice.ts';
import type { LimitLine } from './usage-chart.limit-line.ts';
import type { ChartFormat, ChartTheme, DrawnLine } from './usage-chart.look.ts';

/** Loaded together: nobody can point at what is not drawn. */
export { UsageCursor } from './usage-chart.cursor.ts';

declare module 'chart.js' {
  interface ChartTypeRegistry {
    livelitLine: ChartTypeRegistry['bar'];
  }
}

type Configuration = ChartConfiguration<'bar' | 'livelitLine', number[], string>;
type Dataset = Configuration['data']['datasets'][number];
type Options = NonNullable<Configuration['options']>;

const LINE_WIDTH_PX = 2;

/** A change moves what it changes for so long, and nothing else. */
const MOVE_MS = 180;

/** With more points than this, moving them would cost more than it explains. */
const MOVING_POINTS = 1_000;

/** With more days than this they stand without a gap. */
const UNBROKEN_DAYS = 120;

/** Smaller than this the drawing is a sparkline: axes would take all its room. */
const SPARKLINE_WIDTH_PX = 160;
const SPARKLINE_HEIGHT_PX = 96;

/**
 * Joins the tops of the bars instead of drawing them. Chart.js's own line costs 5 kB, for curves, gaps and fills that
 * nobody needs here.
 */
class LineController extends BarController {
  static override id = 'livelitLine';

  override draw(): void {
    const { ctx } = this.chart;
    ctx.save();
    ctx.beginPath();
    for (const { x, y } of this.getMeta().data) ctx.lineTo(x, y);
    ctx.strokeStyle = this.getDataset().backgroundColor as string;
    ctx.lineWidth = LINE_WIDTH_PX;
    ctx.lineJoin = 'round';
    ctx.stroke();
    ctx.restore();
  }
}

Chart.register(BarController, BarElement, CategoryScale, LinearScale, LineController);

/** What there is to draw, and how. */
export interface Scene {
  readonly days: readonly string[];
  readonly lines: readonly DrawnLine[];
  readonly total: number;
  readonly type: ChartType;
  readonly theme: ChartTheme;
  readonly format: ChartFormat;
  readonly limit: LimitLine | undefined;
}

/** The chart on Chart.js: bars and lines are kept for as long as their key is there, so that only changes move. */
export class UsageDrawing {
  readonly #chart: Chart<'bar' | 'livelitLine', number[], string>;
  #scene: Scene;
  #datasets: ReadonlyMap<string, Dataset> = new Map();

  constructor(canvas: HTMLCanvasElement, scene: Scene) {
    this.#scene = scene;
    const { clientWidth: width, clientHeight: height } = canvas.parentElement!;
    this.#chart = new Chart(canvas, {
      type: 'bar',
      data: this.#data(),
      options: this.#options({ width, height }),
      plugins: [{ id: 'livelitLimit', afterDatasetsDraw: (chart) => this.#drawLimit(chart) }],
    });
  }

  /** @param moving - Whether what has changed may be seen moving. */
  update(scene: Scene, moving: boolean): void {
    const before = this.#scene;
    this.#scene = scene;
    this.#chart.data = this.#data();
    const few = scene.days.length * scene.lines.length <= MOVING_POINTS;
    const same = scene.type === before.type && scene.days.join() === before.days.join();
    // What comes first is no change.
    const moves = moving && few && same && before.lines.length > 0;
    this.#chart.options = this.#options(this.#chart, moves);
    this.#chart.update(moves ? undefined : 'none');
  }

  destroy(): void {
    this.#chart.destroy();
  }

  /** The middle of a day, px from the left edge of the canvas. */
  xOf(day: number): number {
    return this.#chart.scales.x!.getPixelForValue(day);
  }

  /** The day at a distance from the left edge of the canvas; the nearest, if it is beside them. */
  dayAt(x: number): number {
    const day = this.#chart.scales.x!.getValueForPixel(x) ?? 0;
    return Math.min(Math.max(day, 0), this.#scene.days.length - 1);
  }

  /** Where the days are, px from the upper left corner of the canvas. */
  get area(): { readonly top: number; readonly bottom: number } {
    return this.#chart.chartArea;
  }

  #drawLimit(chart: Chart): void {
    const { limit, theme } = this.#scene;
    limit?.draw(chart, theme, !small(chart));
  }

  /** The same objects for the same keys: Chart.js knows by them which bars are whose. */
  #data(): Configuration['data'] {
    const { days, lines, type, theme } = this.#scene;
    const known = this.#datasets;
    const kind = type === 'line' ? 'livelitLine' : 'bar';
    this.#datasets = new Map(
      lines.map(({ key, name, colour, values }) => {
        const own = known.get(key);
        // Of another kind it is not the same any more.
        const dataset = (own?.type === kind ? own : { type: kind, data: [] }) as Dataset;
        Object.assign(dataset, {
          label: name,
          data: values,
          backgroundColor: theme.series[colour]!,
          maxBarThickness: 28,
          // Gaps thinner than a pixel would make a pattern of their own.
          ...(days.length > UNBROKEN_DAYS && { categoryPercentage: 1, barPercentage: 1 }),
          // Alone on its day, each needs no place found beside the others, which takes the longest of all.
          grouped: type === 'bar',
        });
        return [key, dataset];
      }),
    );
    return { labels: [...days], datasets: [...this.#datasets.values()] };
  }

  #options(size: { readonly width: number; readonly height: number }, moves = false): Options {
    const { days, total, type, theme, format, limit } = this.#scene;
    // An empty chart has axes and a grid too.
    const reach = limit?.inView ? limit.value : total === 0 ? 1 : undefined;
    const font = { family: theme.font };
    const display = !small(size);
    // Fractions of what there is nothing of would say something.
    const label = (value: number) => (total === 0 && value !== 0 ? '' : format.value(value));
    return {
      animation: moves && { duration: MOVE_MS, easing: 'easeOutQuad' },
      events: [],
      normalized: true,
      maintainAspectRatio: false,
      onResize: ({ options }, changed) => {
        options.scales!.x!.display = options.scales!.y!.display = !small(changed);
      },
      scales: {
        x: {
          display,
          stacked: type === 'stacked',
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
          display,
          stacked: type === 'stacked',
          position: theme.rtl ? 'right' : 'left',
          beginAtZero: true,
          ...(reach !== undefined && { suggestedMax: reach }),
          border: { display: false },
          grid: { color: theme.border },
          ticks: { color: theme.muted, font, maxTicksLimit: 6, callback: (value) => label(Number(value)) },
        },
      },
    };
  }
}

const small = ({ width, height }: { readonly width: number; readonly height: number }) =>
  width < SPARKLINE_WIDTH_PX || height < SPARKLINE_HEIGHT_PX;
