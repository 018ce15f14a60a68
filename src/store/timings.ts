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
  /** How often an open socket is asked whether it lives; hosted closes silent ones after about 60 s. */
  readonly heartbeatMs: number;
  /** How long the answer may take before the socket counts as dead. */
  readonly heartbeatPatienceMs: number;
  /** … when the page has just come back and somebody is looking. */
  readonly wakePatienceMs: number;
  /** How often queries look by themselves while their topics are not joined, give or take a quarter. */
  readonly pollMs: number;
  /** How long a page is hidden before it lets go of its socket. */
  readonly suspendAfterMs: number;
  /** How often the tab that holds the socket says so to the others. */
  readonly leaderBeatMs: number;
  /** How long it may be silent before another tab takes over; also the longest wait for any lock. */
  readonly leaderSilenceMs: number;
  /** How long it may be hidden before a visible tab takes over: browsers slow hidden ones down. */
  readonly leaderHiddenMs: number;
}

export const TIMINGS: Timings = {
  debounceMs: 500,
  maxWaitMs: 2_000,
  lingerMs: 5_000,
  retryBaseMs: 1_000,
  retryCapMs: 30_000,
  joinPatienceMs: 1_500,
  connectPatienceMs: 1_000,
  heartbeatMs: 25_000,
  heartbeatPatienceMs: 10_000,
  wakePatienceMs: 2_000,
  pollMs: 30_000,
  suspendAfterMs: 300_000,
  leaderBeatMs: 2_000,
  leaderSilenceMs: 6_000,
  leaderHiddenMs: 30_000,
};
