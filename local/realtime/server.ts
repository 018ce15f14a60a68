import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Database } from '../database.ts';
import type { Faults } from '../faults.ts';
import { claimsOfKey, type Claims, type Keys, type Tokens } from '../keys.ts';
import { canReceive } from './authorization.ts';
import { ChangeFeed, type Subscriber } from './changes.ts';
import type { Channel } from './channel.ts';
import { Connection, TOO_MANY_JOINS, type Server } from './connection.ts';
import { claimsOf, Refusal } from './join.ts';
import { Rate, type Limits } from './limits.ts';

/** Hosted's largest frame. */
const MAX_FRAME_BYTES = 5 * 2 ** 20;

export interface RealtimeOptions {
  readonly database: Database;
  readonly keys: Keys;
  readonly tokens: Tokens;
  readonly faults: Faults;
  readonly limits: Limits;
  readonly joinErrorDelayMs: number;
}

interface BroadcastRow {
  readonly id: string;
  readonly topic: string;
  readonly event: string;
  readonly payload: unknown;
}

/** The local Realtime server: private Broadcast from the database and changes of tables, for an unmodified realtime-js. */
export class RealtimeServer {
  readonly #options: RealtimeOptions;
  readonly #server: Server;
  readonly #changes: ChangeFeed;
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES });
  readonly #connections = new Set<Connection>();
  readonly #joins = new Rate();
  readonly #messages = new Rate();
  #announced: string[] = [];

  constructor(options: RealtimeOptions) {
    this.#options = options;
    const { database, tokens, faults, limits, joinErrorDelayMs } = options;
    this.#changes = new ChangeFeed(database, () => this.#subscribers());
    this.#server = {
      verify: (token) => tokens.verify(token),
      canReceive: (claims, topic) => canReceive(database, claims, topic),
      joinErrorDelayMs,
      frameDelayMs: () => Math.random() * faults.state.frameDelayMs,
      countJoin: (connection) => this.#countJoin(connection),
      countMessage: () => !faults.state.rateLimited && this.#messages.take(limits.messagesPerSecond),
      openChanges: async (bindings, claims) => {
        const { subscribeDelayMs } = faults.state;
        if (subscribeDelayMs) await new Promise((resolve) => setTimeout(resolve, subscribeDelayMs));
        return this.#changes.open(bindings, claims);
      },
    };
  }

  /** How many sockets are open. */
  get size(): number {
    return this.#connections.size;
  }

  /** How many sockets listen to each topic. */
  listeners(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const [, { topic }] of this.#channels()) counts[topic] = (counts[topic] ?? 0) + 1;
    return counts;
  }

  async start(): Promise<void> {
    const { database } = this.#options;
    await database.exec(`delete from realtime.messages where inserted_at < now() - interval '3 days'`);
    await this.#changes.start();
    await database.listen('livelit_broadcast', (id) => {
      this.#announced.push(id);
      if (this.#announced.length === 1) queueMicrotask(() => void this.#fanOut().catch(dropped));
    });
  }

  /** Takes over an HTTP upgrade, or refuses it with the status that hosted answers. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const { faults } = this.#options;
    // A client that breaks off here would otherwise end the process.
    socket.on('error', () => socket.destroy());
    const version = searchParams.get('vsn') ?? '1.0.0';
    if (faults.state.refuseSockets) {
      refuse(socket, '503 Service Unavailable', 'Sockets are refused.');
      return;
    }
    if (version !== '2.0.0') {
      refuse(socket, '400 Bad Request', `The local Realtime server speaks protocol 2.0.0, not ${version}.`);
      return;
    }
    const bearer = await this.#bearerOf(searchParams.get('apikey') ?? request.headers['x-api-key']);
    if (!bearer) {
      refuse(socket, '401 Unauthorized', 'The key is missing, unknown or expired.');
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (client) => {
      const connection = new Connection(client, bearer, this.#server);
      if (faults.state.halfOpen) connection.mute();
      this.#connections.add(connection);
      client.on('close', () => this.#connections.delete(connection));
      // A broken frame closes its own socket; without a listener it would end the process.
      client.on('error', () => client.terminate());
    });
  }

  /** Hands a broadcast to whoever listens to its topic. */
  broadcast(topic: string, event: string, meta: object, payload: unknown): void {
    try {
      const size = Buffer.byteLength(JSON.stringify(payload));
      if (size > this.#options.limits.payloadBytes) throw new RangeError(`payload_size_exceeded: ${size} bytes`);
      for (const connection of this.#connections) connection.broadcast(topic, event, meta, payload);
    } catch (error) {
      dropped(error);
    }
  }

  /** Cuts every socket, as a network would. */
  dropSockets(): void {
    for (const client of this.#sockets.clients) client.terminate();
  }

  /** Makes every socket that is open now fall silent for good. */
  muteSockets(): void {
    for (const connection of this.#connections) connection.mute();
  }

  /** Closes a topic for everybody who listens: a `system` error, then `phx_close`. */
  closeTopic(topic: string): void {
    for (const [connection, channel] of this.#channels()) {
      if (channel.topic === topic) connection.closeChannel(channel, 'Server requested disconnect');
    }
  }

  /** Closes the channels whose tokens count as expired by now. */
  closeExpired(): void {
    for (const [connection, channel] of this.#channels()) {
      if (this.#options.tokens.expired(channel.claims)) connection.closeChannel(channel, 'Token has expired');
    }
  }

  close(): void {
    this.dropSockets();
    this.#sockets.close();
  }

  *#channels(): Iterable<[Connection, Channel]> {
    for (const connection of this.#connections) {
      for (const channel of [...connection.channels.values()]) yield [connection, channel];
    }
  }

  *#subscribers(): Iterable<Subscriber> {
    for (const [connection, channel] of this.#channels()) {
      const { claims, subscriptions } = channel;
      if (subscriptions.length) {
        yield { claims, subscriptions, change: (ids, data) => connection.change(channel, ids, data) };
      }
    }
  }

  #countJoin(connection: Connection): void {
    const { faults, limits } = this.#options;
    const others = [...this.#connections].filter(({ used }) => used).length;
    if (!connection.used && others >= limits.connections) {
      throw new Refusal('ConnectionRateLimitReached', 'Too many connected users');
    }
    if (faults.state.rateLimited || !this.#joins.take(limits.joinsPerSecond)) {
      throw new Refusal(TOO_MANY_JOINS, 'Too many joins per second');
    }
    if (connection.channels.size >= limits.channelsPerConnection) {
      throw new Refusal('ChannelRateLimitReached', 'Too many channels');
    }
  }

  /** Whom a key makes of those who bring no token; undefined when it opens nothing. */
  async #bearerOf(key: unknown): Promise<Claims | undefined> {
    const { keys } = this.#options;
    if (typeof key !== 'string') return undefined;
    return claimsOfKey(key, keys) ?? claimsOf(key, this.#server).catch(() => undefined);
  }

  /** Reads what was announced since the last turn, in commit order, and hands it to whoever listens. */
  async #fanOut(): Promise<void> {
    const ids = this.#announced;
    this.#announced = [];
    const rows = await this.#options.database.query<BroadcastRow>(
      'select id, topic, event, payload from realtime.messages where private and id = any($1::uuid[])',
      [ids],
    );
    const byId = new Map(rows.map((row) => [row.id, row]));
    for (const id of ids) {
      const row = byId.get(id);
      if (row) this.broadcast(row.topic, row.event, { id }, row.payload);
    }
  }
}

function refuse(socket: Duplex, status: string, message: string): void {
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain\r\n` +
      `Content-Length: ${Buffer.byteLength(message)}\r\n\r\n${message}`,
  );
}

const dropped = (error: unknown) => console.error(`The local Realtime server dropped a broadcast: ${String(error)}`);
