import type { Backend, Session, TopicEvent } from './backend.ts';
import type { Lane, OutboxEntry } from './lane.ts';

/** What a fetch may use. */
export interface QueryContext {
  readonly backend: Backend;
  readonly session: Session | null;
  /** The project's address: what is kept in the browser is kept by it. */
  readonly target: string;
  readonly signal: AbortSignal;
}

/** Unsent writes of a lane, shown over the data until the data shows them itself. */
export interface Overlay<T> {
  readonly lane: Lane;
  show(data: T | undefined, entries: readonly OutboxEntry[]): T | undefined;
  /** Whether the data shows the write, so that the overlay may let go of it. */
  shows(data: T, entry: OutboxEntry): boolean;
}

export interface LiveQueryOptions<T> {
  /** Two queries of the same key are one. */
  readonly key: string;
  /** Who must be signed in for a fetch: nobody, anybody (the default), or somebody with an account. */
  readonly requires?: 'nothing' | 'session' | 'account';
  /** Shown while nobody who may fetch is signed in, or no project is connected. */
  readonly placeholder?: () => { readonly data: T; readonly sample: boolean };
  /** Whether what was fetched is invented, too. */
  readonly sampled?: (data: T) => boolean;
  /** What makes the data stale. */
  readonly topics?: (context: QueryContext) => readonly string[] | Promise<readonly string[]>;
  /** The table whose events concern this query; where they never come, the query looks by itself. */
  readonly table?: string;
  /** Whoever let them be listened to may end that: a topic that is refused is left, and the data says what is so now. */
  readonly revocable?: boolean;
  readonly fetch: (context: QueryContext) => Promise<T>;
  /** Whether an event concerns this query at all; unless said, those of its table do. */
  readonly relevant?: (event: TopicEvent) => boolean;
  /** The row-wise fast path: the data with the event in it, the same data when nothing changes, or undefined to fetch. */
  readonly apply?: (data: T, event: TopicEvent) => T | undefined;
  /** Puts what was fetched in place of what is shown; keeps what is newer there. */
  readonly reconcile?: (shown: T, fetched: T) => T;
  readonly overlay?: Overlay<T>;
  /** Kept in the browser until sign-out, so that the next visit paints before the network answers. Plain data only. */
  readonly cached?: boolean;
  /** A further reason to start over, besides the session; answers the way out. */
  readonly watch?: (startOver: () => void) => () => void;
}

/** Whether who is signed in may fetch. */
export const permitted = (requires: LiveQueryOptions<unknown>['requires'], session: Session | null): boolean => {
  if (requires === 'nothing') return true;
  return session !== null && (requires !== 'account' || !session.anonymous);
};
