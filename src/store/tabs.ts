import { Audience } from './audience.ts';
import type { Link, TopicEvent, TopicListener, Topics, TopicSource, TopicState } from './backend.ts';
import { debug } from './debug.ts';
import { Election } from './election.ts';
import { LivelitError } from './error.ts';
import { LiveValue } from './live.ts';
import { fromWire, toWire, type Message, type Said } from './tab-messages.ts';
import type { Timings } from './timings.ts';

/** Another tab that hears through this one. */
interface Guest {
  readonly topics: ReadonlySet<string>;
  readonly seenAt: number;
}

/** How many beats a follower may miss before nothing is kept open for it. */
const MISSED_BEATS = 5;

export interface TabsOptions {
  /** Tabs of the same name share: same project, same user, same transport. */
  readonly name: string;
  readonly timings: Timings;
  /** Opens the topics that this tab gets to serve. */
  readonly open: () => TopicSource;
}

/**
 * One socket for all tabs of a browser that show the same user: the elected tab holds it and relays over a
 * BroadcastChannel. Where tabs cannot agree, each has its own.
 */
export class Tabs implements Topics {
  readonly link = new LiveValue<Link>({
    status: 'live',
    data: { role: 'alone', latencyMs: undefined, nextRetryAt: undefined },
    sample: false,
  });
  readonly #options: TabsOptions;
  readonly #id = Math.random().toString(36).slice(2);
  readonly #topics = new Map<string, Audience>();
  readonly #guests = new Map<string, Guest>();
  /** The way out of each topic that this tab serves, to itself or to others. */
  readonly #served = new Map<string, () => void>();
  /** Where they stand. */
  readonly #states = new Map<string, TopicState>();
  #channel: BroadcastChannel | undefined;
  #election: Election | undefined;
  #role: Link['role'] | undefined;
  /** Present while this tab serves. */
  #source: TopicSource | undefined;
  #leaveLink: (() => void) | undefined;
  #leader: { readonly id: string; readonly reliable: boolean; readonly heardAt: number } | undefined;
  #followingSince = 0;
  #beat: ReturnType<typeof setInterval> | undefined;
  #hiddenSince: number | undefined;
  #asleep = false;

  constructor(options: TabsOptions) {
    this.#options = options;
    this.#start();
  }

