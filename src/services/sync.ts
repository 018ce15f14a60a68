import type { Connection } from '../store/connection.ts';
import type { Live } from '../store/live.ts';
import { store } from '../store/store.ts';

export type { Connection, ConnectionState } from '../store/connection.ts';

/** How the page stands with its project: connected or not and why, what is unsent, when it was last in step. */
export const connection = (): Live<Connection> => store().connection;

/** Tries a write again now that was refused or waits, by its id in `connection().snapshot.data.writes`. */
export const retryWrite = (id: string): void => store().write(null, { retry: id });

/** Gives up a write that was refused or waits; one that is on its way is not called back. */
export const discardWrite = (id: string): void => store().write(null, { discard: id });
