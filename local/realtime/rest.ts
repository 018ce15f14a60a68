import type { Faults } from '../faults.ts';
import type { Keys } from '../keys.ts';
import type { Limits } from './limits.ts';
import type { RealtimeServer } from './server.ts';

interface Message {
  readonly topic?: unknown;
  readonly event?: unknown;
  readonly payload?: unknown;
  readonly private?: unknown;
}

interface Backend {
  readonly realtime: RealtimeServer;
  readonly keys: Keys;
  readonly limits: Limits;
  readonly faults: Faults;
}

/**
 * Broadcast by HTTP: `POST /realtime/v1/api/broadcast` with `{ messages }`, and `…/:topic/events/:event` with the
 * payload alone. Answers 202, also to what is then dropped: as on hosted, a message that no INSERT policy allows, which
 * here is everybody's but the secret key's.
 */
export async function handleBroadcast(
  request: Request,
  { realtime, keys, limits, faults }: Backend,
): Promise<Response> {
  const url = new URL(request.url);
  if (request.method !== 'POST') return refusal(405, 'POST a broadcast.');
  const key = request.headers.get('apikey') ?? request.headers.get('authorization')?.replace(/^Bearer /i, '');
  if (key !== keys.publishable && key !== keys.secret) return refusal(401, 'Unauthorized');
  if (faults.state.rateLimited) return refusal(429, 'You have exceeded your rate limit');
  if (url.searchParams.has('persist') || url.searchParams.has('persist[ttl]')) {
    return refusal(422, 'The local Realtime server stores no broadcasts: persist is unsupported.');
  }
  const messages = await messagesOf(request, url);
  if (!messages?.length) return refusal(422, 'The body is JSON: { messages: [{ topic, event, payload, private }] }.');
  for (const { topic, event, payload } of messages) {
    if (typeof topic !== 'string' || !topic) return refusal(422, "topic can't be blank");
    if (typeof event !== 'string' || !event) return refusal(422, "event can't be blank");
    if (Buffer.byteLength(JSON.stringify(payload) ?? '') > limits.payloadBytes) {
      return refusal(422, 'Payload size exceeds tenant limit');
    }
  }
  for (const { topic, event, payload, private: isPrivate } of messages) {
    // There are no public channels that hear broadcasts.
    if (isPrivate && key === keys.secret) realtime.broadcast(topic as string, event as string, {}, payload ?? {});
  }
  return new Response(null, { status: 202 });
}

async function messagesOf(request: Request, url: URL): Promise<Message[] | undefined> {
  const body: unknown = await request.json().catch(() => undefined);
  if (body === undefined) return undefined;
  const [, topic, event] = /\/api\/broadcast\/([^/]+)\/events\/([^/]+)$/.exec(url.pathname) ?? [];
  if (topic && event) {
    const isPrivate = url.searchParams.get('private') === 'true';
    return [{ topic: decodeURIComponent(topic), event: decodeURIComponent(event), payload: body, private: isPrivate }];
  }
  const { messages } = (body ?? {}) as { messages?: unknown };
  const valid = Array.isArray(messages) && messages.every((each) => typeof each === 'object' && each !== null);
  return valid ? (messages as Message[]) : undefined;
}

const refusal = (status: number, message: string) => Response.json({ message }, { status });
