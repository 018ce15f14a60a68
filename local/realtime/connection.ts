import type { WebSocket } from 'ws';
import type { Claims } from '../keys.ts';
import { idOf, type Binding } from './bindings.ts';
import { Channel } from './channel.ts';
import { decodeClientBroadcast, decodeFrame, encodeBroadcast, encodeFrame, type Frame } from './frames.ts';
import { admit, authorize, claimsOf, isKey, messageOf, Refusal, type Authority, type Join } from './join.ts';
import type { Subscription } from './subscriptions.ts';

/** The server that a connection belongs to. */
export interface Server extends Authority {
  /** How long a refused join waits for its answer, ms; hosted waits 5 s, so that nobody hammers. */
  readonly joinErrorDelayMs: number;
  /** How long frames to this client are held back now, ms. */
  frameDelayMs(): number;
  /** Counts a join. @throws {Refusal} when there are too many of something. */
  countJoin(connection: Connection): void;
  /** Counts a message; false when there are too many of them. */
  countMessage(): boolean;
  /** What the bearer of the claims subscribes to with these bindings. @throws in hosted's words. */
  openChanges(bindings: readonly Binding[], claims: Claims): Promise<readonly Subscription[]>;
}

/** The code of the refusal that ends a connection. */
export const TOO_MANY_JOINS = 'ClientJoinRateLimitReached';

const SILENT_BROADCAST =
  'Unauthorized: Browsers cannot broadcast. There is no INSERT policy on realtime.messages; use realtime.send()';

/** One socket: joins, leaves, heartbeats and token pushes, as realtime-js speaks them. */
export class Connection {
  readonly channels = new Map<string, Channel>();
  readonly #socket: WebSocket;
  readonly #server: Server;
  /** Whom the handshake's key made of those who bring no token. */
  readonly #bearer: Claims;
  /** Frames are dealt with one after another: a leave must not overtake the join that it takes back. */
  #turn = Promise.resolve();
  #mute = false;
  #used = false;

