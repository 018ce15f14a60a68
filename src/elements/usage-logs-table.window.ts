import { render, type TemplateResult } from 'lit';

/** Rows above and below what is seen: a scrolling thread of the browser may be so far ahead of this one. */
const OVERSCAN_ROWS = 8;

/** Never more rows in the page, however large the element is and the text small. */
const MAX_ROWS = 96;

/** Until the style is known. */
const ROW_PX = 36;

/** Scrolling that pauses so long has ended, ms. */
const SETTLED_MS = 120;

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

/** A place in the page for one row after the other. */
interface Line<Row> {
  readonly node: HTMLElement;
  key: string;
  /** What it shows. */
  row?: Row;
  index?: number | undefined;
  stamp?: string;
}

/**
 * Has only those rows in the page that can be seen, and paints them by itself while somebody scrolls: the element around
 * them is not rendered for that. Nodes of rows that leave go to rows that come; those of rows that stay are not touched,
 * so that focus and selection survive. Each stands where it belongs by its offset; their order in the page, which who
 * listens reads, follows as soon as the scrolling pauses: to move a node costs more than to fill it.
 */
export class RowWindow<Row> {
  readonly #grid: HTMLElement;
  readonly #body: HTMLElement;
  readonly #sheet: HTMLElement;
  readonly #watcher = new ResizeObserver(() => this.#measure());
  #scene: Scene<Row> | undefined;
  #lines: readonly Line<Row>[] = [];
  #settling: ReturnType<typeof setTimeout> | undefined;
  #first = -1;
  #last = -1;
  #rowPx = ROW_PX;
  #viewPx = 0;
  /** How far it is scrolled, px: to ask the grid in the middle of a paint would lay out everything. */
  #top = 0;
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
    // Tells the size before anything is painted, too.
    this.#watcher.observe(grid);
  }

  /** The first row that is seen whole, and the last. */
  get seen(): readonly [first: number, last: number] {
    // The header lies over what scrolls.
    const first = Math.ceil(this.#top / this.#rowPx);
    return [first, Math.max(first, Math.floor((this.#top + this.#viewPx) / this.#rowPx) - 2)];
  }

  get atTop(): boolean {
    return this.#top < this.#rowPx / 2;
  }

  /** Paints; where rows have come or gone above what is seen, that stays where it is. */
  paint(scene: Scene<Row>): void {
    const before = this.#scene;
    const anchor = before && before.rows !== scene.rows && !this.atTop ? this.#moved(before, scene) : 0;
    this.#scene = scene;
    this.#body.style.blockSize = `${scene.rows.length * this.#rowPx}px`;
    if (anchor) {
      this.#grid.scrollTop += anchor * this.#rowPx;
      this.#top = this.#grid.scrollTop;
    }
    this.#around(() => {
      this.#paint();
      this.#sort();
    });
  }

  /** Somebody has scrolled. */
  scrolled(): void {
    this.#top = this.#grid.scrollTop;
    const [first, last] = this.#range();
    if (first === this.#first && last === this.#last) return;
    this.#around(() => this.#paint());
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#around(() => this.#sort()), SETTLED_MS);
  }

  toTop(): void {
    this.#grid.scrollTop = 0;
    this.scrolled();
  }

  /** Brings a row into view, with the least scrolling, and into the page. */
  reveal(index: number): void {
    const top = index * this.#rowPx;
    const room = this.#viewPx - 2 * this.#rowPx;
    if (top < this.#top) this.#grid.scrollTop = top;
    else if (top > this.#top + room - this.#rowPx) this.#grid.scrollTop = top - Math.max(room - this.#rowPx, 0);
    this.scrolled();
  }

  destroy(): void {
    this.#watcher.disconnect();
    clearTimeout(this.#settling);
  }

  #measure(): void {
    const row = this.#grid.querySelector('[role=row]');
    const px = row ? parseFloat(getComputedStyle(row).blockSize) : NaN;
    // Where it is not shown it has no size.
    this.#rowPx = px > 0 ? px : ROW_PX;
    for (const line of this.#lines) line.index = undefined;
    this.#viewPx = this.#grid.clientHeight;
    this.#top = this.#grid.scrollTop;
    if (this.#scene) this.paint(this.#scene);
  }

  #range(): readonly [number, number] {
    const count = this.#scene?.rows.length ?? 0;
    const above = Math.floor(this.#top / this.#rowPx);
    const first = Math.max(0, Math.min(above, count) - OVERSCAN_ROWS);
    const seen = Math.ceil(this.#viewPx / this.#rowPx) + 2 * OVERSCAN_ROWS;
    return [first, Math.min(count, first + Math.min(seen, MAX_ROWS))];
  }

  /** By how many rows the first one that is seen has moved down; rows that are gone are looked past. */
  #moved(before: Scene<Row>, after: Scene<Row>): number {
    const top = Math.floor(this.#top / this.#rowPx);
    for (let index = top; index < Math.min(top + MAX_ROWS, before.rows.length); index += 1) {
      const place = placeOf(after, before.keyOf(before.rows[index]!), index);
      if (place >= 0) return place - index;
    }
    return 0;
  }

  #paint(): void {
    const { rows, keyOf, template, pinned, stamp } = this.#scene!;
    const [first, last] = this.#range();
    this.#first = first;
    this.#last = last;
    const indexes = Array.from({ length: last - first }, (_, index) => first + index);
    const far = pinned === undefined ? -1 : this.#far(pinned, first, last);
    if (far >= 0 && far < first) indexes.unshift(far);
    else if (far >= 0) indexes.push(far);
    this.#assign(indexes.map((index) => keyOf(rows[index]!)));
    this.#lines.forEach((line, place) => {
      const index = indexes[place]!;
      const row = rows[index]!;
      if (line.index !== index) line.node.style.translate = `0 ${index * this.#rowPx}px`;
      if (line.row === row && line.index === index && line.stamp === stamp) return;
      Object.assign(line, { row, index, stamp });
      render(template(row, index), line.node);
    });
  }

  /** Where a row is that is not among those to be seen; −1 when it is, or is nowhere. */
  #far(key: string, first: number, last: number): number {
    const index = placeOf(this.#scene!, key, this.#pinnedAt);
    this.#pinnedAt = Math.max(index, 0);
    return index >= first && index < last ? -1 : index;
  }

  /** Who stays keeps their line; who comes gets a free one. */
  #assign(keys: readonly string[]): void {
    const wanted = new Set(keys);
    const own = new Map<string, Line<Row>>();
    const free: Line<Row>[] = [];
    for (const line of this.#lines) {
      if (wanted.has(line.key)) own.set(line.key, line);
      else free.push(line);
    }
    this.#lines = keys.map((key) => {
      const line = own.get(key) ?? free.pop() ?? this.#line();
      line.key = key;
      return line;
    });
    for (const { node } of free) node.remove();
  }

  #line(): Line<Row> {
    const node = document.createElement('div');
    node.className = 'line';
    node.role = 'presentation';
    this.#sheet.append(node);
    return { node, key: '' };
  }

  /** Brings the nodes into the order of their rows. */
  #sort(): void {
    const pinned = this.#scene!.pinned;
    let next: Element | null = null;
    for (const { node, key } of this.#lines.toReversed()) {
      // A node that is moved loses the focus: what stands between goes instead.
      if (key === pinned) while (node.nextElementSibling !== next) node.before(node.nextElementSibling!);
      else if (node.nextElementSibling !== next) this.#sheet.insertBefore(node, next);
      next = node;
    }
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
