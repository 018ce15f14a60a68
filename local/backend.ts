import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { handleAuth } from './auth.ts';
import { Database } from './database.ts';
import { lockFolder } from './folder-lock.ts';
import { Faults } from './faults.ts';
import { Functions, type FunctionsOptions } from './functions.ts';
import { loadKeys, makeKeys, Tokens, type Keys } from './keys.ts';
import { AnthropicStandIn } from './anthropic.ts';
import { OpenAiStandIn } from './openai.ts';
import { Mailbox } from './mail.ts';
import { silenceRefusals } from './quiet.ts';
import { FREE_PLAN, type Limits } from './realtime/limits.ts';
import { handleBroadcast } from './realtime/rest.ts';
import { RealtimeServer } from './realtime/server.ts';
import { ADMIN, MEMBER, seed } from './seed.ts';
import { Sentence } from './sentence.ts';
import { startTimers } from './timers.ts';
import { makeTraffic } from './traffic.ts';

export interface BackendOptions {
  /** 0 takes any free port. */
  readonly port: number;
  /** Where the data lives; without one it lives in memory and ends with the process. */
  readonly folder?: string;
  /** Makes the demo users and their usage. */
  readonly demo?: boolean;
  /** A new account has to enter the code that is mailed to it, as on hosted; without this it is open at once. */
  readonly confirmations?: boolean;
  /** How long a refused join waits for its answer, ms; hosted waits 5 s. */
  readonly joinErrorDelayMs?: number;
  /** Where Realtime's limits differ from those of hosted's Free plan. */
  readonly limits?: Partial<Limits>;
  /** Secrets of the functions, as they would be set on a hosted project. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly functions?: FunctionsOptions;
}

/** A running local backend: hosted Supabase, as far as the kit touches it, on one port of this machine. */
export interface LocalBackend {
  readonly url: string;
  readonly keys: Keys;
  readonly database: Database;
  readonly realtime: RealtimeServer;
  readonly tokens: Tokens;
  readonly faults: Faults;
  readonly limits: Limits;
  readonly functions: Functions;
  readonly openai: OpenAiStandIn;
  readonly anthropic: AnthropicStandIn;
  readonly mailbox: Mailbox;
  close(): Promise<void>;
}

const HOSTED_JOIN_ERROR_DELAY_MS = 5_000;

/** @throws {Sentence} when the port is taken, the data folder cannot be used, or Deno is missing. */
export async function startBackend(options: BackendOptions): Promise<LocalBackend> {
  // Lite would report its use otherwise.
  process.env.DO_NOT_TRACK = '1';
  silenceRefusals();
  const { folder } = options;
  const unlock = folder ? await lockFolder(folder) : () => Promise.resolve();
  const server = createServer();
  /** What runs so far, ended in reverse when the start fails: a function left behind would outlive this process. */
  const running: (() => unknown)[] = [unlock];
  try {
    // The port first: it fails fast, and the functions need to know it.
    const url = await listen(server, options.port);
    running.push(() => server.close());
    const keys = folder ? await loadKeys(join(folder, 'keys.json')) : makeKeys();
    const openai = new OpenAiStandIn();
    const anthropic = new AnthropicStandIn();
    const environment = functionEnvironment(url, keys, options.secrets);
    const functions = new Functions(environment, keys.jwtSecret, options.functions);
    running.push(() => functions.close());
    const mailbox = new Mailbox();
    const { confirmations = false } = options;
    const database = await Database.open(folder && join(folder, 'db'), keys, { mailbox, confirmations });
    running.push(() => database.close());
    const tokens = new Tokens(keys.jwtSecret);
    const limits = { ...FREE_PLAN, ...options.limits };
    const faults = new Faults((actions) => {
      functions.down = faults.state.functionsDown;
      if (faults.state.halfOpen) realtime.muteSockets();
      if (actions.dropSockets) realtime.dropSockets();
      if (actions.closeTopic) realtime.closeTopic(actions.closeTopic);
      if (!actions.expireTokens) return;
      tokens.expireAll();
      realtime.closeExpired();
    });
    const joinErrorDelayMs = options.joinErrorDelayMs ?? HOSTED_JOIN_ERROR_DELAY_MS;
    const realtime = new RealtimeServer({ database, keys, tokens, faults, limits, joinErrorDelayMs });
    await realtime.start();
    if (options.demo) await seed(database, keys);
    // Tests say themselves when something is due.
    const stopTimers = options.demo ? startTimers({ url, keys, functions, database }) : () => undefined;
    running.push(stopTimers);

    const backend: LocalBackend = {
      url,
      keys,
      database,
      realtime,
      tokens,
      faults,
      limits,
      functions,
      openai,
      anthropic,
      mailbox,
      close: async () => {
        stopTimers();
        realtime.close();
        functions.close();
        const closed = new Promise((resolve) => server.close(resolve));
        server.closeAllConnections();
        await closed;
        await database.close();
        await unlock();
      },
    };
    const listener = getRequestListener((request) => answer(request, backend));
    server.on('request', (request, response) => void listener(request, response));
    server.on('upgrade', (request, socket: Duplex, head: Buffer) => {
      if (request.url?.startsWith('/realtime/v1/websocket')) void realtime.upgrade(request, socket, head);
      else socket.destroy();
    });
    await functions.ready();
    return backend;
  } catch (error) {
    for (const end of running.toReversed()) await end();
    throw error;
  }
}

/** The gateway: every page of every origin may ask, as on hosted; a function's own CORS answer stands. */
async function answer(request: Request, backend: LocalBackend): Promise<Response> {
  const { pathname } = new URL(request.url);
  const preflight = request.method === 'OPTIONS' && !pathname.startsWith('/functions/v1/');
  const { status, statusText, headers, body } = preflight
    ? new Response(null, { status: 204 })
    : await route(request, pathname, backend);
  const open = new Headers(headers);
  if (!open.has('access-control-allow-origin')) open.set('access-control-allow-origin', '*');
  if (preflight) {
    open.set('access-control-allow-methods', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS');
    open.set('access-control-allow-headers', request.headers.get('access-control-request-headers') ?? '*');
    open.set('access-control-max-age', '3600');
  }
  return new Response(body, { status, statusText, headers: open });
}

async function route(request: Request, pathname: string, backend: LocalBackend): Promise<Response> {
  const { database, keys, tokens, faults, functions, openai, anthropic } = backend;
  const bearer = /^Bearer (.+)$/i.exec(request.headers.get('authorization') ?? '')?.[1] ?? '';
  if (tokens.ranOut(bearer)) return Faults.expired(pathname);
  if (pathname.startsWith('/rest/v1/')) {
    return (await faults.rest()) ?? database.exclusive(async () => database.app.fetch(request));
  }
  if (pathname.startsWith('/auth/v1/')) return handleAuth(request, database, keys.jwtSecret);
  if (pathname.startsWith('/functions/v1/')) return functions.handle(request);
  if (pathname.startsWith('/openai/v1/')) return openai.handle(request);
  if (pathname.startsWith('/anthropic/v1/')) return anthropic.handle(request);
  if (pathname.startsWith('/realtime/v1/api/broadcast')) {
    return handleBroadcast(request, backend);
  }
  if (pathname === '/local/info') return Response.json(info(backend));
  if (pathname === '/local/mail') return backend.mailbox.answer(request);
  if (pathname === '/local/traffic' && request.method === 'POST') {
    await makeTraffic(database, MEMBER.email);
    return new Response(null, { status: 204 });
  }
  if (pathname === '/local/faults' && process.env.LIVELIT_TEST === '1') return faults.handle(request);
  return Response.json({ message: `The local backend has nothing at ${pathname}.` }, { status: 404 });
}

/** What the demo page needs to know; never the secret key. */
const info = ({ url, keys }: LocalBackend) => ({
  url,
  publishable_key: keys.publishable,
  member: MEMBER,
  admin: ADMIN,
  openai: process.env.OPENAI_API_KEY ? 'real' : 'stand-in',
});

function functionEnvironment(
  url: string,
  keys: Keys,
  secrets: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const named = [
    'OPENAI_API_KEY',
    'OPENAI_ADMIN_KEY',
    'OPENAI_BASE_URL',
    'OPENAI_MODEL',
    'ALLOWED_ORIGINS',
    'DAILY_CAP_MICRO_USD',
    'OPENAI_TIMEOUT_MS',
    'GRID_REGION',
  ];
  const inherited = Object.fromEntries(named.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
  const standIn = {
    OPENAI_API_KEY: 'stand-in',
    OPENAI_BASE_URL: `${url}/openai/v1`,
    ANTHROPIC_BASE_URL: `${url}/anthropic`,
  };
  return {
    ...(inherited.OPENAI_API_KEY ? {} : standIn),
    IP_HASH_KEY: keys.jwtSecret,
    KEYRING: JSON.stringify({ local: keys.sealing }),
    ACTIVE_KID: 'local',
    ...inherited,
    ...secrets,
    SUPABASE_URL: url,
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: keys.publishable }),
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: keys.secret }),
  };
}

async function listen(server: Server, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Sentence(
              `Port ${port} is in use. Stop what uses it, or choose another one: PORT=${port + 100} npm start`,
            )
          : error,
      ),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : port}`;
}