  constructor(socket: WebSocket, bearer: Claims, server: Server) {
    this.#socket = socket;
    this.#bearer = bearer;
    this.#server = server;
    socket.on('message', (data: Buffer, binary) => {
      if (this.#mute) return;
      if (binary) this.#refuseBroadcast(decodeClientBroadcast(data));
      else this.#turn = this.#turn.then(() => this.#receive(data.toString()));
    });
    socket.on('close', () => {
      for (const channel of this.channels.values()) channel.close();
      this.channels.clear();
    });
  }

  /** Whether it has joined a topic: only then it counts as a connected user. */
  get used(): boolean {
    return this.#used;
  }

  /** Never says a word again, and listens to none: what a client sees of a connection that died on the way. */
  mute(): void {
    this.#mute = true;
  }

  /** Hands a broadcast to the client, if it listens. */
  broadcast(topic: string, event: string, meta: object, payload: unknown): void {
    const channel = this.channels.get(topic);
    if (!channel?.private || !this.#count(channel)) return;
    this.#transmit(encodeBroadcast(`realtime:${topic}`, event, meta, payload));
  }

  /** Hands a change of a table to one of the client's channels. */
  change(channel: Channel, ids: readonly number[], data: Record<string, unknown>): void {
    if (this.channels.get(channel.topic) !== channel || !this.#count(channel)) return;
    this.#say(channel, 'postgres_changes', { ids, data });
  }

  /** Closes a channel as hosted does: a `system` error that says why, then `phx_close`. */
  closeChannel(channel: Channel, message: string): void {
    if (this.channels.get(channel.topic) !== channel) return;
    this.#drop(channel);
    this.#say(channel, 'system', systemMessage(channel, 'system', 'error', message));
    this.#say(channel, 'phx_close', {});
  }

  async #receive(text: string): Promise<void> {
    const frame = decodeFrame(text);
    if (typeof frame === 'string') {
      this.#send({ joinRef: null, ref: null, topic: 'phoenix', event: 'phx_error', payload: { reason: frame } });
      return;
    }
    const channel = this.channels.get(frame.topic.replace(/^realtime:/, ''));
    switch (frame.event) {
      case 'heartbeat':
        this.#reply(frame, 'ok');
        return;
      case 'phx_join':
        return this.#join(frame);
      case 'phx_leave':
        if (channel) this.#drop(channel);
        this.#reply(frame, 'ok');
        this.#send({ ...frame, event: 'phx_close', payload: {} });
        return;
    }
    if (!channel) {
      this.#reply(frame, 'error', { reason: 'unmatched topic' });
      return;
    }
    switch (frame.event) {
      case 'access_token':
        return this.#renew(channel, frame.payload.access_token);
      case 'broadcast':
        this.#refuseBroadcast(frame);
        return;
      case 'presence':
        this.#reply(frame, 'error', { reason: 'Unsupported: The local Realtime server has no presence' });
        return;
      default:
        this.#reply(frame, 'error', { reason: `The local Realtime server has no event "${frame.event}".` });
    }
  }

  async #join(frame: Frame): Promise<void> {
    try {
      this.#server.countJoin(this);
      await this.#enter(await admit(frame, this.#server, this.#bearer), frame);
    } catch (error) {
      const reason = error instanceof Refusal ? error.message : `UnknownErrorOnChannel: ${messageOf(error)}`;
      const refuse = () => {
        this.#reply(frame, 'error', { reason });
        // As hosted: whoever joins too fast has to connect again.
        if (reason.startsWith(TOO_MANY_JOINS)) this.#socket.close();
      };
      setTimeout(refuse, this.#server.joinErrorDelayMs).unref();
    }
  }

  async #enter(join: Join, frame: Frame): Promise<void> {
    const before = this.channels.get(join.topic);
    if (before) this.closeChannel(before, 'Replaced by a newer join of the same topic');
    const channel = new Channel(join, frame.joinRef);
    const { bindings, claims } = channel;
    if (join.wait) {
      channel.subscriptions = await this.#server.openChanges(bindings, claims).catch((error: unknown) => {
        throw new Refusal('RealtimeDisabledForConfiguration', messageOf(error));
      });
    }
    // Nobody would close the channel of a socket that was lost meanwhile.
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#used = true;
    this.channels.set(join.topic, channel);
    channel.renew(claims, () => this.closeChannel(channel, 'Token has expired'));
    this.#reply(frame, 'ok', { postgres_changes: bindings.map((binding) => ({ ...binding, id: idOf(binding) })) });
    if (!bindings.length) return;
    // Not awaited: as on hosted, a channel is joined before its changes of tables begin.
    if (!join.wait) void this.#open(channel);
    else this.#say(channel, 'system', systemMessage(channel, 'postgres_changes', 'ok', 'Subscribed to PostgreSQL'));
  }

  async #open(channel: Channel): Promise<void> {
    const { bindings, claims } = channel;
    const subscriptions = await this.#server.openChanges(bindings, claims).catch(messageOf);
    // Left, or gone on with another token, which opens anew.
    if (this.channels.get(channel.topic) !== channel || channel.claims !== claims) return;
    const refused = typeof subscriptions === 'string';
    channel.subscriptions = refused ? [] : subscriptions;
    const [status, message] = refused
      ? (['error', subscriptions] as const)
      : (['ok', 'Subscribed to PostgreSQL'] as const);
    this.#say(channel, 'system', systemMessage(channel, 'postgres_changes', status, message));
  }

  /** Checks a pushed token and asks again whether its bearer may listen. As hosted, a key in its place is passed over. */
  async #renew(channel: Channel, token: unknown): Promise<void> {
    if (token === undefined || token === null || isKey(token)) return;
    try {
      const claims = await claimsOf(token, this.#server);
      if (channel.private) await authorize(claims, channel.topic, this.#server);
      channel.renew(claims, () => this.closeChannel(channel, 'Token has expired'));
      if (channel.bindings.length) void this.#open(channel);
    } catch (error) {
      this.closeChannel(channel, error instanceof Refusal ? error.reason : messageOf(error));
    }
  }

  /** Hosted is silent to a broadcast that row-level security refuses; whoever develops here is told. */
  #refuseBroadcast(frame: Frame | undefined): void {
    if (frame) this.#reply(frame, 'error', { reason: SILENT_BROADCAST });
  }

  #count(channel: Channel): boolean {
    if (this.#server.countMessage()) return true;
    this.closeChannel(channel, 'Too many messages per second');
    return false;
  }

  #drop(channel: Channel): void {
    channel.close();
    this.channels.delete(channel.topic);
  }

  #reply(frame: Frame, status: 'ok' | 'error', response: Record<string, unknown> = {}): void {
    this.#send({ ...frame, event: 'phx_reply', payload: { status, response } });
  }

  #say({ topic, joinRef }: Channel, event: string, payload: Record<string, unknown>): void {
    this.#send({ joinRef, ref: null, topic: `realtime:${topic}`, event, payload });
  }

  #send(frame: Frame): void {
    this.#transmit(encodeFrame(frame));
  }

  #transmit(data: string | Buffer): void {
    const delay = this.#server.frameDelayMs();
    if (delay) setTimeout(() => this.#write(data), delay).unref();
    else this.#write(data);
  }

  #write(data: string | Buffer): void {
    if (!this.#mute && this.#socket.readyState === this.#socket.OPEN) this.#socket.send(data);
  }
}

const systemMessage = (channel: Channel, extension: string, status: 'ok' | 'error', message: string) => ({
  extension,
  status,
  message,
  channel: channel.topic,
});
