import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { LocalBackend } from '../../local/backend.ts';
import { Functions } from '../../local/functions.ts';
import { endBackend, newMember, startTestBackend } from '../support/node/backend.ts';
import { FunctionsFolder } from '../support/node/functions-folder.ts';
import { keepPrinted } from '../support/node/printed.ts';
import { until } from '../support/node/until.ts';

/** Says a word, which of its runs it is, and where that listens. */
const saying = (word: string) => `
  const run = crypto.randomUUID();
  const server = Deno.serve(() => Response.json({ word: ${word}, run, port: server.addr.port }));
`;

/** Writes "first", and "last" when it is told to; knows whether somebody left in between. */
const SLOW = `
  let go = Promise.withResolvers();
  let left = false;
  const server = Deno.serve((request) => {
    const { pathname } = new URL(request.url);
    if (pathname === '/slow/silent') {
      request.signal.addEventListener('abort', () => void (left = true));
      return new Promise(() => {});
    }
    if (pathname === '/slow/left') return Response.json(left);
    if (pathname === '/slow/crash') setTimeout(() => { throw new Error('boom'); });
    if (pathname === '/slow/go') go.resolve();
    if (pathname !== '/slow') return new Response();
    go = Promise.withResolvers();
    const written = new ReadableStream({
      async start(controller) {
        controller.enqueue('first ');
        await go.promise;
        controller.enqueue('last');
        controller.close();
      },
      cancel: () => void (left = true),
    });
    const headers = { 'x-port': String(server.addr.port) };
    return new Response(written.pipeThrough(new TextEncoderStream()), { headers });
  });
`;

/** Answers how it was asked. */
const ECHO = `
  Deno.serve(async (request) => {
    const { pathname, search } = new URL(request.url);
    if (request.method === 'OPTIONS') {
      return new Response(null, { status: 204, headers: { 'access-control-allow-methods': 'PUT', 'x-own': 'yes' } });
    }
    if (search === '?away') return Response.redirect('https://elsewhere.example/', 302);
    if (search === '?packed') {
      const packed = new Blob(['Hello '.repeat(100)]).stream().pipeThrough(new CompressionStream('gzip'));
      const body = new Uint8Array(await new Response(packed).arrayBuffer());
      return new Response(body, { headers: { 'content-encoding': 'gzip' } });
    }
    if (search === '?crash') setTimeout(() => { throw new Error('boom'); });
    if (search === '?crash') await new Promise(() => {});
    return Response.json({ method: request.method, path: pathname + search, body: await request.text() });
  });
`;

interface Said {
  readonly word: string;
  readonly run: string;
  readonly port: number;
}

const listens = (port: number) =>
  fetch(`http://127.0.0.1:${port}`).then(
    () => true,
    () => false,
  );

