import { usageCsv } from '../services/usage-csv.ts';
import type { UsageGroup, UsageMetric, UsageRow, UsageSeries } from '../services/usage-series.ts';
import type { ChartTheme, DrawnLine } from './usage-chart.look.ts';

export { saveFile as save } from './save-file.ts';

export type UsageFormat = 'csv' | 'json' | 'png';

/** What a chart shows, as it leaves the page. */
export interface Exported {
  readonly rows: readonly UsageRow[];
  readonly series: UsageSeries;
  readonly lines: readonly DrawnLine[];
  readonly metric: UsageMetric;
  readonly group: UsageGroup;
  readonly sample: boolean;
  /** The daily limit of the metric. */
  readonly limit: number | undefined;
  /** The line above the picture. */
  readonly title: string;
  readonly canvas: HTMLCanvasElement;
  readonly theme: ChartTheme;
}

const UNITS: Partial<Record<UsageMetric, string>> = { requests: 'requests', cost: 'USD', co2: 'g CO2e' };

/** CSS pixels of the picture beside the drawing itself. */
const MARGIN_PX = 16;
const LINE_PX = 24;
const TEXT_PX = 14;

export async function exportUsage(format: UsageFormat, exported: Exported): Promise<Blob> {
  if (format === 'png') return picture(exported);
  if (format === 'csv') return new Blob([usageCsv(exported.rows)], { type: 'text/csv;charset=utf-8' });
  return new Blob([JSON.stringify(jsonOf(exported), null, 2)], { type: 'application/json' });
}

export const fileName = (format: UsageFormat, { metric, series: { days }, sample }: Exported) =>
  `usage-${metric}-${days[0]}-to-${days.at(-1)}${sample ? '-sample' : ''}.${format}`;

const jsonOf = ({ rows, series, lines, metric, group, sample, limit }: Exported) => ({
  metric,
  unit: UNITS[metric] ?? 'tokens',
  group,
  sample,
  time_zone: 'UTC',
  from: series.days[0],
  to: series.days.at(-1),
  total: series.total,
  daily_limit: limit,
  without_value: series.unknown,
  days: series.days,
  series: lines.map(({ name, values, total }) => ({ name, total, values })),
  rows,
});

/** The drawing on its surface, with its title above and its legend below: a picture has no page around it. */
function picture({ canvas, theme, title, lines }: Exported): Promise<Blob> {
  const scale = canvas.width / canvas.clientWidth;
  const width = canvas.clientWidth + 2 * MARGIN_PX;
  const paper = document.createElement('canvas');
  const pen = paper.getContext('2d')!;
  const font = `${TEXT_PX}px ${theme.font}`;
  pen.font = font;
  const places = placeLegend(pen, lines, width - 2 * MARGIN_PX);
  const rows = (places.at(-1)?.row ?? 0) + 1;
  const height = canvas.clientHeight + (rows + 1) * LINE_PX + 2 * MARGIN_PX;
  paper.width = width * scale;
  paper.height = height * scale;
  pen.scale(scale, scale);
  pen.fillStyle = theme.surface;
  pen.fillRect(0, 0, width, height);
  pen.font = font;
  pen.textBaseline = 'middle';
  pen.fillStyle = theme.text;
  pen.fillText(title, MARGIN_PX, MARGIN_PX + LINE_PX / 2);
  pen.drawImage(canvas, MARGIN_PX, MARGIN_PX + LINE_PX, canvas.clientWidth, canvas.clientHeight);
  const below = MARGIN_PX + LINE_PX + canvas.clientHeight;
  places.forEach(({ x, row }, index) => {
    const { name, colour } = lines[index]!;
    const middle = below + (row + 0.5) * LINE_PX;
    pen.fillStyle = theme.series[colour]!;
    pen.fillRect(MARGIN_PX + x, middle - 5, 10, 10);
    pen.fillStyle = theme.text;
    pen.fillText(name, MARGIN_PX + x + LINE_PX - 8, middle);
  });
  return new Promise((resolve, reject) =>
    paper.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('The browser made no picture.'))), 'image/png'),
  );
}

/** From the left to the right, then from line to line. */
function placeLegend(pen: CanvasRenderingContext2D, lines: readonly DrawnLine[], width: number) {
  let x = 0;
  let row = 0;
  return lines.map(({ name }) => {
    const own = pen.measureText(name).width + 2 * LINE_PX;
    if (x > 0 && x + own > width) {
      x = 0;
      row += 1;
    }
    const place = { x, row };
    x += own;
    return place;
  });
}
