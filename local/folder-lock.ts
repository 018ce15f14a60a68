import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Sentence } from './sentence.ts';

/** The folders that this process holds; its own number in a lock may also be left over from before a reboot. */
const held = new Set<string>();

/**
 * Keeps a second backend out of a data folder: two Postgres processes on one cluster destroy it. Answers the release.
 *
 * @throws {Sentence} when another backend uses the folder, when it holds somebody's files, or cannot be written.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const file = join(folder, 'lock');
  const entries = await mkdir(folder, { recursive: true })
    .then(() => readdir(folder))
    .catch((error: unknown) => {
      throw new Sentence(`The data folder ${folder} cannot be used: ${String(error)}. ${ANOTHER}`, { cause: error });
    });
  const foreign = entries.filter((name) => name !== 'lock');
  if (foreign.length && !foreign.includes('keys.json')) {
    throw new Sentence(`The folder ${folder} holds other files, such as ${foreign[0]}. ${ANOTHER}`);
  }
  const holder = Number(await readFile(file, 'utf8').catch(() => ''));
  if (held.has(folder) || (holder && holder !== process.pid && alive(holder))) {
    throw new Sentence(
      `Another livelit backend (process ${holder}) uses the data in ${folder}. ` +
        'Stop it, or choose another folder: LIVELIT_DATA=.livelit-2 npm start',
    );
  }
  await writeFile(file, String(process.pid));
  held.add(folder);
  return async () => {
    held.delete(folder);
    await rm(file, { force: true });
  };
}

const ANOTHER = 'Choose an empty one for the data: LIVELIT_DATA=.livelit-2 npm start';

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
