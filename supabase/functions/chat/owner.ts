import { rpc } from '../_shared/service.ts';
import { refusalError, type Refusal } from './admission.ts';
import type { OwnerReply } from './request.ts';

/** Saves what the owner says in person; the model yields from then on. @throws {FunctionError} */
export async function replyAsOwner(userId: string, { sessionId, clientId, content }: OwnerReply): Promise<Response> {
  const answer = await rpc<Refusal | { ok: true; message_id: string; created: boolean }>('chat_owner_reply', {
    p_user_id: userId,
    p_session_id: sessionId,
    p_client_id: clientId,
    p_content: content,
  });
  if (!answer.ok) throw refusalError(answer, 8_000);
  return Response.json({ message_id: answer.message_id, created: answer.created });
}
