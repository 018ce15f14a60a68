import { readdirSync, watch, type FSWatcher } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/** An editor saves in several steps, and a branch is checked out file by file: what comes this close together is one change, ms. */
const SETTLE_MS = 100;

/** Files that editors put beside the one being edited. */
const LEFTOVER = /(^|\/)\.[^/]*$|~$/;

/**
 * Tells which paths below the folder have changed, and of what is beside it `config.toml`, as `../config.toml`.
 * Answers how to stop.
 *
 * Each folder has a watcher of its own: Node's recursive one on Linux watches files, and loses one for good when an
 * editor replaces it instead of writing into it.
 */
export function watchFunctions(folder: string, tell: (paths: ReadonlySet<string>) => void): () => void {
  const watchers = new Map<string, FSWatcher>();
  let changed = new Set<string>();
  let settle: NodeJS.Timeout | undefined;

  function note(path: string): void {
    if (LEFTOVER.test(path)) return;
    changed.add(path);
    clearTimeout(settle);
    settle = setTimeout(() => {
      const paths = changed;
      changed = new Set();
      tell(paths);
    }, SETTLE_MS);
  }

  function follow(path: string, onChange: (file: string, event: string) => void): void {
    try {
      const watcher = watch(path, (event, file) => file && onChange(file, event));
      watcher.on('error', () => unfollow(path));
      watchers.set(path, watcher);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      // Gone already is fine; its parent tells. A machine that runs out of watches is not.
      if (code !== 'ENOENT') console.error(`Changes in ${path} are not noticed: ${message}`);
    }
  }

  function unfollow(path: string): void {
    for (const [each, watcher] of watchers) {
      if (each !== path && !each.startsWith(path + sep)) continue;
      watcher.close();
      watchers.delete(each);
    }
  }

  /** First the watcher, then the look inside: what comes in between is seen by one of them. */
  function followAll(path: string): void {
    if (!watchers.has(path)) {
      follow(path, (file, event) => {
        const changedPath = join(path, file);
        note(relative(folder, changedPath));
        if (event !== 'rename') return;
        // It came, went, or is another of the same name.
        unfollow(changedPath);
        followAll(path);
      });
    }
    for (const each of foldersIn(path)) followAll(each);
  }

  follow(dirname(folder), (file) => file === 'config.toml' && note('../config.toml'));
  followAll(folder);
  return () => {
    clearTimeout(settle);
    for (const watcher of watchers.values()) watcher.close();
  };
}

function foldersIn(path: string): string[] {
  try {
    const folders = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return folders.map(({ name }) => join(path, name));
  } catch {
    // It has just been removed.
    return [];
  }
}
