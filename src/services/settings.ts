import type { Backend, Session } from '../store/backend.ts';
import { LivelitError } from '../store/error.ts';
import type { Delivery, Lane, OutboxEntry } from '../store/lane.ts';
import { LiveValue, type Live, type Snapshot } from '../store/live.ts';
import { makeId } from '../store/make-id.ts';
import type { QueryContext } from '../store/query.ts';
import { store } from '../store/store.ts';
import { TIMINGS } from '../store/timings.ts';
import { session } from './session.ts';
import {
  applySettingsEvent,
  documentOf,
  newerDocument,
  showsEdit,
  showUnsent,
  type SettingEdit,
  type SettingsDocument,
  type SettingsRow,
} from './settings-document.ts';
import { dropLocalSettings, keepLocalSettings, localSettings, watchLocalSettings } from './settings-local.ts';
import { checkSetting, watchSettingsGroups, type SettingsPatch, type SettingValue } from './settings-schema.ts';
import { settingsView, type Settings } from './settings-view.ts';

export type { RefusedSetting, Setting, Settings } from './settings-view.ts';

const TABLE = 'user_preferences';

/** The most edits that `merge_preferences` takes at once. */
const MOST_EDITS = 100;

/** How many edits of one setting can be on their way at once, for more than a person can make in a delay. */
const MOST_AFTER = 20;

/** What `merge_preferences` answers; `rejected` are the edits that came too late. */
interface Merged extends SettingsRow {
  readonly rejected: readonly { readonly id: string }[];
}

/**
 * All settings, each with what it comes from. There from the first moment: defaults, then what this browser remembers,
 * then what the account says; kept current by the topic `user:<uid>` and by the other tabs. Without an account they are
 * this browser's own, status `idle`, and go with whoever signs in: of each the later edit counts.
 */
export const settings = (): Live<Settings> => page;

/**
 * Sets settings, by path; null sets one back to its default. They count at once, in all tabs, `pending` until the
 * account has them; offline they wait. What the account has as it is, is not sent.
 *
 * @returns what it replaces: given to `saveSettings`, it undoes.
 * @throws {LivelitError} `invalid` when a path or a value is none, with a sentence that names it; nothing is set then.
 */
export function saveSettings(patch: SettingsPatch): SettingsPatch {
  const changes = Object.entries(patch).filter(([, value]) => value !== undefined);
  for (const [path, value] of changes) checkSetting(path, value);
  return page.save(changes);
}

/** Fetches the account's settings again. */
export const refreshSettings = (): void => page.refresh();

/** Decides about what was refused: `mine` sends it again, and then it counts; `theirs` gives it up. */
export function resolveSetting(path: string, choice: 'mine' | 'theirs'): void {
  const { id } = page.snapshot.data?.fields[path]?.refused ?? {};
  if (id) store().write(null, choice === 'mine' ? { retry: id } : { discard: id });
}

/** A change of somebody's settings. */
export interface SettingsChange {
  readonly eventType: 'UPDATE';
  readonly table: 'user_preferences';
  /** The user's id. */
  readonly ids: readonly [string];
  /** All settings, as they are now. */
  readonly new: Settings;
  readonly bulk: false;
}

/** Calls back after each change of a value, while this user is signed in; answers the way out. */
export function subscribeToSettingsChanges(userId: string, changed: (change: SettingsChange) => void): () => void {
  let last: Settings['values'] | undefined;
  return page.subscribe(() => {
    const { data } = page.snapshot;
    // What was there when one began to listen, and whatever somebody else has set, is no change.
    const before = last;
    last = page.member === userId ? data?.values : undefined;
    if (!before || !last || last === before) return;
    changed({ eventType: 'UPDATE', table: TABLE, ids: [userId], new: data!, bulk: false });
  });
}

/** `saveSettings`, for a user who has to be the one signed in. @throws {LivelitError} `forbidden` for anybody else. */
export function updateSettingsRealtime(userId: string, patch: SettingsPatch): SettingsPatch {
  checkMember(userId);
  return saveSettings(patch);
}

