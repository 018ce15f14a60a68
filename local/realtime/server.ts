import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Database } from '../database.ts';
import { verifyToken, type Keys } from '../keys.ts';
import { canReceive } from './authorization.ts';
import { Connection, type Authority } from './connection.ts';

/** Hosted's largest frame. */
const MAX_FRAME_BYTES = 5 * 2 ** 20;

interface BroadcastRow {
  id: string;
  topic: string;
  event: string;
  payload: unknown;
}

/** The local Realtime server: private Broadcast from the database, for an unmodified realtime-js. */
export class RealtimeServer {
  readonly #database: Database;
  readonly #keys: Keys;
  readonly #authority: Authority;
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES });
  readonly #connections = new Set<Connection>();
  #announced: string[] = [];

  constructor(database: Database, keys: Keys, joinErrorDelayMs: number) {
    this.#database = database;
    this.#keys = keys;
    this.#authority = {
      verify: (token) => verifyToken(token, keys.jwtSecret),
      canReceive: (claims, topic) => canReceive(database, claims, topic),
      joinErrorDelayMs,
    };
  }

  /** How many sockets are open. */
  get size(): number {
    return this.#connections.size;
  }

  async start(): Promise<void> {
    await this.#database.exec(`delete from realtime.messages where inserted_at < now() - interval '3 days'`);
    await this.#database.listen('livelit_broadcast', (id) => {
      this.#announced.push(id);
      if (this.#announced.length === 1) queueMicrotask(() => void this.#fanOut().catch(dropped));
    });
  }

  /** Takes over an HTTP upgrade, or refuses it with 401 as hosted does. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { searchParams } = new URL(request.url ?? '/', 'http://localhost');
    // A client that breaks off here would otherwise end the process.
    socket.on('error', () => socket.destroy());
    if (!(await this.#knows(searchParams.get('apikey') ?? request.headers['x-api-key']))) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (client) => {
      const connection = new Connection(client, this.#authority);
      this.#connections.add(connection);
      client.on('close', () => this.#connections.delete(connection));
      // A broken frame closes its own socket; without a listener it would end the process.
      client.on('error', () => client.terminate());
    });
  }

  /** Cuts every socket, as a network would. */
  dropSockets(): void {
    for (const client of this.#sockets.clients) client.terminate();
  }

  /** Closes a topic for everybody who listens to it, as hosted does: a `system` error, then `phx_close`. */
  closeTopic(topic: string, message: string): void {
    for (const connection of this.#connections) {
      const channel = connection.channels.get(topic);
      if (channel) connection.closeChannel(channel, message);
    }
  }

  close(): void {
    this.dropSockets();
    this.#sockets.close();
  }

  async #knows(key: unknown): Promise<boolean> {
    if (typeof key !== 'string') return false;
    if (key === this.#keys.publishable || key === this.#keys.secret) return true;
    return verifyToken(key, this.#keys.jwtSecret).then(
      () => true,
      () => false,
    );
  }

  /** Reads what was announced since the last turn, in commit order, and hands it to whoever listens. */
  async #fanOut(): Promise<void> {
    const ids = this.#announced;
    this.#announced = [];
    const rows = await this.#database.query<BroadcastRow>(
      'select id, topic, event, payload from realtime.messages where private and id = any($1::uuid[])',
      [ids],
    );
    const byId = new Map(rows.map((row) => [row.id, row]));
    for (const id of ids) {
      const row = byId.get(id);
      if (!row) continue;
      try {
        for (const connection of this.#connections) connection.broadcast(row.topic, row.event, row.id, row.payload);
      } catch (error) {
        dropped(error);
      }
    }
  }
}

const dropped = (error: unknown) => console.error(`The local Realtime server dropped a broadcast: ${String(error)}`);