  join(name: string, listener: TopicListener): () => void {
    let audience = this.#topics.get(name);
    if (!audience) {
      audience = new Audience();
      this.#topics.set(name, audience);
      this.#wantedChanged();
    }
    const joined = audience;
    return joined.admit(listener, () => {
      if (this.#topics.get(name) !== joined) return;
      this.#topics.delete(name);
      this.#wantedChanged();
    });
  }

  wake(): void {
    if (this.#asleep) {
      this.#asleep = false;
      this.#start();
      return;
    }
    this.#source?.wake();
    if (this.#role !== 'follower') return;
    this.#say({ kind: 'wake' });
    this.#election?.hurry();
  }

  /** A sleeping tab holds nothing that another one may need, nor what would keep it out of the back-forward cache. */
  sleep(): void {
    if (this.#asleep) return;
    this.#asleep = true;
    this.#stop();
    this.#loseAll('suspended', 'Paused while the page is hidden.');
  }

  close(): void {
    this.#topics.clear();
    this.#stop();
  }

  #start(): void {
    const { name, timings } = this.#options;
    if (!globalThis.navigator?.locks || !globalThis.BroadcastChannel) {
      this.#become('alone');
      return;
    }
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => this.#hear(data);
    this.#beat = setInterval(() => this.#tick(), timings.leaderBeatMs);
    globalThis.document?.addEventListener('visibilitychange', this.#noteVisibility);
    this.#noteVisibility();
    this.#election = new Election(name, timings, {
      elected: () => this.#become('leader'),
      deposed: () => this.#become('follower'),
      alone: () => this.#become('alone'),
      doubtful: () => this.#doubtful(),
    });
  }

  #stop(): void {
    this.#say({ kind: 'bye' });
    this.#election?.close();
    clearInterval(this.#beat);
    globalThis.document?.removeEventListener('visibilitychange', this.#noteVisibility);
    this.#stopServing();
    this.#role = undefined;
    this.#leader = undefined;
    this.#channel?.close();
    this.#channel = undefined;
  }

  #become(role: Link['role']): void {
    if (role === this.#role) return;
    debug.role(role);
    // Between two leaders nobody listens; whatever is joined next is joined anew.
    if (this.#role !== undefined) this.#loseAll('leader', 'The connection moves to another tab.');
    this.#role = role;
    this.#leader = undefined;
    if (role === 'follower') {
      this.#stopServing();
      this.#followingSince = Date.now();
      this.#showLink(undefined);
    } else {
      const source = this.#options.open();
      this.#source = source;
      this.#leaveLink = source.link.subscribe(() => this.#showLink(source.link.snapshot.data));
      this.#showLink(source.link.snapshot.data);
      this.#lead();
    }
    this.#wantedChanged();
  }

  #stopServing(): void {
    this.#leaveLink?.();
    for (const leave of this.#served.values()) leave();
    this.#served.clear();
    this.#guests.clear();
    this.#states.clear();
    this.#source?.close();
    this.#source = undefined;
  }

  /** What this tab listens to has changed: it serves itself, or asks the leader to. */
  #wantedChanged(): void {
    if (this.#role === 'follower') {
      this.#say({ kind: 'want', topics: [...this.#topics.keys()] });
    } else if (this.#source) this.#serve(this.#source);
  }

  /** Joins what somebody wants and is not joined, leaves what nobody wants any more. */
  #serve(source: TopicSource): void {
    const wanted = new Set(this.#topics.keys());
    for (const { topics } of this.#guests.values()) for (const topic of topics) wanted.add(topic);
    for (const [topic, leave] of this.#served) {
      if (wanted.has(topic)) continue;
      this.#served.delete(topic);
      this.#states.delete(topic);
      leave();
    }
    for (const topic of wanted) {
      if (this.#served.has(topic)) continue;
      const listener: TopicListener = {
        onEvent: (event) => {
          this.#deliver(topic, event);
          this.#say({ kind: 'event', topic, event });
        },
        onState: (state) => {
          this.#turn(topic, state);
          this.#say({ kind: 'state', topic, state: toWire(state) });
        },
      };
      this.#served.set(topic, source.join(topic, listener));
    }
  }

  #hear(message: Message): void {
    if (message.from === this.#id) return;
    switch (message.kind) {
      case 'want':
        return this.#welcome(message.from, message.topics);
      case 'bye':
        this.#guests.delete(message.from);
        return this.#source && this.#serve(this.#source);
      case 'wake':
        return this.#source?.wake();
      case 'lead':
        return this.#follow(message);
      case 'state':
        if (this.#role !== 'follower' || message.from !== this.#leader?.id) return;
        if (message.to === undefined || message.to === this.#id) this.#turn(message.topic, fromWire(message.state));
        return;
      case 'event':
        if (this.#role === 'follower' && message.from === this.#leader?.id) this.#deliver(message.topic, message.event);
    }
  }

  /** A follower says what it wants: it gets it, and learns where each topic stands that is new to it. */
  #welcome(id: string, topics: readonly string[]): void {
    if (this.#role !== 'leader' || !this.#source) return;
    const before = this.#guests.get(id)?.topics;
    this.#guests.set(id, { topics: new Set(topics), seenAt: Date.now() });
    // It must know whom to listen to before it hears where its topics stand.
    if (!before) this.#lead();
    const served = new Set(this.#served.keys());
    this.#serve(this.#source);
    for (const topic of topics) {
      const state = this.#states.get(topic);
      if (state && served.has(topic) && !before?.has(topic)) {
        this.#say({ kind: 'state', to: id, topic, state: toWire(state) });
      }
    }
  }

  #follow({ from, reliable, link }: Extract<Message, { kind: 'lead' }>): void {
    // A tab that leads too: its lock was taken, and it will learn of that in a moment.
    if (this.#role !== 'follower') return;
    const known = this.#leader?.id === from;
    this.#showLink(link);
    // The first leader takes what nobody served before; a further one takes over.
    if (!known && this.#leader) this.#loseAll('leader', 'The connection moves to another tab.');
    this.#leader = { id: from, reliable, heardAt: Date.now() };
    this.#wantedChanged();
    if (!reliable && this.#visible) this.#election?.hurry();
  }

  #tick(): void {
    if (this.#role === 'leader' && this.#source) {
      const { leaderBeatMs } = this.#options.timings;
      const horizon = Date.now() - MISSED_BEATS * leaderBeatMs;
      for (const [id, { seenAt }] of this.#guests) if (seenAt < horizon) this.#guests.delete(id);
      this.#serve(this.#source);
      this.#lead();
    } else if (this.#role === 'follower' && this.#doubtful()) this.#election?.hurry();
  }

  #lead(): void {
    if (this.#role !== 'leader') return;
    const { leaderHiddenMs } = this.#options.timings;
    const hiddenMs = this.#hiddenSince === undefined ? 0 : Date.now() - this.#hiddenSince;
    // Browsers slow hidden tabs down; but one that no visible tab listens to may as well stay.
    this.#say({ kind: 'lead', reliable: hiddenMs < leaderHiddenMs, link: this.#source?.link.snapshot.data });
  }

  /** Only a tab that somebody looks at takes the socket from another one. */
  #doubtful(): boolean {
    if (!this.#visible || this.#role !== 'follower') return false;
    const { leaderSilenceMs } = this.#options.timings;
    if (this.#leader?.reliable === false) return true;
    return Date.now() - (this.#leader?.heardAt ?? this.#followingSince) > leaderSilenceMs;
  }

  get #visible(): boolean {
    return globalThis.document?.visibilityState !== 'hidden';
  }

  readonly #noteVisibility = () => {
    this.#hiddenSince = this.#visible ? undefined : (this.#hiddenSince ?? Date.now());
    this.#lead();
  };

  #deliver(topic: string, event: TopicEvent): void {
    this.#topics.get(topic)?.tell(event);
  }

  #turn(topic: string, state: TopicState): void {
    this.#states.set(topic, state);
    this.#topics.get(topic)?.turn(state);
  }

  #loseAll(reason: string, message: string): void {
    const error = new LivelitError('unavailable', message, { reason });
    for (const audience of this.#topics.values()) audience.turn({ state: 'lost', error });
  }

  #showLink(link: Link | undefined): void {
    const role = this.#role ?? 'alone';
    this.link.set({
      status: 'live',
      data: { latencyMs: link?.latencyMs, nextRetryAt: link?.nextRetryAt, role },
      sample: false,
    });
  }

  #say(message: Said): void {
    this.#channel?.postMessage({ ...message, from: this.#id });
  }
}
