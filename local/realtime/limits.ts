/** What hosted Realtime allows; the numbers are those of its Free plan, the least that users get. */
export interface Limits {
  /** Sockets of the project that have joined something. */
  readonly connections: number;
  readonly joinsPerSecond: number;
  readonly channelsPerConnection: number;
  /** Messages to all clients together. */
  readonly messagesPerSecond: number;
  /** The JSON of one broadcast, in bytes. */
  readonly payloadBytes: number;
}

/** https://supabase.com/docs/guides/realtime/limits */
export const FREE_PLAN: Limits = {
  connections: 200,
  joinsPerSecond: 100,
  channelsPerConnection: 100,
  messagesPerSecond: 100,
  payloadBytes: 256 * 1024,
};

/** Counts what happens within each second. */
export class Rate {
  #second = 0;
  #count = 0;

  /** Counts one more; whether it is within the limit. */
  take(perSecond: number): boolean {
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count <= perSecond;
  }
}
