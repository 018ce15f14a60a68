import { html, nothing, type ReactiveController, type ReactiveControllerHost } from 'lit';
import { chartStrings as strings } from './strings/chart.en.ts';
import type { UsageDrawing } from './usage-chart.drawing.ts';
import { UsageChartMovedEvent } from './usage-chart.events.ts';
import type { ChartFormat, DrawnLine } from './usage-chart.look.ts';

/** Between the cursor and what is said about it. */
const GAP_PX = 12;

/** How far Page Up and Page Down go. */
const WEEK_DAYS = 7;

type Host = HTMLElement & ReactiveControllerHost;

/** What the cursor points into: what there is now, which may be more or less than was drawn last. */
export interface Pointable {
  readonly drawing: UsageDrawing;
  readonly days: readonly string[];
  readonly lines: readonly DrawnLine[];
  readonly format: ChartFormat;
  /** The days go from the right to the left. */
  readonly rtl: boolean;
}

/**
 * Points at a day, or at one line on that day, by mouse, finger or keyboard, and says what is there: in a box beside it,
 * and, where it came by keyboard, to a screen reader. The canvas is not touched.
 */
export class UsageCursor implements ReactiveController {
  readonly #host: Host;
  readonly #pointable: () => Pointable | undefined;
  /** A day and not a place: at midnight UTC the days move. */
  #day = '';
  #key: string | undefined;
  #announcement = '';

  /** @param pointable - Undefined while there is nothing to point at. */
  constructor(host: Host, pointable: () => Pointable | undefined) {
    this.#host = host;
    this.#pointable = pointable;
    host.addController(this);
  }

  hostUpdated(): void {
    this.#place();
  }

  /** What a screen reader is to say. */
  get announcement(): string {
    // What has gone from the chart is not to be read here either.
    return this.#at() ? this.#announcement : '';
  }

  render() {
    const at = this.#at();
    if (!at) return nothing;
    const { name, total, lines } = at;
    return html`
      <div part="cursor" class="cursor"></div>
      <div part="tooltip" class="tooltip" aria-hidden="true">
        <p class="head"><strong>${name}</strong> <span>${total}</span></p>
        ${lines.map(
          ({ key, name: line, colour, value }) => html`
            <p class=${key === this.#key ? 'chosen' : ''}>
              <span class="swatch series-${colour}"></span><span class="name">${line}</span> <span>${value}</span>
            </p>
          `,
        )}
      </div>
    `;
  }

  /** Follows a mouse or a finger. */
  point(event: PointerEvent): void {
    const { drawing, days } = this.#pointable() ?? {};
    if (!drawing || !days) return;
    const { left } = (event.currentTarget as Element).getBoundingClientRect();
    this.#go(days[drawing.dayAt(event.clientX - left)] ?? '', undefined);
  }

  /** A mouse has left, or the focus; what a finger has pointed at stays, for it has to be read. */
  leave(event: Event): void {
    if (!(event instanceof PointerEvent) || event.pointerType === 'mouse') this.#go('', undefined);
  }

  press(event: KeyboardEvent): void {
    const pointable = this.#pointable();
    if (!pointable || event.ctrlKey || event.metaKey || event.altKey) return;
    const { days, lines, rtl } = pointable;
    const last = days.length - 1;
    const day = days.indexOf(this.#day);
    // Where nothing is pointed at yet, the first key goes to the newest day.
    const from = day < 0 ? last : day;
    const step = day < 0 ? 0 : 1;
    const to: Partial<Record<string, number>> = {
      [rtl ? 'ArrowRight' : 'ArrowLeft']: from - step,
      [rtl ? 'ArrowLeft' : 'ArrowRight']: from + step,
      PageUp: from - WEEK_DAYS,
      PageDown: from + WEEK_DAYS,
      Home: 0,
      End: last,
      ArrowUp: from,
      ArrowDown: from,
    };
    if (event.key === 'Escape' && this.#day) this.#go('', undefined);
    else {
      const next = to[event.key];
      if (next === undefined) return;
      // All of the day, then each of the lines, around.
      const turn = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0;
      const keys = [undefined, ...lines.map(({ key }) => key)];
      const place = Math.max(keys.indexOf(this.#key), 0) + turn + keys.length;
      this.#go(days[Math.min(Math.max(next, 0), last)]!, keys[place % keys.length]);
      this.#announce();
    }
    event.preventDefault();
  }

  #go(day: string, key: string | undefined): void {
    if (day === this.#day && key === this.#key) return;
    this.#day = day;
    this.#key = key;
    this.#announcement = '';
    this.#host.requestUpdate();
    const at = this.#at();
    const moved = new UsageChartMovedEvent(at ? day : '', at?.chosen?.name ?? '', at?.chosen?.number ?? at?.sum ?? 0);
    this.#host.dispatchEvent(moved);
  }

  /** Said once for each move, and not again when the numbers change under the cursor. */
  #announce(): void {
    const at = this.#at();
    if (!at) return;
    const { name, total, lines, chosen } = at;
    this.#announcement = chosen
      ? strings.pointOf(chosen.name, name, chosen.value)
      : strings.point(
          name,
          total,
          lines.map((line) => `${line.name} ${line.value}`),
        );
  }

  /** What is under the cursor, the largest first. */
  #at() {
    const pointable = this.#day ? this.#pointable() : undefined;
    const day = pointable?.days.indexOf(this.#day) ?? -1;
    if (!pointable || day < 0) return undefined;
    const { drawing, format } = pointable;
    const all = pointable.lines.map(({ key, name, colour, values }) => {
      const number = values[day] ?? 0;
      return { key, name, colour, number, value: format.exact(number) };
    });
    const sum = all.reduce((total, { number }) => total + number, 0);
    const chosen = all.find(({ key }) => key === this.#key);
    const lines = all.filter((line) => line.number || line === chosen).sort((a, b) => b.number - a.number);
    return { drawing, day, name: format.longDay(this.#day), sum, total: format.exact(sum), lines, chosen };
  }

  /** Puts line and box where they belong; beside the cursor, on the side that has room. */
  #place(): void {
    const at = this.#at();
    const find = (part: string) => this.#host.shadowRoot!.querySelector<HTMLElement>(`.${part}`);
    const cursor = find('cursor');
    const box = find('tooltip');
    if (!at || !cursor || !box) return;
    const { drawing } = at;
    const x = drawing.xOf(at.day);
    const { top, bottom } = drawing.area;
    cursor.style.translate = `${x}px ${top}px`;
    cursor.style.height = `${bottom - top}px`;
    const room = cursor.parentElement!.clientWidth - box.offsetWidth;
    const right = x + GAP_PX;
    box.style.translate = `${Math.max(0, right <= room ? right : Math.min(x - GAP_PX - box.offsetWidth, room))}px ${top}px`;
  }
}
