import { readBody } from '../_shared/body.ts';
import { FunctionError } from '../_shared/errors.ts';

/** The longest message of a visitor, in UTF-16 code units as JavaScript counts. */
export const MAX_CONTENT = 2_000;

export type ChatRequest =
  | { readonly action: 'send'; readonly sessionId: string; readonly clientId: string; readonly content: string }
  | { readonly action: 'stop'; readonly messageId: string };

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Reads and checks the body. @throws {FunctionError} `invalid`, with a sentence about the first thing that is wrong. */
export async function readChatRequest(request: Request): Promise<ChatRequest> {
  const body = await readBody(request);
  switch (body.action) {
    case 'send':
      return {
        action: 'send',
        sessionId: uuid(body, 'session_id'),
        clientId: uuid(body, 'client_id'),
        content: content(body.content),
      };
    case 'stop':
      return { action: 'stop', messageId: uuid(body, 'message_id') };
    default:
      throw new FunctionError('invalid', 'action', '"action" is one of: send, stop.');
  }
}

function uuid(body: Record<string, unknown>, name: string): string {
  const value = body[name];
  if (typeof value === 'string' && UUID.test(value)) return value;
  throw new FunctionError('invalid', name, `"${name}" is a UUID in lower case.`);
}

function content(value: unknown): string {
  if (typeof value !== 'string' || !value.trim()) {
    throw new FunctionError('invalid', 'length', 'Please write a message first.');
  }
  if (value.length > MAX_CONTENT) {
    throw new FunctionError(
      'invalid',
      'length',
      `A message has at most ${MAX_CONTENT} characters; this one has ${value.length}.`,
    );
  }
  // A lone surrogate or a NUL is no text that Postgres could store.
  if (!value.isWellFormed() || value.includes('\0')) {
    throw new FunctionError('invalid', 'characters', 'The message contains characters that cannot be stored.');
  }
  return value;
}
