import { html } from 'lit';
import '../../../src/define/usage-chart.ts';
import type { UsageChartElement } from '../../../src/elements/usage-chart.ts';
import { lastDays } from '../../../src/services/usage-series.ts';
import { sql } from './backend.ts';
import { mount, until } from './page.ts';

export const [TODAY = ''] = lastDays(1);

export const part = (chart: UsageChartElement, name: string) =>
  chart.shadowRoot!.querySelector(`[part="${name}"]`)?.textContent.trim() ?? '';

/** The names in the legend. */
export const models = (chart: UsageChartElement) =>
  [...chart.shadowRoot!.querySelectorAll('[part="legend"] li')].map((item) =>
    [...item.childNodes]
      .filter((node) => node instanceof Text)
      .map((node) => node.data)
      .join('')
      .trim(),
  );

/** The whole drawing as bytes: two that differ look different. */
export const picture = (chart: UsageChartElement) => chart.shadowRoot!.querySelector('canvas')!.toDataURL();

/** How many distinct colours are in the drawing: axes and grid alone have few, bars add theirs. */
export function coloursIn(chart: UsageChartElement): Set<string> {
  const canvas = chart.shadowRoot!.querySelector('canvas')!;
  const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
  const colours = new Set<string>();
  for (let index = 0; index < data.length; index += 4) {
    if (data[index + 3] === 255) colours.add(`${data[index]},${data[index + 1]},${data[index + 2]}`);
  }
  return colours;
}

export const drawn = (chart: UsageChartElement) => until(() => coloursIn(chart).size > 0, 'a drawing');

/** Writes usage as the service does. */
export const addUsage = (userId: string, model: string, tokens: number, date = TODAY, cost: number | null = 0.5) =>
  sql(
    `insert into usage_data (user_id, date, model, source, requests, context_tokens, generated_tokens, cost, co2_grams)
     values ($1, $2, $3, 'import', 1, $4, 0, $5, 1)`,
    [userId, date, model, tokens, cost],
  );

export async function open(template = html`<usage-chart></usage-chart>`): Promise<UsageChartElement> {
  const chart = mount<UsageChartElement>(template);
  await until(() => chart.matches(':state(live)') || chart.matches(':state(sample)'));
  return chart;
}

/** The colours of the legend, as `coloursIn` has them. */
export const swatches = (chart: UsageChartElement) =>
  [...chart.shadowRoot!.querySelectorAll('[part="legend"] .swatch')].map((swatch) =>
    getComputedStyle(swatch).backgroundColor.replace(/[^\d,]/g, ''),
  );
