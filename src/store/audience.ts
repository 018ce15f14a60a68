import type { TopicEvent, TopicListener, TopicState } from './backend.ts';

/** Those who listen to one topic, and where it stands. */
export class Audience {
  readonly #listeners = new Set<TopicListener>();
  #state: TopicState;

  constructor(state: TopicState = { state: 'joining' }) {
    this.#state = state;
  }

  /** Lets somebody in; answers the way out, which may be taken twice. Calls back when the last one has gone. */
  admit(listener: TopicListener, deserted: () => void): () => void {
    this.#listeners.add(listener);
    // Who comes second learns at once where the topic stands, but not before having the way out in hand.
    queueMicrotask(() => {
      if (this.#listeners.has(listener)) listener.onState(this.#state);
    });
    return () => {
      if (this.#listeners.delete(listener) && !this.#listeners.size) deserted();
    };
  }

  // Copies below, because a listener may leave or come while it is called.

  tell(event: TopicEvent): void {
    for (const listener of [...this.#listeners]) listener.onEvent(event);
  }

  turn(state: TopicState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener.onState(state);
  }

  /** Sends everybody away without a word. */
  dismiss(): void {
    this.#listeners.clear();
  }
}
