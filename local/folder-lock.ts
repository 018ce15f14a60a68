import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Sentence } from './sentence.ts';

/** Keeps a second backend out of a data folder: two Postgres processes on one cluster destroy it. Answers the release. */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'lock');
  const holder = Number(await readFile(file, 'utf8').catch(() => ''));
  if (holder && holder !== process.pid && alive(holder)) {
    throw new Sentence(
      `Another livelit backend (process ${holder}) uses the data in ${folder}. ` +
        'Stop it, or choose another folder: LIVELIT_DATA=.livelit-2 npm start',
    );
  }
  await writeFile(file, String(process.pid));
  return () => rm(file, { force: true });
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
