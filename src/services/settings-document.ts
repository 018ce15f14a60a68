import type { TopicEvent } from '../store/backend.ts';
import type { OutboxEntry } from '../store/lane.ts';
import type { SettingValue } from './settings-schema.ts';

/** An edit of one setting on its way to the account. */
export interface SettingEdit {
  readonly path: string;
  /** Null sets it back to its default. */
  readonly value: SettingValue | null;
  /** The revision that whoever made it was looking at; null when none was known. */
  readonly base: number | null;
  /** Edits of the same setting that were on their way then, the newest last. */
  readonly after: readonly string[];
  /** When it was made, ms since 1970, by this device's clock. */
  readonly at: number;
}

export type UnsentEdit = Pick<OutboxEntry<SettingEdit>, 'id' | 'state' | 'error'> &
  Pick<SettingEdit, 'value' | 'after'>;

/** An account's settings, as they were fetched. */
export interface SettingsDocument {
  /** Null while nothing was fetched. */
  readonly revision: number | null;
  /** Only what was set, by path. */
  readonly values: Readonly<Record<string, SettingValue>>;
  /** The newest edit of each path that the account does not have yet, or has refused. */
  readonly unsent: Readonly<Record<string, UnsentEdit>>;
}

/** The columns of `user_preferences` that make a document; also what `merge_preferences` answers. */
export interface SettingsRow {
  readonly revision: number;
  readonly preferences: object;
  readonly ai_providers: object;
}

export const EMPTY: SettingsDocument = { revision: null, values: {}, unsent: {} };

export const documentOf = ({ revision, preferences, ai_providers }: SettingsRow): SettingsDocument => ({
  revision,
  values: Object.fromEntries(leavesOf({ ...preferences, ai_providers })),
  unsent: {},
});

function leavesOf(tree: object, prefix = ''): [string, SettingValue][] {
  return Object.entries(tree).flatMap(([name, value]: [string, SettingValue | object]): [string, SettingValue][] => {
    const path = prefix + name;
    return typeof value === 'object' && !Array.isArray(value)
      ? leavesOf(value, `${path}.`)
      : [[path, value as SettingValue]];
  });
}

/** The newer of two; the same object as long as nothing is newer. */
export const newerDocument = (shown: SettingsDocument, fetched: SettingsDocument): SettingsDocument =>
  (fetched.revision ?? -1) > (shown.revision ?? -1) ? fetched : shown;

/** What an edit was answered with, or a signal that need not lead to a fetch; undefined for one that has to. */
export function applySettingsEvent(shown: SettingsDocument, { payload }: TopicEvent): SettingsDocument | undefined {
  if (payload.merged) return newerDocument(shown, documentOf(payload.merged as SettingsRow));
  return typeof payload.revision === 'number' && payload.revision <= (shown.revision ?? -1) ? shown : undefined;
}

/** The document under the edits that are on their way. */
export function showUnsent(
  document: SettingsDocument | undefined,
  entries: readonly OutboxEntry[],
): SettingsDocument | undefined {
  if (!entries.length) return document;
  const unsent: Record<string, UnsentEdit> = {};
  for (const { id, state, error, payload } of entries as readonly OutboxEntry<SettingEdit>[]) {
    const { path, value, after } = payload;
    unsent[path] = { id, state, error, value, after };
  }
  return { ...(document ?? EMPTY), unsent };
}

/** Whether the document has what an edit wanted. */
export function showsEdit({ values }: SettingsDocument, entry: OutboxEntry): boolean {
  const { path, value } = entry.payload as SettingEdit;
  return JSON.stringify(values[path] ?? null) === JSON.stringify(value);
}
