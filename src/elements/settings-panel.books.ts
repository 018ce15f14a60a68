import { chatSettings, saveChatSettings, type ChatSettingsPatch } from '../services/chat-settings.ts';
import { profile, PROFILE_FIELDS, saveProfile } from '../services/profile.ts';
import {
  settingsGroups,
  type SettingsGroup,
  type SettingsPatch,
  type SettingValue,
} from '../services/settings-schema.ts';
import { saveSettings, settings, type Setting } from '../services/settings.ts';
import { setUsageLimit, usageLimits, type LimitMetric, type LimitPeriod } from '../services/usage-limits.ts';
import { startAutoSync, stopAutoSync, syncState } from '../services/usage-sync.ts';
import type { Live } from '../store/live.ts';

/** Where the values of some groups are kept: all of them are read, edited and saved in one way. */
export interface Book {
  readonly live: () => Live<unknown>;
  /** Of the outbox. */
  readonly lane: string;
  readonly groups: () => readonly SettingsGroup[];
  /** Undefined while it is not known, and where there is none. */
  readonly read: (path: string) => Setting | undefined;
  /** Saves by path, and answers what that replaces. @throws {LivelitError} `invalid` */
  readonly save: (patch: SettingsPatch) => SettingsPatch;
}

const nameOf = (path: string) => path.slice(path.indexOf('.') + 1);

const inAccount = (value: SettingValue | null, pending = false): Setting => ({ value, source: 'account', pending });

/** A patch by the names of a table's columns. */
const byName = (patch: SettingsPatch): Record<string, SettingValue | null> =>
  Object.fromEntries(Object.entries(patch).map(([path, value]) => [nameOf(path), value]));

/** What a patch is about to replace. */
const replaced = (book: Book, patch: SettingsPatch): SettingsPatch =>
  Object.fromEntries(Object.keys(patch).map((path) => [path, book.read(path)?.value ?? null]));

const preferences: Book = {
  live: settings,
  lane: 'settings',
  // The chat's are the site's, not somebody's.
  groups: () => settingsGroups().filter(({ owner }) => !owner),
  read: (path) => settings().snapshot.data?.fields[path],
  save: saveSettings,
};

const PROFILE: SettingsGroup = {
  id: 'profile',
  label: 'profile',
  fields: Object.entries(PROFILE_FIELDS).map(([name, maxLength]) => ({
    name,
    label: `profile.${name}`,
    type: 'text',
    maxLength,
    default: '',
  })),
};

const person: Book = {
  live: profile,
  lane: 'profile',
  groups: () => (profile().snapshot.data ? [PROFILE] : []),
  read(path) {
    const { data } = profile().snapshot;
    const name = nameOf(path) as keyof typeof PROFILE_FIELDS;
    return data ? inAccount(data[name] ?? '', data.pending.includes(name)) : undefined;
  },
  save(patch) {
    const before = replaced(person, patch);
    saveProfile(byName(patch));
    return before;
  },
};

/** What can be chosen, minutes; the project accepts any from 15. */
const INTERVALS = [15, 30, 60, 180, 360, 720, 1_440];

const DEFAULT_INTERVAL = 60;

const sync: Book = {
  live: syncState,
  lane: 'sync:schedule',
  groups() {
    const { data } = syncState().snapshot;
    if (!data) return [];
    const { enabled = false, every_minutes: minutes = DEFAULT_INTERVAL } = data.schedule ?? {};
    const options = [...new Set([...INTERVALS, minutes])].sort((a, b) => a - b);
    const every = { name: 'every_minutes', label: 'sync.every_minutes', type: 'choice', options, default: 60 } as const;
    const automatic = { name: 'automatic', label: 'sync.automatic', type: 'switch', default: false } as const;
    return [{ id: 'sync', label: 'sync', fields: enabled ? [automatic, every] : [automatic] }];
  },
  read(path) {
    const { data } = syncState().snapshot;
    if (!data) return undefined;
    const { enabled = false, every_minutes: minutes = DEFAULT_INTERVAL } = data.schedule ?? {};
    return inAccount(path === 'sync.automatic' ? enabled : minutes);
  },
  save(patch) {
    const before = replaced(sync, patch);
    const automatic = (patch['sync.automatic'] ?? before['sync.automatic'] ?? true) === true;
    if (automatic) startAutoSync(Number(patch['sync.every_minutes'] ?? sync.read('sync.every_minutes')!.value));
    else stopAutoSync();
    return before;
  },
};

