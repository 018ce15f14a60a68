import { locksWork } from './locks.ts';

/** Whether another tab still lives: each tab holds a Web Lock under its own name while others have to know. */
export class TabLease {
  readonly id = Math.random().toString(36).slice(2);
  #held: Promise<void> | undefined;
  #release: (() => void) | undefined;

  /** Resolves when the others can see that this tab lives; at once where there are no Web Locks. */
  hold(): Promise<void> {
    this.#held ??= this.#request();
    return this.#held;
  }

  async #request(): Promise<void> {
    const released = new Promise<void>((resolve) => (this.#release = resolve));
    if (!(await locksWork())) return;
    await new Promise<void>((held) => {
      void navigator.locks.request(nameOf(this.id), () => {
        held();
        return released;
      });
    });
  }

  /** Nothing depends on this tab any more; a page that holds a lock is not kept for the way back. */
  release(): void {
    this.#release?.();
    this.#held = undefined;
    this.#release = undefined;
  }

  /** Runs work when the other tab has gone, in one tab after the other; at once where that cannot be known. */
  async inherit(tab: string, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    if (!(await locksWork())) return work();
    try {
      await navigator.locks.request(nameOf(tab), { signal }, work);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

const nameOf = (tab: string) => `livelit:tab:${tab}`;
