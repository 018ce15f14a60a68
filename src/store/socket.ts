import { RealtimeClient } from '@supabase/realtime-js';
import type { Timings } from './timings.ts';

/** How many heartbeats the latency is the median of. */
const BEATS = 5;

/** Longer than any page lives: what realtime-js would do by itself, it is kept from doing. */
const NEVER_MS = 2 ** 31 - 1;

/**
 * Clients whose connection has ended, by project. Each client that is made listens to the page for good, so one that is
 * free is used again; one that is still hanging up is not waited for.
 */
const spares = new Map<string, RealtimeClient[]>();

function clientFor({ url, key }: SocketOptions): RealtimeClient {
  const spare = spares.get(url + key)?.pop();
  if (!spare) {
    return new RealtimeClient(`${url.replace(/^http/, 'ws')}/realtime/v1`, {
      params: { apikey: key },
      heartbeatIntervalMs: NEVER_MS,
      reconnectAfterMs: () => NEVER_MS,
      disconnectOnEmptyChannelsAfterMs: NEVER_MS,
    });
  }
  // `connect()` adds its listeners each time, and never takes them away.
  for (const listeners of Object.values(spare.stateChangeCallbacks)) listeners.length = 0;
  return spare;
}

async function release(client: RealtimeClient, project: string): Promise<void> {
  // Then `disconnect()` does nothing, and the client would think for good that it has a connection.
  const closing = client.isDisconnecting();
  const hungUp = client.disconnect();
  for (const channel of client.getChannels()) channel.teardown();
  // Asked for the same topic, it would hand out a channel that has ended.
  client.channels = [];
  if ((await hungUp) !== 'ok' || closing) return;
  // The next user must not join with this one's token.
  client.accessTokenValue = null;
  spares.set(project, [...(spares.get(project) ?? []), client]);
}

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
 * One Realtime connection, from its opening to its death; the next one is a new object. realtime-js would reconnect by
 * itself, but with the token of before, and together with everybody else.
 */
export class Socket {
  readonly realtime: RealtimeClient;
  readonly #options: SocketOptions;
  readonly #latencies: number[] = [];
  readonly #beat: ReturnType<typeof setInterval>;
  #patience: ReturnType<typeof setTimeout> | undefined;
  #used = false;
  #dead = false;

  constructor(options: SocketOptions) {
    this.#options = options;
    this.realtime = clientFor(options);
    this.realtime.onHeartbeat((status, latency) => this.#heartbeat(status, latency));
    const { heartbeatMs, heartbeatPatienceMs } = options.timings;
    this.#beat = setInterval(() => this.ping(heartbeatPatienceMs), heartbeatMs);
  }

  get dead(): boolean {
    return this.#dead;
  }

  get connected(): boolean {
    return this.realtime.isConnected();
  }

  /** It had a connection and has none: realtime-js tells that to channels only, and there may have been none. */
  get lost(): boolean {
    return this.#used && !this.connected && !this.realtime.isConnecting();
  }

  /** The client, to join a topic on; the first one makes it connect. */
  use(): RealtimeClient {
    this.#used = true;
    return this.realtime;
  }

  get latencyMs(): number | undefined {
    return this.#latencies.toSorted((a, b) => a - b)[this.#latencies.length >> 1];
  }

  /** Asks the server for a sign of life; without one within the time the socket dies. */
  ping(patienceMs: number): void {
    if (this.#dead || !this.connected) return;
    this.#expectAnswer(patienceMs);
    // Asked again before it has answered, realtime-js takes the server for dead. That is also why the questions at
    // intervals are not left to it: one of them would meet one that somebody's return has made us ask.
    if (!this.realtime.pendingHeartbeatRef) void this.realtime.sendHeartbeat();
  }

  /** Ends the connection because of something that was seen outside. */
  kill(reason: string): void {
    if (this.#dead) return;
    this.close();
    this.#options.died(reason);
  }

  close(): void {
    if (this.#dead) return;
    this.#dead = true;
    clearInterval(this.#beat);
    clearTimeout(this.#patience);
    this.realtime.onHeartbeat(() => {});
    void release(this.realtime, this.#options.url + this.#options.key);
  }

  #heartbeat(status: string, latency: number | undefined): void {
    if (this.#dead || status === 'sent') return;
    if (status === 'ok') {
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
