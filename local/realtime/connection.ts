import type { WebSocket } from 'ws';
import type { Claims } from '../keys.ts';
import { Channel } from './channel.ts';
import { decodeFrame, encodeBroadcast, encodeFrame, type Frame } from './frames.ts';

/** What a connection asks of the server it belongs to. */
export interface Authority {
  /** @throws when the token is malformed, forged or expired. */
  verify(token: string): Promise<Claims>;
  canReceive(claims: Claims, topic: string): Promise<boolean>;
  /** How long a refused join waits for its answer, ms; hosted waits 5 s, so that nobody hammers. */
  readonly joinErrorDelayMs: number;
}

/** Whoever has only the publishable key. */
const ANONYMOUS: Claims = { role: 'anon' };

/** One socket: joins, leaves, heartbeats and token pushes, as realtime-js speaks them. */
export class Connection {
  readonly channels = new Map<string, Channel>();
  readonly #socket: WebSocket;
  readonly #authority: Authority;
  /** Frames are dealt with one after another: a leave must not overtake the join that it takes back. */
  #turn = Promise.resolve();

  constructor(socket: WebSocket, authority: Authority) {
    this.#socket = socket;
    this.#authority = authority;
    socket.on('message', (data: Buffer, binary) => {
      // The only binary frame of a client is a broadcast. There is no INSERT policy for it on `realtime.messages`, and
      // hosted says nothing to a broadcast that row-level security refuses.
      if (!binary) this.#turn = this.#turn.then(() => this.#receive(data.toString()));
    });
    socket.on('close', () => {
      for (const channel of this.channels.values()) channel.close();
      this.channels.clear();
    });
  }

  /** Hands a database broadcast to the client, if it listens. */
  broadcast(topic: string, event: string, id: string, payload: unknown): void {
    if (!this.channels.has(topic)) return;
    this.#socket.send(encodeBroadcast(`realtime:${topic}`, event, { id }, payload));
  }

  /** Closes a channel as hosted does: a `system` error that says why, then `phx_close`. */
  closeChannel(channel: Channel, message: string): void {
    if (this.channels.get(channel.topic) !== channel) return;
    this.#drop(channel);
    const at = { joinRef: channel.joinRef, ref: null, topic: `realtime:${channel.topic}` };
    const payload = { extension: 'system', status: 'error', message, channel: channel.topic };
    this.#send({ ...at, event: 'system', payload });
    this.#send({ ...at, event: 'phx_close', payload: {} });
  }

  async #receive(text: string): Promise<void> {
    const frame = decodeFrame(text);
    if (typeof frame === 'string') {
      this.#send({ joinRef: null, ref: null, topic: 'phoenix', event: 'phx_error', payload: { reason: frame } });
      return;
    }
    const channel = this.channels.get(frame.topic.replace(/^realtime:/, ''));
    switch (frame.event) {
      case 'heartbeat': {
        this.#reply(frame, 'ok');
        return;
      }
      case 'phx_join':
        return this.#join(frame);
      case 'phx_leave':
        if (channel) this.#drop(channel);
        this.#reply(frame, 'ok');
        {
          this.#send({ ...frame, event: 'phx_close', payload: {} });
          return;
        }
      case 'access_token':
        if (channel) await this.#renew(channel, frame.payload.access_token);
        return;
      default: {
        this.#reply(frame, 'error', { reason: `The local Realtime server has no event "${frame.event}".` });
        return;
      }
    }
  }

  async #join(frame: Frame): Promise<void> {
    const refusal = await this.#admit(frame);
    if (refusal === undefined) {
      this.#reply(frame, 'ok', { postgres_changes: [] });
      return;
    }
    setTimeout(() => this.#reply(frame, 'error', { reason: refusal }), this.#authority.joinErrorDelayMs).unref();
  }

  /** Lets the socket into a topic, or says why not in hosted's words. */
  async #admit(frame: Frame): Promise<string | undefined> {
    const config = (frame.payload.config ?? {}) as { private?: boolean; postgres_changes?: unknown[] };
    if (!frame.topic.startsWith('realtime:')) return 'UnmatchedTopic: A topic starts with "realtime:".';
    const topic = frame.topic.slice('realtime:'.length);
    if (!config.private) return 'PrivateOnly: This project only allows private channels';
    if (config.postgres_changes?.length) return 'Unsupported: The local Realtime server has no postgres_changes yet';
    const claims = await this.#claims(frame.payload.access_token);
    if (typeof claims === 'string') return claims;
    const refusal = await this.#refusal(claims, topic);
    if (refusal !== undefined) return refusal;
    const before = this.channels.get(topic);
    if (before) this.closeChannel(before, 'Replaced by a newer join of the same topic');
    const channel = new Channel(topic, frame.joinRef);
    this.channels.set(topic, channel);
    channel.expireWith(claims, () => this.closeChannel(channel, 'Token has expired'));
    return undefined;
  }

  /** Checks a pushed token and asks again whether its bearer may listen. */
  async #renew(channel: Channel, token: unknown): Promise<void> {
    const claims = await this.#claims(token);
    if (typeof claims === 'string') {
      this.closeChannel(channel, claims);
      return;
    }
    const refusal = await this.#refusal(claims, channel.topic);
    if (refusal !== undefined) {
      this.closeChannel(channel, refusal);
      return;
    }
    channel.expireWith(claims, () => this.closeChannel(channel, 'Token has expired'));
  }

  /** Why the bearer may not listen, in hosted's words; undefined when they may. */
  async #refusal(claims: Claims, topic: string): Promise<string | undefined> {
    try {
      if (await this.#authority.canReceive(claims, topic)) return undefined;
      return `Unauthorized: You do not have permissions to read from this Channel topic: ${topic}`;
    } catch (error) {
      return `RlsPolicyError: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  async #claims(token: unknown): Promise<Claims | string> {
    // Keys are not tokens: hosted ignores them here and falls back to what the handshake proved.
    if (typeof token !== 'string' || token.startsWith('sb_')) return ANONYMOUS;
    try {
      return await this.#authority.verify(token);
    } catch (error) {
      return `InvalidJWTToken: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  #drop(channel: Channel): void {
    channel.close();
    this.channels.delete(channel.topic);
  }

  #reply(frame: Frame, status: 'ok' | 'error', response: Record<string, unknown> = {}): void {
    this.#send({ ...frame, event: 'phx_reply', payload: { status, response } });
  }

  #send(frame: Frame): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(encodeFrame(frame));
  }
}
