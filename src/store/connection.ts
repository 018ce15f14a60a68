import type { Link, TopicState } from './backend.ts';
import { LivelitError } from './error.ts';
import type { OutboxEntry } from './lane.ts';

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
  /** The writes behind these numbers, oldest first; `retryWrite` and `discardWrite` take their ids. */
  readonly writes: readonly OutboxEntry[];
  /** Something is in flight at this moment. */
  readonly busy: boolean;
  /** When the server last confirmed anything, ms since 1970. */
  readonly lastSyncAt: number | undefined;
  /** When the oldest write was made that has not arrived, ms since 1970. */
  readonly oldestPendingAt: number | undefined;
  /** When the next attempt to connect is made, ms since 1970; undefined when none is due. */
  readonly nextRetryAt: number | undefined;
  /** Median round trip of the last heartbeats, ms. */
  readonly latencyMs: number | undefined;
  /** Whether this tab holds the socket for the others, hears through another one, or has its own. */
  readonly role: Link['role'];
  /** Fetches and deliveries that have failed since the page connected. */
  readonly errors: number;
  /** How often the server confirmed something within the last minute. */
  readonly syncsPerMinute: number;
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
  /** Queries have looked by themselves since a topic was lost, and were answered. */
  readonly polling: boolean;
  readonly link: Link | undefined;
  readonly lastSyncAt: number | undefined;
  readonly errors: number;
  readonly syncsPerMinute: number;
}

/** The connection that follows from the facts; a pure function, so that no state can disagree with another. */
export function connectionOf(facts: ConnectionFacts): Connection {
  const { entries, fetching, link, lastSyncAt, errors, syncsPerMinute } = facts;
  const unsent = entries.filter(({ state }) => state === 'pending' || state === 'sending');
  const pending = unsent.length;
  const failed = entries.filter(({ state }) => state === 'failed').length;
  const sending = entries.some(({ state }) => state === 'sending');
  const [state, reason] = stateOf(facts);
  return {
    state,
    reason,
    pending,
    failed,
    writes: entries,
    busy: fetching || sending || state === 'connecting',
    lastSyncAt,
    oldestPendingAt: unsent[0]?.createdAt,
    nextRetryAt: link?.nextRetryAt,
    latencyMs: link?.latencyMs,
    role: link?.role ?? 'alone',
    errors,
    syncsPerMinute,
  };
}

function stateOf({ project, online, sessionError, topics, polling }: ConnectionFacts): [ConnectionState, string] {
  if (project === undefined) return ['idle', 'Not connected to a project.'];
  if (project === 'loading') return ['connecting', 'Connecting…'];
  if (project !== 'ready') return ['failed', project.message];
  if (!online) return ['stale', 'This device is offline.'];
  if (sessionError) return ['needs-auth', sessionError.message];
  const refused = topics.find((topic) => topic.state === 'refused');
  if (refused) return ['failed', refused.error.message];
  const lost = topics.find((topic) => topic.state === 'lost');
  if (lost && polling) return ['polling', 'The live connection is blocked. The page looks for changes regularly.'];
  if (lost) return ['stale', lost.error.message];
  if (topics.some((topic) => topic.state === 'joining')) return ['connecting', 'Connecting…'];
  if (!topics.length) return ['idle', 'Nothing to keep up to date yet.'];
  return ['live', 'Every change arrives as it happens.'];
}
