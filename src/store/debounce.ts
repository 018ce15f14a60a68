/**
 * Runs work for signals that may come in bursts: the first after a quiet spell at once, all further ones within the
 * window as one run when they pause, and at the latest `maxWaitMs` after the first of them.
 */
export class Debounce {
  readonly #work: () => void;
  readonly #windowMs: number;
  readonly #maxWaitMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the oldest signal came that no run has covered yet. */
  #since: number | undefined;

  constructor(work: () => void, windowMs: number, maxWaitMs: number) {
    this.#work = work;
    this.#windowMs = windowMs;
    this.#maxWaitMs = maxWaitMs;
  }

  signal(): void {
    if (this.#timer === undefined) return this.#run();
    const now = performance.now();
    this.#since ??= now;
    this.#arm(Math.max(0, Math.min(this.#windowMs, this.#since + this.#maxWaitMs - now)));
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#since = undefined;
  }

  #run(): void {
    this.#since = undefined;
    this.#arm(this.#windowMs);
    this.#work();
  }

  #arm(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#since !== undefined) this.#run();
    }, ms);
  }
}
