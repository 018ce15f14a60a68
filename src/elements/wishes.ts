import { pagePreferences, type PagePreferences } from '../services/page-preferences.ts';
import { settingValue, type SettingValues } from '../services/settings-schema.ts';

/** Every element of the kit. `:where()` counts for nothing, so that a page's own rule for a tag wins. */
export const ELEMENTS = ':where(chat-box, settings-panel, sync-status, usage-chart, usage-logs-table)';

const THEMES: Readonly<Record<string, string>> = { system: 'light dark', light: 'light', dark: 'dark' };

/** Each passes WCAG AA on the surfaces of `base.styles.ts`, light and dark. */
export const ACCENTS: Readonly<Record<string, string>> = {
  blue: 'light-dark(#0b5cad, #6cb4ff)',
  green: 'light-dark(#0f6f3c, #5fd48f)',
  violet: 'light-dark(#6a3fb5, #bba2ff)',
  rose: 'light-dark(#b3245f, #ff9dbf)',
  amber: 'light-dark(#8a5200, #f0b75a)',
  graphite: 'light-dark(#3c4650, #c3ccd4)',
};

const SPACES: Readonly<Record<string, string>> = { comfortable: '0.5rem', compact: '0.375rem' };

/** What somebody, or the page, wants of the elements; what is missing or a default leaves it to whoever comes next. */
export type Wishes = { readonly [Path in keyof SettingValues]?: SettingValues[Path] };

/** The settings that show on a page. */
export const SHOWN = [
  'appearance.theme',
  'appearance.density',
  'appearance.accent',
  'locale.language',
  'locale.currency',
  'locale.per_usd',
  'locale.time_zone',
  'usage.metric',
  'usage.days',
] as const satisfies readonly (keyof SettingValues)[];

/** Those of these values that are wishes, each one that its field takes. */
export const checkedWishes = (values: Readonly<Record<string, unknown>>): Wishes =>
  Object.fromEntries(
    SHOWN.flatMap((path) => (values[path] === undefined ? [] : [[path, settingValue(path, values[path])]])),
  );

/** The attribute of the script tag by which a page says itself what it wishes: `data-per-usd` for `locale.per_usd`. */
export const attributeOf = (path: string): string => `data-${path.split('.')[1]!.replaceAll('_', '-')}`;

/** What the page itself prefers: it counts where nobody who is here has set anything. */
let own: PagePreferences = {};

export function preferOwn(preferences: PagePreferences): void {
  own = preferences;
  prefer(pagePreferences().snapshot.data!);
}

/** Sets what elements take for their defaults, over the page's own; they render again only for a change. */
export function prefer(preferences: PagePreferences): void {
  const live = pagePreferences();
  const data = { ...own, ...preferences };
  if (JSON.stringify(live.snapshot.data) !== JSON.stringify(data)) live.set({ status: 'live', data, sample: false });
}

/** No value gets into a stylesheet but by the tables above. */
export function cssOf(wishes: Wishes): string {
  const theme = THEMES[wishes['appearance.theme'] ?? ''];
  const accent = ACCENTS[wishes['appearance.accent'] ?? ''];
  const space = SPACES[wishes['appearance.density'] ?? ''];
  return [
    theme && `color-scheme: ${theme};`,
    accent && `--livelit-accent: ${accent};`,
    space && `--livelit-space: ${space};`,
  ]
    .filter(Boolean)
    .join(' ');
}

export function preferencesOf(wishes: Wishes): PagePreferences {
  const { 'locale.language': locale, 'locale.time_zone': timeZone, 'locale.currency': code } = wishes;
  const { 'usage.metric': metric, 'usage.days': days } = wishes;
  const perUsd = code === 'USD' ? 1 : wishes['locale.per_usd'];
  return {
    ...(locale && { locale }),
    ...(timeZone && { timeZone }),
    // An amount in another currency without what it is worth would be a wrong one.
    ...(code && perUsd && { currency: { code, perUsd } }),
    ...(metric && { metric }),
    ...(days && { days }),
  };
}
