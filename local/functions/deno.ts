import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Sentence } from '../sentence.ts';

const ROOT = join(import.meta.dirname, '../..');
const CHILD = join(import.meta.dirname, 'child.ts');

/**
 * Runs a function's `index.ts` in a Deno that listens on a free port and prints which, and that ends with this process.
 *
 * @throws {Sentence} when Deno is missing.
 */
export function startDeno(folder: string, file: string, environment: Readonly<Record<string, string>>): ChildProcess {
  const { PATH = '', HOME = '' } = process.env;
  const config = join(folder, 'deno.json');
  return spawn(
    findDeno(),
    [
      'run',
      '--no-prompt',
      '--no-lock',
      '--allow-net',
      '--allow-env',
      `--allow-read=${ROOT},${folder}`,
      existsSync(config) ? `--config=${config}` : '--no-config',
      CHILD,
      file,
    ],
    {
      // Nothing of this process's environment but what is named: as hosted, a function sees its own secrets only.
      env: {
        PATH,
        HOME,
        NO_COLOR: '1',
        DENO_NO_UPDATE_CHECK: '1',
        DENO_SERVE_ADDRESS: 'tcp:127.0.0.1:0',
        ...environment,
      },
      // Its input stays open as long as this process lives, which is how it knows.
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  );
}

function findDeno(): string {
  const home = dirname(createRequire(import.meta.url).resolve('deno/package.json'));
  const binary = join(home, process.platform === 'win32' ? 'deno.exe' : 'deno');
  if (!existsSync(binary)) {
    throw new Sentence(
      'Deno is missing, and the Edge Functions run in it. Its install script did not run: ' +
        'try `npm rebuild deno`, or `npm install` with scripts allowed.',
    );
  }
  return binary;
}
