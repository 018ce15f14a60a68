import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parse } from 'smol-toml';
import { Sentence } from './sentence.ts';
import { verifyToken } from './keys.ts';

const ROOT = join(import.meta.dirname, '..');
const FUNCTIONS = join(ROOT, 'supabase/functions');

/** How long a function may take from its start to listening, ms. */
const START_LIMIT_MS = 20_000;

/** How much of a function's last output is kept for the message about its crash. */
const TAIL_LENGTH = 2_000;

type Environment = Readonly<Record<string, string>>;

/** One Edge Function in its own Deno process, started again by the next request after a crash. */
class FunctionProcess {
  readonly name: string;
  readonly #deno: string;
  readonly #environment: Environment;
  #child: ChildProcess | undefined;
  #address: Promise<string> | undefined;

  constructor(name: string, deno: string, environment: Environment) {
    this.name = name;
    this.#deno = deno;
    this.#environment = environment;
  }

  /** Where the function listens; starts it when it does not run. */
  address(): Promise<string> {
    this.#address ??= this.#start();
    return this.#address;
  }

  stop(): void {
    this.#child?.kill('SIGKILL');
  }

  #start(): Promise<string> {
    const { PATH = '', HOME = '' } = process.env;
    const child = spawn(
      this.#deno,
      [
        'run',
        '--no-prompt',
        '--no-lock',
        '--allow-net',
        '--allow-env',
        `--allow-read=${ROOT}`,
        `--config=${join(FUNCTIONS, 'deno.json')}`,
        join(FUNCTIONS, this.name, 'index.ts'),
      ],
      {
        // Nothing of this process's environment but what is named: as hosted, a function sees its own secrets only.
        env: {
          PATH,
          HOME,
          NO_COLOR: '1',
          DENO_NO_UPDATE_CHECK: '1',
          DENO_SERVE_ADDRESS: 'tcp:127.0.0.1:0',
          ...this.#environment,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    this.#child = child;
    let output = '';
    const listening = new Promise<string>((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error('did not start listening in time')), START_LIMIT_MS);
      const read = (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-TAIL_LENGTH);
        const port = /Listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(output)?.[1];
        if (port) resolve(`http://127.0.0.1:${port}`);
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.on('error', reject);
      child.on('exit', (code, signal) => {
        clearTimeout(limit);
        this.#address = undefined;
        if (signal !== 'SIGKILL')
          console.error(`The function "${this.name}" ended (${code ?? signal}):\n${output.trim()}`);
        reject(new Error(`ended: ${lastLine(output)}`));
      });
    });
    // A start that nobody waits for must not end the process; whoever asks next sees the failure.
    listening.catch(() => undefined);
    return listening;
  }
}

const lastLine = (text: string) => text.trim().split('\n').at(-1) ?? '';

/** The gateway `/functions/v1/<name>`: token check, then the function's own process. */
export class Functions {
  readonly #processes: ReadonlyMap<string, FunctionProcess>;
  readonly #open: ReadonlySet<string>;
  readonly #jwtSecret: string;
  /** A process that ends in the middle takes its functions along. */
  readonly #atExit = () => this.close();
  #down = false;

  private constructor(processes: ReadonlyMap<string, FunctionProcess>, open: ReadonlySet<string>, jwtSecret: string) {
    this.#processes = processes;
    this.#open = open;
    this.#jwtSecret = jwtSecret;
    process.on('exit', this.#atExit);
  }

  /** Starts every folder under `supabase/functions` that has an `index.ts`. */
  static async start(environment: Environment, jwtSecret: string): Promise<Functions> {
    const deno = findDeno();
    const folders = await readdir(FUNCTIONS, { withFileTypes: true });
    const names = folders.filter((entry) => entry.isDirectory() && existsSync(join(FUNCTIONS, entry.name, 'index.ts')));
    const processes = new Map(names.map(({ name }) => [name, new FunctionProcess(name, deno, environment)]));
    for (const each of processes.values()) void each.address();
    return new Functions(processes, await withoutTokenCheck(), jwtSecret);
  }

  /** Resolves when every function listens. */
  async ready(): Promise<void> {
    await Promise.all([...this.#processes.values()].map((each) => each.address()));
  }

  async handle(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const name = /^\/functions\/v1\/([^/]+)/.exec(url.pathname)?.[1] ?? '';
    const target = this.#processes.get(name);
    if (!target) return refusal(404, 'NOT_FOUND', `There is no function "${name}".`);
    if (this.#down) return refusal(503, 'SERVICE_UNAVAILABLE', 'Functions are switched off.');
    if (request.method !== 'OPTIONS' && !this.#open.has(name)) {
      const refused = await this.#checkToken(request.headers);
      if (refused) return refused;
    }
    try {
      const headers = new Headers(request.headers);
      headers.set('x-forwarded-for', '127.0.0.1');
      return await fetch(`${await target.address()}${url.pathname.slice('/functions/v1'.length)}${url.search}`, {
        method: request.method,
        headers,
        body: request.body,
        signal: request.signal,
        duplex: 'half',
      } as RequestInit);
    } catch (error) {
      if (request.signal.aborted) return new Response(null, { status: 499 });
      const reason = error instanceof Error ? error.message : String(error);
      return refusal(500, 'WORKER_ERROR', `The function "${name}" cannot answer: ${reason}`);
    }
  }

  /** Makes every call answer 503 until it is switched on again. */
  set down(down: boolean) {
    this.#down = down;
  }

  close(): void {
    process.off('exit', this.#atExit);
    for (const each of this.#processes.values()) each.stop();
  }

  async #checkToken(headers: Headers): Promise<Response | undefined> {
    const token = /^Bearer (.+)$/i.exec(headers.get('authorization') ?? '')?.[1];
    if (!token) return refusal(401, 'UNAUTHORIZED_NO_AUTH_HEADER', 'Missing authorization header');
    return verifyToken(token, this.#jwtSecret).then(
      () => undefined,
      () => refusal(401, 'UNAUTHORIZED_INVALID_JWT', 'Invalid JWT'),
    );
  }
}

const refusal = (status: number, code: string, message: string) =>
  Response.json({ code, message }, { status, headers: { 'access-control-allow-origin': '*' } });

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

/** The functions that `config.toml` opens to callers without a token. */
async function withoutTokenCheck(): Promise<ReadonlySet<string>> {
  const config = parse(await readFile(join(ROOT, 'supabase/config.toml'), 'utf8')) as {
    functions?: Record<string, { verify_jwt?: boolean }>;
  };
  const open = Object.entries(config.functions ?? {}).filter(([, { verify_jwt }]) => verify_jwt === false);
  return new Set(open.map(([name]) => name));
}
