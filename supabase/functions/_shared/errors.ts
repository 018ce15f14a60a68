/** The codes of `LivelitError` that a function answers, each with its HTTP status. */
const STATUS = {
  unauthenticated: 401,
  forbidden: 403,
  invalid: 422,
  conflict: 409,
  rate_limited: 429,
  budget: 402,
  unavailable: 503,
} as const;

export type FunctionErrorCode = keyof typeof STATUS;

/** What went wrong, as a client can act on it: `code` to branch on, `reason` for the exact cause, `message` for people. */
export class FunctionError extends Error {
  override name = 'FunctionError';
  readonly code: FunctionErrorCode;
  readonly reason: string;
  readonly retryAfterS: number | undefined;

  constructor(code: FunctionErrorCode, reason: string, message: string, retryAfterS?: number) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.retryAfterS = retryAfterS;
  }

  /** Anything thrown, as an error that may be shown: the text of a foreign error can hold secrets and stays here. */
  static from(error: unknown): FunctionError {
    if (error instanceof FunctionError) return error;
    console.error(redact(error instanceof Error ? `${error.name}: ${error.message}` : String(error)));
    return new FunctionError('unavailable', 'internal', 'Something went wrong on the server. Please try again.');
  }

  /** The body of an HTTP answer and of an `error` event: `{ code, reason, message, retry_after_s? }`. */
  toJSON(): Record<string, unknown> {
    return { code: this.code, reason: this.reason, message: this.message, retry_after_s: this.retryAfterS };
  }

  toResponse(): Response {
    const headers = new Headers();
    if (this.retryAfterS !== undefined) headers.set('retry-after', String(this.retryAfterS));
    return Response.json({ error: this }, { status: STATUS[this.code], headers });
  }
}

/** Takes API keys and tokens out of a text that goes to a log. */
export const redact = (text: string): string =>
  text.replace(/\b(sk-|sb_secret_)[\w-]+/g, '$1…').replace(/\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, 'eyJ…');
