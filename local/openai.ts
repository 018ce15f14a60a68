interface ChatRequest {
  model?: string;
  messages?: { role: string; content: string }[];
  stream?: boolean;
  stream_options?: { include_usage?: boolean };
}

/**
 * Stands in for OpenAI while there is no key: streams deterministic replies in the shapes of Chat Completions, with
 * token usage, so that everything around the model is real.
 */
export class OpenAiStandIn {
  /** Pace of a streamed reply; a person reads it comfortably. Tests set their own. */
  tokensPerSecond = 40;
  /** Chat requests answered so far. */
  requests = 0;
  /** What to answer instead, once for each entry: an HTTP status, as OpenAI would answer it. */
  readonly failures: number[] = [];

  async handle(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (!pathname.endsWith('/chat/completions')) {
      return error(404, `The stand-in for OpenAI has no ${pathname}.`);
    }
    const failure = this.failures.shift();
    if (failure) return error(failure, `The stand-in was asked to answer ${failure}.`);
    const body = (await request.json()) as ChatRequest;
    const asked = body.messages?.findLast((message) => message.role === 'user')?.content;
    if (!asked) return error(400, "'messages' has no message of the role user.");
    this.requests += 1;
    const tokens = tokenize(replyTo(asked, body.messages?.length ?? 0));
    const usage = {
      prompt_tokens: tokenize((body.messages ?? []).map((message) => message.content).join(' ')).length,
      completion_tokens: tokens.length,
      total_tokens: 0,
      prompt_tokens_details: { cached_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0 },
    };
    usage.total_tokens = usage.prompt_tokens + usage.completion_tokens;
    const head = { id: `chatcmpl-standin-${this.requests}`, created: Math.floor(Date.now() / 1000), model: body.model };
    if (body.stream) return this.#stream(head, tokens, body.stream_options?.include_usage ? usage : undefined);
    return Response.json({
      ...head,
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant', content: tokens.join('') }, finish_reason: 'stop' }],
      usage,
    });
  }

  #stream(head: object, tokens: readonly string[], usage: object | undefined): Response {
    const event = (body: object) =>
      new TextEncoder().encode(`data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', ...body })}\n\n`);
    const choice = (delta: object, finish_reason: string | null = null) => ({
      choices: [{ index: 0, delta, finish_reason }],
    });
    const started = performance.now();
    let sent = 0;
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(event(choice({ role: 'assistant', content: '' }))),
      pull: async (controller) => {
        // The pace is kept against the clock, so that a slow timer does not add up over a long reply.
        const due = started + (sent * 1000) / this.tokensPerSecond - performance.now();
        if (due > 0) await new Promise((resolve) => setTimeout(resolve, due));
        const token = tokens[sent++];
        if (token !== undefined) return controller.enqueue(event(choice({ content: token })));
        controller.enqueue(event(choice({}, 'stop')));
        if (usage) controller.enqueue(event({ choices: [], usage }));
        controller.enqueue(new TextEncoder().encode('data: [DONE]\n\n'));
        controller.close();
      },
    });
    return new Response(stream, { headers: { 'content-type': 'text/event-stream' } });
  }
}

const error = (status: number, message: string) =>
  Response.json({ error: { message, type: 'stand_in', code: null, param: null } }, { status });

/** Words with the space before them: close enough to a model's tokens, about four characters each. */
const tokenize = (text: string): string[] => text.match(/\s*\S+/g) ?? [];

function replyTo(asked: string, messages: number): string {
  const question = asked.length > 80 ? `${asked.slice(0, 79)}…` : asked;
  const opening = messages > 2 ? 'Still the stand-in here.' : 'Hello! I am the stand-in for a language model.';
  return (
    `${opening} You wrote “${question}”. I cannot think about it, but everything around me is real: your ` +
    'message is a row in Postgres, these words stream to you through the Edge Function, they appear in every open ' +
    'tab as they are written, and their cost moves the usage chart. Start the demo with OPENAI_API_KEY set, and a ' +
    'real model answers in my place.'
  );
}
