import { setPagePreferences, type PagePreferences } from '../services/page-preferences.ts';
import { settingValue, type SettingValues } from '../services/settings-schema.ts';
import { settings, type Settings } from '../services/settings.ts';
import { readLocal, writeLocal } from '../store/local-storage.ts';

/** Every element of the kit. `:where()` counts for nothing, so that a page's own rule for a tag wins. */
const ELEMENTS = ':where(chat-box, settings-panel, sync-status, usage-chart, usage-logs-table)';

/** What was set when it was applied last, so that the next page does not begin in other colours. */
const KEY = 'livelit:applied';

const THEMES: Readonly<Record<string, string>> = { system: 'light dark', light: 'light', dark: 'dark' };

/** Each passes WCAG AA on the surfaces of `base.styles.ts`, light and dark. */
const ACCENTS: Readonly<Record<string, string>> = {
  blue: 'light-dark(#0b5cad, #6cb4ff)',
  green: 'light-dark(#0f6f3c, #5fd48f)',
  violet: 'light-dark(#6a3fb5, #bba2ff)',
  rose: 'light-dark(#b3245f, #ff9dbf)',
  amber: 'light-dark(#8a5200, #f0b75a)',
  graphite: 'light-dark(#3c4650, #c3ccd4)',
};

/** What somebody has set, nothing of it being a default. */
type Wishes = { readonly [Path in keyof SettingValues]?: SettingValues[Path] };

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
  const apply = (wishes: Wishes) => {
    const css = cssOf(wishes);
    sheet.replaceSync(css && `${scope} { ${css} }`);
    setPagePreferences(preferencesOf(wishes));
  };
  const kept = readLocal(KEY);
  if (kept) apply(keptWishes(kept));
  const live = settings();
  const follow = () => {
    const { status, data } = live.snapshot;
    // Until it is known who is here, what was there last is a better guess than nothing.
    if (!data || (status === 'loading' && kept)) return;
    const wishes = wishesOf(data);
    writeLocal(KEY, JSON.stringify(wishes));
    apply(wishes);
  };
  const leave = live.subscribe(follow);
  follow();
  return () => {
    leave();
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((each) => each !== sheet);
    setPagePreferences({});
  };
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
    const values = JSON.parse(kept) as Readonly<Record<string, unknown>>;
    return Object.fromEntries(
      PATHS.flatMap((path) => (values[path] === undefined ? [] : [[path, settingValue(path, values[path])]])),
    );
  } catch {
    return {};
  }
}

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
function cssOf(wishes: Wishes): string {
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
