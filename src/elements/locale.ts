/** The language that applies where an element stands, for numbers and dates; undefined leaves it to the browser. */
export function localeOf(element: Element): string | undefined {
  const lang = element.closest('[lang]')?.getAttribute('lang') || document.documentElement.lang;
  try {
    return lang ? Intl.getCanonicalLocales(lang)[0] : undefined;
  } catch {
    // A page may say anything; Intl throws at what is no language tag.
    return undefined;
  }
}
