import { adminKey } from './openai/admin-key.ts';
import { complete, questionIn, type ChatRequest, type Pace } from './openai/chat.ts';
import { costs } from './openai/costs.ts';
import { embed, type EmbeddingsRequest } from './openai/embeddings.ts';
import { cutAtOnce, hang, refuse, takeFailure, type Failure } from './openai/failures.ts';
import { moderate } from './openai/moderation.ts';
import type { Clock } from './openai/organization.ts';
import { Refusal } from './openai/refusal.ts';
import { isKind, usage } from './openai/usage.ts';

/**
 * Stands in for OpenAI while there is no key: streams deterministic replies in the shapes of Chat Completions, with
 * token usage, out of the sources that it is given where there are any; moderates and embeds; and has for every admin key an
 * organisation with usage and costs, so that everything around them is real.
 */
export class OpenAiStandIn implements Pace, Clock {
  /** Pace of a streamed reply; a person reads it comfortably. Tests set their own. */
  tokensPerSecond = 40;
  firstTokenDelayMs = 0;
  /** What the next requests meet instead of an answer, one each. */
  readonly failures: Failure[] = [];
  /** Chat requests answered so far. */
  requests = 0;
  /** The last of them, as it was sent. */
  lastRequest: ChatRequest | undefined;
  /** What it was asked to embed, the last request of all. */
  lastEmbedded: EmbeddingsRequest['input'];
  /** Requests for usage and costs, refused ones too. */
  adminRequests = 0;
  /** The admin keys that exist; any well-formed one while this is not set. */
  adminKeys: ReadonlySet<string> | undefined;
  /** When it is there, ms; figures of the last days depend on it. */
  now = () => Date.now();
  settleAfterHours = 36;
  /** Whether an amount of the costs is a string, as the live API has been seen to write it, and not a number. */
  amountsAsText = false;

  async handle(request: Request): Promise<Response> {
    try {
      return await this.#answer(request);
    } catch (error) {
      if (error instanceof Refusal) return error.answer();
      throw error;
    }
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const [, path = ''] = pathname.split('/v1');
    const admin = path.startsWith('/organization/');
    if (admin) this.adminRequests += 1;
    const failure = takeFailure(this.failures, path);
    if (failure && 'status' in failure) return refuse(failure);
    if (failure && 'hang' in failure) return hang(request);
    if (admin) {
      if (failure) return cutAtOnce();
      const key = adminKey(request, this.adminKeys);
      const kind = path.replace('/organization/usage/', '');
      if (isKind(kind)) return Response.json(usage(kind, key, searchParams, this));
      if (path === '/organization/costs') return Response.json(costs(key, searchParams, this, this.amountsAsText));
    }
    if (path === '/chat/completions') {
      const body = (await request.json()) as ChatRequest;
      questionIn(body);
      if (failure && !body.stream) return cutAtOnce();
      this.requests += 1;
      this.lastRequest = body;
      return complete(body, this.requests, this, failure?.cutAfterTokens);
    }
    if (path === '/moderations') {
      if (failure) return cutAtOnce();
      return moderate((await request.json()) as Parameters<typeof moderate>[0]);
    }
    if (path === '/embeddings') {
      if (failure) return cutAtOnce();
      const body = (await request.json()) as EmbeddingsRequest;
      this.lastEmbedded = body.input;
      return embed(body);
    }
    throw new Refusal(404, `The stand-in for OpenAI has no ${pathname}.`);
  }
}
