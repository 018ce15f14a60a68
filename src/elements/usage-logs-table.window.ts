import { noChange, render, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';

/** Rows above and below what is seen: a scrolling thread of the browser may be so far ahead of this one. */
const OVERSCAN_ROWS = 8;

/** Never more rows in the page, however large the element is and the text small. */
const MAX_ROWS = 96;

/** Until the style is known. */
const ROW_PX = 36;

/** What there is to paint. Equal parts mean that nothing has changed. */
export interface Scene<Row> {
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly template: (row: Row, index: number) => TemplateResult;
  /** A row that stays in the page wherever it is: the one that has the focus. */
  readonly pinned: string | undefined;
  /** Everything that a row's looks depend on besides itself. */
  readonly stamp: string;
}

interface Slot {
  readonly id: number;
  key: string;
  /** What it shows. */
  row?: unknown;
  index?: number;
  stamp?: string;
}

/**
 * Has only those rows in the page that can be seen, and paints them by itself while somebody scrolls: the element around
 * them is not rendered for that. Nodes of rows that leave go to rows that come; those of rows that stay are not touched,
 * nor moved, so that focus and selection survive.
 */
export class RowWindow<Row> {
  readonly #grid: HTMLElement;
  readonly #body: HTMLElement;
  readonly #sheet: HTMLElement;
  readonly #watcher = new ResizeObserver(() => this.#measure());
  #scene: Scene<Row> | undefined;
  #slots: readonly Slot[] = [];
  #made = 0;
  #first = -1;
  #last = -1;
  #rowPx = ROW_PX;
  #viewPx = 0;
  /** Where the pinned row was last. */
  #pinnedAt = 0;

  readonly #around: (paint: () => void) => void;

  /**
   * @param grid - What scrolls; its first row is the header's, as high as all others.
   * @param body - As high as all rows together.
   * @param sheet - In it, what holds the rows that are there.
   * @param around - Runs all painting of rows.
   */
  constructor(grid: HTMLElement, body: HTMLElement, sheet: HTMLElement, around: (paint: () => void) => void) {
    this.#around = around;
    this.#grid = grid;
    this.#body = body;
    this.#sheet = sheet;
    this.#watcher.observe(grid);
    this.#measure();
  }

  /** The first row that is seen whole, and the last. */
  get seen(): readonly [first: number, last: number] {
    const top = this.#grid.scrollTop;
    // The header lies over what scrolls.
    const first = Math.ceil(top / this.#rowPx);
    return [first, Math.max(first, Math.floor((top + this.#viewPx) / this.#rowPx) - 2)];
  }

  get atTop(): boolean {
    return this.#grid.scrollTop < this.#rowPx / 2;
  }

  /** Paints; where rows have come or gone above what is seen, that stays where it is. */
  paint(scene: Scene<Row>): void {
    const before = this.#scene;
    const anchor = before && before.rows !== scene.rows && !this.atTop ? this.#moved(before, scene) : 0;
    this.#scene = scene;
    this.#body.style.blockSize = `${scene.rows.length * this.#rowPx}px`;
    if (anchor) this.#grid.scrollTop += anchor * this.#rowPx;
    this.#paint();
  }

  /** Somebody has scrolled. */
  scrolled(): void {
    const [first, last] = this.#range();
    if (first !== this.#first || last !== this.#last) this.#paint();
  }

  toTop(): void {
    this.#grid.scrollTop = 0;
    this.scrolled();
  }

  /** Brings a row into view, with the least scrolling, and into the page. */
  reveal(index: number): void {
    const top = index * this.#rowPx;
    const room = this.#viewPx - 2 * this.#rowPx;
    const { scrollTop } = this.#grid;
    if (top < scrollTop) this.#grid.scrollTop = top;
    else if (top > scrollTop + room - this.#rowPx) this.#grid.scrollTop = top - Math.max(room - this.#rowPx, 0);
    this.scrolled();
  }

  destroy(): void {
    this.#watcher.disconnect();
  }

  #measure(): void {
    const row = this.#grid.querySelector('[role=row]');
    const px = row ? parseFloat(getComputedStyle(row).blockSize) : NaN;
    // Where it is not shown it has no size.
    this.#rowPx = px > 0 ? px : ROW_PX;
    this.#viewPx = this.#grid.clientHeight;
    if (this.#scene) this.paint(this.#scene);
  }

  #range(): readonly [number, number] {
    const count = this.#scene?.rows.length ?? 0;
    const above = Math.floor(this.#grid.scrollTop / this.#rowPx);
    const first = Math.max(0, Math.min(above, count) - OVERSCAN_ROWS);
    const seen = Math.ceil(this.#viewPx / this.#rowPx) + 2 * OVERSCAN_ROWS;
    return [first, Math.min(count, first + Math.min(seen, MAX_ROWS))];
  }

  /** By how many rows the first one that is seen has moved down; rows that are gone are looked past. */
  #moved(before: Scene<Row>, after: Scene<Row>): number {
    const top = Math.floor(this.#grid.scrollTop / this.#rowPx);
    for (let index = top; index < Math.min(top + MAX_ROWS, before.rows.length); index += 1) {
      const place = placeOf(after, before.keyOf(before.rows[index]!), index);
      if (place >= 0) return place - index;
    }
    return 0;
  }

  #paint(): void {
    this.#around(() => this.#paintRows());
  }

  #paintRows(): void {
    const { rows, keyOf, template, pinned, stamp } = this.#scene!;
    const [first, last] = this.#range();
    this.#first = first;
    this.#last = last;
    const indexes = Array.from({ length: last - first }, (_, index) => first + index);
    const far = pinned === undefined ? -1 : this.#far(pinned, first, last);
    if (far >= 0 && far < first) indexes.unshift(far);
    else if (far >= 0) indexes.push(far);
    const slots = this.#assign(indexes.map((index) => keyOf(rows[index]!)));
    const show = (slot: Slot, place: number) => {
      const index = indexes[place]!;
      const row = rows[index]!;
      // The pinned row is another when it stands apart.
      const own = index === far ? `${stamp} apart` : stamp;
      if (slot.row === row && slot.index === index && slot.stamp === own) return noChange;
      Object.assign(slot, { row, index, stamp: own });
      return template(row, index);
    };
    render(
      repeat(slots, ({ id }) => id, show),
      this.#sheet,
    );
    this.#sheet.style.translate = `0 ${first * this.#rowPx}px`;
    const apart = this.#sheet.querySelector('.apart');
    const wanted = far < 0 ? null : this.#sheet.children[far < first ? 0 : this.#sheet.children.length - 1]!;
    if (apart !== wanted) {
      apart?.classList.remove('apart');
      wanted?.classList.add('apart');
    }
    if (wanted) this.#sheet.style.setProperty('--_apart', `${(far - first) * this.#rowPx}px`);
  }

  /** Where a row is that is not among those to be seen; −1 when it is, or is nowhere. */
  #far(key: string, first: number, last: number): number {
    const index = placeOf(this.#scene!, key, this.#pinnedAt);
    this.#pinnedAt = Math.max(index, 0);
    return index >= first && index < last ? -1 : index;
  }

  /** Who stays keeps their slot; a free one goes to who comes, the first to the last: so `repeat` moves only these. */
  #assign(keys: readonly string[]): readonly Slot[] {
    const wanted = new Set(keys);
    const own = new Map<string, Slot>();
    const free: Slot[] = [];
    for (const slot of this.#slots) {
      if (wanted.has(slot.key)) own.set(slot.key, slot);
      else free.push(slot);
    }
    for (const key of keys.toReversed()) {
      if (own.has(key)) continue;
      const slot = free.shift() ?? { id: (this.#made += 1), key };
      slot.key = key;
      own.set(key, slot);
    }
    this.#slots = keys.map((key) => own.get(key)!);
    return this.#slots;
  }
}

/** Where a row is, looked for from a place that it cannot be far from; −1 when it is nowhere. */
export function placeOf<Row>({ rows, keyOf }: Pick<Scene<Row>, 'rows' | 'keyOf'>, key: string, near: number): number {
  for (let away = 0; near - away >= 0 || near + away < rows.length; away += 1) {
    for (const index of [near + away, near - away]) {
      const row = rows[index];
      if (row !== undefined && keyOf(row) === key) return index;
    }
  }
  return -1;
}
