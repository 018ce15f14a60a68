import type { RealtimeChannel, RealtimeClient } from '@supabase/supabase-js';
import { backoff } from './backoff.ts';
import type { TopicEvent, TopicListener, TopicState } from './backend.ts';
import { LivelitError } from './error.ts';
import type { Timings } from './timings.ts';

/** What hosted Realtime says when asking again cannot help. */
const PERMANENT =
  /^(Unauthorized|PrivateOnly|RealtimeDisabledForTenant|TenantNotFound|UnmatchedTopic|TopicNameRequired)/;

/** One topic that somebody wants: its listeners share one channel. */
interface Topic {
  readonly name: string;
  readonly listeners: Set<TopicListener>;
  state: TopicState;
  channel: RealtimeChannel | undefined;
  attempts: number;
  retry: ReturnType<typeof setTimeout> | undefined;
}

/**
 * Private Broadcast topics over a Realtime client. realtime-js gives two askers of one topic the same channel, so that
 * one's leaving silences the other; joins before the token is known; and drops a closed channel for good. Here topics
 * are shared by count, joins wait for the token, and a closed channel is replaced by a new one.
 */
export class Channels {
  readonly #realtime: RealtimeClient;
  readonly #token: () => Promise<string | undefined>;
  readonly #timings: Timings;
  readonly #topics = new Map<string, Topic>();

  constructor(realtime: RealtimeClient, token: () => Promise<string | undefined>, timings: Timings) {
    this.#realtime = realtime;
    this.#token = token;
    this.#timings = timings;
  }

  /** Listens to a topic; answers the way out, which may be taken twice. */
  join(name: string, listener: TopicListener): () => void {
    let topic = this.#topics.get(name);
    if (!topic) {
      topic = {
        name,
        listeners: new Set(),
        state: { state: 'joining' },
        channel: undefined,
        attempts: 0,
        retry: undefined,
      };
      this.#topics.set(name, topic);
      this.#open(topic);
    }
    topic.listeners.add(listener);
    const joined = topic;
    // Who comes second learns at once where the topic stands, but not before having the way out in hand.
    queueMicrotask(() => {
      if (joined.listeners.has(listener)) listener.onState(joined.state);
    });
    return () => {
      if (!joined.listeners.delete(listener) || joined.listeners.size) return;
      this.#topics.delete(name);
      clearTimeout(joined.retry);
      this.#drop(joined);
    };
  }

  close(): void {
    for (const topic of this.#topics.values()) {
      topic.listeners.clear();
      clearTimeout(topic.retry);
      this.#drop(topic);
    }
    this.#topics.clear();
  }

  #open(topic: Topic): void {
    this.#subscribe(topic).catch((error: unknown) => {
      if (this.#wanted(topic)) this.#lose(topic, String(error));
    });
  }

  async #subscribe(topic: Topic): Promise<void> {
    // A join that goes out before the token is known is judged as nobody's. The token is handed over, because a
    // `setAuth()` without one resolves early when another call overtakes it.
    const token = await this.#token();
    if (token) await this.#realtime.setAuth(token);
    if (!this.#wanted(topic) || topic.channel) return;
    const channel = this.#realtime.channel(topic.name, { config: { private: true } });
    topic.channel = channel;
    channel
      .on('broadcast', { event: '*' }, ({ event, payload }: TopicEvent) => {
        for (const listener of [...topic.listeners]) listener.onEvent({ event, payload });
      })
      .subscribe((status: string, error) => {
        if (topic.channel !== channel || !this.#wanted(topic)) return;
        if (status === 'SUBSCRIBED') {
          topic.attempts = 0;
          this.#set(topic, { state: 'joined' });
        } else {
          this.#lose(topic, error?.message ?? status);
        }
      });
  }

  #lose(topic: Topic, message: string): void {
    this.#dropLater(topic);
    if (PERMANENT.test(message)) {
      const error = new LivelitError('forbidden', 'You may not listen to this.', { reason: 'topic', cause: message });
      return this.#set(topic, { state: 'refused', error });
    }
    const error = new LivelitError('unavailable', 'The connection was lost. It is being restored.', {
      reason: 'socket',
      cause: message,
    });
    this.#set(topic, { state: 'lost', error });
    // Always a new channel: a closed one is unusable, a refused one would be asked for every 10 s for ever, and one that
    // realtime-js joins again after a sleep would do so with the token of before it.
    clearTimeout(topic.retry);
    const { retryBaseMs, retryCapMs } = this.#timings;
    topic.retry = setTimeout(() => this.#open(topic), backoff(topic.attempts++, retryBaseMs, retryCapMs));
  }

  /** realtime-js must not be told to remove a channel from inside that channel's own callback. */
  #dropLater(topic: Topic): void {
    const { channel } = topic;
    queueMicrotask(() => {
      if (topic.channel === channel) this.#drop(topic);
    });
  }

  #drop(topic: Topic): void {
    const { channel } = topic;
    topic.channel = undefined;
    if (!channel) return;
    void this.#realtime.removeChannel(channel).catch(() => undefined);
  }

  #wanted(topic: Topic): boolean {
    return this.#topics.get(topic.name) === topic;
  }

  #set(topic: Topic, state: TopicState): void {
    topic.state = state;
    for (const listener of [...topic.listeners]) listener.onState(state);
  }
}
