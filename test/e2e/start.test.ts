import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { until } from '../support/node/until.ts';

const ROOT = join(import.meta.dirname, '../..');

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : 0;
}

/** Runs one of the commands of package.json as npm does, and collects what it prints. */
function run(script: string, environment: Record<string, string>): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, [join(ROOT, script)], { cwd: ROOT, env: { ...process.env, ...environment } });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { child, output: () => text };
}

describe('npm start', () => {
  let folder: string;
  let environment: Record<string, string>;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'livelit-'));
    const [port, demoPort] = [await freePort(), await freePort()];
    environment = { PORT: String(port), DEMO_PORT: String(demoPort), LIVELIT_DATA: folder };
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it('prints its lines, serves its pages, and ends cleanly on Ctrl-C', async () => {
    const { child, output } = run('local/start.ts', environment);
    await until(() => output().includes('livelit demo:'), 30_000);
    const lines = output().trim().split('\n');
    assert.match(lines[0]!, new RegExp(`^livelit backend: http://127.0.0.1:${environment.PORT}$`));
    assert.match(lines[1]!, /^publishable key: sb_publishable_\w+$/);
    assert.match(lines[2]!, /^secret key: sb_secret_\S+$/);
    assert.match(lines[3]!, /^member: \S+@\S+ \S+$/);
    assert.match(lines[4]!, /^admin: \S+@\S+ \S+$/);
    assert.match(lines[5]!, new RegExp(`^livelit demo: http://127.0.0.1:${environment.DEMO_PORT}/$`));
    assert.equal(lines.length, 6, output());

    const demo = lines[5]!.split(' ').at(-1)!;
    for (const path of ['', 'portfolio.html', 'cdn/livelit.js']) {
      assert.equal((await fetch(demo + path)).status, 200, path);
    }
    child.kill('SIGINT');
    const [code] = (await once(child, 'exit')) as [number];
    assert.equal(code, 0);
  });

  it('says what to do when the port is taken', async () => {
    const server = createServer().listen(Number(environment.PORT), '127.0.0.1');
    await once(server, 'listening');
    const { child, output } = run('local/main.ts', environment);
    const [code] = (await once(child, 'exit')) as [number];
    server.close();
    assert.equal(code, 1);
    assert.equal(
      output().trim(),
      `Port ${environment.PORT} is in use. Stop what uses it, or choose another one: PORT=${Number(environment.PORT) + 100} npm start`,
    );
  });

  it('says what to do when a port is no port', async () => {
    const { child, output } = run('local/main.ts', { ...environment, PORT: 'eighty' });
    await once(child, 'exit');
    assert.equal(output().trim(), 'PORT is "eighty". A port is a whole number from 1 to 65535.');
  });

  it('has its data again when it starts again, and none after npm run reset', async () => {
    const key = async () => {
      const { child, output } = run('local/main.ts', environment);
      await until(() => output().includes('admin:'), 30_000);
      child.kill('SIGTERM');
      await once(child, 'exit');
      return /secret key: (\S+)/.exec(output())![1];
    };
    const first = await key();
    assert.equal(await key(), first);
    const { child, output } = run('local/reset.ts', environment);
    await once(child, 'exit');
    assert.match(output(), /^Emptied /);
    assert.notEqual(await key(), first);
  });
});
