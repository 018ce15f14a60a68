/**
 * The page of `npm run bench:chart`: `<usage-chart>` over a project in memory, and plain Chart.js as its guide has it, with
 * the same days and models. Each answers when what it has done is on screen.
 */
import Chart from 'chart.js/auto';
import { html, render } from 'lit';
import { disconnect, lastDays, usageSeries, type UsageRow } from 'livelit';
import 'livelit/define';
import { connectToMemory, MemoryBackend } from 'livelit/testing';

const DAYS = 365;
const MODELS = 12;
const CHANGED = 3;
const MEMBER = { userId: 'bench', anonymous: false, email: 'bench@test.invalid' };

const days = lastDays(DAYS);

/** Numbers without a pattern, the same in every run. */
const noise = (seed: number) => Math.abs(Math.sin(seed * 12.9898) * 43_758.5453) % 1;

/** A year of twelve models; each round three of today's numbers are others. */
const rowsAt = (round: number) =>
  days.flatMap((date, day) =>
    Array.from({ length: MODELS }, (_, model): UsageRow & { readonly user_id: string } => ({
      id: `${day}-${model}`,
      user_id: MEMBER.userId,
      date,
      model: `model-${model}`,
      project: '',
      source: 'openai',
      requests: 1,
      context_tokens:
        Math.round(100_000 * noise(day * MODELS + model)) + (day === DAYS - 1 && model < CHANGED ? 1_000 * round : 0),
      cached_tokens: 0,
      generated_tokens: 0,
      cost: null,
      co2_grams: null,
    })),
  );

const frame = () => new Promise(requestAnimationFrame);

function place(): HTMLElement {
  const box = document.createElement('div');
  Object.assign(box.style, { position: 'relative', width: '900px', height: '300px' });
  document.body.append(box);
  return box;
}

/** `new Chart()`, then other data and `update()`; adding the rows up is part of the work, as it is of the element's. */
function plain(animated: boolean) {
  let finish = (): void => {};
  let chart: Chart;
  const box = place();
  const dataOf = (round: number) => ({
    labels: [...days],
    datasets: usageSeries(rowsAt(round), days, 'tokens').lines.map(({ name, values }) => ({
      label: name,
      data: [...values],
    })),
  });
  const drawn = async (act: () => void) => {
    const finished = new Promise<void>((resolve) => (finish = resolve));
    act();
    if (animated) await finished;
    await frame();
    await frame();
  };
  const stacked = { stacked: true };
  const animation = animated ? { onComplete: () => finish() } : (false as const);
  const options = { maintainAspectRatio: false, scales: { x: stacked, y: stacked }, animation };
  const canvas = document.createElement('canvas');
  box.append(canvas);
  return {
    draw: () => drawn(() => (chart = new Chart(canvas, { type: 'bar', data: dataOf(0), options }))),
    update: (round: number) =>
      drawn(() => {
        chart.data = dataOf(round);
        chart.update();
      }),
    remove() {
      chart.destroy();
      box.remove();
    },
  };
}

/** The element; a change is signalled, fetched, compared, added up and drawn. */
function ours() {
  const box = place();
  const project = new MemoryBackend({ session: MEMBER, tables: { usage_counted: rowsAt(0), usage_daily: rowsAt(0) } });
  const find = (part: string) =>
    box.querySelector('usage-chart')?.shadowRoot?.querySelector<HTMLElement>(`[part="${part}"]`);
  const legend = () => find('legend')?.textContent ?? '';
  const until = async (condition: () => boolean) => {
    while (!condition()) await frame();
    await frame();
    await frame();
  };
  return {
    async draw() {
      connectToMemory(project, { debounceMs: 1, maxWaitMs: 2 });
      render(html`<usage-chart days=${DAYS} top=${MODELS}></usage-chart>`, box);
      // Chart.js gives the canvas a display of its own when it takes it.
      await until(() => legend().includes('model-0') && find('canvas')?.style.display !== '');
    },
    async update(round: number) {
      const before = legend();
      for (let model = 0; model < CHANGED; model += 1) {
        const where = [['id', 'eq', `${DAYS - 1}-${model}`]] as const;
        const values = { context_tokens: 1_000_000 * (round + 1) };
        await project.write({ update: 'usage_counted', where, values }, new AbortController().signal);
      }
      const payload = { table: 'usage_data', op: 'UPDATE', n: CHANGED, ids: null };
      project.emit(`user:${MEMBER.userId}`, { event: 'usage_data', payload });
      await until(() => legend() !== before);
    },
    remove() {
      render(null, box);
      disconnect();
      box.remove();
    },
  };
}

Object.assign(globalThis, { subjects: { ours, plain: () => plain(true), still: () => plain(false) } });
