/** What the kit's own code has begun on the page since this object was made, and not ended: by kind and place. */
export class Leftovers {
  readonly #begun = new Map<unknown, string>();
  readonly #undo: (() => void)[] = [];

  constructor() {
    this.#timers('setTimeout', 'clearTimeout');
    this.#timers('setInterval', 'clearInterval');
    this.#listeners(globalThis, 'window');
    this.#listeners(document, 'document');
    this.#broadcasts();
  }

  get now(): string[] {
    return [...this.#begun.values()];
  }

  stop(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }

  #replace<Owner extends object, Name extends keyof Owner>(owner: Owner, name: Name, value: unknown): void {
    const original = owner[name];
    owner[name] = value as Owner[Name];
    this.#undo.push(() => (owner[name] = original));
  }

  /** Remembers what is begun by code under `src/store` or `src/services`; libraries are not the kit's to tidy. */
  #begin(key: unknown, what: string): void {
    const frames = new Error().stack!.split('\n').slice(1);
    const caller = frames.find((frame) => !frame.includes('leftovers')) ?? '';
    const place = /\/src\/(?:store|services)\/[^?:)]+/.exec(caller);
    if (place) this.#begun.set(key, `${what} in ${place[0]}`);
  }

  #timers(start: 'setTimeout' | 'setInterval', end: 'clearTimeout' | 'clearInterval'): void {
    const begin = globalThis[start].bind(globalThis) as (work: () => void, ms?: number) => number;
    const clear = globalThis[end].bind(globalThis);
    const started = (work: () => void, ms?: number) => {
      const id: number = begin(() => {
        if (start === 'setTimeout') this.#begun.delete(id);
        work();
      }, ms);
      this.#begin(id, start);
      return id;
    };
    this.#replace(globalThis, start, started);
    this.#replace(globalThis, end, (id: number) => {
      this.#begun.delete(id);
      clear(id);
    });
  }

  #listeners(target: EventTarget, name: string): void {
    const add = target.addEventListener.bind(target);
    const remove = target.removeEventListener.bind(target);
    const keys = new Map<unknown, string>();
    const keyOf = (type: string, listener: unknown) => {
      if (!keys.has(listener)) keys.set(listener, `${keys.size}`);
      return `${name} ${type} ${keys.get(listener)}`;
    };
    const started = (type: string, listener: EventListener, options?: AddEventListenerOptions) => {
      const key = keyOf(type, listener);
      this.#begin(key, `listener for ${type}`);
      options?.signal?.addEventListener('abort', () => this.#begun.delete(key));
      add(type, listener, options);
    };
    this.#replace(target, 'addEventListener', started);
    this.#replace(target, 'removeEventListener', (type: string, listener: EventListener) => {
      this.#begun.delete(keyOf(type, listener));
      remove(type, listener);
    });
  }

  #broadcasts(): void {
    const begin = (channel: unknown, name: string) => this.#begin(channel, `BroadcastChannel ${name}`);
    const end = (channel: unknown) => this.#begun.delete(channel);
    class Watched extends BroadcastChannel {
      constructor(name: string) {
        super(name);
        begin(this, name);
      }

      override close(): void {
        end(this);
        super.close();
      }
    }
    this.#replace(globalThis, 'BroadcastChannel', Watched);
  }
}
