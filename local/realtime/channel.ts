import type { Claims } from '../keys.ts';

/** The longest time a timer of Node can wait. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** One joined topic of one socket: who listens, and until when. */
export class Channel {
  /** The topic as `realtime.send` names it, without the protocol's `realtime:` in front. */
  readonly topic: string;
  readonly joinRef: string | null;
  #expiry: NodeJS.Timeout | undefined;

  constructor(topic: string, joinRef: string | null) {
    this.topic = topic;
    this.joinRef = joinRef;
  }

  /** Calls back when the token runs out; a later token replaces an earlier one. */
  expireWith(claims: Claims, expired: () => void): void {
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
