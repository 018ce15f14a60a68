import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { NOTHING, type Live, type Snapshot, type Status } from '../store/live.ts';

const STATUSES: readonly Status[] = ['idle', 'loading', 'live', 'refreshing', 'stale', 'error'];

/** Elements that have rendered a change since the last frame, and whether another one has come after it. */
const rendered = new Map<ReactiveControllerHost, boolean>();
let frame: number | undefined;

/**
 * Renders an element for a change: the first at once, further ones in the next frame. Each message of a socket is a task
 * of its own, so that Lit alone would render a reply that streams in quickly a hundred times a frame.
 */
function renderSoon(host: ReactiveControllerHost): void {
  const again = rendered.has(host);
  rendered.set(host, again);
  frame ??= requestAnimationFrame(renderLate);
  if (!again) host.requestUpdate();
}

function renderLate(): void {
  frame = undefined;
  const late = [...rendered].filter(([, changed]) => changed);
  rendered.clear();
  for (const [host] of late) renderSoon(host);
}

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
    // What has come until now is in this render.
    if (rendered.has(this.#host)) rendered.set(this.#host, false);
  }

  hostDisconnected(): void {
    this.#connected = false;
    rendered.delete(this.#host);
    this.#leave?.();
    this.#leave = undefined;
  }

  #follow(): void {
    const live = this.#choose();
    if (live === this.#live && this.#leave) return;
    // The new one first: two that share a topic must not leave it and join it again.
    const leave = this.#leave;
    this.#live = live;
    this.#leave = live?.subscribe(() => renderSoon(this.#host));
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
