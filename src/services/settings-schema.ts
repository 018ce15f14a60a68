import { LivelitError } from '../store/error.ts';

/** What a setting can hold. */
export type SettingValue = string | number | boolean | readonly (string | number | boolean)[];

interface Field {
  /** With the group's id and a dot in front it is the setting's path; it may have one dot of its own. */
  readonly name: string;
  /** What people read: of a built-in group the key of a string, of a page's own group the words themselves. */
  readonly label: string;
  /** A sentence under the label, of a page's own field. */
  readonly hint?: string;
}

/** One of a few values. */
export interface ChoiceField extends Field {
  readonly type: 'choice';
  readonly options: readonly (string | number)[];
  /** What people read for each option, of a page's own field; the options themselves, unless said. */
  readonly labels?: readonly string[];
  readonly default: string | number;
}

export interface SwitchField extends Field {
  readonly type: 'switch';
  readonly default: boolean;
}

/** Null where nothing is set. */
export interface NumberField extends Field {
  readonly type: 'number';
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  readonly default: number | null;
}

export interface TextField extends Field {
  readonly type: 'text';
  /** In UTF-16 code units, as `maxlength` counts. */
  readonly maxLength: number;
  readonly default: string;
  readonly multiline?: boolean;
  /** What a text has to be, where not every text will do; the empty one always does. */
  readonly format?: 'language' | 'currency' | 'time-zone' | 'model';
}

export type SettingField = ChoiceField | SwitchField | NumberField | TextField;

/** Settings that belong together. */
export interface SettingsGroup {
  /** `a-z`, `0-9` and `_`. */
  readonly id: string;
  readonly label: string;
  /** Of use to nobody but who runs the site: `profile()` says `owner`. */
  readonly owner?: boolean;
  readonly fields: readonly SettingField[];
}

/** The settings of the kit itself. `page`, an empty text and null leave it to the page. */
export const SETTINGS = [
  {
    id: 'appearance',
    label: 'appearance',
    fields: [
      {
        name: 'theme',
        label: 'appearance.theme',
        type: 'choice',
        options: ['page', 'system', 'light', 'dark'],
        default: 'page',
      },
      {
        name: 'density',
        label: 'appearance.density',
        type: 'choice',
        options: ['comfortable', 'compact'],
        default: 'comfortable',
      },
      {
        name: 'accent',
        label: 'appearance.accent',
        type: 'choice',
        options: ['page', 'blue', 'green', 'violet', 'rose', 'amber', 'graphite'],
        default: 'page',
      },
    ],
  },
  {
    id: 'locale',
    label: 'locale',
    fields: [
      { name: 'language', label: 'locale.language', type: 'text', format: 'language', maxLength: 35, default: '' },
      { name: 'currency', label: 'locale.currency', type: 'text', format: 'currency', maxLength: 3, default: '' },
      // Costs are kept in USD, and no rate is asked for anywhere: who wants another currency says what it is worth.
      {
        name: 'per_usd',
        label: 'locale.per_usd',
        type: 'number',
        min: 0.000001,
        max: 1_000_000,
        default: null,
      },
      { name: 'time_zone', label: 'locale.time_zone', type: 'text', format: 'time-zone', maxLength: 64, default: '' },
    ],
  },
  {
    id: 'usage',
    label: 'usage',
    fields: [
      {
        name: 'metric',
        label: 'usage.metric',
        type: 'choice',
        options: ['tokens', 'input', 'output', 'cached', 'requests', 'cost', 'co2'],
        default: 'tokens',
      },
      { name: 'days', label: 'usage.days', type: 'choice', options: [7, 30, 90, 365], default: 30 },
    ],
  },
  {
    id: 'ai_providers',
    label: 'ai_providers',
    fields: [
      {
        name: 'preferred',
        label: 'ai_providers.preferred',
        type: 'choice',
        options: ['openai', 'anthropic'],
        default: 'openai',
      },
      // For what a page asks models itself: the chat's are its owner's.
      {
        name: 'openai.model',
        label: 'ai_providers.openai.model',
        type: 'text',
        format: 'model',
        maxLength: 128,
        default: '',
      },
      {
        name: 'anthropic.model',
        label: 'ai_providers.anthropic.model',
        type: 'text',
        format: 'model',
        maxLength: 128,
        default: '',
      },
    ],
  },
] as const satisfies readonly SettingsGroup[];

type ValueOf<Each> = Each extends { type: 'choice'; options: readonly (infer Option)[] }
  ? Option
  : Each extends { type: 'switch' }
    ? boolean
    : Each extends { type: 'number' }
      ? number | null
      : string;

type ValuesOf<Group> = Group extends { id: infer Id extends string; fields: readonly (infer Each)[] }
  ? {
      readonly [One in Each as `${Id}.${One extends { name: infer Name extends string } ? Name : never}`]: ValueOf<One>;
    }
  : never;

type Merged<Union> = (Union extends unknown ? (each: Union) => void : never) extends (all: infer All) => void
  ? { readonly [Path in keyof All]: All[Path] }
  : never;

/** The kit's own settings by path, as `{ 'usage.days': 7 | 30 | 90 | 365, … }`. */
export type SettingValues = Merged<ValuesOf<(typeof SETTINGS)[number]>>;

/** Values to save, by path; null sets one back to its default. Further paths are those of a page's own groups. */
export type SettingsPatch = { readonly [Path in keyof SettingValues]?: SettingValues[Path] | null } & Readonly<
  Record<string, SettingValue | null>
>;

const pathOf = ({ id }: SettingsGroup, { name }: SettingField) => `${id}.${name}`;

let groups: readonly SettingsGroup[] = SETTINGS;
let fields = index(groups);
const watchers = new Set<() => void>();

