/** `npm run reset`: empties the local data folder. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { lockFolder } from './folder-lock.ts';
import { fail } from './sentence.ts';
import { dataFolder } from './terminal.ts';

try {
  const folder = dataFolder();
  // Not under the feet of a running backend.
  const unlock = await lockFolder(folder);
  // Only what a backend has put there: the folder may be shared with somebody's own files.
  for (const name of ['db', 'keys.json']) await rm(join(folder, name), { recursive: true, force: true });
  await unlock();
  console.log(`Emptied ${folder}. The next start makes it new.`);
} catch (error) {
  fail(error);
}
