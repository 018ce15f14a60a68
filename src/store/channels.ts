import type { RealtimeChannel } from '@supabase/supabase-js';
import { Audience } from './audience.ts';
import { backoff } from './backoff.ts';
import type { Link, TopicListener, TopicSource, TopicState } from './backend.ts';
import { debug } from './debug.ts';
import { LivelitError } from './error.ts';
import { LiveValue } from './live.ts';
import { Socket } from './socket.ts';
import { listenTo, type TopicTables } from './table-changes.ts';
import type { Timings } from './timings.ts';

/** What hosted Realtime says when asking again cannot help. */
const PERMANENT =
  /^(Unauthorized|PrivateOnly|RealtimeDisabled|TenantNotFound|UnmatchedTopic|TopicNameRequired|Unable to subscribe)/;
/** … and when a new token would. */
const TOKEN = /JWT|token/i;

export interface ChannelsOptions {
  readonly url: string;
  readonly key: string;
  readonly timings: Timings;
  /** The user's token, renewed first when the server has refused the last one. */
  readonly token: (renew: boolean) => Promise<string | undefined>;
  /** The tables behind topics, for a project that sends no broadcasts. */
  readonly tables?: TopicTables | undefined;
}

/** One topic that somebody wants: its listeners share one channel. */
interface Topic {
  readonly name: string;
  readonly audience: Audience;
  channel: RealtimeChannel | undefined;
  attempts: number;
  retry: ReturnType<typeof setTimeout> | undefined;
  /** What the server said before it closed the channel. */
  complaint: string;
}

/**
 * Private topics over a socket of our own. realtime-js gives two askers of one topic the same channel, so that one's
 * leaving silences the other; joins before the token is known; and drops a closed channel for good. Here topics are
 * shared by count, joins wait for the token, and a closed channel or a dead socket is replaced by a new one.
 */
export class Channels implements TopicSource {
  readonly link = new LiveValue<Link>();
  readonly #options: ChannelsOptions;
  readonly #topics = new Map<string, Topic>();
  /** Channels that are being left, by topic: until one has gone, realtime-js would hand it out again. */
  readonly #leaving = new Map<string, Promise<unknown>>();
  #socket: Socket | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #nextRetryAt: number | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #attempts = 0;
  /** The server has refused the token that we have. */
  #tokenRefused = false;

  constructor(options: ChannelsOptions) {
    this.#options = options;
    this.#showLink();
  }

