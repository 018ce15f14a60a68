import type { OutboxEntry } from '../store/lane.ts';
import type { SettingsDocument } from './settings-document.ts';
import type { LocalSettings } from './settings-local.ts';
import { settingPaths, settingValue, type SettingValue, type SettingValues } from './settings-schema.ts';

/** One setting as it stands. */
export interface Setting {
  /** What counts: never one that its field does not take. Null where nothing is set and there is no default. */
  readonly value: SettingValue | null;
  /** Where it comes from: nobody has set it, this browser has, or the account. */
  readonly source: 'default' | 'local' | 'account';
  /** Set here, and not in the account yet. */
  readonly pending: boolean;
  /**
   * What was set here and does not count: `conflict` when it was changed elsewhere, later; any other code when the
   * server does not take it. It stays until `resolveSetting()`, or until the setting is set again.
   */
  readonly refused?: RefusedSetting | undefined;
}

export interface RefusedSetting {
  readonly value: SettingValue | null;
  readonly error: NonNullable<OutboxEntry['error']>;
  /** For `retryWrite` and `discardWrite`. */
  readonly id: string;
}

/** All settings: those of every group on this page, and whatever else the account has. */
export interface Settings {
  readonly fields: Readonly<Record<string, Setting>>;
  /** The same, values only. */
  readonly values: SettingValues & Readonly<Record<string, SettingValue | null>>;
}

/**
 * What counts of an account's settings, of those that were made in this browser, and of the defaults. Whatever has not
 * changed is the object that was `shown`.
 */
export function settingsView(
  document: SettingsDocument | undefined,
  local: LocalSettings,
  member: boolean,
  shown?: Settings,
): Settings {
  const { values = {}, unsent = {} } = document ?? {};
  const paths = new Set([...settingPaths(), ...Object.keys(values), ...Object.keys(unsent), ...Object.keys(local)]);
  const fields: Record<string, Setting> = {};
  for (const path of paths) {
    const next = settingOf(path, values[path], unsent[path], local[path]?.value, member);
    const last = shown?.fields[path];
    fields[path] = last && JSON.stringify(last) === JSON.stringify(next) ? last : next;
  }
  const names = Object.keys(fields);
  const same = shown && names.length === Object.keys(shown.fields).length;
  if (same && names.every((path) => shown.fields[path] === fields[path])) return shown;
  const known = same && names.every((path) => shown.fields[path]?.value === fields[path]!.value);
  const next = Object.fromEntries(names.map((path) => [path, fields[path]!.value])) as Settings['values'];
  return { fields, values: known ? shown.values : next };
}

function settingOf(
  path: string,
  saved: SettingValue | undefined,
  edit: SettingsDocument['unsent'][string] | undefined,
  local: SettingValue | undefined,
  member: boolean,
): Setting {
  const refused = edit?.state === 'failed' && { value: edit.value, error: edit.error!, id: edit.id };
  const setting = (
    stored: SettingValue | null | undefined,
    source: 'local' | 'account',
    pending: boolean,
  ): Setting => ({
    value: settingValue(path, stored),
    source: stored === undefined || stored === null ? 'default' : source,
    pending,
    ...(refused && { refused }),
  });
  // What was set before it was known who is here is on its way to their account.
  if (local !== undefined) return setting(local, member ? 'account' : 'local', member);
  if (edit && !refused) return setting(edit.value, 'account', edit.state !== 'delivered');
  return setting(saved, 'account', false);
}
