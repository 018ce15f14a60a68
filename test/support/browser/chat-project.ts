import type { Message } from '../../../src/services/chat.ts';
import type { MemoryBackend } from '../../../src/testing.ts';
import { connectMemory } from './memory.ts';

/** What a page has asked of the project. */
export interface Asked {
  readonly functions: Record<string, unknown>[];
  readonly procedures: Record<string, unknown>[];
}

/** A row of `chat_messages`; odd ones are the visitor's. */
export const messageRow = (session: string, seq: number, more: Partial<Message> = {}) => ({
  id: `m${seq}`,
  session_id: session,
  seq,
  client_id: null,
  role: seq % 2 ? 'user' : 'assistant',
  author: seq % 2 ? 'visitor' : 'model',
  status: 'complete',
  content: `Message ${seq}.\n\nWith a second paragraph.`,
  created_at: new Date(seq * 1_000).toISOString(),
  superseded_at: null,
  ...more,
});

interface ChatProject {
  /** What is said of the conversation. */
  readonly row?: object;
  /** Earlier conversations. */
  readonly past?: readonly object[];
  /** Answers of the function `chat`; without one it never answers. */
  readonly answer?: () => Promise<never>;
}

/** Connects the page to a project in memory with one conversation in it. */
export function chatProject(
  session: string,
  messages: readonly object[],
  { row = {}, past = [], answer = () => new Promise<never>(() => undefined) }: ChatProject = {},
): { backend: MemoryBackend; asked: Asked } {
  const asked: Asked = { functions: [], procedures: [] };
  const backend = connectMemory({
    tables: { chat_messages: messages, chat_sessions: [{ id: session, ...row }] },
    functions: {
      chat(body) {
        asked.functions.push(body as Record<string, unknown>);
        return answer();
      },
    },
    procedures: {
      chat_info: () => ({ greeting: 'Welcome.', suggestions: ['What do you do?'], max_message_length: 100 }),
      chat_feedback: (parameters) => void asked.procedures.push(parameters),
      chat_typing: (parameters) => asked.procedures.push(parameters) > 0,
      chat_session_list: () => ({ rows: past, next: null }),
    },
  });
  return { backend, asked };
}
