import { locksWork } from './locks.ts';
import type { Timings } from './timings.ts';

export interface Candidate {
  /** This tab leads from now on. */
  elected(): void;
  /** Another tab leads. */
  deposed(): void;
  /** Tabs cannot agree here. */
  alone(): void;
  /** Whether the present leader should be replaced although it holds on. */
  doubtful(): boolean;
}

/** The longest random wait before a lock is taken from its holder, so that not all tabs take it at once; ms. */
const STEAL_SPREAD_MS = 200;

/**
 * One of the tabs that share a name leads: whoever holds its Web Lock. The lock falls to the next when a tab ends, and
 * is taken from one that has become doubtful. No request waits longer than `leaderSilenceMs`.
 */
export class Election {
  readonly #name: string;
  readonly #patienceMs: number;
  readonly #candidate: Candidate;
  readonly #closed = new AbortController();
  #waiting = new AbortController();
  #resign: (() => void) | undefined;

  constructor(name: string, { leaderSilenceMs }: Timings, candidate: Candidate) {
    this.#name = name;
    this.#patienceMs = leaderSilenceMs;
    this.#candidate = candidate;
    void this.#run();
  }

  /** Ends the candidacy; a lock that is held falls to the next tab. */
  close(): void {
    this.#closed.abort();
    this.#resign?.();
  }

  /** Looks at once whether the leader is doubtful, instead of at the end of the present wait. */
  hurry(): void {
    this.#waiting.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closed;
    if (!(await locksWork())) {
      this.#giveUp();
      return;
    }
    try {
      await this.#request({ ifAvailable: true });
      while (!signal.aborted) {
        this.#waiting = new AbortController();
        const patience = AbortSignal.any([signal, this.#waiting.signal, AbortSignal.timeout(this.#patienceMs)]);
        const led = await this.#request({ signal: patience });
        if (led || signal.aborted || !this.#candidate.doubtful()) continue;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * STEAL_SPREAD_MS));
        if (!signal.aborted && this.#candidate.doubtful()) await this.#request({ steal: true });
      }
    } catch {
      // Locks are forbidden here, in a sandboxed frame for instance.
      this.#giveUp();
    }
  }

  #giveUp(): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    this.#candidate.alone();
  }

  /** Leads as long as the lock is held; answers whether it ever was. */
  async #request(options: LockOptions): Promise<boolean> {
    const { signal } = this.#closed;
    let led = false;
    try {
      await navigator.locks.request(this.#name, options, (lock) => {
        if (!lock || signal.aborted) return;
        led = true;
        const held = new Promise<void>((resolve) => (this.#resign = resolve));
        this.#candidate.elected();
        return held;
      });
    } catch (error) {
      const expected = error instanceof DOMException && ['AbortError', 'TimeoutError'].includes(error.name);
      if (!expected) throw error;
    }
    if (!signal.aborted && (led || options.ifAvailable)) this.#candidate.deposed();
    return led;
  }
}
