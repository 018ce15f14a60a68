import { FunctionError } from './errors.ts';

/** No request comes near; what says that it is longer is not read. */
const MAX_BODY_BYTES = 32_768;

/** The JSON object of a POST. @throws {FunctionError} `invalid`, with a sentence. */
export async function readBody(request: Request): Promise<Record<string, unknown>> {
  if (request.method !== 'POST') throw new FunctionError('invalid', 'method', 'Send a POST request.');
  const tooLong = new FunctionError('invalid', 'body_size', 'The request is too long.');
  if (Number(request.headers.get('content-length')) > MAX_BODY_BYTES) throw tooLong;
  const text = await request.text();
  // A caller may leave the length out, or lie about it.
  if (text.length > MAX_BODY_BYTES) throw tooLong;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Falls through to the one sentence for all of it.
  }
  throw new FunctionError('invalid', 'body', 'The body is a JSON object.');
}
