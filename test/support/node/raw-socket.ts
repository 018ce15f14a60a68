import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { LocalBackend } from '../../../local/backend.ts';
import { until } from './until.ts';

/** A text frame of protocol 2.0.0. */
export type Frame = [
  joinRef: string | null,
  ref: string | null,
  topic: string,
  event: string,
  payload: { status?: string; response?: { reason?: string; postgres_changes?: unknown[] }; reason?: string },
];

/** A socket without a library, which may say what no library would. */
export class RawSocket {
  readonly frames: Frame[] = [];
  readonly binary: Buffer[] = [];
  readonly #socket: WebSocket;
  #refs = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer, binary) => {
      if (binary) this.binary.push(data);
      else this.frames.push(JSON.parse(data.toString()) as Frame);
    });
    socket.on('error', () => undefined);
  }

  static async open(backend: LocalBackend, key = backend.keys.publishable): Promise<RawSocket> {
    const socket = new WebSocket(addressOf(backend, key));
    const raw = new RawSocket(socket);
    await once(socket, 'open');
    return raw;
  }

  send(data: string | Buffer): void {
    this.#socket.send(data);
  }

  /** Sends a frame, and answers its reference at once. */
  say(topic: string, event: string, payload: unknown = {}): string {
    const ref = String((this.#refs += 1));
    this.send(JSON.stringify([ref, ref, topic, event, payload]));
    return ref;
  }

  /** Sends a frame and waits for its reply. */
  async ask(topic: string, event: string, payload: unknown = {}): Promise<Frame[4]> {
    return (await this.replyTo(this.say(topic, event, payload)))[4];
  }

  replyTo(ref: string): Promise<Frame> {
    return until(() => this.frames.find((frame) => frame[1] === ref && frame[3] === 'phx_reply'));
  }

  join(topic: string, access_token: string): Promise<Frame[4]> {
    return this.ask(`realtime:${topic}`, 'phx_join', { access_token, config: { private: true } });
  }

  /** Whether the server still answers on this socket. */
  async alive(): Promise<boolean> {
    return (await this.ask('phoenix', 'heartbeat')).status === 'ok';
  }

  closed(): Promise<boolean> {
    return until(() => this.#socket.readyState === WebSocket.CLOSED);
  }

  close(): void {
    this.#socket.terminate();
  }
}

export const addressOf = ({ url }: LocalBackend, key: string): string =>
  `${url.replace('http', 'ws')}/realtime/v1/websocket?apikey=${key}&vsn=2.0.0`;

/** The HTTP status with which a handshake is answered: 101 when it is accepted. */
export function handshake(address: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve) => {
    const socket = new WebSocket(address, { headers });
    const end = (status: number) => {
      resolve(status);
      socket.terminate();
    };
    socket.on('open', () => end(101));
    socket.on('unexpected-response', (_, response) => end(response.statusCode ?? 0));
    socket.on('error', () => end(0));
  });
}

/** How a handshake is refused. */
export function refusal(address: string): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve) => {
    const socket = new WebSocket(address);
    socket.on('error', () => undefined);
    socket.on('unexpected-response', (_, response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode, text }));
    });
  });
}
