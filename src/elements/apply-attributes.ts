import { fieldComplaint, setDefaults, settingField } from '../services/settings-schema.ts';
import { LivelitError } from '../store/error.ts';
import { attributeOf, cssOf, ELEMENTS, preferencesOf, preferOwn, SHOWN, type Wishes } from './wishes.ts';

/**
 * Makes the attributes of the script tag apply to the page.
 *
 * @throws {LivelitError} `invalid`, which names the attributes that say nothing; the others apply.
 */
export function applyAttributes(script: HTMLElement): void {
  const wrong: string[] = [];
  const said = SHOWN.flatMap((path): [string, unknown][] => {
    const name = attributeOf(path);
    const text = script.getAttribute(name);
    if (text === null) return [];
    const field = settingField(path)!;
    const value =
      field.type === 'choice'
        ? (field.options.find((option) => String(option) === text) ?? text)
        : field.type === 'number'
          ? Number(text)
          : text;
    const complaint = fieldComplaint(field, value);
    if (!complaint) return [[path, value]];
    wrong.push(`${name}="${text}": ${complaint}`);
    return [];
  });
  const wishes = Object.fromEntries(said) as Wishes;
  setDefaults(wishes);
  preferOwn(preferencesOf(wishes));
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`${ELEMENTS} { ${cssOf(wishes)} }`);
  // Before those of whoever is here.
  document.adoptedStyleSheets = [sheet, ...document.adoptedStyleSheets];
  if (wrong.length) throw new LivelitError('invalid', wrong.join(' '), { reason: 'attribute' });
}
