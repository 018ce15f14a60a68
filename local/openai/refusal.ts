interface Detail {
  readonly type?: string;
  readonly code?: string;
  readonly param?: string;
  readonly retryAfterS?: number;
}

/** Thrown where OpenAI would refuse; becomes an answer in its shape. */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly status: number;
  readonly #detail: Detail;

  constructor(status: number, message: string, detail: Detail = {}) {
    super(message);
    this.status = status;
    this.#detail = detail;
  }

  /** A parameter that is missing or wrong. */
  static of(param: string, code: string, message: string): Refusal {
    return new Refusal(400, message, { param, code });
  }

  answer(): Response {
    const { type = 'invalid_request_error', code = null, param = null, retryAfterS } = this.#detail;
    const headers = retryAfterS === undefined ? undefined : { 'retry-after': String(retryAfterS) };
    const error = { message: this.message, type, param, code };
    return Response.json({ error }, { status: this.status, ...(headers && { headers }) });
  }
}
