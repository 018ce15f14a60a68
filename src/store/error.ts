/** What a caller can branch on. */
export type ErrorCode =
  | 'offline'
  | 'unauthenticated'
  | 'forbidden'
  | 'invalid'
  | 'conflict'
  | 'rate_limited'
  | 'budget'
  | 'unavailable'
  | 'unknown';

/** What to tell people when the server's own words are not for them. */
export const SENTENCES: Readonly<Record<ErrorCode, string>> = {
  offline: 'The server cannot be reached.',
  unauthenticated: 'Please sign in again.',
  forbidden: 'You may not do this.',
  invalid: 'The server did not accept this.',
  conflict: 'Somebody else has changed this in the meantime.',
  rate_limited: 'That was too often. It is tried again in a moment.',
  budget: 'The budget for today is used up.',
  unavailable: 'The server does not answer properly at the moment.',
  unknown: 'Something unexpected went wrong.',
};

/** Passing troubles: the same request may succeed later without anybody doing anything; a session is renewed meanwhile. */
const RETRYABLE: readonly ErrorCode[] = ['offline', 'rate_limited', 'unauthenticated', 'unavailable'];

export interface ErrorDetails {
  /** The exact cause, as a word: `session_expired`, `daily_cap`. Empty when there is none. */
  readonly reason?: string | undefined;
  /** How long to wait before the next attempt, ms, when the server said so. */
  readonly retryAfterMs?: number | undefined;
  /** The foreign error that this one stands for. */
  readonly cause?: unknown;
}

/**
 * The only error of the kit: `code` to branch on, `reason` for the exact cause, `message` a sentence for people.
 *
 * Recognise it by `name`: a page with two bundles has two classes.
 */
export class LivelitError extends Error {
  override name = 'LivelitError';
  readonly code: ErrorCode;
  readonly reason: string;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.code = code;
    this.reason = details.reason ?? '';
    this.retryAfterMs = details.retryAfterMs;
  }

  get retryable(): boolean {
    return RETRYABLE.includes(this.code);
  }

  /** An error as our Edge Functions write it, in an HTTP answer or in an event. */
  static fromWire(wire: WireError, fallback: ErrorCode = 'unknown', retryAfterS = wire.retry_after_s): LivelitError {
    const code = Object.hasOwn(SENTENCES, wire.code ?? '') ? (wire.code as ErrorCode) : fallback;
    return new LivelitError(code, wire.message ?? SENTENCES[code], {
      reason: wire.reason,
      retryAfterMs: retryAfterS === undefined ? undefined : retryAfterS * 1000,
    });
  }

  /** Anything thrown, as a LivelitError. A failed `fetch` is `offline`; what is not understood is `unknown`. */
  static from(error: unknown): LivelitError {
    if (isLivelitError(error)) return error;
    // Every engine words a failed fetch differently; that it is a TypeError is all they share.
    if (error instanceof TypeError && /fetch|network|load/i.test(error.message)) {
      return new LivelitError('offline', SENTENCES.offline, { cause: error });
    }
    return new LivelitError('unknown', SENTENCES.unknown, { cause: error });
  }
}

/** `{ code, reason, message, retry_after_s? }`, as far as a server keeps to it. */
export interface WireError {
  readonly code?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly retry_after_s?: number;
}

const isLivelitError = (error: unknown): error is LivelitError =>
  error instanceof Error && error.name === 'LivelitError';