  join(name: string, listener: TopicListener): () => void {
    clearTimeout(this.#idle);
    let topic = this.#topics.get(name);
    if (!topic) {
      topic = {
        name,
        audience: new Audience(),
        channel: undefined,
        attempts: 0,
        retry: undefined,
        complaint: '',
      };
      this.#topics.set(name, topic);
      this.#open(topic);
    }
    const joined = topic;
    return joined.audience.admit(listener, () => {
      this.#topics.delete(name);
      clearTimeout(joined.retry);
      this.#drop(joined);
      if (!this.#topics.size) this.#idle = setTimeout(() => this.#hangUp(), this.#options.timings.lingerMs);
    });
  }

  wake(): void {
    if (!this.#topics.size) return;
    this.#attempts = 0;
    if (!this.#socket) return this.#openAll();
    void this.renew();
    this.#socket.ping(this.#options.timings.wakePatienceMs);
    for (const topic of this.#topics.values()) if (topic.retry !== undefined) this.#open(topic);
  }

  /** The user's token has changed: channels that are open go on with the new one. */
  async renew(): Promise<void> {
    const token = await this.#options.token(false);
    if (token && this.#socket) await this.#socket.realtime.setAuth(token);
  }

  close(): void {
    for (const topic of this.#topics.values()) {
      topic.audience.dismiss();
      clearTimeout(topic.retry);
    }
    this.#topics.clear();
    this.#hangUp();
  }

  #hangUp(): void {
    clearTimeout(this.#idle);
    clearTimeout(this.#retry);
    this.#nextRetryAt = undefined;
    for (const topic of this.#topics.values()) this.#forgetChannel(topic);
    this.#socket?.close();
    this.#socket = undefined;
    this.#leaving.clear();
    this.#showLink();
  }

  #openAll(): void {
    clearTimeout(this.#retry);
    this.#nextRetryAt = undefined;
    for (const topic of this.#topics.values()) this.#open(topic);
    this.#showLink();
  }

  #open(topic: Topic): void {
    // While the socket is waited for, so are all its topics.
    if (this.#nextRetryAt !== undefined || topic.channel) return;
    clearTimeout(topic.retry);
    topic.retry = undefined;
    this.#subscribe(topic).catch((error: unknown) => {
      if (this.#wanted(topic)) this.#lose(topic, String(error));
    });
  }

  async #subscribe(topic: Topic): Promise<void> {
    const { url, key, timings, token: ask, tables } = this.#options;
    const socket = (this.#socket ??= new Socket({
      url,
      key,
      timings,
      beaten: () => this.#showLink(),
      died: (reason) => this.#loseSocket(reason),
    }));
    // A join that goes out before the token is known is judged as nobody's. The token is handed over, because a
    // `setAuth()` without one resolves early when another call overtakes it.
    const renew = this.#tokenRefused;
    this.#tokenRefused = false;
    const token = await ask(renew);
    await this.#leaving.get(topic.name);
    if (token) await socket.realtime.setAuth(token);
    if (socket.dead || !this.#wanted(topic) || topic.channel) return;
    // It may have closed meanwhile, and nobody was there to be told.
    if (socket.lost) {
      socket.kill('The socket was closed.');
      return;
    }
    const channel = listenTo(socket.use(), topic.name, tables, {
      onEvent: (event) => {
        debug.event(topic.name, event);
        topic.audience.tell(event);
      },
      // Something came that cannot be told as an event: whoever listens looks again.
      onGap: () => this.#set(topic, { state: 'joined' }),
      onComplaint: (message, final) => {
        topic.complaint = message;
        if (final && topic.channel === channel) this.#lose(topic, message);
      },
    });
    topic.channel = channel;
    topic.complaint = '';
    debug.joining(topic.name);
    channel.subscribe((status: string, error) => {
      if (topic.channel !== channel || !this.#wanted(topic)) return;
      if (status === 'SUBSCRIBED') {
        topic.attempts = 0;
        this.#attempts = 0;
        this.#set(topic, { state: 'joined' });
        // Also the first time, so that a latency is known before the first interval is over.
        if (socket.latencyMs === undefined) socket.ping(timings.heartbeatPatienceMs);
      } else if (!socket.connected || status === 'TIMED_OUT') {
        // Not from inside realtime-js: it is in the middle of telling all channels.
        queueMicrotask(() => socket.kill(error?.message ?? status));
      } else {
        this.#lose(topic, topic.complaint || (error?.message ?? status));
      }
    });
  }

  #loseSocket(cause: string): void {
    debug.socket(cause);
    this.#socket = undefined;
    this.#leaving.clear();
    const { retryBaseMs, retryCapMs } = this.#options.timings;
    const wait = backoff(this.#attempts++, retryBaseMs, retryCapMs);
    this.#nextRetryAt = Date.now() + wait;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#openAll(), wait);
    for (const topic of this.#topics.values()) {
      this.#forgetChannel(topic);
      this.#set(topic, { state: 'lost', error: lost(cause) });
    }
    this.#showLink();
  }

  #lose(topic: Topic, message: string): void {
    this.#dropLater(topic);
    if (TOKEN.test(message)) this.#tokenRefused = true;
    if (PERMANENT.test(message)) {
      const error = new LivelitError('forbidden', 'You may not listen to this.', { reason: 'topic', cause: message });
      return this.#set(topic, { state: 'refused', error });
    }
    this.#set(topic, { state: 'lost', error: lost(message) });
    // Always a new channel: a closed one is unusable, and a refused one would be asked for every 10 s for ever.
    clearTimeout(topic.retry);
    const { retryBaseMs, retryCapMs } = this.#options.timings;
    topic.retry = setTimeout(() => this.#open(topic), backoff(topic.attempts++, retryBaseMs, retryCapMs));
  }

  /** realtime-js must not be told to remove a channel from inside that channel's own callback. */
  #dropLater(topic: Topic): void {
    const { channel } = topic;
    topic.channel = undefined;
    if (channel)
      this.#leave(
        topic.name,
        Promise.resolve().then(() => this.#remove(channel)),
      );
  }

  #drop(topic: Topic): void {
    const { channel } = topic;
    topic.channel = undefined;
    if (channel) this.#leave(topic.name, this.#remove(channel));
  }

  #leave(name: string, leaving: Promise<unknown>): void {
    this.#leaving.set(name, leaving);
    void leaving.then(() => this.#leaving.get(name) === leaving && this.#leaving.delete(name));
  }

  async #remove(channel: RealtimeChannel): Promise<void> {
    await this.#socket?.realtime.removeChannel(channel).catch(() => undefined);
  }

  #forgetChannel(topic: Topic): void {
    clearTimeout(topic.retry);
    topic.retry = undefined;
    topic.channel = undefined;
  }

  #wanted(topic: Topic): boolean {
    return this.#topics.get(topic.name) === topic;
  }

  #set(topic: Topic, state: TopicState): void {
    debug.topic(topic.name, state);
    topic.audience.turn(state);
  }

  #showLink(): void {
    const data: Link = { role: 'alone', latencyMs: this.#socket?.latencyMs, nextRetryAt: this.#nextRetryAt };
    this.link.set({ status: 'live', data, sample: false });
  }
}

const lost = (cause: string) =>
  new LivelitError('unavailable', 'The connection was lost. It is being restored.', { reason: 'socket', cause });
