/** `localStorage`, or memory where a sandboxed frame or a private mode makes the browser's throw. */
const memory = new Map<string, string>();

export function readLocal(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? memory.get(key);
  } catch {
    return memory.get(key);
  }
}

/** Keeps a text, or forgets it. */
export function writeLocal(key: string, value: string | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
    memory.delete(key);
  } catch {
    if (value === undefined) memory.delete(key);
    else memory.set(key, value);
  }
  for (const watcher of [...watchers]) watcher(key);
}

/** Those of this tab: the browser tells only the others. */
const watchers = new Set<(key: string | null) => void>();

/** Calls back when this tab or another one has changed a key that begins so; answers the way out. */
export function watchLocal(prefix: string, changed: () => void): () => void {
  const watcher = (key: string | null) => {
    // Null: everything was cleared.
    if (key === null || key.startsWith(prefix)) changed();
  };
  const elsewhere = (event: StorageEvent) => watcher(event.key);
  watchers.add(watcher);
  globalThis.addEventListener?.('storage', elsewhere);
  return () => {
    watchers.delete(watcher);
    globalThis.removeEventListener?.('storage', elsewhere);
  };
}
