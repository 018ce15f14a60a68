import type { Backend, TopicEvent } from './backend.ts';
import type { ErrorCode } from './error.ts';

/**
 * `pending` waits for its turn or its next attempt · `sending` is on its way · `delivered` arrived, and is shown until
 * the data shows it · `failed` was refused for good; it stays until somebody retries or discards it.
 */
export type OutboxState = 'pending' | 'sending' | 'delivered' | 'failed';

/** One write on its way to the server. Plain data: it is kept in IndexedDB. */
export interface OutboxEntry<Payload = unknown> {
  /** Made by the client; the server takes the same id for the same write. */
  readonly id: string;
  readonly lane: string;
  readonly target: string;
  /** Whose write it is; null until a visitor has been signed in. It is never sent as somebody else. */
  readonly userId: string | null;
  readonly payload: Payload;
  /** The tab that sends it, as long as it lives. */
  readonly tab: string;
  readonly createdAt: number;
  readonly state: OutboxState;
  readonly attempts: number;
  /** Not before this time, ms since 1970. */
  readonly nextAt: number;
  readonly deliveredAt?: number;
  /** Somebody has asked for it again, knowing that it was refused. */
  readonly insisted?: boolean;
  readonly error?: { readonly code: ErrorCode; readonly reason: string; readonly message: string } | undefined;
}

/** What a delivery may use. */
export interface Delivery {
  readonly backend: Backend;
  readonly signal: AbortSignal;
  /** Hands the lane's queries an event as if it had come from a topic. */
  emit(event: TopicEvent): void;
}

/** Writes that keep their order. Each service brings its own. */
export interface Lane<Payload = unknown> {
  readonly name: string;
  /** Signs a visitor in, anonymously, for the first write; otherwise writes wait for somebody to sign in. */
  readonly anonymous?: boolean;
  /** Resolves when the write has arrived; @throws LivelitError, which decides whether it is tried again. */
  readonly deliver: (entry: OutboxEntry<Payload>, delivery: Delivery) => Promise<void>;
}

/** An entry of a page that ended while it was sending: whether it arrived is unknown, so it is sent again. */
export const interrupted = (entry: OutboxEntry): OutboxEntry =>
  entry.state === 'sending' ? { ...entry, state: 'pending', nextAt: 0 } : entry;
