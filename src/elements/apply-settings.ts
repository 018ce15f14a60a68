import { settings, type Settings } from '../services/settings.ts';
import { LiveValue } from '../store/live.ts';
import { readLocal, writeLocal } from '../store/local-storage.ts';
import { checkedWishes, cssOf, ELEMENTS, prefer, preferencesOf, SHOWN, type Wishes } from './wishes.ts';

/** What was set when it was applied last, so that the next page does not begin in other colours. */
const KEY = 'livelit:applied';

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

const wishesOf = ({ fields }: Settings): Wishes =>
  Object.fromEntries(
    SHOWN.flatMap((path) => {
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