/** The settings of the signed-in user, fetched now. @throws {LivelitError} `forbidden` for anybody else's. */
export async function getLatestSettings(userId: string): Promise<Settings> {
  const leave = page.subscribe(() => undefined);
  try {
    await page.known();
    checkMember(userId);
    page.refresh();
    const { data, error } = await page.known();
    if (error) throw error;
    return data!;
  } finally {
    leave();
  }
}

function checkMember(userId: string): void {
  if (page.member !== userId) {
    throw new LivelitError('forbidden', 'These are the settings of somebody who is not signed in here.', {
      reason: 'user',
    });
  }
}

const accountSettings = (): Live<SettingsDocument> =>
  store().live<SettingsDocument>({
    key: 'settings',
    requires: 'account',
    cached: true,
    table: TABLE,
    topics: ({ session }) => [`user:${session!.userId}`],
    fetch: fetchSettings,
    apply: applySettingsEvent,
    reconcile: newerDocument,
    overlay: { lane: lane as Lane, show: showUnsent, shows: showsEdit },
  });

async function fetchSettings({ backend, session, signal }: QueryContext): Promise<SettingsDocument> {
  await handOver(backend, signal);
  const [row] = await backend.fetch<SettingsRow[]>(
    {
      from: TABLE,
      columns: 'revision,preferences,ai_providers',
      where: [['user_id', 'eq', session!.userId]],
      order: ['user_id'],
    },
    signal,
  );
  return documentOf(row ?? { revision: 0, preferences: {}, ai_providers: {} });
}

/** What was set in this browser before the account was here becomes the account's, where it is the later edit. */
async function handOver(backend: Backend, signal: AbortSignal): Promise<void> {
  const taken = Object.fromEntries(Object.entries(localSettings()).slice(0, MOST_EDITS));
  const edits = Object.entries(taken).map(([path, setting]) => ({ ...setting, path, base: null, after: [] }));
  if (!edits.length) return;
  try {
    await merge(backend, edits, false, signal);
  } catch (error) {
    // What the account does not take stays in this browser, and does not keep its owner out.
    if (LivelitError.from(error).retryable) throw error;
    return;
  }
  dropLocalSettings(taken);
}

const lane: Lane<SettingEdit> = { name: 'settings', deliver };

async function deliver({ id, payload, insisted = false }: OutboxEntry<SettingEdit>, delivery: Delivery): Promise<void> {
  const merged = await merge(delivery.backend, [{ ...payload, id }], insisted, delivery.signal);
  delivery.emit({ event: TABLE, payload: { merged } });
  if (merged.rejected.length) {
    throw new LivelitError('conflict', 'This was changed elsewhere in the meantime, later than here.', {
      reason: 'newer',
    });
  }
}

/** How long ago an edit was made is what crosses: this device's clock may be wrong. */
const merge = (
  backend: Backend,
  edits: readonly (SettingEdit & { readonly id: string })[],
  insist: boolean,
  signal: AbortSignal,
): Promise<Merged> => {
  const now = Date.now();
  const p_ops = edits.map(({ at, ...edit }) => ({ ...edit, insist, age_ms: Math.max(0, now - at) }));
  return backend.fetch<Merged>({ rpc: 'merge_preferences', parameters: { p_ops } }, signal);
};

/** The account's settings, this browser's and the defaults, as one. */
class PageSettings implements Live<Settings> {
  /** Whose settings these are: the member who is signed in, or who has to sign in again. */
  member: string | undefined;
  readonly #value = new LiveValue<Settings>();
  #account: Live<SettingsDocument> | undefined;
  #session: Live<Session | null> | undefined;
  /** The member's, as they were last: shown on when a session ends in the middle of something. */
  #document: SettingsDocument | undefined;
  #patience: ReturnType<typeof setTimeout> | undefined;
  #leave: (() => void)[] = [];

