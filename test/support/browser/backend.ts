import { executeServerCommand } from '@web/test-runner-commands';
import { connect, disconnect, type ConnectOptions } from '../../../src/connect.ts';
import { signIn, signOut, type Session } from '../../../src/services/account.ts';
import { TOPIC_TABLES } from '../../../src/services/schema.ts';
import { store } from '../../../src/store/store.ts';
import type { FaultRequest } from '../../../local/faults.ts';
import type { BackendCommands } from '../wtr-backend.ts';

const ask = <Name extends keyof BackendCommands>(
  name: Name,
  payload?: BackendCommands[Name]['payload'],
): Promise<BackendCommands[Name]['result']> => executeServerCommand(name, payload as never);

/** Runs a statement as the superuser of the local backend. */
export const sql = (text: string, parameters: unknown[] = []) => ask('backend:sql', { sql: text, parameters });

/** Makes something go wrong, until `noFaults()`. */
export const fault = (request: FaultRequest) => ask('backend:fault', request);
export const noFaults = () => ask('backend:no-faults');
/** How many channels the server has open, by topic; under the empty name the number of sockets. */
export const listeners = () => ask('backend:listeners');
/** The code in the newest mail to an address. */
export const mailedCode = async (address: string) => (await ask('backend:mail', address))[0]?.code ?? '';
export const setPace = (tokensPerSecond: number) => ask('backend:pace', tokensPerSecond);

/** Intervals for tests: quick, and otherwise in the proportions of the real ones. */
const QUICK: NonNullable<ConnectOptions['timings']> = {
  debounceMs: 50,
  maxWaitMs: 200,
  lingerMs: 50,
  retryBaseMs: 50,
  retryCapMs: 200,
};

/** Connects the test page to the local backend. */
export async function connectToBackend(options: ConnectOptions = {}): Promise<void> {
  const { url, key } = await target();
  connect({ url, key, ...options, timings: { ...QUICK, ...options.timings } });
}

/** The local backend's address and publishable key. */
export const target = () => ask('backend:target');

/** Makes a new member with an account. */
export async function signUp(): Promise<{ email: string; password: string }> {
  const { url, key } = await target();
  const login = { email: `${crypto.randomUUID()}@test.invalid`, password: 'correct horse' };
  await fetch(`${url}/auth/v1/signup`, {
    method: 'POST',
    headers: { apikey: key, 'content-type': 'application/json' },
    body: JSON.stringify(login),
  });
  return login;
}

/** Makes a new member with an account and signs them in on this page. */
export async function signInNewMember(): Promise<Session> {
  const { email, password } = await signUp();
  return signIn(email, password);
}

/** Gives whoever is signed in a key of the stand-in's to read usage with: each new one has usage of its own. */
export async function giveKey(): Promise<void> {
  const backend = await store().connection.backend();
  const key = `sk-admin-${crypto.randomUUID()}`;
  await backend.invoke('api-keys', { action: 'set', provider: 'openai', key }, new AbortController().signal);
}

/** Leaves the page as it was found: signed out, disconnected, nothing kept. */
export async function leaveBackend(): Promise<void> {
  await signOut().catch(() => undefined);
  disconnect();
  localStorage.clear();
}

const published = () => [...new Set(Object.values(TOPIC_TABLES).flatMap((tables) => tables.map(({ table }) => table)))];

/** Makes of the project one that lets Realtime watch its tables; `unpublish()` takes that back. */
export async function publish(): Promise<void> {
  for (const table of published()) await sql(`alter table ${table} replica identity full`);
  await sql(`alter publication supabase_realtime add table ${published().join()}`);
}

export const unpublish = () => sql(`alter publication supabase_realtime drop table ${published().join()}`);

/** Makes a new member with an account: their token, for who speaks to the server without the kit, and their topic. */
export async function newMember() {
  const { url, key } = await target();
  const login = await signUp();
  const response = await fetch(`${url}/auth/v1/token?grant_type=password`, {
    method: 'POST',
    headers: { apikey: key, 'content-type': 'application/json' },
    body: JSON.stringify(login),
  });
  const { access_token: token, user } = (await response.json()) as { access_token: string; user: { id: string } };
  return { login, token, topic: `user:${user.id}`, userId: user.id };
}
