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
const ACTIONS: Record<keyof FaultActions, string> = {
  dropSockets: 'boolean',
  expireTokens: 'boolean',
  closeTopic: 'string',
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
      const type = name in ACTIONS ? ACTIONS[name as keyof FaultActions] : typeof NONE[name as keyof FaultState];
      if (type === 'undefined') throw new Sentence(`There is no fault "${name}".`);
      if (typeof value !== type) throw new Sentence(`The fault "${name}" is a ${type}.`);
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
      try {
        this.set((await request.json()) as FaultRequest);
      } catch (error) {
        const message = error instanceof Sentence ? error.message : 'The faults are no JSON object.';
        return Response.json({ message }, { status: 400 });
      }
    } else return Response.json({ message: 'POST faults, or DELETE them.' }, { status: 405 });
    return new Response(null, { status: 204 });
  }

  /** What REST answers instead; undefined when it is to answer itself. */
  async rest(): Promise<Response | undefined> {
    const { restStatus: status, restRetryAfter, restDelayMs } = this.#state;
    if (restDelayMs) await new Promise((resolve) => setTimeout(resolve, restDelayMs));
    if (!status) return undefined;
    return Response.json(
      { code: `PT${status}`, message: `A fault was asked for: ${status}.`, details: null, hint: null },
      { status, headers: restRetryAfter ? { 'retry-after': String(restRetryAfter) } : {} },
    );
  }
}
