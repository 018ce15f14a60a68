import { BrokenOff } from '../quiet.ts';
import { Refusal } from './refusal.ts';

/** What a request meets instead of its answer. */
type Trouble =
  /** Is refused with an HTTP status, and told when to come again. */
  | { readonly status: number; readonly retryAfterS?: number }
  /** Is never answered. */
  | { readonly hang: true }
  /** Loses its connection: a streamed reply after so many tokens, anything else at once. */
  | { readonly cutAfterTokens: number };

/** A status alone stands for a refusal. `path` is a part of the path of the requests that are meant, else any is. */
export type Failure = number | (Trouble & { readonly path?: string });

/** Takes the oldest failure that is meant for a path out of the queue. */
export function takeFailure(queue: Failure[], pathname: string): Trouble | undefined {
  const index = queue.findIndex((each) => typeof each === 'number' || pathname.includes(each.path ?? ''));
  const [failure] = index < 0 ? [] : queue.splice(index, 1);
  return typeof failure === 'number' ? { status: failure } : failure;
}

const AS_OPENAI: Readonly<Record<number, readonly [type: string, code?: string]>> = {
  401: ['invalid_request_error', 'invalid_api_key'],
  429: ['requests', 'rate_limit_exceeded'],
};

export function refuse({ status, retryAfterS }: { status: number; retryAfterS?: number }): Response {
  const [type, code] = AS_OPENAI[status] ?? [status < 500 ? 'invalid_request_error' : 'server_error'];
  const detail = { type, ...(code && { code }), ...(retryAfterS !== undefined && { retryAfterS }) };
  return new Refusal(status, `The stand-in was asked to answer ${status}.`, detail).answer();
}

/** Ends when the client gives up. */
export async function hang({ signal }: Request): Promise<Response> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
  return new Response(null, { status: 499 });
}

export const cut = () => new BrokenOff('The stand-in was asked to cut the connection.');

export const cutAtOnce = () => new Response(new ReadableStream({ pull: (controller) => controller.error(cut()) }));
