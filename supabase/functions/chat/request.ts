import { readBody } from '../_shared/body.ts';
import { FunctionError } from '../_shared/errors.ts';

/** The longest message of a visitor, in UTF-16 code units as JavaScript counts; a site's settings may allow less. */
const MAX_CONTENT = 2_000;

/** The longest message of the owner. */
const MAX_OWNER_CONTENT = 8_000;

/** Something that the model answers. */
export interface Question {
  readonly action: 'send' | 'edit' | 'regenerate';
  readonly sessionId: string;
  readonly clientId: string;
  /** What is edited or regenerated. */
  readonly messageId: string | null;
  readonly content: string | null;
}

export interface OwnerReply {
  readonly action: 'owner_reply';
  readonly sessionId: string;
  readonly clientId: string;
  readonly content: string;
}

export type ChatRequest = Question | OwnerReply | { readonly action: 'stop'; readonly messageId: string };

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Reads and checks the body. @throws {FunctionError} `invalid`, with a sentence about the first thing that is wrong. */
export async function readChatRequest(request: Request): Promise<ChatRequest> {
  const body = await readBody(request);
  const ids = () => ({ sessionId: uuid(body, 'session_id'), clientId: uuid(body, 'client_id') });
  const { action } = body;
  switch (action) {
    case 'send':
      return { action, ...ids(), messageId: null, content: content(body.content, MAX_CONTENT) };
    case 'edit':
      return { action, ...ids(), messageId: uuid(body, 'message_id'), content: content(body.content, MAX_CONTENT) };
    case 'regenerate':
      return { action, ...ids(), messageId: uuid(body, 'message_id'), content: null };
    case 'owner_reply':
      return { action, ...ids(), content: content(body.content, MAX_OWNER_CONTENT) };
    case 'stop':
      return { action, messageId: uuid(body, 'message_id') };
    default:
      throw new FunctionError('invalid', 'action', '"action" is one of: send, edit, regenerate, stop, owner_reply.');
  }
}

function uuid(body: Record<string, unknown>, name: string): string {
  const value = body[name];
  if (typeof value === 'string' && UUID.test(value)) return value;
  throw new FunctionError('invalid', name, `"${name}" is a UUID in lower case.`);
}

function content(value: unknown, most: number): string {
  if (typeof value !== 'string' || !value.trim()) {
    throw new FunctionError('invalid', 'length', 'Please write a message first.');
  }
  if (value.length > most) {
    throw new FunctionError(
      'invalid',
      'length',
      `A message has at most ${most} characters; this one has ${value.length}.`,
    );
  }
  // A lone surrogate or a NUL is no text that Postgres could store.
  if (!value.isWellFormed() || value.includes('\0')) {
    throw new FunctionError('invalid', 'characters', 'The message contains characters that cannot be stored.');
  }
  return value;
}
