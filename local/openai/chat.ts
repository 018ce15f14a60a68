import { setTimeout as pause } from 'node:timers/promises';
import { cut } from './failures.ts';
import { Refusal } from './refusal.ts';
import { answerFrom } from './sources.ts';

export interface ChatRequest {
  readonly model?: string;
  readonly temperature?: number;
  readonly messages?: readonly { readonly role: string; readonly content: string }[];
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
}

/** How fast a reply comes; looked at before each token. */
export interface Pace {
  readonly tokensPerSecond: number;
  readonly firstTokenDelayMs: number;
}

/** Answers a chat request; `number` makes its id, and a stream loses its connection after `cutAfterTokens`. */
export async function complete(body: ChatRequest, number: number, pace: Pace, cutAfterTokens?: number) {
  const { messages = [], model } = body;
  const tokens = tokenize(replyTo(questionIn(body), messages));
  const usage = {
    prompt_tokens: tokenize(messages.map((message) => message.content).join(' ')).length,
    completion_tokens: tokens.length,
    total_tokens: 0,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
  };
  usage.total_tokens = usage.prompt_tokens + usage.completion_tokens;
  const head = { id: `chatcmpl-standin-${number}`, created: Math.floor(Date.now() / 1000), model };
  if (body.stream) {
    return stream(head, tokens, body.stream_options?.include_usage ? usage : undefined, pace, cutAfterTokens);
  }
  await pause(pace.firstTokenDelayMs);
  return Response.json({
    ...head,
    object: 'chat.completion',
    choices: [{ index: 0, message: { role: 'assistant', content: tokens.join('') }, finish_reason: 'stop' }],
    usage,
  });
}

/** @throws {Refusal} when there is none. */
export function questionIn({ messages }: ChatRequest): string {
  const asked = messages?.findLast((message) => message.role === 'user')?.content;
  if (!asked) throw new Refusal(400, "'messages' has no message of the role user.", { param: 'messages' });
  return asked;
}

function stream(
  head: object,
  tokens: readonly string[],
  usage: object | undefined,
  pace: Pace,
  cutAfterTokens = Infinity,
): Response {
  const event = (body: object) =>
    new TextEncoder().encode(`data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', ...body })}\n\n`);
  const choice = (delta: object, finish_reason: string | null = null) => ({
    choices: [{ index: 0, delta, finish_reason }],
  });
  const started = performance.now();
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(event(choice({ role: 'assistant', content: '' }))),
    pull: async (controller) => {
      // The pace is kept against the clock, so that a slow timer does not add up over a long reply.
      const due = started + pace.firstTokenDelayMs + (sent * 1000) / pace.tokensPerSecond - performance.now();
      if (due > 0) await pause(due);
      if (sent >= cutAfterTokens) return controller.error(cut());
      const token = tokens[sent++];
      if (token !== undefined) return controller.enqueue(event(choice({ content: token })));
      controller.enqueue(event(choice({}, 'stop')));
      if (usage) controller.enqueue(event({ choices: [], usage }));
      controller.enqueue(new TextEncoder().encode('data: [DONE]\n\n'));
      controller.close();
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
}

/** Words with the space before them: close enough to a model's tokens, about four characters each. */
export const tokenize = (text: string): string[] => text.match(/\s*\S+/g) ?? [];

function replyTo(asked: string, messages: readonly { readonly role: string; readonly content: string }[]): string {
  const found = answerFrom(messages.find(({ role }) => role === 'system')?.content ?? '', asked);
  if (found) {
    return (
      `From what this site says: ${found} I am the stand-in for a language model, so I quote and do not think. Start the ` +
      'demo with OPENAI_API_KEY set, and a real model answers in my place.'
    );
  }
  const question = asked.length > 80 ? `${asked.slice(0, 79)}…` : asked;
  const opening = messages.length > 2 ? 'Still the stand-in here.' : 'Hello! I am the stand-in for a language model.';
  return (
    `${opening} You wrote “${question}”. I cannot think about it, but everything around me is real: your ` +
    'message is a row in Postgres, these words stream to you through the Edge Function, they appear in every open ' +
    'tab as they are written, and their cost moves the usage chart. Start the demo with OPENAI_API_KEY set, and a ' +
    'real model answers in my place.'
  );
}
