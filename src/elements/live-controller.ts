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
  readonly #bridges: (from: Live<T>, to: Live<T>) => boolean;
  #live: Live<T> | undefined;
  #leave: (() => void) | undefined;
  /** The one before, shown until there is something to show of the next. */
  #bridge: { readonly live: Live<T>; readonly leave: () => void } | undefined;
  #connected = false;

  /**
   * @param choose - Which Live to read; asked before every render, so it may depend on properties.
   * @param bridges - Whether what is shown of one Live may stay while another one loads; otherwise it never does.
   */
  constructor(
    host: ReactiveControllerHost,
    choose: () => Live<T> | undefined,
    internals?: ElementInternals,
    bridges: (from: Live<T>, to: Live<T>) => boolean = () => false,
  ) {
    this.#host = host;
    this.#choose = choose;
    this.#internals = internals;
    this.#bridges = bridges;
    host.addController(this);
  }

  /** The Live that is shown. */
  get live(): Live<T> | undefined {
    return this.#bridge?.live ?? this.#live;
  }

  get snapshot(): Snapshot<T> {
    const snapshot = this.live?.snapshot ?? NOTHING;
    return this.#bridge ? { ...snapshot, status: 'refreshing' } : snapshot;
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
    this.#endBridge();
  }

  #follow(): void {
    const live = this.#choose();
    if (live !== this.#live || !this.#leave) this.#turnTo(live);
    const bridged = this.#bridge?.live.snapshot.data !== undefined && this.#live?.snapshot.status === 'loading';
    if (!bridged) this.#endBridge();
  }

  #turnTo(live: Live<T> | undefined): void {
    // The new one first: two that share a topic must not leave it and join it again.
    const shown = this.live;
    const leave = this.#leave;
    const last = this.#live;
    this.#live = live;
    this.#leave = live?.subscribe(() => renderSoon(this.#host));
    if (!shown || !live || !this.#bridges(shown, live)) this.#endBridge();
    else if (!this.#bridge && leave && last) this.#bridge = { live: last, leave };
    if (this.#bridge?.leave !== leave) leave?.();
    this.#host.requestUpdate();
  }

  #endBridge(): void {
    this.#bridge?.leave();
    this.#bridge = undefined;
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
