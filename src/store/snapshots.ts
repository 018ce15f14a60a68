import { openDatabase } from './database.ts';

/** Data as it was shown last, for the first paint of the next visit. */
export interface KeptSnapshot {
  /** Project, user and query. */
  readonly key: string;
  readonly data: unknown;
  /** When the server last confirmed it, ms since 1970. */
  readonly at: number;
}

/** How many snapshots are kept, the newest ones. */
const KEPT = 50;

export async function recallSnapshot(key: string): Promise<KeptSnapshot | undefined> {
  return (await openDatabase())?.get('snapshots', key).catch(() => undefined);
}

/** Keeps a snapshot; where that is impossible, nothing is lost but the quick first paint of the next visit. */
export async function keepSnapshot(snapshot: KeptSnapshot): Promise<void> {
  try {
    const database = await openDatabase();
    if (!database) return;
    await database.put('snapshots', snapshot);
    const keys = await database.getAllKeysFromIndex('snapshots', 'at');
    for (const key of keys.slice(0, Math.max(0, keys.length - KEPT))) await database.delete('snapshots', key);
  } catch {
    // A full disk, or data that cannot be cloned.
  }
}

/** Forgets what a user was shown: all keys that begin so. */
export async function forgetSnapshots(prefix: string): Promise<void> {
  const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
  await (await openDatabase())?.delete('snapshots', range).catch(() => undefined);
}
