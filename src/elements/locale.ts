import { pagePreferences } from '../services/page-preferences.ts';

/**
 * The language that applies where an element stands, for numbers and dates: of the page's settings where they have one,
 * otherwise of the page; undefined leaves it to the browser.
 */
export function localeOf(element: Element): string | undefined {
  const { locale } = pagePreferences().snapshot.data ?? {};
  const lang = locale ?? (element.closest('[lang]')?.getAttribute('lang') || document.documentElement.lang);
  try {
    return lang ? Intl.getCanonicalLocales(lang)[0] : undefined;
  } catch {
    // A page may say anything; Intl throws at what is no language tag.
    return undefined;
  }
}