  get snapshot(): Snapshot<Settings> {
    if (!this.#value.watched) this.#update();
    return this.#value.snapshot;
  }

  subscribe(listener: () => void): () => void {
    if (!this.#value.watched) this.#start();
    const leave = this.#value.subscribe(listener);
    return () => {
      leave();
      if (!this.#value.watched) this.#stop();
    };
  }

  refresh(): void {
    this.#account?.refresh?.();
  }

  save(changes: readonly (readonly [string, SettingValue | null])[]): SettingsPatch {
    const { fields } = this.snapshot.data!;
    const at = Date.now();
    const replaced = Object.fromEntries(
      changes.map(([path]) => {
        const { source = 'default', value = null } = fields[path] ?? {};
        return [path, source === 'default' ? null : value];
      }),
    );
    const fresh = changes.filter(
      ([path, value]) => fields[path]?.refused !== undefined || !same(replaced[path]!, value),
    );
    if (this.member !== undefined) {
      for (const [path, value] of fresh) this.#send(path, value, at);
    } else {
      keepLocalSettings(
        Object.fromEntries(
          fresh.map(([path, value]) => [path, value === null ? undefined : { value, at, id: makeId() }]),
        ),
      );
      // While nobody looks it is not known whose they are; once it is, an account has taken them over.
      if (!this.#value.watched) void this.known();
    }
    return replaced;
  }

  /** Resolves when it is known whose settings these are, and what they are. */
  known(): Promise<Snapshot<Settings>> {
    return new Promise((resolve) => {
      const look = () => {
        const { snapshot } = this;
        if (snapshot.status === 'loading' || snapshot.status === 'refreshing') return;
        leave();
        resolve(snapshot);
      };
      const leave = this.subscribe(look);
      look();
    });
  }

  #send(path: string, value: SettingValue | null, at: number): void {
    const { revision: base = null, unsent } = this.#document ?? {};
    const last = unsent?.[path];
    // What has not arrived need not any more; but it may have, and nobody has heard of it.
    const after = last ? [...last.after, last.id].slice(-MOST_AFTER) : [];
    if (last) store().write(null, { discard: last.id });
    store().write(lane, { id: makeId(), payload: { path, value, at, base, after } });
  }

  /** Whether it may still turn out that an account is here. */
  get #open(): boolean {
    const { target, snapshot } = store().connection;
    if (this.#session?.snapshot.data !== undefined) return false;
    return target === undefined ? this.#patience !== undefined : snapshot.data?.state !== 'failed';
  }

  #start(): void {
    // As long as elements wait before they show samples.
    this.#patience = setTimeout(() => {
      this.#patience = undefined;
      this.#update();
    }, TIMINGS.connectPatienceMs);
    this.#account = accountSettings();
    this.#session = session();
    const update = () => this.#update();
    this.#leave = [
      this.#session.subscribe(update),
      this.#account.subscribe(update),
      watchLocalSettings(update),
      watchSettingsGroups(update),
      store().connection.subscribe(update),
    ];
    update();
  }

  /** Whoever comes next asks anew who is here. */
  #stop(): void {
    for (const leave of this.#leave.splice(0)) leave();
    clearTimeout(this.#patience);
    this.#account = undefined;
    this.#session = undefined;
    this.#document = undefined;
    this.member = undefined;
  }

  #update(): void {
    const account = this.#account?.snapshot ?? accountSettings().snapshot;
    const who = this.#session?.snapshot.data;
    const ended = account.error?.reason === 'session_ended';
    if (who && !who.anonymous) this.member = who.userId;
    else if (who !== undefined && !ended) this.member = undefined;
    const unsent = account.data?.unsent ?? {};
    this.#document = ended && this.#document ? { ...this.#document, unsent } : account.data;
    const { error, at } = account;
    // Nothing to wait for is what a query says, too, while nobody knows yet who is here.
    const status = account.status === 'idle' && this.#open ? 'loading' : account.status;
    const data = settingsView(this.#document, localSettings(), this.member !== undefined, this.#value.snapshot.data);
    this.#value.set({ status, data, error, at, sample: false });
  }
}

const same = (one: SettingValue | null, other: SettingValue | null) => JSON.stringify(one) === JSON.stringify(other);

const page = new PageSettings();
