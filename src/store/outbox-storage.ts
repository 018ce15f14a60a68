import { openDatabase } from './database.ts';
import type { OutboxEntry } from './lane.ts';

/** Where unsent writes survive a reload. */
export interface OutboxStorage {
  all(): Promise<OutboxEntry[]>;
  /** Whether the entry is kept where a reload does not lose it. */
  put(entry: OutboxEntry): Promise<boolean>;
  delete(id: string): Promise<void>;
}

/** IndexedDB, or memory where the browser refuses it (private modes, sandboxed frames, full disks). */
export function openOutboxStorage(): OutboxStorage {
  const memory = new Map<string, OutboxEntry>();
  return {
    async all() {
      const kept = await (await openDatabase())?.getAll('outbox').catch(() => undefined);
      return [...(kept ?? []).filter(({ id }) => !memory.has(id)), ...memory.values()];
    },
    async put(entry) {
      try {
        const database = await openDatabase();
        if (!database) throw new Error('no database');
        await database.put('outbox', entry);
        memory.delete(entry.id);
        return true;
      } catch {
        memory.set(entry.id, entry);
        return false;
      }
    },
    async delete(id) {
      memory.delete(id);
      await (await openDatabase())?.delete('outbox', id).catch(() => undefined);
    },
  };
}