describe('the Edge Functions of a folder', () => {
  let printed: ReturnType<typeof keepPrinted>;
  let folder: FunctionsFolder;
  let backend: LocalBackend;

  const call = (path: string, init: RequestInit = {}) => fetch(`${backend.url}/functions/v1/${path}`, init);
  const said = async (name: string) => (await (await call(name)).json()) as Said;
  const printedOf = (name: string) => printed.lines.filter((line) => line.includes(`"${name}"`));
  const message = async (name: string) => ((await (await call(name)).json()) as { message?: string }).message;

  before(async () => {
    printed = keepPrinted();
    folder = await FunctionsFolder.make();
    await folder.write('deno.json', '{}');
    await folder.write('_shared/word.ts', `export const word = 'shared';`);
    await folder.write('one/index.ts', saying(`'one'`));
    await folder.write('two/index.ts', `import { word } from '../_shared/word.ts'; ${saying('word')}`);
    await folder.write('slow/index.ts', SLOW);
    await folder.write('echo/index.ts', ECHO);
    await folder.write('nothing/readme.md', 'Not a function.');
    await folder.write('broken/index.ts', `const x: number = ;`);
    await folder.openTo('one', 'two', 'slow', 'echo', 'broken', 'fresh');
    backend = await startTestBackend({ functions: { folder: folder.path, watch: true } });
  });
  after(async () => {
    printed.stop();
    await endBackend(backend);
    await folder.delete();
  });
  beforeEach(() => void (printed.lines.length = 0));

  describe('are passed', () => {
    it('the method, the path, the query and the body', async () => {
      const answer = await call('echo/deep/er?a=1', { method: 'PUT', body: 'Hello' });
      assert.deepEqual(await answer.json(), { method: 'PUT', path: '/echo/deep/er?a=1', body: 'Hello' });
    });

    it('a body that comes in pieces', async () => {
      const body = new Blob(['Hello ', 'there']).stream();
      const answer = await call('echo', { method: 'POST', body, duplex: 'half' } as RequestInit);
      assert.partialDeepStrictEqual(await answer.json(), { body: 'Hello there' });
    });

    it('the preflight, which they answer themselves', async () => {
      const { status, headers } = await call('echo', { method: 'OPTIONS' });
      assert.equal(status, 204);
      assert.equal(headers.get('x-own'), 'yes');
      assert.equal(headers.get('access-control-allow-methods'), 'PUT');
    });
  });

  describe('are heard', () => {
    it('while they still write', async () => {
      const reader = (await call('slow')).body!.pipeThrough(new TextDecoderStream()).getReader();
      assert.deepEqual(await reader.read(), { done: false, value: 'first ' });
      await call('slow/go');
      assert.deepEqual(await reader.read(), { done: false, value: 'last' });
      assert.equal((await reader.read()).done, true);
    });

    it('in full when they compress', async () => {
      assert.equal(await (await call('echo?packed')).text(), 'Hello '.repeat(100));
    });

    it('when they send the caller elsewhere', async () => {
      const { status, headers } = await call('echo?away', { redirect: 'manual' });
      assert.deepEqual([status, headers.get('location')], [302, 'https://elsewhere.example/']);
    });
  });

  describe('whose caller leaves in the middle', () => {
    it('are told, and the terminal is not', async () => {
      const leave = new AbortController();
      const answer = await call('slow', { signal: leave.signal });
      await answer.body!.getReader().read();
      leave.abort();
      await until(async () => (await (await call('slow/left')).text()) === 'true');
      assert.deepEqual(printed.lines, []);
    });
  });

  describe('whose caller leaves before they answer', () => {
    it('are told, and the terminal is not', async () => {
      await folder.write('slow/index.ts', `${SLOW}// Nobody has left this one.`);
      await until(() => printedOf('slow').find((line) => line.includes('was started again')));
      printed.lines.length = 0;
      const leave = new AbortController();
      const left = assert.rejects(call('slow/silent', { signal: leave.signal }), { name: 'AbortError' });
      await call('slow/left');
      leave.abort();
      await left;
      await until(async () => (await (await call('slow/left')).text()) === 'true');
      assert.deepEqual(printed.lines, []);
    });
  });

  describe('are closed to callers without a token', () => {
    after(() => folder.openTo('one', 'two', 'slow', 'echo', 'broken', 'fresh'));

    it('from when config.toml says so', async () => {
      assert.equal((await call('one')).status, 200);
      await folder.openTo('two');
      await until(async () => (await call('one')).status === 401);
      assert.equal((await call('two')).status, 200);
    });

    it('and open to callers with one', async () => {
      const { token } = await newMember(backend);
      assert.equal((await call('one', { headers: { authorization: `Bearer ${token}` } })).status, 200);
    });

    it('as before while config.toml cannot be read, which is said', async () => {
      await folder.write('../config.toml', '[functions.one\n');
      const line = await until(() => printed.lines[0]);
      assert.match(line, /config\.toml cannot be read: /);
      assert.deepEqual([(await call('one')).status, (await call('two')).status], [401, 200]);
    });

    it('until config.toml opens them', async () => {
      await folder.openTo('one', 'two');
      await until(async () => (await call('one')).status === 200);
    });
  });

  describe('start again', () => {
    it('when their file changes, which is said', async () => {
      await folder.write('one/index.ts', saying(`'changed'`));
      await until(async () => (await said('one')).word === 'changed');
      const line = await until(() => printed.lines[0]);
      assert.equal(line, 'The function "one" was started again: one/index.ts has changed.');
    });

    it('when their file is replaced by another, each time', async () => {
      for (const word of ['first', 'second', 'third']) {
        await folder.replace('one/index.ts', saying(`'${word}'`));
        await until(async () => (await said('one')).word === word);
      }
    });

    it('when a file changes in a folder that they have just got', async () => {
      await folder.write('one/parts/deep/word.ts', `export const word = 'first part';`);
      await folder.write('one/index.ts', `import { word } from './parts/deep/word.ts'; ${saying('word')}`);
      await until(async () => (await said('one')).word === 'first part');
      await folder.write('one/parts/deep/word.ts', `export const word = 'second part';`);
      await until(async () => (await said('one')).word === 'second part');
    });

    it('when a file changes in a folder that has taken the place of another', async () => {
      await folder.replaceFolder('one/parts', 'deep/word.ts', `export const word = 'other part';`);
      await until(async () => (await said('one')).word === 'other part');
      await folder.write('one/parts/deep/word.ts', `export const word = 'its second part';`);
      await until(async () => (await said('one')).word === 'its second part');
    });

    it('not when an editor leaves something beside the file', async () => {
      const [one, two] = [await said('one'), await said('two')];
      await folder.write('one/.index.ts.swp', '');
      await folder.write('one/index.ts~', '');
      await folder.write('two/readme.md', 'Two.');
      await until(async () => (await said('two')).run !== two.run);
      assert.equal((await said('one')).run, one.run);
    });

    it('alone when the file is theirs', async () => {
      const [one, two] = [await said('one'), await said('two')];
      await folder.write('one/index.ts', saying(`'alone'`));
      await until(async () => (await said('one')).run !== one.run);
      assert.equal((await said('two')).run, two.run);
    });

    it('together when a file in _shared changes', async () => {
      const { run } = await said('one');
      await folder.write('_shared/word.ts', `export const word = 'shared again';`);
      await until(async () => (await said('two')).word === 'shared again');
      await until(async () => (await said('one')).run !== run);
    });

    it('together when deno.json changes', async () => {
      const [one, two] = [await said('one'), await said('two')];
      await folder.write('deno.json', '{ "imports": { "word": "./_shared/word.ts" } }');
      await until(async () => (await said('one')).run !== one.run && (await said('two')).run !== two.run);
      await folder.write('one/index.ts', `import { word } from 'word'; ${saying('word')}`);
      await until(async () => (await said('one')).word === 'shared again');
    });

    it('and finish what they were asked before', async () => {
      const answer = await call('slow');
      const port = Number(answer.headers.get('x-port'));
      const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
      await reader.read();
      await folder.write('slow/index.ts', `${SLOW}// Changed.`);
      await until(() => printed.lines.find((line) => line.includes('"slow" was started again')));
      const other = await call('slow');
      assert.notEqual(Number(other.headers.get('x-port')), port);
      await other.body!.cancel();

      await fetch(`http://127.0.0.1:${port}/slow/go`);
      assert.deepEqual(await reader.read(), { done: false, value: 'last' });
      assert.equal((await reader.read()).done, true);
      await until(async () => !(await listens(port)));
    });

    it('and finish what they were asked before, though another caller has left', async () => {
      const leave = new AbortController();
      const [, answer] = [await call('slow', { signal: leave.signal }), await call('slow')];
      leave.abort();
      await until(async () => (await (await call('slow/left')).text()) === 'true');
      await folder.write('slow/index.ts', SLOW);
      await until(() => printedOf('slow').find((line) => line.includes('was started again')));
      await fetch(`http://127.0.0.1:${answer.headers.get('x-port')}/slow/go`);
      assert.equal(await answer.text(), 'first last');
    });
  });

  describe('come and go', () => {
    it('with an index.ts', async () => {
      assert.equal((await call('fresh')).status, 404);
      await folder.write('fresh/index.ts', saying(`'fresh'`));
      await until(async () => (await call('fresh')).status === 200);
      assert.ok(printed.lines.includes('The function "fresh" is new.'), printed.lines.join('\n'));
    });

    it('with their folder', async () => {
      const { port } = await said('fresh');
      // An answer without a body leaves nothing to wait for.
      await call('fresh', { method: 'HEAD' });
      await folder.remove('fresh');
      await until(async () => (await call('fresh')).status === 404);
      assert.ok(printed.lines.includes('The function "fresh" is gone.'), printed.lines.join('\n'));
      await until(async () => !(await listens(port)));
    });

    it('and are none without one', async () => {
      assert.equal((await call('nothing')).status, 404);
    });
  });

  describe('that are broken', () => {
    const PLACE = () => join(folder.path, 'broken/index.ts');

    it('say to their callers why, and where', async () => {
      const answer = await call('broken');
      assert.equal(answer.status, 500);
      assert.deepEqual(await answer.json(), {
        code: 'WORKER_ERROR',
        message: `The function "broken" does not start: SyntaxError: Expression expected (${PLACE()}:1:19)`,
      });
    });

    it('say it in one line on the terminal', async () => {
      const told = await message('broken');
      assert.deepEqual(printedOf('broken'), [told]);
    });

    it('leave the others alone', async () => {
      await call('broken');
      assert.equal((await call('two')).status, 200);
    });

    it('name the file that they miss', async () => {
      await folder.write('broken/index.ts', `import './nosuch.ts';`);
      await until(async () => (await message('broken'))?.includes('Module not found'));
      assert.match((await message('broken'))!, /Module not found "file:.*nosuch\.ts"\. \(.*broken\/index\.ts:1:8\)$/);
    });

    it('name the line that fails while they start', async () => {
      await folder.write('broken/index.ts', `const nobody: any = undefined;\n\nnobody.name;`);
      await until(async () => (await message('broken'))?.includes(`(reading 'name') (${PLACE()}:3:8)`));
    });

    it('work again when they are mended', async () => {
      await folder.write('broken/index.ts', saying(`'mended'`));
      await until(async () => (await said('broken')).word === 'mended');
      await until(() => printedOf('broken').find((line) => line.includes('was started again')));
    });

    it('answer 500 with the reason to the caller who brings them down, and then work again', async () => {
      const answer = await call('echo?crash');
      assert.equal(answer.status, 500);
      const { message } = (await answer.json()) as { message: string };
      assert.match(message, /^The function "echo" crashed: Error: boom \(.*echo\/index\.ts:13:\d+\)$/);
      assert.deepEqual(printedOf('echo'), [message]);
      assert.equal((await call('echo')).status, 200);
    });

    it('break off the answer that they were giving, with one line on the terminal', async () => {
      const broken = assert.rejects((await call('slow')).text());
      await call('slow/crash');
      await broken;
      const [line, ...more] = await until(() => printedOf('slow').length && printed.lines);
      assert.match(line!, /^The function "slow" crashed: Error: boom/);
      assert.deepEqual(more, []);
    });
  });
});

