import type { ReactiveController, ReactiveElement } from 'lit';
import { memoize } from './memoize.ts';
import { columnsOf, parseLayout, type Column, type Layout } from './usage-logs-table.columns.ts';
import type { LogsBy } from './usage-logs-table.view.ts';

type Keeper = Pick<typeof import('../services/usage-logs.ts'), 'keepLayout' | 'readLayout' | 'watchLayouts'>;

/** What a reader has made of the columns of each view: the same in all tables of a project and in all tabs. */
export class ColumnLayouts implements ReactiveController {
  readonly #host: ReactiveElement;
  readonly #keeper: () => Keeper | undefined;
  readonly #columnsOf = memoize(columnsOf);
  #layouts: Partial<Record<LogsBy, Layout>> = {};
  #unwatch: (() => void) | undefined;

  /** @param keeper - Undefined as long as it is not loaded; until then columns are as they are by themselves. */
  constructor(host: ReactiveElement, keeper: () => Keeper | undefined) {
    this.#host = host;
    this.#keeper = keeper;
    host.addController(this);
  }

  hostUpdate(): void {
    const keeper = this.#keeper();
    if (!keeper || this.#unwatch || !this.#host.isConnected) return;
    this.#layouts = {};
    this.#unwatch = keeper.watchLayouts(() => {
      this.#layouts = {};
      this.#host.requestUpdate();
    });
  }

  hostDisconnected(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  of(by: LogsBy): Layout {
    return (this.#layouts[by] ??= parseLayout(by, this.#keeper()?.readLayout(by)));
  }

  /** Those that are seen, in their order. */
  columns(by: LogsBy): readonly Column[] {
    return this.#columnsOf(by, this.of(by));
  }

  /** Keeps another layout, or, for undefined, the one that the columns have by themselves. */
  change(by: LogsBy, change: (layout: Layout) => Layout | undefined): void {
    const layout = change(this.of(by));
    this.#layouts[by] = layout ?? parseLayout(by, undefined);
    this.#keeper()?.keepLayout(by, layout && JSON.stringify(layout));
    this.#host.requestUpdate();
  }
}
