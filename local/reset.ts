/** `npm run reset`: empties the local data folder. */
import { rm } from 'node:fs/promises';
import { lockFolder } from './folder-lock.ts';
import { fail } from './sentence.ts';
import { dataFolder } from './terminal.ts';

try {
  const folder = dataFolder();
  // Not under the feet of a running backend.
  await lockFolder(folder);
  await rm(folder, { recursive: true, force: true });
  console.log(`Emptied ${folder}. The next start makes it new.`);
} catch (error) {
  fail(error);
}
