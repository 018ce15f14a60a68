import { withCors } from '../_shared/cors.ts';
import { EventStream } from '../_shared/event-stream.ts';
import { caller, rpc, type Caller } from '../_shared/service.ts';
import { addressHash } from './address.ts';
import { admit } from './admission.ts';
import { followReply } from './follow.ts';
import { makeVectors } from './meaning.ts';
import { replyAsOwner } from './owner.ts';
import { writeReply } from './reply.ts';
import { readChatRequest, type Question } from './request.ts';

/** Keeps the worker alive for work that outlives the response; hosted only, a local Deno simply lives on. */
declare const EdgeRuntime: { waitUntil(work: Promise<unknown>): void } | undefined;

/**
 * `POST /functions/v1/chat`: a question is answered with server-sent events (`meta`, `delta`…, `sources`, `usage`, `done`
 * or `error`), `stop` with `{ stopped }`, `owner_reply` with `{ message_id, created }`; see docs/guides/chat-protocol.md.
 */
export const handler: (request: Request) => Promise<Response> = withCors(async (request) => {
  const from = await caller(request);
  const asked = await readChatRequest(request);
  switch (asked.action) {
    case 'stop':
      return Response.json({
        stopped: await rpc<boolean>('chat_stop', { p_user_id: from.id, p_message_id: asked.messageId }),
      });
    case 'owner_reply':
      return replyAsOwner(from.id, asked);
    default:
      return answer(from, asked, await addressHash(request.headers));
  }
});

async function answer(from: Caller, asked: Question, address: string | null): Promise<Response> {
  const [admission, settings] = await admit(from.id, asked, address);
  const events = new EventStream();
  events.send('meta', {
    session_id: admission.session_id,
    user_message_id: admission.user_message_id,
    message_id: admission.message_id,
    created: admission.created,
    superseded: admission.superseded,
  });
  const reply = (admission.resume ? followReply(admission, events) : writeReply(admission, settings, events)).finally(
    () => events.close(),
  );
  const work = admission.resume ? reply : reply.then(() => makeVectors(settings));
  // A visitor who leaves keeps the reply: it is finished and saved without them.
  if (typeof EdgeRuntime !== 'undefined') EdgeRuntime.waitUntil(work);
  return events.response;
}
