import type { SettingField, SettingValue } from '../services/settings-schema.ts';
import type { Setting } from '../services/settings.ts';
import { complaintOf, same, textOf } from './settings-panel.values.ts';

/** What somebody is entering, and has not saved. */
export interface Draft {
  /** What counted when it was begun: another value now is somebody else's. */
  readonly base: SettingValue | null;
  /** Null: the default. */
  readonly value: SettingValue | null;
  /** As it was typed. */
  readonly text: string;
  /** False while the cursor only stands there. */
  readonly edited: boolean;
  /** Why it could not be saved. */
  readonly refusal?: string;
}

/** A field as it stands on the panel. */
export interface FieldState {
  readonly path: string;
  readonly field: SettingField;
  readonly setting: Setting;
  /** What is shown: the draft's, or what counts. */
  readonly value: SettingValue | null;
  readonly text: string;
  readonly edited: boolean;
  /** Whether it is one of somebody's preferences, which can come from several places. */
  readonly preference: boolean;
  /** Whether it can be set back to a default. */
  readonly resettable: boolean;
  readonly complaint: string | undefined;
  /** Another value that was saved elsewhere since the draft was begun. */
  readonly theirs: { readonly value: SettingValue | null } | undefined;
}

/** A field as it stands: what counts, under what is being entered. */
export function stateOf(
  path: string,
  field: SettingField,
  setting: Setting,
  draft: Draft | undefined,
  preference: boolean,
): FieldState {
  const value = draft ? (draft.value ?? field.default) : setting.value;
  const edited = draft?.edited ?? false;
  const elsewhere = draft && !same(setting.value, draft.base) && !same(setting.value, value);
  return {
    path,
    field,
    setting,
    value,
    text: draft?.text ?? textOf(value),
    edited,
    preference,
    resettable: preference && (edited ? draft!.value !== null : setting.source !== 'default'),
    complaint: edited ? (complaintOf(field, draft!.value) ?? draft!.refusal) : undefined,
    theirs: elsewhere ? { value: setting.value } : undefined,
  };
}
