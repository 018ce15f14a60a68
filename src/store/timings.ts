/** Every interval of the kernel, ms. A page may set any of them through `connect({ timings })`; tests do. */
export interface Timings {
  /** Signals within this time after a fetch become one more fetch. */
  readonly debounceMs: number;
  /** … which happens at the latest this long after the first of them. */
  readonly maxWaitMs: number;
  /** How long a query lives on without a reader: moving an element, a router or StrictMode then cost nothing. */
  readonly lingerMs: number;
  /** The first retry waits up to this long, each further one up to twice as long. */
  readonly retryBaseMs: number;
  /** … but never longer than this. */
  readonly retryCapMs: number;
  /** How long a first fetch waits for its topics: data without a socket beats no data. */
  readonly joinPatienceMs: number;
  /** How long a page may take to call `connect()` before its elements show samples. */
  readonly connectPatienceMs: number;
}

export const TIMINGS: Timings = {
  debounceMs: 500,
  maxWaitMs: 2_000,
  lingerMs: 5_000,
  retryBaseMs: 1_000,
  retryCapMs: 30_000,
  joinPatienceMs: 1_500,
  connectPatienceMs: 1_000,
};
