import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { ADMIN, MEMBER } from '../../local/seed.ts';
import { until } from '../support/node/until.ts';

const LOCAL = join(import.meta.dirname, '../../local');

const start = (environment: NodeJS.ProcessEnv) =>
  spawn(process.execPath, [join(LOCAL, 'main.ts')], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

/** A process that starts a backend, says so, and gives up at the first word that it is told. */
const GIVES_UP = `
  import { startBackend } from ${JSON.stringify(join(LOCAL, 'backend.ts'))};
  await startBackend({ port: 0 });
  console.log('started');
  process.stdin.once('data', () => process.exit(7));`;

/** The processes that a process has started. */
const childrenOf = ({ pid }: ChildProcess): number[] =>
  execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map(Number);

/** Whether a process does anything; one that has ended may wait a while for somebody to take note. */
function runs(pid: number): boolean {
  try {
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('Z');
  } catch {
    return false;
  }
}

describe('`npm run local`', () => {
  let folder: string;
  before(async () => void (folder = await mkdtemp(join(tmpdir(), 'livelit-test-'))));
  after(() => rm(folder, { recursive: true, force: true }));

  it('prints how to reach it, one thing a line, and leaves nothing behind when it is told to end', async () => {
    const backend = start({ LIVELIT_DATA: folder, PORT: '0' });
    let printed = '';
    backend.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    await until(() => printed.includes('admin: '), 20_000);
    const [url, publishable, secret, ...logins] = printed.trim().split('\n');
    assert.match(url!, /^livelit backend: http:\/\/127\.0\.0\.1:\d+$/);
    assert.match(publishable!, /^publishable key: sb_publishable_\w+$/);
    assert.match(secret!, /^secret key: sb_secret_[\w-]+$/);
    assert.deepEqual(logins, [`member: ${MEMBER.email} ${MEMBER.password}`, `admin: ${ADMIN.email} ${ADMIN.password}`]);

    const functions = childrenOf(backend);
    assert.ok(functions.length > 0 && functions.every(runs));
    backend.kill('SIGTERM');
    assert.deepEqual(await once(backend, 'exit'), [0, null]);
    await until(() => !functions.some(runs));
    assert.deepEqual((await readdir(folder)).toSorted(), ['db', 'keys.json']);
  });

  it('leaves no function behind when its process gives up', async () => {
    const backend = spawn(process.execPath, ['--input-type=module', '-e', GIVES_UP]);
    await once(backend.stdout, 'data');
    const functions = childrenOf(backend);
    assert.ok(functions.length > 0);
    backend.stdin.end('now');
    assert.deepEqual(await once(backend, 'exit'), [7, null]);
    await until(() => !functions.some(runs));
  });

  it('says in one sentence what is no port', async () => {
    const backend = start({ LIVELIT_DATA: folder, PORT: '70000' });
    assert.equal(await text(backend.stderr), `PORT is "70000". A port is a whole number from 1 to 65535.\n`);
  });
});
