import type { Column } from './usage-logs-table.columns.ts';

/** A step by Shift and an arrow key, px. */
const WIDEN_PX = 16;

/** What the focus moves in, and what keys do besides. */
export interface FocusGrid {
  columns(): readonly Column[];
  /** How many rows there are, without the header. */
  count(): number;
  /** How many rows are seen at once. */
  page(): number;
  keyAt(index: number): string;
  /** Where a row is, looked for near its last place; −1 when it is gone. */
  indexOf(key: string, near: number): number;
  /** Brings a row into the page. */
  reveal(index: number): void;
  /** Paints what has changed, in `keep()`. */
  repaint(): void;
  /** The focus has moved to a row. */
  moved(index: number): void;
  open(index: number): void;
  close(): boolean;
  sort(column: Column): void;
  move(column: Column, step: number): void;
  widen(column: Column, px: number): void;
}

/** The header, as a row. */
export const HEAD = '';

/** A cell, by its row and its column. */
export interface TabStop {
  readonly row: string;
  readonly column: string;
}

/**
 * The one cell of the grid that Tab reaches, and how keys move it: as the ARIA grid pattern has it. It belongs to a row
 * and not to a node, so it survives that nodes are given to other rows.
 */
export class GridFocus {
  readonly #root: () => HTMLElement;
  readonly #grid: FocusGrid;
  #row = HEAD;
  #column = '';
  #index = -1;
  /** The focus is in the grid: it has to stay on its cell. */
  #inside = false;
  #moved = false;
  #painting = false;

  constructor(root: () => HTMLElement, grid: FocusGrid) {
    this.#root = root;
    this.#grid = grid;
  }

  /** The row that must stay in the page. */
  get pinned(): string | undefined {
    return this.#row || undefined;
  }

  /** The focus is on a row: nothing should move it. */
  get reading(): boolean {
    return this.#inside && this.#row !== HEAD;
  }

  /** The one cell that Tab reaches; all others it does not. */
  get stop(): TabStop {
    const columns = this.#grid.columns();
    const { id } = columns.find((column) => column.id === this.#column) ?? columns[0]!;
    return { row: this.#row, column: id };
  }

  /** Changes whenever `stop` does. */
  get stamp(): string {
    return `${this.#row}|${this.#column}`;
  }

  entered(event: FocusEvent): void {
    const cell = (event.target as Element).closest<HTMLElement>('[data-column]');
    if (!cell) return;
    this.#inside = true;
    const row = cell.closest<HTMLElement>('[data-key]')?.dataset.key ?? HEAD;
    if (row === this.#row && cell.dataset.column === this.#column) return;
    this.#row = row;
    this.#column = cell.dataset.column!;
    this.#index = row === HEAD ? -1 : this.#grid.indexOf(row, Math.max(this.#index, 0));
    this.#grid.repaint();
  }

  left({ relatedTarget }: FocusEvent): void {
    // A node that painting moves or takes away loses the focus, and gets it back: see `keep`.
    if (!this.#painting) this.#inside = this.#root().contains(relatedTarget as Node | null);
  }

  /** Paints; the focus is then where it was. */
  keep(paint: () => void): void {
    this.#painting = true;
    try {
      paint();
    } finally {
      this.#painting = false;
    }
    this.restore();
  }

  /** Moves to a row, in the same column. */
  goTo(index: number): void {
    this.#go(
      index,
      this.#grid.columns().findIndex(({ id }) => id === this.#column),
    );
  }

  /** The focus is where it was, or beside it when that is gone. */
  restore(): void {
    const count = this.#grid.count();
    if (this.#row !== HEAD) {
      const index = this.#grid.indexOf(this.#row, Math.max(this.#index, 0));
      if (index >= 0) this.#index = index;
      else {
        this.#index = Math.min(this.#index, count - 1);
        this.#row = this.#index < 0 ? HEAD : this.#grid.keyAt(this.#index);
        this.#grid.repaint();
        return;
      }
    }
    if (!this.#inside) return;
    const cell = this.#cell();
    if (!cell) return;
    if (!cell.matches(':focus')) cell.focus({ preventScroll: true });
    if (this.#moved) cell.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    this.#moved = false;
  }

  press(event: KeyboardEvent): void {
    const columns = this.#grid.columns();
    const count = this.#grid.count();
    const page = this.#grid.page();
    const here = Math.max(
      columns.findIndex(({ id }) => id === this.#column),
      0,
    );
    const column = columns[here]!;
    const rtl = getComputedStyle(this.#root()).direction === 'rtl';
    const onward = rtl ? 'ArrowLeft' : 'ArrowRight';
    const back = rtl ? 'ArrowRight' : 'ArrowLeft';
    const sideways = event.key === onward ? 1 : event.key === back ? -1 : 0;
    const head = this.#row === HEAD;
    if (sideways && (event.altKey || event.shiftKey)) {
      if (!head || event.ctrlKey || event.metaKey) return;
      if (event.altKey) this.#grid.move(column, sideways);
      else this.#grid.widen(column, sideways * WIDEN_PX);
      this.#moved = true;
      event.preventDefault();
      return;
    }
    const whole = event.ctrlKey || event.metaKey;
    if (event.altKey || (whole && event.key !== 'Home' && event.key !== 'End')) return;
    const last = columns.length - 1;
    const go: Partial<Record<string, () => void>> = {
      [onward]: () => this.#go(this.#index, Math.min(here + 1, last)),
      [back]: () => this.#go(this.#index, Math.max(here - 1, 0)),
      ArrowDown: () => this.#go(Math.min(this.#index + 1, count - 1), here),
      ArrowUp: () => this.#go(Math.max(this.#index - 1, -1), here),
      PageDown: () => this.#go(Math.min(this.#index + page, count - 1), here),
      PageUp: () => this.#go(Math.max(this.#index - page, Math.min(0, count - 1)), here),
      Home: () => this.#go(whole ? Math.min(0, count - 1) : this.#index, 0),
      End: () => this.#go(whole ? count - 1 : this.#index, last),
      Enter: () => (head ? this.#grid.sort(column) : this.#grid.open(this.#index)),
      ' ': () => (head ? this.#grid.sort(column) : this.#grid.open(this.#index)),
      j: () => this.#step(1, here),
      k: () => this.#step(-1, here),
    };
    if (event.key === 'Escape' && this.#grid.close()) event.stopPropagation();
    else if (go[event.key]) {
      go[event.key]!();
      event.preventDefault();
    }
  }

  /** J and K go on to the next row, and do not leave the rows. */
  #step(by: 1 | -1, column: number): void {
    const next = this.#index + by;
    if (next >= 0 && next < this.#grid.count()) this.#go(next, column);
  }

  #go(index: number, column: number): void {
    this.#index = index;
    this.#row = index < 0 ? HEAD : this.#grid.keyAt(index);
    this.#column = this.#grid.columns()[Math.max(column, 0)]!.id;
    this.#inside = true;
    this.#moved = true;
    if (index >= 0) {
      this.#grid.reveal(index);
      this.#grid.moved(index);
    }
    this.#grid.repaint();
  }

  #cell(): HTMLElement | null {
    return this.#root().querySelector('[tabindex="0"][data-column]');
  }
}
