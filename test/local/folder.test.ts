import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startBackend, type LocalBackend } from '../../local/backend.ts';
import { Database } from '../../local/database.ts';
import { loadKeys, makeKeys } from '../../local/keys.ts';
import { MEMBER } from '../../local/seed.ts';
import { endBackend, newClient, startTestBackend } from '../support/node/backend.ts';
import { until } from '../support/node/until.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Runs a script of `local/` as a person would, and answers what they see. */
const run = (script: string, environment: NodeJS.ProcessEnv) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const options = { cwd: ROOT, env: { ...process.env, ...environment }, timeout: 20_000 };
    execFile(process.execPath, [join(ROOT, 'local', script)], options, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });

const refusedWith = (message: RegExp) => ({ name: 'Sentence', message });

describe('a data folder', () => {
  let base: string;
  /** A folder of a backend that has run and ended. */
  let used: string;
  let secret: string;
  before(async () => {
    base = await mkdtemp(join(tmpdir(), 'livelit-test-'));
    used = join(base, 'used');
    const backend = await startTestBackend({ folder: used, demo: true });
    secret = backend.keys.secret;
    await backend.database.query(`update public.profiles set company = 'Kept' where email = $1`, [MEMBER.email]);
    await endBackend(backend);
  });
  after(() => rm(base, { recursive: true, force: true }));

  let count = 0;
  const newFolder = async () => {
    const folder = join(base, `folder-${(count += 1)}`);
    await mkdir(folder);
    return folder;
  };
  /** A folder of a backend in which little is left. */
  const brokenFolder = async () => {
    const folder = await newFolder();
    await cp(join(used, 'keys.json'), join(folder, 'keys.json'));
    await cp(join(used, 'db/PG_VERSION'), join(folder, 'db/PG_VERSION'));
    return folder;
  };
  /** Starts a backend that is not expected to start, and ends it if it does. */
  const start = async (folder: string, port = 0) => (await startBackend({ port, folder })).close();

  describe('opened again', () => {
    let backend: LocalBackend;
    before(async () => void (backend = await startTestBackend({ folder: used, demo: true })));
    after(() => endBackend(backend));

    it('has its data, its users and its keys', async () => {
      const client = newClient(backend);
      const { error } = await client.auth.signInWithPassword(MEMBER);
      assert.equal(error, null);
      assert.deepEqual((await client.from('profiles').select('company')).data, [{ company: 'Kept' }]);
      assert.equal(backend.keys.secret, secret);
    });

    it('keeps its keys from other people', async () => {
      assert.equal((await stat(join(used, 'keys.json'))).mode & 0o777, 0o600);
    });

    it('gets the keys that are new since its file was written, and keeps the others', async () => {
      const file = join(await newFolder(), 'keys.json');
      const { sealing, ...before } = backend.keys;
      await writeFile(file, JSON.stringify(before));
      const loaded = await loadKeys(file);
      assert.notEqual(loaded.sealing, sealing);
      assert.deepEqual(loaded, { ...before, sealing: loaded.sealing });
      assert.deepEqual(await loadKeys(file), loaded);
    });

    it('is closed to a second backend of this process', async () => {
      await assert.rejects(start(used), refusedWith(/Another livelit backend .* LIVELIT_DATA=/));
    });

    it('is closed to another process, which says so in one sentence', async () => {
      const { code, stdout, stderr } = await run('main.ts', { LIVELIT_DATA: used, PORT: '0' });
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, new RegExp(`^Another livelit backend \\(process ${process.pid}\\) uses the data in .*\n$`));
    });

    it('is not emptied under its feet', async () => {
      const { code, stderr } = await run('reset.ts', { LIVELIT_DATA: used });
      assert.equal(code, 1);
      assert.match(stderr, /Another livelit backend/);
      assert.ok(existsSync(join(used, 'db/PG_VERSION')));
    });

    it('is not needed for a port that is taken', async () => {
      const port = Number(new URL(backend.url).port);
      const folder = await newFolder();
      await assert.rejects(start(folder, port), refusedWith(new RegExp(`Port ${port} is in use.* PORT=\\d+`)));
      assert.deepEqual(await readdir(folder), []);
    });
  });

  it('is let go at the end', async () => {
    assert.deepEqual((await readdir(used)).toSorted(), ['db', 'keys.json']);
  });

  it('opens under the lock of a process that is no more', async () => {
    await writeFile(join(used, 'lock'), '4194303');
    const backend = await startTestBackend({ folder: used });
    assert.equal(await readFile(join(used, 'lock'), 'utf8'), String(process.pid));
    await endBackend(backend);
  });

  describe("with somebody's files", () => {
    it('is refused, and left as it is', async () => {
      const folder = await newFolder();
      await writeFile(join(folder, 'thesis.txt'), 'three years');
      await assert.rejects(start(folder), refusedWith(/holds other files, such as thesis\.txt\. .* LIVELIT_DATA=/));
      assert.deepEqual(await readdir(folder), ['thesis.txt']);
    });

    it('is refused for its `db` too', async () => {
      const folder = await newFolder();
      await mkdir(join(folder, 'db'));
      await writeFile(join(folder, 'db/customers.sqlite'), 'all of them');
      await assert.rejects(start(folder), refusedWith(/holds other files, such as db/));
    });

    it('is not emptied by a reset', async () => {
      const folder = await newFolder();
      await writeFile(join(folder, 'thesis.txt'), 'three years');
      assert.equal((await run('reset.ts', { LIVELIT_DATA: folder })).code, 1);
      assert.deepEqual(await readdir(folder), ['thesis.txt']);
    });

    it('that came later keeps them through a reset', async () => {
      const folder = await brokenFolder();
      await writeFile(join(folder, 'notes.txt'), 'keep');
      assert.equal((await run('reset.ts', { LIVELIT_DATA: folder })).code, 0);
      assert.deepEqual(await readdir(folder), ['notes.txt']);
    });

    it('that is itself a file is refused', async () => {
      const file = join(await newFolder(), 'file');
      await writeFile(file, '');
      await assert.rejects(start(file), refusedWith(/cannot be used: .* LIVELIT_DATA=/));
    });
  });

  describe('whose cluster is broken', () => {
    const emptied = async (folder: string, path: string) => {
      const entries = await readdir(join(folder, path), { recursive: true, withFileTypes: true });
      for (const entry of entries) if (entry.isFile()) await truncate(join(entry.parentPath, entry.name));
    };
    const BREAKAGES: Record<string, (folder: string) => Promise<unknown>> = {
      'half a control file': (folder) => truncate(join(folder, 'db/global/pg_control'), 100),
      'empty tables': (folder) => emptied(folder, 'db/base'),
    };
    for (const [what, spoil] of Object.entries(BREAKAGES)) {
      it(`is refused with ${what}, and says what to do`, async () => {
        const folder = await newFolder();
        await cp(used, folder, { recursive: true });
        await spoil(folder);
        await assert.rejects(
          Database.open(join(folder, 'db'), makeKeys()),
          refusedWith(/cannot be opened: .* `npm run reset`/),
        );
        await rm(folder, { recursive: true });
      });
    }

    it('is refused without a version, and says what to do', async () => {
      const folder = await brokenFolder();
      await rm(join(folder, 'db/PG_VERSION'));
      await writeFile(join(folder, 'db/postgresql.conf'), '');
      await assert.rejects(start(folder), refusedWith(/cannot be opened: .* `npm run reset`/));
    });

    it('is let go, and leaves no function behind', async () => {
      const folder = await brokenFolder();
      await assert.rejects(start(folder), refusedWith(/`npm run reset`/));
      assert.deepEqual((await readdir(folder)).toSorted(), ['db', 'keys.json']);
      await until(() => !process.getActiveResourcesInfo().includes('ProcessWrap'));
    });

    it('starts new after a reset', async () => {
      const folder = await brokenFolder();
      assert.equal((await run('reset.ts', { LIVELIT_DATA: folder })).code, 0);
      await endBackend(await startTestBackend({ folder }));
    });
  });
});