describe('Edge Functions with limits of their own', () => {
  let printed: ReturnType<typeof keepPrinted>;
  const LIMITS = { startLimitMs: 1_000, retireLimitMs: 100 };
  let folder: FunctionsFolder;
  let watching: Functions;
  let blind: Functions;
  let patient: Functions;

  const call = (functions: Functions, path: string) =>
    functions.handle(new Request(`http://localhost/functions/v1/${path}`));
  const said = async (functions: Functions) => (await (await call(functions, 'one')).json()) as Said;

  before(async () => {
    printed = keepPrinted();
    folder = await FunctionsFolder.make();
    await folder.write('one/index.ts', saying(`'one'`));
    await folder.write('slow/index.ts', SLOW);
    await folder.write('idle/index.ts', `console.log('Hello');`);
    await folder.openTo('one', 'slow', 'idle');
    watching = new Functions({}, 'secret', { folder: folder.path, watch: true, ...LIMITS });
    blind = new Functions({}, 'secret', { folder: folder.path, ...LIMITS });
    patient = new Functions({}, 'secret', { folder: folder.path, watch: true, ...LIMITS, retireLimitMs: 60_000 });
  });
  after(async () => {
    printed.stop();
    for (const each of [watching, blind, patient]) each.close();
    await folder.delete();
  });

  it('answer 500 with a hint when they never listen', async () => {
    const answer = await call(blind, 'idle');
    assert.equal(answer.status, 500);
    const message =
      'The function "idle" does not start: It does not listen after 1 s. Does its index.ts call Deno.serve()?';
    assert.partialDeepStrictEqual(await answer.json(), { message });
    assert.ok(printed.lines.includes(message));
  });

  it('do not hold up the others when they never listen', async () => {
    await watching.ready();
    assert.equal((await said(watching)).word, 'one');
  });

  it('start again only where somebody watches', async () => {
    const { run } = await said(blind);
    await folder.write('one/index.ts', saying(`'changed'`));
    await until(async () => (await said(watching)).word === 'changed');
    assert.equal((await said(blind)).run, run);
  });

  it('wait for nobody who has left', async () => {
    const [answer, other] = [await call(patient, 'slow'), await call(patient, 'slow')];
    // One leaves with a piece that is not read, the other while the next is awaited.
    await (await call(patient, 'slow/left')).text();
    await answer.body!.cancel();
    const reader = other.body!.getReader();
    await reader.read();
    await reader.cancel();
    await folder.write('slow/index.ts', `${SLOW}// Nobody is there.`);
    await until(async () => !(await listens(Number(answer.headers.get('x-port')))));
  });

  it('end with what they were asked before when that takes too long', async () => {
    const answer = await call(watching, 'slow');
    const port = Number(answer.headers.get('x-port'));
    const broken = assert.rejects(answer.text(), { name: 'BrokenOff' });
    await folder.write('slow/index.ts', `${SLOW}// Changed.`);
    await broken;
    await until(async () => !(await listens(port)));
  });
});

describe('a backend that is killed', () => {
  let folder: FunctionsFolder;
  before(async () => {
    folder = await FunctionsFolder.make();
    await folder.write('one/index.ts', saying(`'one'`));
    await folder.openTo('one');
  });
  after(() => folder.delete());

  it('takes its functions along', async () => {
    const script = `
      const { startBackend } = await import('./local/backend.ts');
      console.log((await startBackend({ port: 0, functions: { folder: ${JSON.stringify(folder.path)} } })).url);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: join(import.meta.dirname, '../..'),
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const url = await until(() => /http:\S+/.exec(output)?.[0], 30_000);
    const { port } = (await (await fetch(`${url}/functions/v1/one`)).json()) as Said;
    assert.ok(await listens(port));
    child.kill('SIGKILL');
    await until(async () => !(await listens(port)));
  });
});
