import type { Connection } from '../store/connection.ts';
import type { Live } from '../store/live.ts';
import { store } from '../store/store.ts';

export type { Connection, ConnectionState } from '../store/connection.ts';

/** How the page stands with its project: connected or not and why, what is unsent, when it was last in step. */
export const connection = (): Live<Connection> => store().connection;
