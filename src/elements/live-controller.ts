import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { NOTHING, type Live, type Snapshot, type Status } from '../store/live.ts';

const STATUSES: readonly Status[] = ['idle', 'loading', 'live', 'refreshing', 'stale', 'error'];

/**
 * Lets an element read a Live: subscribes while the element is in the page, renders it again after each change, and,
 * given its internals, keeps `:state(<status>)` and `:state(sample)` true.
 */
export class LiveController<T> implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #choose: () => Live<T> | undefined;
  readonly #internals: ElementInternals | undefined;
  #live: Live<T> | undefined;
  #leave: (() => void) | undefined;
  #connected = false;

  /** @param choose - Which Live to read; asked before every render, so it may depend on properties. */
  constructor(host: ReactiveControllerHost, choose: () => Live<T> | undefined, internals?: ElementInternals) {
    this.#host = host;
    this.#choose = choose;
    this.#internals = internals;
    host.addController(this);
  }

  get snapshot(): Snapshot<T> {
    return this.#live?.snapshot ?? NOTHING;
  }

  hostConnected(): void {
    this.#connected = true;
    this.#follow();
  }

  hostUpdate(): void {
    // An update may still be due when the element has left the page; it shows what was known last.
    if (this.#connected) this.#follow();
    this.#showStates();
  }

  hostDisconnected(): void {
    this.#connected = false;
    this.#leave?.();
    this.#leave = undefined;
  }

  #follow(): void {
    const live = this.#choose();
    if (live === this.#live && this.#leave) return;
    // The new one first: two that share a topic must not leave it and join it again.
    const leave = this.#leave;
    this.#live = live;
    this.#leave = live?.subscribe(() => this.#host.requestUpdate());
    leave?.();
    this.#host.requestUpdate();
  }

  #showStates(): void {
    const states = this.#internals?.states;
    if (!states) return;
    const { status, sample } = this.snapshot;
    for (const each of STATUSES) toggle(states, each, each === status);
    toggle(states, 'sample', sample);
  }
}

/** Sets or clears a `:state()`. */
export function toggle(states: CustomStateSet, state: string, on: boolean): void {
  if (on) states.add(state);
  else states.delete(state);
}
