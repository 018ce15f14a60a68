import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What a provider of models was asked. */
export interface Asked {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: {
    readonly messages: readonly { readonly role: string; readonly content: string }[];
    readonly [name: string]: unknown;
  };
}

/** A provider of models that answers as a test tells it to; what the stand-in of the local backend never does. */
export class Provider {
  readonly asked: Asked[] = [];
  /** Whether its moderation refuses what it is asked. */
  flagging = false;
  /** Writes the answer; may leave it unended. */
  answer: (response: ServerResponse) => unknown = (response) => response.end();
  readonly #server = createServer((request, response) => {
    void text(request).then((body) => {
      const { url: path = '', headers } = request;
      this.asked.push({ path, authorization: headers.authorization, body: JSON.parse(body) as Asked['body'] });
      if (path.endsWith('/moderations')) this.#moderate(response);
      else this.answer(response);
    });
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** What it was asked of its models, without moderation. */
  get questions(): Asked[] {
    return this.asked.filter(({ path }) => path.endsWith('/chat/completions'));
  }

  #moderate(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ id: 'x', model: 'm', results: [{ flagged: this.flagging, categories: {} }] }));
  }

  /** Refuses with OpenAI's error shape. */
  refuse(status: number, message: string): void {
    this.answer = (response) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message, type: 'error', code: null, param: null } }));
    };
  }

  /** Streams words as chunks of Chat Completions; a function among them is waited for. `end` says what follows. */
  say(
    words: readonly (string | (() => Promise<unknown>))[],
    end: 'done' | 'silence' | 'break' = 'done',
    model = 'gpt-4o-mini-2024-07-18',
  ): void {
    this.answer = async (response) => {
      const chunk = (body: object) =>
        response.write(`data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', model, ...body })}\n\n`);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      for (const word of words) {
        if (typeof word === 'function') await word();
        else chunk({ choices: [{ index: 0, delta: { content: word }, finish_reason: null }] });
      }
      if (end === 'silence') return;
      if (end === 'break') return void setImmediate(() => response.destroy());
      chunk({ choices: [], usage: { prompt_tokens: 50, completion_tokens: 7, total_tokens: 57 } });
      response.end('data: [DONE]\n\n');
    };
  }
}
