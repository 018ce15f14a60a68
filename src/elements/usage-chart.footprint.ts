import { html, nothing } from 'lit';
import { usageFootprint, type UsageFootprint } from '../services/footprint.ts';
import type { UsageRow } from '../services/usage-series.ts';
import { partStrings } from './strings/chart-parts.en.ts';
import type { ChartFormat } from './usage-chart.look.ts';

/** How wide the estimate of a footprint is, and where it comes from; nothing where no width is known, as of a share. */
export function renderEstimate(rows: readonly UsageRow[], format: ChartFormat) {
  const { low, high, method, source } = footprintOf(rows);
  if (low === high) return nothing;
  const words = partStrings.estimate(format.value(low), format.value(high));
  return html`<span part="estimate" class="change" title="${method} ${source}">${words}</span>`;
}

const known = new WeakMap<readonly UsageRow[], UsageFootprint>();

/** Added up once for the same rows, however often a chart is rendered. */
function footprintOf(rows: readonly UsageRow[]): UsageFootprint {
  const footprint = known.get(rows) ?? usageFootprint(rows);
  known.set(rows, footprint);
  return footprint;
}
