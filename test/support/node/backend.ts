import { randomUUID } from 'node:crypto';
import { createClient, type SupabaseClient, type SupabaseClientOptions } from '@supabase/supabase-js';
import { startBackend, type BackendOptions, type LocalBackend } from '../../../local/backend.ts';

/** Somebody with a session of their own, on an unmodified supabase-js. */
export interface Person {
  readonly id: string;
  readonly token: string;
  readonly client: SupabaseClient;
}

// realtime-js leaves timers behind that nobody can clear: 10 s after a disconnect and after each pushed token, 50 s after
// the last channel. They may not keep a test's process alive; while it works, its backend does.
const startTimer = globalThis.setTimeout;
globalThis.setTimeout = ((...parameters: Parameters<typeof startTimer>) => {
  const timer = startTimer(...parameters);
  return new Error().stack?.includes('/node_modules/@supabase/') ? timer.unref() : timer;
}) as typeof startTimer;

type RealtimeOptions = NonNullable<SupabaseClientOptions<'public'>['realtime']>;

const clients = new Map<LocalBackend, SupabaseClient[]>();

/** What a developer's shell may set for the functions. No test may reach a real provider, or depend on a real limit. */
const FUNCTION_SETTINGS = /^(OPENAI_|ALLOWED_ORIGINS$|DAILY_CAP_MICRO_USD$|GRID_REGION$)/;

/** A backend in memory on a free port, with no waiting built in. */
export function startTestBackend(options: Partial<BackendOptions> = {}): Promise<LocalBackend> {
  for (const name of Object.keys(process.env)) if (FUNCTION_SETTINGS.test(name)) process.env[name] = '';
  return startBackend({ port: 0, joinErrorDelayMs: 0, ...options });
}

/** What would have ended the process of a backend; node:test only mentions it. */
const fatal: unknown[] = [];
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => void fatal.push(error));
}

/** Closes a backend and everybody's sockets, so that the process can end. @throws what it would not have survived. */
export async function endBackend(backend: LocalBackend): Promise<void> {
  for (const client of clients.get(backend) ?? []) void client.realtime.disconnect();
  clients.delete(backend);
  await backend.close();
  if (fatal.length) throw new AggregateError(fatal, 'The backend would have ended its process.');
}

/** A client with the publishable key; nobody has signed in on it, but it may be given a token. */
export const newClient = (
  backend: LocalBackend,
  token?: () => string,
  realtime: RealtimeOptions = {},
): SupabaseClient => clientOf(backend, backend.keys.publishable, token, realtime);

/** A client with the secret key, as servers have it. */
export const newService = (backend: LocalBackend): SupabaseClient => clientOf(backend, backend.keys.secret);

function clientOf(
  backend: LocalBackend,
  key: string,
  token?: () => string,
  realtime: RealtimeOptions = {},
): SupabaseClient {
  const client = createClient(backend.url, key, {
    realtime,
    auth: { persistSession: false, autoRefreshToken: false },
    ...(token && { accessToken: () => Promise.resolve(token()) }),
  });
  clients.set(backend, [...(clients.get(backend) ?? []), client]);
  return client;
}

/** Signs up a member with an email address and a password. */
export async function newMember(backend: LocalBackend): Promise<Person> {
  const client = newClient(backend);
  const { data, error } = await client.auth.signUp({
    email: `${randomUUID()}@test.invalid`,
    password: 'correct horse',
  });
  if (error) throw error;
  return { id: data.user!.id, token: data.session!.access_token, client };
}

/** Signs in a visitor without an account. */
export async function newVisitor(backend: LocalBackend): Promise<Person> {
  const client = newClient(backend);
  const { data, error } = await client.auth.signInAnonymously();
  if (error) throw error;
  return { id: data.user!.id, token: data.session!.access_token, client };
}