/** Those that people ask for; `<usage-chart>` shows any. */
const LIMITS: SettingsGroup = {
  id: 'limits',
  label: 'limits',
  fields: ['cost_day', 'cost_month', 'tokens_day', 'tokens_month'].map((name) => ({
    name,
    label: `limits.${name}`,
    type: 'number',
    min: 0.000_001,
    max: 1e11,
    default: null,
  })),
};

const limitOf = (path: string) => nameOf(path).split('_') as [LimitMetric, LimitPeriod];

const limits: Book = {
  live: usageLimits,
  lane: 'usage:limits',
  groups() {
    const { status, data } = usageLimits().snapshot;
    return data && status !== 'idle' ? [LIMITS] : [];
  },
  read(path) {
    const { status, data } = usageLimits().snapshot;
    if (!data || status === 'idle') return undefined;
    const [metric, period] = limitOf(path);
    const limit = data.find((each) => each.metric === metric && each.period === period);
    return inAccount(limit?.limit_value ?? null, limit?.status === 'pending');
  },
  save(patch) {
    const before = replaced(limits, patch);
    for (const [path, value] of Object.entries(patch)) setUsageLimit(...limitOf(path), value as number | null);
    return before;
  },
};

const CHAT: SettingsGroup = {
  id: 'chat',
  label: 'chat',
  owner: true,
  fields: [
    {
      name: 'system_prompt',
      label: 'chat.system_prompt',
      type: 'text',
      maxLength: 8_000,
      multiline: true,
      default: '',
    },
    { name: 'greeting', label: 'chat.greeting', type: 'text', maxLength: 500, multiline: true, default: '' },
    { name: 'model', label: 'chat.model', type: 'text', format: 'model', maxLength: 128, default: '' },
    { name: 'temperature', label: 'chat.temperature', type: 'number', min: 0, max: 2, default: null },
    { name: 'max_output_tokens', label: 'chat.max_output_tokens', type: 'number', min: 16, max: 4_000, default: 600 },
    { name: 'daily_cap_usd', label: 'chat.daily_cap_usd', type: 'number', min: 0, max: 1_000, default: null },
    { name: 'cache_first_answers', label: 'chat.cache_first_answers', type: 'switch', default: false },
    { name: 'moderation', label: 'chat.moderation', type: 'switch', default: false },
    { name: 'semantic_search', label: 'chat.semantic_search', type: 'switch', default: false },
    { name: 'retention_days', label: 'chat.retention_days', type: 'number', min: 1, max: 3_650, default: 30 },
  ],
};

const MICRO = 1_000_000;

const owned = () => profile().snapshot.data?.owner === true;

/** Nothing, for who does not run the site: the project would refuse to tell. */
const chat: Book = {
  live: () => (owned() ? chatSettings() : profile()),
  lane: 'chat-settings',
  groups: () => (owned() && chatSettings().snapshot.data ? [CHAT] : []),
  read(path) {
    const data = owned() ? chatSettings().snapshot.data : undefined;
    if (!data) return undefined;
    if (path === 'chat.daily_cap_usd') {
      return inAccount(data.daily_cap_micro_usd === null ? null : data.daily_cap_micro_usd / MICRO);
    }
    if (path === 'chat.model') return inAccount(data.model ?? '');
    return inAccount(data[nameOf(path) as keyof typeof data]);
  },
  save(patch) {
    const before = replaced(chat, patch);
    const { daily_cap_usd: usd, ...rest } = byName(patch);
    saveChatSettings({
      ...rest,
      ...('model' in rest && { model: rest.model || null }),
      ...(usd !== undefined && { daily_cap_micro_usd: usd === null ? null : Math.round(Number(usd) * MICRO) }),
    } as ChatSettingsPatch);
    return before;
  },
};

export const BOOKS: readonly Book[] = [preferences, person, sync, limits, chat];

/** Settings that can be tried before they are saved, and that go into a file: those that are somebody's preferences. */
export const PREFERENCES = preferences;
