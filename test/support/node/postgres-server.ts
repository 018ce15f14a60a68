import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { findPostgres } from '../postgres.ts';

/** The user `nobody` of every Unix: PostgreSQL refuses to run as root. */
const NOBODY = 65_534;

/**
 * A lost machine loses nothing here, so nothing waits for a disk. A deadlock is called one after a tenth of the usual
 * time, and a storm of connections finds room.
 */
const SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  autovacuum: 'off',
  jit: 'off',
  deadlock_timeout: '100ms',
  max_connections: process.env.LIVELIT_FULL ? '520' : '220',
  timezone: 'UTC',
  log_min_messages: 'error',
};

/**
 * The server lives while the shell waits for a line, which never comes: the pipe ends when this process closes it, and
 * also when this process is killed. Then the server ends, and its folder goes.
 */
const LIFE = `
  trap 'rm -rf "$FOLDER"' EXIT
  initdb --pgdata "$FOLDER/data" --username postgres --auth trust --encoding UTF8 --locale C \
    --wal-segsize 1 --no-sync --no-instructions > "$FOLDER/log" 2>&1 &&
  pg_ctl start --wait --pgdata "$FOLDER/data" --log "$FOLDER/log" --options "$OPTIONS" > "$FOLDER/start" || {
    cat "$FOLDER/log" >&2
    exit 1
  }
  echo ready
  read -r _
  pg_ctl stop --wait --mode immediate --silent --pgdata "$FOLDER/data"`;

export interface PostgresServer {
  /**
   * The folder of its socket, on which alone it listens: no port that somebody else may take first, and no door for
   * another user of this machine.
   */
  readonly socket: string;
  stop(): Promise<void>;
}

/** Starts a server with an empty cluster that no other process uses. @throws with the server's log. */
export async function startPostgres(): Promise<PostgresServer> {
  const bin = findPostgres();
  const folder = await mkdtemp(join(tmpdir(), 'livelit-postgres-'));
  const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : undefined;
  if (user) await chown(folder, user.uid, user.gid);

  const settings = { ...SETTINGS, listen_addresses: '', unix_socket_directories: folder };
  const shell = spawn('sh', ['-c', LIFE], {
    ...user,
    cwd: folder,
    // Ctrl-C reaches a terminal's whole group: the shell has to outlive it and tidy up.
    detached: true,
    stdio: 'pipe',
    env: {
      PATH: `${bin}:${process.env.PATH}`,
      FOLDER: folder,
      OPTIONS: Object.entries(settings)
        .map(([name, value]) => `-c ${name}='${value}'`)
        .join(' '),
    },
  });
  const complaint = text(shell.stderr);
  const ended = once(shell, 'exit');
  const [said] = (await Promise.race([once(shell.stdout, 'data'), ended])) as unknown[];
  if (String(said).trim() !== 'ready') throw new Error(`PostgreSQL of ${bin} did not start: ${await complaint}`);

  return {
    socket: folder,
    async stop() {
      shell.stdin.end();
      await ended;
    },
  };
}
