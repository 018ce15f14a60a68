import { pagePreferences } from '../services/page-preferences.ts';

/**
 * The language that applies to an element, for numbers and dates: its own `lang` first, then that of the page's settings,
 * then the page's; undefined leaves it to the browser.
 */
export function localeOf(element: HTMLElement): string | undefined {
  const { locale } = pagePreferences().snapshot.data!;
  const around = element.closest<HTMLElement>('[lang]') ?? document.documentElement;
  try {
    return Intl.getCanonicalLocales(element.lang || locale || around.lang)[0];
  } catch {
    // A page may say anything, or nothing; Intl throws at what is no language tag.
    return undefined;
  }
}

/** How moments are written in a language, on the clock of the page's settings; where they have none, on the browser's. */
export const momentFormat = (locale: string | undefined, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat(locale, { timeZone: pagePreferences().snapshot.data!.timeZone, ...options });
