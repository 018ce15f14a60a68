import { placeOf } from '../services/usage-logs-merge.ts';
import type { LogEntry } from '../services/usage-logs-view.ts';

type Order = (a: LogEntry, b: LogEntry) => number;

/** Keeps what is new out of a table while somebody reads it: nothing moves, and what waits is counted. */
export class Tail {
  /** The first row that is shown; what stands before it waits. */
  #top: LogEntry | undefined;
  #last: { readonly rows: readonly LogEntry[]; readonly held: number; readonly shown: readonly LogEntry[] } | undefined;

  /**
   * The rows to show, and how many wait.
   *
   * @param reading - Somebody reads: what is new has to wait.
   */
  hold(
    rows: readonly LogEntry[],
    reading: boolean,
    order: Order,
  ): { readonly shown: readonly LogEntry[]; readonly held: number } {
    this.#top = reading ? (this.#top ?? this.#last?.shown[0]) : undefined;
    const held = this.#top ? placeOf(rows, this.#top, order) : 0;
    // The same array as long as it says the same: a table knows by it that nothing has changed.
    if (this.#last?.rows !== rows || this.#last.held !== held) {
      this.#last = { rows, held, shown: held ? rows.slice(held) : rows };
    }
    return this.#last;
  }

  /** Another log, or what waits is wanted now. */
  release(): void {
    this.#top = undefined;
    this.#last = undefined;
  }
}
