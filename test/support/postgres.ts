import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where Debian keeps each version's programs, which it leaves out of the path. */
const DEBIAN = '/usr/lib/postgresql';

/** The migrations call what version 15 brought; hosted projects run 15 or 17. */
const OLDEST = 15;

/**
 * The folder of PostgreSQL's programs; `POSTGRES_BIN` in the environment decides, then what is installed, the newest
 * first. Installs Debian's as root.
 */
export function findPostgres(): string {
  const found = installed();
  if (found) return found;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    console.log('Installing PostgreSQL for the tests…');
    execFileSync('sh', ['-c', INSTALL], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', UCF_FORCE_CONFFOLD: '1' },
    });
    const fresh = installed();
    if (fresh) return fresh;
  }
  throw new Error(
    `The tests need PostgreSQL ${OLDEST} or newer. Install it (Debian: \`sudo apt-get install postgresql\`), or name the ` +
      'folder of its programs: POSTGRES_BIN=/path/to/bin npm test',
  );
}

/**
 * Debian's package makes a cluster of its own and starts it, unless a file says before that it must not. Test files run
 * side by side, so one installs and the others wait.
 */
const INSTALL = `
  set -e
  exec 9> /tmp/livelit-install-postgres.lock
  flock 9
  [ ! -d ${DEBIAN} ] || exit 0
  mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] ||
    echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends postgresql`;

const installed = () => folders().find((folder) => existsSync(join(folder, 'initdb')) && versionIn(folder) >= OLDEST);

function folders(): string[] {
  if (process.env.POSTGRES_BIN) return [process.env.POSTGRES_BIN];
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  return [...versions.map((version) => join(DEBIAN, version, 'bin')), ...(process.env.PATH ?? '').split(':')];
}

function versionIn(folder: string): number {
  const said = execFileSync(join(folder, 'postgres'), ['--version'], { encoding: 'utf8' });
  return Number(/\d+/.exec(said)?.[0]);
}
