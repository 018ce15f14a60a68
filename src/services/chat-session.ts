import type { Session } from '../store/backend.ts';
import { readLocal, watchLocal, writeLocal } from '../store/local-storage.ts';
import { makeId } from '../store/make-id.ts';

/** How many conversations a browser remembers to exist on the server. */
const REMEMBERED = 20;

const prefix = (target: string) => `livelit:chat:${target}:`;
/** Whoever has no account is one visitor: the anonymous users that a browser has had come and go. */
const currentKey = (target: string, session: Session | null) =>
  `${prefix(target)}current:${session && !session.anonymous ? session.userId : ''}`;
const establishedKey = (target: string) => `${prefix(target)}established`;

/**
 * The conversation that this browser is having. A visitor's goes with them when they sign in to an account; a new one
 * is made when there is none.
 */
export function currentSessionId(target: string, session: Session | null): string {
  const key = currentKey(target, session);
  const visitorsKey = currentKey(target, null);
  const own = readLocal(key);
  if (own) return own;
  const id = readLocal(visitorsKey) ?? makeId();
  writeLocal(key, id);
  if (key !== visitorsKey) writeLocal(visitorsKey, undefined);
  return id;
}

/** Makes a conversation the one that this browser is having; without an id, a new one. */
export function startSession(target: string, session: Session | null, id = makeId()): void {
  writeLocal(currentKey(target, session), id);
}

/** Whether the server is known to have the conversation: until then there is no topic to join. */
export const established = (target: string, id: string): boolean => establishedIds(target).includes(id);

export function setEstablished(target: string, id: string): void {
  const ids = establishedIds(target);
  if (!ids.includes(id)) writeLocal(establishedKey(target), [id, ...ids].slice(0, REMEMBERED).join(' '));
}

/** Calls back when this tab or another one has begun or established a conversation. */
export const watchSessions = (target: string, changed: () => void): (() => void) => watchLocal(prefix(target), changed);

const draftKey = (id: string) => `livelit:draft:${id}`;

/** What was being written in a conversation when the page was left. */
export const readDraft = (id: string): string => readLocal(draftKey(id)) ?? '';

export const keepDraft = (id: string, text: string): void => writeLocal(draftKey(id), text || undefined);

const establishedIds = (target: string) => readLocal(establishedKey(target))?.split(' ') ?? [];

const readKey = (id: string) => `livelit:read:${id}`;

/** How far a conversation has been read here, as the `seq` of a message. */
export const readUpTo = (id: string): number => Number(readLocal(readKey(id)) ?? 0);

export const keepReadUpTo = (id: string, seq: number): void => {
  if (seq > readUpTo(id)) writeLocal(readKey(id), `${seq}`);
};