/** All groups, a page's own ones last. */
export const settingsGroups = (): readonly SettingsGroup[] => groups;

/** The field at a path, where a group has one. */
export const settingField = (path: string): SettingField | undefined => fields.get(path);

/** The paths of all fields. */
export const settingPaths = (): Iterable<string> => fields.keys();

/** Calls back when a group was added, or a default is another; answers the way out. */
export function watchSettingsGroups(changed: () => void): () => void {
  watchers.add(changed);
  return () => void watchers.delete(changed);
}

/**
 * Adds a page's own group; one of the same id takes the place of the last. Its settings are kept, merged and told like
 * the kit's.
 *
 * @throws {LivelitError} `invalid` for a name that is none, or a default that the field itself does not take.
 */
export function addSettings(group: SettingsGroup): void {
  if (SETTINGS.some(({ id }) => id === group.id)) {
    throw new LivelitError('invalid', `The settings "${group.id}" are the kit's own.`, { reason: 'group' });
  }
  const next = [...groups.filter(({ id }) => id !== group.id), group];
  const nextFields = index(next);
  for (const field of group.fields) {
    const path = pathOf(group, field);
    checkPath(path);
    const complaint = field.default === null ? undefined : fieldComplaint(field, field.default);
    if (complaint) throw new LivelitError('invalid', `"${path}": ${complaint}`, { reason: 'value' });
  }
  change(next, nextFields);
}

/** Has the page itself say what counts where nobody has set anything; each is a value that its field takes. */
export function setDefaults(values: Readonly<Record<string, unknown>>): void {
  change(
    groups.map((group) => ({
      ...group,
      fields: group.fields.map((field) => {
        const value = values[pathOf(group, field)];
        return value === undefined ? field : ({ ...field, default: value } as SettingField);
      }),
    })),
  );
}

function change(next: readonly SettingsGroup[], nextFields = index(next)): void {
  groups = next;
  fields = nextFields;
  for (const watcher of [...watchers]) watcher();
}

function index(all: readonly SettingsGroup[]): ReadonlyMap<string, SettingField> {
  return new Map(all.flatMap((group) => group.fields.map((field) => [pathOf(group, field), field])));
}

/** @throws {LivelitError} `invalid`, which names the path. */
export function checkSetting(path: string, value: unknown): void {
  checkPath(path);
  if (value === null) return;
  const field = fields.get(path);
  const complaint = field ? fieldComplaint(field, value) : looseComplaint(value);
  if (complaint) throw new LivelitError('invalid', `"${path}": ${complaint}`, { reason: 'value' });
}

/** A value as it counts: what a field does not take, from another version or another page, is its default. */
export function settingValue(path: string, value: unknown): SettingValue | null {
  const field = fields.get(path);
  if (!field) return (value ?? null) as SettingValue | null;
  return value === undefined || value === null || fieldComplaint(field, value)
    ? field.default
    : (value as SettingValue);
}

/** The database takes two or three names, and refuses a group: only leaves are merged. */
function checkPath(path: string): void {
  if (!/^[a-z0-9_]{1,40}(\.[a-z0-9_]{1,40}){0,2}$/.test(path)) {
    throw new LivelitError(
      'invalid',
      `"${path}" is no path of a setting: two or three names of a-z, 0-9 and _, with dots between.`,
      { reason: 'path' },
    );
  }
  if (!path.includes('.')) {
    throw new LivelitError('invalid', `"${path}" is a group of settings: set what is in it, one by one.`, {
      reason: 'parent',
    });
  }
}

/** What is wrong with a value, as a sentence for people; undefined when it may be kept. */
export function fieldComplaint(field: SettingField, value: unknown): string | undefined {
  switch (field.type) {
    case 'choice':
      return field.options.includes(value as string) ? undefined : `It is one of ${field.options.join(', ')}.`;
    case 'switch':
      return typeof value === 'boolean' ? undefined : 'It is either on or off.';
    case 'number': {
      const within = typeof value === 'number' && value >= field.min && value <= field.max;
      return within ? undefined : `It is a number from ${field.min} to ${field.max}.`;
    }
    case 'text': {
      if (typeof value !== 'string' || value.length > field.maxLength) {
        return `It is a text of at most ${field.maxLength} characters.`;
      }
      return value && field.format ? FORMATS[field.format](value) : undefined;
    }
  }
}

const FORMATS: Readonly<Record<NonNullable<TextField['format']>, (text: string) => string | undefined>> = {
  language: (text) => taken(() => Intl.getCanonicalLocales(text), 'It is the tag of a language, as "de" or "pt-BR".'),
  currency: (text) => (/^[A-Z]{3}$/.test(text) ? undefined : 'It is the code of a currency, three letters, as "EUR".'),
  'time-zone': (text) =>
    taken(() => new Intl.DateTimeFormat('en', { timeZone: text }), 'It is a time zone, as "Europe/Berlin".'),
  model: (text) => (/^[\w./:-]+$/.test(text) ? undefined : 'It is the name of a model, as "gpt-4o-mini".'),
};

/** Intl throws at what it does not know. */
function taken(attempt: () => unknown, complaint: string): string | undefined {
  try {
    attempt();
    return undefined;
  } catch {
    return complaint;
  }
}

/** A setting that no group on this page describes: what the database takes. */
function looseComplaint(value: unknown): string | undefined {
  const leaves: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (!leaves.every((leaf) => ['string', 'number', 'boolean'].includes(typeof leaf))) {
    return 'A setting is a text, a number, a truth value, or a list of these.';
  }
  return JSON.stringify(value).length > 16_000 ? 'It is longer than 16,000 characters.' : undefined;
}
