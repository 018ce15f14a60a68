import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { parse } from 'smol-toml';
import { FunctionProcess, type ProcessSettings } from './functions/process.ts';
import { watchFunctions } from './functions/watch.ts';
import { verifyToken } from './keys.ts';

const FUNCTIONS = join(import.meta.dirname, '../supabase/functions');

const START_LIMIT_MS = 20_000;

/** How long a replaced process may take for the requests it has; hosted ends a function after as much. */
const RETIRE_LIMIT_MS = 150_000;

export interface FunctionsOptions {
  /** Where the functions are; `config.toml` is beside it. */
  readonly folder?: string;
  /** Starts a function again when its files change, and says so on the terminal. */
  readonly watch?: boolean;
  /** How long a function may take from its start to listening, ms. */
  readonly startLimitMs?: number;
  /** How long a replaced process may take for the requests it has, ms. */
  readonly retireLimitMs?: number;
  /** Takes what the functions print, which hosted keeps in its logs. */
  readonly log?: (text: string) => void;
}

/** The gateway `/functions/v1/<name>`: token check, then the function's own process. */
export class Functions {
  readonly #settings: ProcessSettings;
  readonly #jwtSecret: string;
  readonly #retireLimitMs: number;
  /** The newest process of each function; one that has ended is replaced by the next request. */
  readonly #processes = new Map<string, FunctionProcess>();
  /** These and the replaced ones that still answer. */
  readonly #started = new Set<FunctionProcess>();
  #open: ReadonlySet<string> = new Set();
  #down = false;
  readonly #unwatch: (() => void) | undefined;
  /** A process that ends in the middle takes its functions along. */
  readonly #atExit = () => this.close();

  /**
   * Starts every folder that has an `index.ts`.
   *
   * @throws {Sentence} when Deno is missing.
   */
  constructor(environment: Readonly<Record<string, string>>, jwtSecret: string, options: FunctionsOptions = {}) {
    const { folder = FUNCTIONS, startLimitMs = START_LIMIT_MS, retireLimitMs = RETIRE_LIMIT_MS } = options;
    this.#settings = { folder: resolve(folder), environment, startLimitMs, log: options.log };
    this.#jwtSecret = jwtSecret;
    this.#retireLimitMs = retireLimitMs;
    this.#open = this.#withoutTokenCheck();
    process.on('exit', this.#atExit);
    for (const name of this.#names()) this.#start(name);
    if (options.watch) this.#unwatch = watchFunctions(this.#settings.folder, (paths) => this.#reload(paths));
  }

  /** Resolves when every function listens or has failed to; what is wrong with one does not concern the others. */
  async ready(): Promise<void> {
    await Promise.allSettled([...this.#processes.values()].map(({ listening }) => listening));
  }

  async handle(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const name = /^\/functions\/v1\/([^/]+)/.exec(url.pathname)?.[1] ?? '';
    if (!this.#processes.has(name)) return refusal(404, 'NOT_FOUND', `There is no function "${name}".`);
    if (this.#down) return refusal(503, 'SERVICE_UNAVAILABLE', 'Functions are switched off.');
    if (request.method !== 'OPTIONS' && !this.#open.has(name)) {
      const refused = await this.#checkToken(request.headers);
      if (refused) return refused;
    }
    try {
      const path = url.pathname.slice('/functions/v1'.length) + url.search;
      return await this.#running(name).answer(request, path);
    } catch (error) {
      if (request.signal.aborted) return new Response(null, { status: 499 });
      return refusal(500, 'WORKER_ERROR', error instanceof Error ? error.message : String(error));
    }
  }

  /** Makes every call answer 503 until it is switched on again. */
  set down(down: boolean) {
    this.#down = down;
  }

  close(): void {
    process.off('exit', this.#atExit);
    this.#unwatch?.();
    for (const each of this.#started) each.stop();
  }

  #running(name: string): FunctionProcess {
    const current = this.#processes.get(name);
    return current && current.reason === undefined ? current : this.#start(name);
  }

  #start(name: string): FunctionProcess {
    const started = new FunctionProcess(name, this.#settings);
    this.#processes.get(name)?.retire(this.#retireLimitMs);
    this.#processes.set(name, started);
    this.#started.add(started);
    void started.ended.then(() => this.#started.delete(started));
    return started;
  }

  #reload(paths: ReadonlySet<string>): void {
    if (paths.has('../config.toml')) this.#open = this.#withoutTokenCheck();
    const present = new Set(this.#names());
    for (const [name, running] of this.#processes) {
      if (present.has(name)) continue;
      running.retire(this.#retireLimitMs);
      this.#processes.delete(name);
      console.log(`The function "${name}" is gone.`);
    }
    for (const name of present) {
      const known = this.#processes.has(name);
      const cause = [...paths].find((path) => isShared(path) || path.startsWith(name + sep));
      if (known && !cause) continue;
      const said = known ? `was started again: ${cause} has changed` : 'is new';
      // When it does not start, that is said instead.
      this.#start(name).listening.then(
        () => console.log(`The function "${name}" ${said}.`),
        () => undefined,
      );
    }
  }

  #names(): string[] {
    const { folder } = this.#settings;
    const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return folders.map(({ name }) => name).filter((name) => existsSync(join(folder, name, 'index.ts')));
  }

  /** The functions that `config.toml` opens to callers without a token; as before while it cannot be read. */
  #withoutTokenCheck(): ReadonlySet<string> {
    const file = join(this.#settings.folder, '../config.toml');
    try {
      const config = parse(readFileSync(file, 'utf8')) as {
        functions?: Record<string, { verify_jwt?: boolean }>;
      };
      const open = Object.entries(config.functions ?? {}).filter(([, { verify_jwt }]) => verify_jwt === false);
      return new Set(open.map(([name]) => name));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT') console.error(`${file} cannot be read: ${message.split('\n')[0]}`);
      return this.#open;
    }
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

/** Whether all functions may depend on it: what is in `_shared`, and the files beside the folders, as `deno.json`. */
const isShared = (path: string) => path.startsWith('_') || /^[^/\\]+\.\w+$/.test(path);

const refusal = (status: number, code: string, message: string) =>
  Response.json({ code, message }, { status, headers: { 'access-control-allow-origin': '*' } });
