import type { Claims } from '../keys.ts';
import type { Binding } from './bindings.ts';
import type { Join } from './join.ts';
import type { Subscription } from './subscriptions.ts';

/** The longest time a timer of Node can wait. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** One joined topic of one socket: who listens, to what, and until when. */
export class Channel {
  /** The topic as `realtime.send` names it, without the protocol's `realtime:` in front. */
  readonly topic: string;
  readonly joinRef: string | null;
  /** A public channel of the same name hears nothing of what is broadcast privately. */
  readonly private: boolean;
  readonly bindings: readonly Binding[];
  claims: Claims;
  /** What of the tables' changes is listened to; empty until that has begun. */
  subscriptions: readonly Subscription[] = [];
  #expiry: NodeJS.Timeout | undefined;

  constructor(join: Join, joinRef: string | null) {
    this.topic = join.topic;
    this.joinRef = joinRef;
    this.private = join.private;
    this.bindings = join.bindings;
    this.claims = join.claims;
  }

  /** Goes on as the bearer of these claims; calls back when their token runs out. */
  renew(claims: Claims, expired: () => void): void {
    this.claims = claims;
    clearTimeout(this.#expiry);
    if (claims.exp === undefined) return;
    const remaining = claims.exp * 1000 - Date.now();
    this.#expiry = setTimeout(expired, Math.min(Math.max(0, remaining), LONGEST_TIMEOUT_MS));
    this.#expiry.unref();
  }

  close(): void {
    clearTimeout(this.#expiry);
  }
}
