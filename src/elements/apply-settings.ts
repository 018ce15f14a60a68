import { pagePreferences, type PagePreferences } from '../services/page-preferences.ts';
import { settingValue, type SettingValues } from '../services/settings-schema.ts';
import { settings, type Settings } from '../services/settings.ts';
import { LiveValue } from '../store/live.ts';
import { readLocal, writeLocal } from '../store/local-storage.ts';

/** Every element of the kit. `:where()` counts for nothing, so that a page's own rule for a tag wins. */
const ELEMENTS = ':where(chat-box, settings-panel, sync-status, usage-chart, usage-logs-table)';

/** What was set when it was applied last, so that the next page does not begin in other colours. */
const KEY = 'livelit:applied';

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

/** What somebody has set, nothing of it being a default. */
export type Wishes = { readonly [Path in keyof SettingValues]?: SettingValues[Path] };

/** What is being tried, over what is saved. */
const tried = new LiveValue<Wishes>({ status: 'live', data: {}, sample: false });

let applied = 0;

/** Whether somebody on this page has settings applied already. */
export const settingsApplied = (): boolean => applied > 0;

/** Shows settings on this page before they are saved, in place of those tried before; none: what is saved. */
export function trySettings(values: Readonly<Record<string, unknown>>): void {
  const wishes = checkedWishes(values);
  if (JSON.stringify(wishes) !== JSON.stringify(tried.snapshot.data)) {
    tried.set({ status: 'live', data: wishes, sample: false });
  }
}

export interface ApplyOptions {
  /** Which elements of the page get the colours and the density: those of the kit, or `:root` for all of it. */
  readonly scope?: string;
}

/**
 * Makes the settings of whoever is here apply to the page: theme, accent and density as a stylesheet, and language,
 * time zone, currency, metric and range as `pagePreferences()`, which elements read. At once as they were last in this
 * browser, and from then on as they change. What nobody has set stays as the page has it; an attribute of an element,
 * and a rule of the page for its tag, win.
 *
 * @returns the way out, which takes all of it away again.
 */
export function applySettings({ scope = ELEMENTS }: ApplyOptions = {}): () => void {
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  applied += 1;
  let saved: Wishes = {};
  const apply = () => {
    const wishes = { ...saved, ...tried.snapshot.data };
    const css = cssOf(wishes);
    sheet.replaceSync(css && `${scope} { ${css} }`);
    prefer(preferencesOf(wishes));
  };
  const kept = readLocal(KEY);
  if (kept) {
    saved = keptWishes(kept);
    apply();
  }
  const live = settings();
  const follow = () => {
    const { status, data } = live.snapshot;
    // Until it is known who is here, what was there last is a better guess than nothing.
    if (!data || (status === 'loading' && kept)) return;
    saved = wishesOf(data);
    writeLocal(KEY, JSON.stringify(saved));
    apply();
  };
  const leaves = [live.subscribe(follow), tried.subscribe(apply)];
  follow();
  return () => {
    if (!leaves.length) return;
    for (const leave of leaves.splice(0)) leave();
    applied -= 1;
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((each) => each !== sheet);
    prefer({});
  };
}

/** Elements that read them render again only for a change. */
function prefer(data: PagePreferences): void {
  const live = pagePreferences();
  if (JSON.stringify(live.snapshot.data) !== JSON.stringify(data)) live.set({ status: 'live', data, sample: false });
}

const wishesOf = ({ fields }: Settings): Wishes =>
  Object.fromEntries(
    PATHS.flatMap((path) => {
      const { source, value } = fields[path]!;
      return source === 'default' ? [] : [[path, value]];
    }),
  );

/** Checked again: whatever stands in the browser's storage may have been written by anybody on this origin. */
function keptWishes(kept: string): Wishes {
  try {
    return checkedWishes(JSON.parse(kept) as Readonly<Record<string, unknown>>);
  } catch {
    return {};
  }
}

const checkedWishes = (values: Readonly<Record<string, unknown>>): Wishes =>
  Object.fromEntries(
    PATHS.flatMap((path) => (values[path] === undefined ? [] : [[path, settingValue(path, values[path])]])),
  );

const PATHS = [
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

/** No value gets into the stylesheet but by the tables above. */
export function cssOf(wishes: Wishes): string {
  const theme = THEMES[wishes['appearance.theme'] ?? ''];
  const accent = ACCENTS[wishes['appearance.accent'] ?? ''];
  const compact = wishes['appearance.density'] === 'compact';
  return [
    theme && `color-scheme: ${theme};`,
    accent && `--livelit-accent: ${accent};`,
    compact && '--livelit-space: 0.375rem;',
  ]
    .filter(Boolean)
    .join(' ');
}

function preferencesOf(wishes: Wishes): PagePreferences {
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
