/** A page without elements: a few queries and a lane over the table `notes`, driven by tests through `harness`. */
import { connect, disconnect, type ConnectOptions } from '../../src/connect.ts';
import { signIn, signOut } from '../../src/services/account.ts';
import { apiKeys, deleteApiKey, saveApiKey, validateApiKey, type Provider } from '../../src/services/api-keys.ts';
import { messages, readySession, sendMessage } from '../../src/services/chat.ts';
import { makeId } from '../../src/store/make-id.ts';
import { saveSettings, settings } from '../../src/services/settings.ts';
import type { SettingsPatch } from '../../src/services/settings-schema.ts';
import type { Connection } from '../../src/store/connection.ts';
import type { Live } from '../../src/store/live.ts';
import type { Lane } from '../../src/store/lane.ts';
import { shareRows } from '../../src/store/rows.ts';
import { store } from '../../src/store/store.ts';

export interface Note {
  readonly id: string;
  readonly shelf: number;
  readonly n: number;
}

interface Bump {
  readonly by: number;
}

/** The notes of a shelf, of the signed-in member. */
const notes = (shelf: number): Live<readonly Note[]> =>
  store().live<readonly Note[]>({
    key: `notes:${shelf}`,
    requires: 'account',
    cached: true,
    topics: ({ session }) => [`user:${session!.userId}`],
    relevant: ({ event }) => event === 'notes',
    fetch: ({ backend, signal }) =>
      backend.fetch({ from: 'notes', columns: 'id,shelf,n', where: [['shelf', 'eq', shelf]], order: ['id'] }, signal),
    reconcile: shareRows,
  });

/** Adds to the member's sum, once for each id. */
const bumps: Lane<Bump> = {
  name: 'bumps',
  deliver: ({ id, payload }, { backend, signal }) =>
    backend.write({ rpc: 'bump', parameters: { p_id: id, p_by: payload.by } }, signal),
};

const watched = new Map<number, { live: Live<readonly Note[]>; leave: () => void; renders: number }>();
const appeared = new Map<string, number>();
let chat: ReturnType<typeof messages> | undefined;
/** What the page says of its visibility; a test decides. */
let visibility: DocumentVisibilityState = 'visible';
Object.defineProperty(document, 'visibilityState', { get: () => visibility });
Object.defineProperty(document, 'hidden', { get: () => visibility === 'hidden' });

const harness = {
  connect: (options: ConnectOptions) => connect(options),
  disconnect: () => disconnect(),
  signIn: (email: string, password: string) => signIn(email, password),
  signOut: () => signOut(),
  watch(shelf: number): void {
    const live = notes(shelf);
    const entry = { live, leave: () => {}, renders: 0 };
    entry.leave = live.subscribe(() => (entry.renders += 1));
    watched.set(shelf, entry);
  },
  unwatch(shelf: number): void {
    watched.get(shelf)?.leave();
    watched.delete(shelf);
  },
  shelf(shelf: number) {
    const { live, renders } = watched.get(shelf)!;
    const { status, data, error } = live.snapshot;
    return { status, data: data ?? null, error: error?.message, renders };
  },
  connection: (): Connection => store().connection.snapshot.data!,
  bump: (by: number) => store().write(bumps, { id: makeId(), payload: { by } }),
  /** Says something in the chat, and goes on listening to it. */
  async say(text: string): Promise<string> {
    const sessionId = await readySession();
    chat ??= messages(sessionId);
    chat.subscribe(() => undefined);
    sendMessage(sessionId, text);
    return sessionId;
  },
  session: () => readySession(),
  /** Puts elements into the page, and takes them all out again. */
  async mount(...tags: string[]): Promise<void> {
    await Promise.all(tags.map((tag) => import(`../../src/define/${tag}.ts`)));
    document.body.append(...tags.map((tag) => document.createElement(tag)));
  },
  unmount: () => document.body.replaceChildren(),
  chat: () => chat?.snapshot.data?.map(({ content, status }) => ({ content, status })) ?? [],
  /** Shows the settings, and notes when each value appeared first. */
  watchSettings(): void {
    const note = () => {
      for (const [path, value] of Object.entries(settings().snapshot.data?.values ?? {})) {
        const key = `${path}=${JSON.stringify(value)}`;
        if (!appeared.has(key)) appeared.set(key, performance.timeOrigin + performance.now());
      }
    };
    settings().subscribe(note);
    note();
  },
  settings: () => ({ status: settings().snapshot.status, fields: settings().snapshot.data?.fields ?? {} }),
  /** Saves, and answers when; ms since 1970, as `appeared` does. */
  saveSettings(patch: SettingsPatch): number {
    saveSettings(patch);
    return performance.timeOrigin + performance.now();
  },
  appeared: (path: string, value: unknown) => appeared.get(`${path}=${JSON.stringify(value)}`) ?? null,
  watchKeys: () => void apiKeys().subscribe(() => undefined),
  keys: () => apiKeys().snapshot.data ?? null,
  saveKey: (provider: Provider, key: string) => said(saveApiKey(provider, key)),
  validateKey: (provider: Provider) => said(validateApiKey(provider)),
  deleteKey: (provider: Provider) => said(deleteApiKey(provider)),
  setVisible(visible: boolean): void {
    visibility = visible ? 'visible' : 'hidden';
    document.dispatchEvent(new Event('visibilitychange'));
  },
};

/** What became of a request, as text. */
const said = (request: Promise<unknown>) =>
  request.then(
    (answer) => JSON.stringify(answer ?? null),
    (error: unknown) => String(error),
  );

export type Harness = typeof harness;

// A lane that only a write has taught would leave behind what an earlier page has queued.
store().write(bumps, { retry: '' });

Object.assign(globalThis, { harness });
