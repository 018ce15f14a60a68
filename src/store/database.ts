import type { DBSchema, IDBPDatabase } from 'idb';
import type { OutboxEntry } from './lane.ts';
import type { KeptSnapshot } from './snapshots.ts';

export interface Schema extends DBSchema {
  outbox: { key: string; value: OutboxEntry };
  snapshots: { key: string; value: KeptSnapshot; indexes: { at: number } };
}

export type LocalDatabase = IDBPDatabase<Schema>;

let opening: Promise<LocalDatabase | undefined> | undefined;

/** The kit's IndexedDB, or undefined where the browser refuses it: private modes, sandboxed frames. */
export function openDatabase(): Promise<LocalDatabase | undefined> {
  opening ??= open().catch(() => undefined);
  return opening;
}

async function open(): Promise<LocalDatabase> {
  const { openDB } = await import('idb');
  const database = await openDB<Schema>('livelit', 2, {
    upgrade(fresh, version) {
      if (version < 1) fresh.createObjectStore('outbox', { keyPath: 'id' });
      if (version < 2) fresh.createObjectStore('snapshots', { keyPath: 'key' }).createIndex('at', 'at');
    },
    // A newer version of the kit in another tab waits for this connection to go away.
    blocking: () => {
      database.close();
      opening = undefined;
    },
    terminated: () => (opening = undefined),
  });
  return database;
}
