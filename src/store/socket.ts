import { RealtimeClient } from '@supabase/realtime-js';
import type { Timings } from './timings.ts';

/** How many heartbeats the latency is the median of. */
const BEATS = 5;

/** Longer than any page lives: what realtime-js would do by itself, it is kept from doing. */
const NEVER_MS = 2 ** 31 - 1;

export interface SocketOptions {
  /** The project's address. */
  readonly url: string;
  /** Its publishable key. */
  readonly key: string;
  readonly timings: Timings;
  /** A heartbeat was answered. */
  beaten(): void;
  /** The socket is of no use any more; called once. */
  died(reason: string): void;
}

/**
 * One Realtime connection, from its opening to its death; the next one is a new object. realtime-js reconnects by
 * itself, but with the token of before, together with everybody else, and leaving a set of listeners behind each time.
 */
export class Socket {
  readonly realtime: RealtimeClient;
  readonly #options: SocketOptions;
  readonly #latencies: number[] = [];
  #patience: ReturnType<typeof setTimeout> | undefined;
  #dead = false;

  constructor(options: SocketOptions) {
    this.#options = options;
    const { url, key, timings } = options;
    this.realtime = new RealtimeClient(`${url.replace(/^http/, 'ws')}/realtime/v1`, {
      params: { apikey: key },
      heartbeatIntervalMs: timings.heartbeatMs,
      heartbeatCallback: (status, latency) => this.#heartbeat(status, latency),
      reconnectAfterMs: () => NEVER_MS,
      disconnectOnEmptyChannelsAfterMs: NEVER_MS,
    });
  }

  get dead(): boolean {
    return this.#dead;
  }

  get connected(): boolean {
    return this.realtime.isConnected();
  }

  get latencyMs(): number | undefined {
    return this.#latencies.toSorted((a, b) => a - b)[this.#latencies.length >> 1];
  }

  /** Asks the server for a sign of life; without one within the time the socket dies. */
  ping(patienceMs: number): void {
    if (this.#dead || !this.connected) return;
    this.#expectAnswer(patienceMs);
    void this.realtime.sendHeartbeat();
  }

  /** Ends the connection because of something that was seen outside. */
  kill(reason: string): void {
    if (this.#dead) return;
    this.close();
    this.#options.died(reason);
  }

  close(): void {
    this.#dead = true;
    clearTimeout(this.#patience);
    const channels = [...this.realtime.getChannels()];
    void this.realtime.disconnect();
    for (const channel of channels) channel.teardown();
  }

  #heartbeat(status: string, latency: number | undefined): void {
    if (this.#dead) return;
    if (status === 'sent') this.#expectAnswer(this.#options.timings.heartbeatPatienceMs);
    else if (status === 'ok') {
      clearTimeout(this.#patience);
      this.#patience = undefined;
      if (latency !== undefined)
        this.#latencies.splice(0, this.#latencies.length, ...this.#latencies.slice(1 - BEATS), latency);
      this.#options.beaten();
    } else this.kill('The server does not answer.');
  }

  /** A shorter patience replaces a longer one, never the other way round. */
  #expectAnswer(patienceMs: number): void {
    if (this.#patience !== undefined && patienceMs >= this.#options.timings.heartbeatPatienceMs) return;
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => this.kill('The server does not answer.'), patienceMs);
  }
}
