import type { LivelitError } from './error.ts';
import type { Live } from './live.ts';

/** Who is signed in. */
export interface Session {
  readonly userId: string;
  /** A visitor without an account, signed in so that a conversation can be theirs. */
  readonly anonymous: boolean;
  /** Empty for a visitor. */
  readonly email: string;
  /** Somebody who may see everybody's; what they do see, the database decides. */
  readonly admin?: boolean;
}

export type Credentials = { readonly email: string; readonly password: string } | 'anonymous';

/**
 * `sign-up` makes an account, of the visitor who is signed in where there is one · `send-code` mails six digits to sign
 * in with, `recover` six to choose a new password with · `enter-code` signs in with them · `set-password` replaces the
 * password of who is signed in.
 */
export type AuthStep =
  | { readonly step: 'sign-up'; readonly email: string; readonly password: string; readonly fullName?: string }
  | { readonly step: 'send-code' | 'recover'; readonly email: string }
  | { readonly step: 'enter-code'; readonly email: string; readonly code: string }
  | { readonly step: 'set-password'; readonly password: string };

export type Filter = readonly [
  column: string,
  operator: 'eq' | 'neq' | 'gt' | 'gte' | 'lt' | 'lte' | 'in',
  value: unknown,
];

/** Rows of a table, all of them unless `limit` says otherwise, or the answer of a database function. */
export type Query =
  | {
      readonly from: string;
      readonly columns?: string;
      readonly where?: readonly Filter[];
      /** Columns, the first counts most; `-` in front turns one round. Name enough of them to make the order total. */
      readonly order: readonly string[];
      readonly limit?: number;
    }
  | { readonly rpc: string; readonly parameters?: Readonly<Record<string, unknown>> };

/** One write. Repeating it must be harmless: it may arrive twice. */
export type Mutation =
  | { readonly update: string; readonly where: readonly Filter[]; readonly values: Readonly<Record<string, unknown>> }
  | { readonly rpc: string; readonly parameters?: Readonly<Record<string, unknown>> };

/** What arrives on a topic. */
export interface TopicEvent {
  readonly event: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** `joined` comes again after every gap: whatever was sent meanwhile is lost, so fetch. `refused` is final. */
export type TopicState =
  | { readonly state: 'joining' }
  | { readonly state: 'joined' }
  | { readonly state: 'lost'; readonly error: LivelitError }
  | { readonly state: 'refused'; readonly error: LivelitError };

export interface TopicListener {
  onEvent(event: TopicEvent): void;
  onState(state: TopicState): void;
}

/** How this tab hears of topics. */
export interface Link {
  /** `leader` holds the socket for the other tabs, `follower` hears through it; `alone` there is nothing to share. */
  readonly role: 'alone' | 'leader' | 'follower';
  /** Median round trip of the last heartbeats, ms; undefined before the first. */
  readonly latencyMs: number | undefined;
  /** When the next attempt to connect is made, ms since 1970; undefined when none is due. */
  readonly nextRetryAt: number | undefined;
}

/** Topics that can be listened to, over one socket or another. */
export interface TopicSource {
  readonly link: Live<Link>;
  /** Listens to a topic; answers the way out, which may be taken twice. */
  join(topic: string, listener: TopicListener): () => void;
  /** Somebody may be looking again: whatever was waited for is tried now, what seems alive is asked. */
  wake(): void;
  close(): void;
}

/** … which can also be let go of for a while. */
export interface Topics extends TopicSource {
  /** Nobody is looking for long: lets go of the socket until `wake()`. */
  sleep(): void;
}

/** The port between the kernel and a project. Whatever it throws is a LivelitError. */
export interface Backend extends Topics {
  /** `loading` until it is known, then `live` with the session or null; `error` with null when it ended by itself. */
  readonly session: Live<Session | null>;
  /** The session is the page's own, which signs people in and out itself. */
  readonly hosted?: boolean;
  fetch<T>(query: Query, signal: AbortSignal): Promise<T>;
  write(mutation: Mutation, signal: AbortSignal): Promise<void>;
  /** Calls an Edge Function: its parsed answer, or the Response itself when it streams events. */
  invoke(name: string, body: object, signal: AbortSignal): Promise<unknown>;
  /** Whether changes of a table are never told here, though its topic is joined. */
  deafTo?(table: string): boolean;
  signIn(credentials: Credentials): Promise<Session>;
  /** One step of an account; answers null when a code was mailed that has to be entered next. */
  authenticate(step: AuthStep): Promise<Session | null>;
  signOut(): Promise<void>;
}
