import type { QueryContext } from '../store/query.ts';
import { established, setEstablished } from './chat-session.ts';

/** The topic of a conversation; none before its first message, when there is nothing yet that anybody may listen to. */
export async function sessionTopics(
  sessionId: string,
  { backend, target, signal }: QueryContext,
): Promise<readonly string[]> {
  if (!established(target, sessionId)) {
    const where = [['id', 'eq', sessionId]] as const;
    const query = { from: 'chat_sessions', columns: 'id', where, order: ['id'] };
    const found = await backend.fetch<unknown[]>(query, signal);
    if (!found.length) return [];
    setEstablished(target, sessionId);
  }
  return [`chat:${sessionId}`];
}
