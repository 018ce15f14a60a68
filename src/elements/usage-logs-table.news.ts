import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { logStrings as strings } from './strings/logs.en.ts';

/** How long a toast stays, ms. */
const TOAST_MS = 6_000;

/** A word in a corner that something has come, for a while. */
export class News implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Empty: there is none. */
  words = '';

  constructor(host: ReactiveControllerHost) {
    this.#host = host;
    host.addController(this);
  }

  hostDisconnected(): void {
    clearTimeout(this.#timer);
    this.words = '';
  }

  tell(count: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#say(''), TOAST_MS);
    this.#say(strings.arrived(count));
  }

  #say(words: string): void {
    this.words = words;
    this.#host.requestUpdate();
  }
}
