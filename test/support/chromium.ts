import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

const MAC = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';

/** Flags for a headless browser on a machine without a network of its own. */
export const CHROMIUM_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Where Chromium is; `CHROMIUM` in the environment decides, then what is installed. Installs Debian's as root. */
export function findChromium(): string {
  const found = process.env.CHROMIUM ?? installed();
  if (found) return found;
  if (process.getuid?.() === 0 && which('apt-get')) {
    console.log('Installing Chromium for the tests…');
    const quiet = { stdio: ['ignore', 'ignore', 'inherit'] as ['ignore', 'ignore', 'inherit'] };
    execFileSync('apt-get', ['update', '-qq'], quiet);
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], {
      ...quiet,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    const fresh = installed();
    if (fresh) return fresh;
  }
  throw new Error(
    'The tests need Chromium or Chrome. Install one (Debian: `sudo apt-get install chromium`), or name it: ' +
      'CHROMIUM=/path/to/chrome npm test',
  );
}

const installed = () => NAMES.map(which).find(Boolean) ?? (existsSync(MAC) ? MAC : undefined);

function which(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(':')
    .map((folder) => `${folder}/${name}`)
    .find((path) => existsSync(path));
}
