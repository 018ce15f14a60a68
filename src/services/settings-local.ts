import { readLocal, watchLocal, writeLocal } from '../store/local-storage.ts';
import type { SettingValue } from './settings-schema.ts';

/** What was set in this browser while nobody with an account was signed in. */
export interface LocalSetting {
  readonly value: SettingValue;
  /** ms since 1970, by this device's clock. */
  readonly at: number;
  /** The edit's own, so that two tabs which hand it over hand over one. */
  readonly id: string;
}

export type LocalSettings = Readonly<Record<string, LocalSetting>>;

const KEY = 'livelit:settings';

export function localSettings(): LocalSettings {
  try {
    return JSON.parse(readLocal(KEY) ?? '{}') as LocalSettings;
  } catch {
    // Somebody else has written there; what cannot be read is not worth more than the defaults.
    return {};
  }
}

/** Keeps these; undefined forgets one. */
export function keepLocalSettings(changes: Readonly<Record<string, LocalSetting | undefined>>): void {
  const kept = Object.entries({ ...localSettings(), ...changes }).filter(([, setting]) => setting);
  writeLocal(KEY, kept.length ? JSON.stringify(Object.fromEntries(kept)) : undefined);
}

/** Forgets what the account has taken over, unless it was set anew meanwhile. */
export function dropLocalSettings(taken: LocalSettings): void {
  const now = localSettings();
  const same = Object.keys(taken).filter((path) => now[path]?.id === taken[path]!.id);
  if (same.length) keepLocalSettings(Object.fromEntries(same.map((path) => [path, undefined])));
}

/** Calls back when this tab or another one has set something; answers the way out. */
export const watchLocalSettings = (changed: () => void): (() => void) => watchLocal(KEY, changed);
