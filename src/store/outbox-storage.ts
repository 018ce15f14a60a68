import type { DBSchema, IDBPDatabase } from 'idb';
import type { OutboxEntry } from './outbox.ts';

/** Where unsent writes survive a reload. */
export interface OutboxStorage {
  all(): Promise<OutboxEntry[]>;
  put(entry: OutboxEntry): Promise<void>;
  delete(id: string): Promise<void>;
}

interface Schema extends DBSchema {
  outbox: { key: string; value: OutboxEntry };
}

/** IndexedDB, or memory where the browser refuses it (private modes, sandboxed frames, full disks). */
export async function openOutboxStorage(): Promise<OutboxStorage> {
  const memory = new Map<string, OutboxEntry>();
  let database: IDBPDatabase<Schema> | undefined;
  try {
    const { openDB } = await import('idb');
    database = await openDB<Schema>('livelit', 1, {
      upgrade: (fresh) => void fresh.createObjectStore('outbox', { keyPath: 'id' }),
      // A newer version of the kit in another tab waits for this connection to go away.
      blocking: () => database?.close(),
    });
  } catch {
    // The memory below is the whole answer.
  }
  return {
    async all() {
      const kept = await database?.getAll('outbox').catch(() => undefined);
      return [...(kept ?? []), ...memory.values()];
    },
    async put(entry) {
      try {
        if (!database) throw new Error('no database');
        await database.put('outbox', entry);
      } catch {
        memory.set(entry.id, entry);
      }
    },
    async delete(id) {
      memory.delete(id);
      await database?.delete('outbox', id).catch(() => undefined);
    },
  };
}
