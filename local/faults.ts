import { Sentence } from './sentence.ts';

/** What goes wrong for as long as it is set; tests shorten a bad day to milliseconds with it. */
export interface FaultState {
  /** Sockets are refused with HTTP 503. */
  refuseSockets: boolean;
  /** Sockets are accepted, and those that are open or opened meanwhile never say a word again. */
  halfOpen: boolean;
  /** Each frame to a client waits a random time up to this, ms: later ones overtake earlier ones. */
  frameDelayMs: number;
  /** `postgres_changes` begin so long after the join was accepted, ms, as on hosted. */
  subscribeDelayMs: number;
  /** REST answers with this HTTP status; 0 is none. */
  restStatus: number;
  /** With `Retry-After`, s; 0 is without. */
  restRetryAfter: number;
  /** REST answers so much later, ms. */
  restDelayMs: number;
  /** Functions answer 503. */
  functionsDown: boolean;
  /** No join is let in, and no message handed out: hosted's answers to too many of them. */
  rateLimited: boolean;
}

/** What happens at once, beside what is set. */
export interface FaultActions {
  readonly dropSockets?: boolean;
  /** Access tokens that were issued until now count as expired. */
  readonly expireTokens?: boolean;
  /** Closes a topic for everybody: a `system` error, then `phx_close`. */
  readonly closeTopic?: string;
}

export type FaultRequest = Partial<FaultState> & FaultActions;

const NONE: FaultState = {
  refuseSockets: false,
  halfOpen: false,
  frameDelayMs: 0,
  subscribeDelayMs: 0,
  restStatus: 0,
  restRetryAfter: 0,
  restDelayMs: 0,
  functionsDown: false,
  rateLimited: false,
};
const KINDS: Record<keyof FaultRequest, string> = {
  refuseSockets: 'a boolean',
  halfOpen: 'a boolean',
  frameDelayMs: 'a number',
  subscribeDelayMs: 'a number',
  restStatus: 'a number',
  restRetryAfter: 'a number',
  restDelayMs: 'a number',
  functionsDown: 'a boolean',
  rateLimited: 'a boolean',
  dropSockets: 'a boolean',
  expireTokens: 'a boolean',
  closeTopic: 'a string',
};

/** The backend's faults, none of them unless a test asks. */
export class Faults {
  readonly #act: (actions: FaultActions) => void;
  #state: Readonly<FaultState> = NONE;

  constructor(act: (actions: FaultActions) => void) {
    this.#act = act;
  }

  get state(): Readonly<FaultState> {
    return this.#state;
  }

  /** Sets some faults and leaves the others as they are. @throws {Sentence} when one of them is unknown. */
  set(request: FaultRequest): void {
    for (const [name, value] of Object.entries(request)) {
      if (!Object.hasOwn(KINDS, name)) throw new Sentence(`There is no fault "${name}".`);
      const kind = KINDS[name as keyof FaultRequest];
      const fits = kind === 'a number' ? Number.isFinite(value) && Number(value) >= 0 : `a ${typeof value}` === kind;
      if (!fits) throw new Sentence(`The fault "${name}" is ${kind}${kind === 'a number' ? ', 0 or more' : ''}.`);
    }
    // No other status is a failure, and of some the web platform cannot make an answer at all.
    if (request.restStatus && !(request.restStatus >= 400 && request.restStatus <= 599)) {
      throw new Sentence('The fault "restStatus" is an HTTP status from 400 to 599, or 0.');
    }
    const { dropSockets, expireTokens, closeTopic, ...state } = request;
    this.#state = { ...this.#state, ...state };
    this.#act({
      ...(dropSockets && { dropSockets }),
      ...(expireTokens && { expireTokens }),
      ...(closeTopic && { closeTopic }),
    });
  }

  clear(): void {
    this.#state = NONE;
    this.#act({});
  }

  /** `/local/faults`: POST sets, DELETE clears. */
  async handle(request: Request): Promise<Response> {
    if (request.method === 'DELETE') this.clear();
    else if (request.method === 'POST') {
      const body = (await request.json().catch(() => undefined)) as FaultRequest | null | undefined;
      if (typeof body !== 'object' || body === null || Array.isArray(body)) {
        return Response.json({ message: 'The faults are no JSON object.' }, { status: 400 });
      }
      try {
        this.set(body);
      } catch (error) {
        if (!(error instanceof Sentence)) throw error;
        return Response.json({ message: error.message }, { status: 400 });
      }
    } else return Response.json({ message: 'POST faults, or DELETE them.' }, { status: 405 });
    return new Response(null, { status: 204 });
  }

  /** What hosted answers to a token that ran out. */
  static expired(pathname: string): Response {
    if (!pathname.startsWith('/auth/v1/')) {
      return Response.json({ code: 'PGRST303', details: null, hint: null, message: 'JWT expired' }, { status: 401 });
    }
    const msg = 'invalid JWT: unable to parse or verify signature, token has invalid claims: token is expired';
    return Response.json({ code: 403, error_code: 'bad_jwt', msg }, { status: 403 });
  }

  /** What REST answers instead; undefined when it is to answer itself. */
  async rest(): Promise<Response | undefined> {
    const { restStatus: status, restRetryAfter, restDelayMs } = this.#state;
    if (restDelayMs) await new Promise((resolve) => setTimeout(resolve, restDelayMs));
    if (!status) return undefined;
    return Response.json(
      { code: `PT${status}`, message: `A fault was asked for: ${status}.`, details: null, hint: null },
      // PostgREST does not expose it to pages of another origin; whoever answers in its place has to.
      {
        status,
        headers: restRetryAfter
          ? { 'retry-after': String(restRetryAfter), 'access-control-expose-headers': 'retry-after' }
          : {},
      },
    );
  }
}
