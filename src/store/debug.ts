/* eslint-disable no-console -- the one place: behind a switch that a developer sets */
import type { TopicEvent, TopicState } from './backend.ts';
import { readLocal } from './local-storage.ts';

/** `localStorage.setItem('debug_sync', 'true')` and a reload; asked once a page, because it is asked at every event. */
let on: boolean | undefined;
const say = (line: string, ...details: unknown[]) => {
  if ((on ??= readLocal('debug_sync') === 'true')) console.debug(`livelit: ${line}`, ...details);
};

/** What of an event may be shown: which rows it is about, never what stands in them. */
const about = ({ payload: { table, op, n, ids, record } }: TopicEvent) => ({
  table,
  op,
  n,
  ids: ids ?? (record as { id?: unknown } | undefined)?.id,
});

/** What the kernel does, told to whoever has switched it on; no token, key or text is in it. */
export const debug = {
  event: (topic: string, event: TopicEvent) => say(`event ${event.event} on ${topic}`, about(event)),
  topic: (topic: string, state: TopicState) =>
    say(`topic ${topic} is ${state.state}`, ...('error' in state ? [state.error.reason, state.error.cause] : [])),
  joining: (topic: string) => say(`joining ${topic}`),
  socket: (reason: string) => say(`the socket is gone: ${reason}`),
  refresh: (key: string) => say(`silent refresh of ${key} triggered by an event`),
  fetching: (key: string) => say(`fetching ${key}…`),
  fetched: (key: string, ms: number) => say(`fetch of ${key} completed in ${Math.round(ms)} ms`),
  failed: (key: string, reason: string) => say(`fetch of ${key} failed: ${reason}`),
  delivery: (lane: string, id: string, state: string) => say(`write ${id} on ${lane} is ${state}`),
  role: (role: string) => say(`this tab is ${role}`),
};
