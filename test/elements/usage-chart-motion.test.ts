import { emulateMedia } from '@web/test-runner-commands';
import { expect } from 'chai';
import { Chart } from 'chart.js';
import { html } from 'lit';
import type { UsageChartElement } from '../../src/elements/usage-chart.ts';
import { lastDays } from '../../src/services/usage-series.ts';
import { connectToBackend, leaveBackend, signInNewMember, sql } from '../support/browser/backend.ts';
import { clearPage, until } from '../support/browser/page.ts';
import { addUsage, drawn, models, open, part, TODAY } from '../support/browser/usage-chart.ts';

const canvasOf = (chart: UsageChartElement) => chart.shadowRoot!.querySelector('canvas')!;

/** A part of the drawing as bytes, from one share of its width to another. */
function strip(chart: UsageChartElement, from: number, to: number): string {
  const { width, height } = canvasOf(chart);
  const pen = canvasOf(chart).getContext('2d')!;
  return pen.getImageData(Math.floor(from * width), 0, Math.floor((to - from) * width), height).data.join();
}

/** Everything that half of the drawing has shown from now until `done`. */
async function watch(chart: UsageChartElement, done: () => unknown) {
  const left = new Set<string>();
  const right = new Set<string>();
  await until(() => {
    left.add(strip(chart, 0, 0.5));
    right.add(strip(chart, 0.5, 1));
    return done();
  });
  return { left: left.size, right: right.size };
}

/** Until it has been the same for some frames. */
async function untilStill(look: () => readonly string[]): Promise<void> {
  let last = '';
  let frames = 0;
  await until(() => {
    const now = look().join();
    frames = now === last ? frames + 1 : 0;
    last = now;
    return frames > 20;
  });
}

describe('what moves in <usage-chart>', () => {
  let userId: string;
  let chart: UsageChartElement;

  beforeEach(async () => {
    await connectToBackend();
    ({ userId } = await signInNewMember());
    const days = lastDays(7);
    await addUsage(userId, 'large', 9_000, days[0]);
    await addUsage(userId, 'small', 1_000, TODAY);
    chart = await open(html`<usage-chart days="7"></usage-chart>`);
    await until(() => models(chart).length === 2);
    await drawn(chart);
  });

  afterEach(async () => {
    await emulateMedia({ reducedMotion: 'no-preference' });
    clearPage();
    await leaveBackend();
  });

  /** Until the drawing has been the same for some frames. */
  const still = () => {
    let last = '';
    let frames = 0;
    return () => {
      const now = strip(chart, 0, 1);
      frames = now === last ? frames + 1 : 0;
      last = now;
      return part(chart, 'total') === '15K' && frames > 20;
    };
  };

  it('is what has changed, and not the days that have not', async () => {
    await addUsage(userId, 'middle', 5_000);
    const { left, right } = await watch(chart, still());
    expect(left).to.equal(1);
    expect(right).to.be.greaterThan(2);
  });

  it('is three points where a sync has changed three rows, and not one of the others', async () => {
    const days = lastDays(7);
    const rows = ['large', 'small'].flatMap((model) =>
      days.map((date) => ({
        date,
        model,
        project: '',
        requests: 1,
        // One stands out, so that the axis stays.
        context_tokens: model === 'large' && date === days.at(-1) ? 15_000 : 5_000,
        cached_tokens: 0,
        generated_tokens: 0,
        cost: 1,
        cost_source: 'estimated',
        co2_grams: 1,
        provisional: false,
      })),
    );
    const sync = (all: readonly object[]) =>
      sql(`select public.usage_apply($1, 'openai', null, null, $2) as done`, [userId, JSON.stringify(all)]);
    await sync(rows);
    // What was imported of the same days and models gives way.
    await until(() => part(chart, 'total') === '80K');
    const points = () => {
      const drawing = Chart.getChart(canvasOf(chart))!;
      return drawing.data.datasets.flatMap((_, index) => drawing.getDatasetMeta(index).data);
    };
    const stand = () => points().map(({ x, y }) => `${x} ${y}`);
    await untilStill(stand);
    const [before, stood] = [points(), stand()];
    // On the tops, which nothing stands upon.
    const changed = rows.map((row, index) => ([8, 10, 12].includes(index) ? { ...row, context_tokens: 6_000 } : row));
    const [answer] = await sync(changed);
    const committed = performance.now();
    expect(answer!.done).to.include({ inserted: 0, updated: 3, deleted: 0 });
    const moved = () => stand().filter((place, index) => place !== stood[index]).length;
    await until(() => moved() > 0);
    console.log(`commit → painted, three rows of fourteen: ${Math.round(performance.now() - committed)} ms`);
    await untilStill(stand);
    expect(part(chart, 'total')).to.equal('83K');
    expect(points().every((point, index) => point === before[index])).to.equal(true);
    expect(moved()).to.equal(3);
  });

  it('is nothing for whoever wants no motion', async () => {
    await emulateMedia({ reducedMotion: 'reduce' });
    await addUsage(userId, 'middle', 5_000);
    const { left, right } = await watch(chart, still());
    expect({ left, right }).to.deep.equal({ left: 1, right: 2 });
  });
});
