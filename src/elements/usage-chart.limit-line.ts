import type { UsageSeries } from '../services/usage-series.ts';
import type { ChartTheme } from './usage-chart.look.ts';

/** A limit so many times as high as the highest day would make a flat line of all days: it is named, and not in view. */
const IN_VIEW = 2;

const LABEL_PX = 11;
const GAP_PX = 4;
const DASH_PX = [4, 3];

/** As much of a drawing as the line needs. */
interface Paper {
  readonly ctx: CanvasRenderingContext2D;
  readonly chartArea: { readonly left: number; readonly right: number; readonly top: number };
  readonly scales: { readonly y?: { getPixelForValue(value: number): number } };
}

/** The limit of a day, as it stands in the drawing. */
export interface LimitLine {
  readonly value: number;
  readonly label: string;
  /** The scale is to reach up to it. */
  readonly inView: boolean;
  draw(paper: Paper, theme: ChartTheme, labelled: boolean): void;
}

export function limitLine(value: number, label: string, { days, lines, total }: UsageSeries): LimitLine {
  const sums = days.map((_, day) => lines.reduce((sum, { values }) => sum + values[day]!, 0));
  const inView = total === 0 || value <= IN_VIEW * Math.max(...sums);
  return {
    value,
    label,
    inView,
    draw({ ctx, chartArea: { left, right, top }, scales }, theme, labelled) {
      const y = inView ? scales.y!.getPixelForValue(value) : top;
      ctx.save();
      if (inView) {
        ctx.strokeStyle = theme.bad;
        ctx.setLineDash(DASH_PX);
        ctx.beginPath();
        ctx.moveTo(left, y);
        ctx.lineTo(right, y);
        ctx.stroke();
        ctx.setLineDash([]);
      }
      if (labelled) {
        const words = inView ? label : `↑ ${label}`;
        ctx.font = `${LABEL_PX}px ${theme.font}`;
        const width = ctx.measureText(words).width + 2 * GAP_PX;
        const height = LABEL_PX + GAP_PX;
        const x = theme.rtl ? left : right - width;
        // On the line, unless half of it would be above the drawing; readable over whatever is drawn there.
        const middle = Math.max(y, top + height / 2);
        ctx.fillStyle = theme.surface;
        ctx.fillRect(x, middle - height / 2, width, height);
        ctx.fillStyle = theme.bad;
        ctx.textAlign = 'center';
        ctx.textBaseline = 'middle';
        ctx.fillText(words, x + width / 2, middle);
      }
      ctx.restore();
    },
  };
}
