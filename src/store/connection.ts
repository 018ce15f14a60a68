import type { TopicState } from './backend.ts';
import { LivelitError } from './error.ts';
import type { OutboxEntry } from './outbox.ts';

/**
 * `idle` nothing to be connected for · `connecting` · `live` every change arrives · `polling` the socket is blocked,
 * looking regularly instead · `stale` was connected and is not · `needs-auth` somebody has to sign in · `failed`
 * trying again will not help.
 */
export type ConnectionState = 'idle' | 'connecting' | 'live' | 'polling' | 'stale' | 'needs-auth' | 'failed';

/** How the page stands with its project. */
export interface Connection {
  readonly state: ConnectionState;
  /** Why, as a sentence for people. */
  readonly reason: string;
  /** Writes that have not arrived yet. */
  readonly pending: number;
  /** Writes that were refused and wait for somebody's decision. */
  readonly failed: number;
  /** Something is in flight at this moment. */
  readonly busy: boolean;
  /** When the server last confirmed anything, ms since 1970. */
  readonly lastSyncAt: number | undefined;
}

/** What the state of a connection follows from. */
export interface ConnectionFacts {
  /** Undefined: no project is connected; an error: it cannot be. */
  readonly project: 'loading' | 'ready' | LivelitError | undefined;
  readonly online: boolean;
  /** The session cannot be used any more. */
  readonly sessionError: LivelitError | undefined;
  /** What is said of each topic that somebody wants. */
  readonly topics: readonly TopicState[];
  readonly entries: readonly OutboxEntry[];
  readonly fetching: boolean;
  readonly lastSyncAt: number | undefined;
}

/** The connection that follows from the facts; a pure function, so that no state can disagree with another. */
export function connectionOf(facts: ConnectionFacts): Connection {
  const { entries, fetching, lastSyncAt } = facts;
  const pending = entries.filter(({ state }) => state === 'pending' || state === 'sending').length;
  const failed = entries.filter(({ state }) => state === 'failed').length;
  const sending = entries.some(({ state }) => state === 'sending');
  const [state, reason] = stateOf(facts);
  return { state, reason, pending, failed, busy: fetching || sending || state === 'connecting', lastSyncAt };
}

function stateOf({ project, online, sessionError, topics }: ConnectionFacts): [ConnectionState, string] {
  if (project === undefined) return ['idle', 'Not connected to a project.'];
  if (project === 'loading') return ['connecting', 'Connecting…'];
  if (project !== 'ready') return ['failed', project.message];
  if (!online) return ['stale', 'This device is offline.'];
  if (sessionError) return ['needs-auth', sessionError.message];
  const refused = topics.find((topic) => topic.state === 'refused');
  if (refused) return ['failed', refused.error.message];
  const lost = topics.find((topic) => topic.state === 'lost');
  if (lost) return ['stale', lost.error.message];
  if (topics.some((topic) => topic.state === 'joining')) return ['connecting', 'Connecting…'];
  if (!topics.length) return ['idle', 'Nothing to keep up to date yet.'];
  return ['live', 'Every change arrives as it happens.'];
}
