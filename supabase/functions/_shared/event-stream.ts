/** How often a silent stream says that it lives, ms; proxies cut connections that are silent for about a minute. */
const PING_MS = 15_000;

/**
 * Server-sent events to one client. The client may leave at any time: `send` then does nothing, and the work whose
 * events these are goes on.
 */
export class EventStream {
  readonly response: Response;
  readonly #encoder = new TextEncoder();
  readonly #ping = setInterval(() => this.#write(': ping\n\n'), PING_MS);
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor() {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => this.#forget(),
    });
    this.response = new Response(body, {
      headers: {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        // nginx would otherwise hold the events back.
        'x-accel-buffering': 'no',
      },
    });
  }

  send(event: string, data: unknown): void {
    this.#write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  close(): void {
    this.#controller?.close();
    this.#forget();
  }

  #write(text: string): void {
    this.#controller?.enqueue(this.#encoder.encode(text));
  }

  #forget(): void {
    this.#controller = undefined;
    clearInterval(this.#ping);
  }
}
