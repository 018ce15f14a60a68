import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { BrokenOff } from '../quiet.ts';
import { startDeno } from './deno.ts';
import { reasonOf } from './reason.ts';

/** How much of a function's last output is kept for the message about its crash. */
const TAIL_LENGTH = 4_000;

/** How long a broken connection waits for the process behind it to be found dead, ms. */
const END_LIMIT_MS = 1_000;

/** About the request, not about what it asks for; `fetch` sets its own, and refuses some of these. */
const HOP_HEADERS = ['connection', 'keep-alive', 'transfer-encoding', 'te', 'trailer', 'upgrade', 'expect'];

export interface ProcessSettings {
  /** The folder with the functions' folders and their `deno.json`. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** How long a function may take from its start to listening, ms. */
  readonly startLimitMs: number;
  /** Takes what it prints. */
  readonly log?: ((text: string) => void) | undefined;
}

/** One run of an Edge Function, in a Deno of its own. */
export class FunctionProcess {
  /** Why it ended, once it has; of one that was stopped, nothing. */
  reason: string | undefined;
  /** Where it listens. Rejects with the reason when it does not come to that. */
  readonly listening: Promise<string>;
  readonly ended: Promise<void>;
  readonly #name: string;
  readonly #child: ChildProcess;
  #output = '';
  #listens = false;
  #stopped = false;
  #requests = 0;
  #onIdle: (() => void) | undefined;

  constructor(name: string, { folder, environment, startLimitMs, log }: ProcessSettings) {
    this.#name = name;
    this.#child = startDeno(folder, join(folder, name, 'index.ts'), environment);
    const limit = setTimeout(() => {
      this.#fail(`It does not listen after ${startLimitMs / 1000} s. Does its index.ts call Deno.serve()?`);
      this.#child.kill('SIGKILL');
    }, startLimitMs);
    this.#child.on('error', (error) => this.#fail(error.message));
    this.ended = new Promise((resolve) => {
      // `close` comes when its last words have been read, `exit` before.
      this.#child.on('close', (code, signal) => {
        clearTimeout(limit);
        this.#fail(reasonOf(this.#output) ?? `It ended (${signal ?? code}).`);
        resolve();
      });
    });
    this.listening = new Promise((resolve, reject) => {
      const read = (chunk: Buffer) => {
        log?.(chunk.toString());
        this.#output = (this.#output + chunk.toString()).slice(-TAIL_LENGTH);
        const port = this.#listens ? undefined : /Listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(this.#output)?.[1];
        if (!port) return;
        clearTimeout(limit);
        this.#listens = true;
        resolve(`http://127.0.0.1:${port}`);
      };
      this.#child.stdout!.on('data', read);
      this.#child.stderr!.on('data', read);
      void this.ended.then(() => reject(new Error(this.complaint)));
    });
    // A start that nobody waits for must not end the backend; whoever asks next sees the failure.
    this.listening.catch(() => undefined);
  }

  /** What is wrong with it, as a sentence for the terminal and the caller. */
  get complaint(): string {
    const subject = `The function "${this.#name}"`;
    if (this.reason === undefined) return `${subject} was stopped.`;
    return `${subject} ${this.#listens ? 'crashed' : 'does not start'}: ${this.reason}`;
  }

  /** Passes a request on. @throws {Error} whose message is the complaint, when the process ends instead of answering. */
  async answer(request: Request, path: string): Promise<Response> {
    this.#requests += 1;
    try {
      const headers = new Headers(request.headers);
      for (const name of HOP_HEADERS) headers.delete(name);
      headers.set('x-forwarded-for', '127.0.0.1');
      const response = await fetch((await this.listening) + path, {
        method: request.method,
        headers,
        body: request.body,
        signal: request.signal,
        redirect: 'manual',
        duplex: 'half',
      } as RequestInit);
      const { status, statusText, body } = response;
      if (!body) this.#release();
      const passed = body && this.#passOn(body, request.signal);
      return new Response(passed, { status, statusText, headers: headersOf(response) });
    } catch (error) {
      this.#release();
      if (await this.#over()) throw new Error(this.complaint, { cause: error });
      throw error;
    }
  }

  /** Ends it when the requests that it has are answered, at the latest after the limit. */
  retire(limitMs: number): void {
    const limit = setTimeout(() => this.stop(), limitMs).unref();
    this.#onIdle = () => {
      clearTimeout(limit);
      this.stop();
    };
    if (!this.#requests) this.#onIdle();
  }

  stop(): void {
    this.#stopped = true;
    this.#child.kill('SIGKILL');
  }

  #fail(reason: string): void {
    if (this.#stopped || this.reason) return;
    this.reason = reason;
    console.error(this.complaint);
  }

  #release(): void {
    this.#requests -= 1;
    if (!this.#requests) this.#onIdle?.();
  }

  /** Whether it has ended, or does in a moment: its sockets close before the news of its death arrives. */
  async #over(): Promise<boolean> {
    await Promise.race([this.ended, pause(END_LIMIT_MS, undefined, { ref: false })]);
    return this.reason !== undefined;
  }

  /** The body as it comes. A client that left, or a crash on the way, breaks it off without a word on the terminal. */
  #passOn(body: ReadableStream<Uint8Array>, signal: AbortSignal): ReadableStream<Uint8Array> {
    const reader = body.getReader();
    let open = true;
    const release = () => {
      if (open) this.#release();
      open = false;
    };
    return new ReadableStream({
      pull: async (controller) => {
        try {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
          release();
          controller.close();
        } catch (error) {
          release();
          controller.error(new BrokenOff(signal.aborted ? 'The client left.' : this.complaint, { cause: error }));
        }
      },
      cancel: (reason) => {
        release();
        return reader.cancel(reason);
      },
    });
  }
}

/** The headers that still hold: `fetch` has unpacked the body. */
function headersOf(response: Response): Headers {
  const headers = new Headers(response.headers);
  if (headers.has('content-encoding')) headers.delete('content-length');
  headers.delete('content-encoding');
  return headers;
}
