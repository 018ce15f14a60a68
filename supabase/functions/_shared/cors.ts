import { FunctionError } from './errors.ts';

const ALLOWED_HEADERS =
  'authorization, x-client-info, apikey, content-type, x-retry-count, traceparent, tracestate, baggage';

/**
 * Wraps a handler: answers the preflight, refuses origins that are not in `ALLOWED_ORIGINS` (a comma-separated list;
 * unset allows every page), turns what is thrown into an answer, and adds the CORS headers to it.
 *
 * CORS keeps other people's pages from spending the owner's money by accident; it is no authorisation.
 */
export function withCors(handle: (request: Request) => Promise<Response>): (request: Request) => Promise<Response> {
  return async (request) => {
    const origin = request.headers.get('origin');
    const allowed = Deno.env
      .get('ALLOWED_ORIGINS')
      ?.split(',')
      .map((each) => each.trim());
    const welcome = !allowed || !origin || allowed.includes(origin);
    const answer = !welcome
      ? new FunctionError('forbidden', 'origin', 'This site may not use this service.').toResponse()
      : request.method === 'OPTIONS'
        ? new Response(null, { status: 204 })
        : await handle(request).catch((error: unknown) => FunctionError.from(error).toResponse());
    answer.headers.set('access-control-allow-origin', allowed ? (welcome && origin) || 'null' : '*');
    answer.headers.set('access-control-allow-headers', ALLOWED_HEADERS);
    answer.headers.set('access-control-allow-methods', 'POST, OPTIONS');
    answer.headers.set('access-control-expose-headers', 'retry-after');
    answer.headers.append('vary', 'origin');
    return answer;
  };
}
