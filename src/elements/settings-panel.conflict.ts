import { html, nothing } from 'lit';
import { resolveSetting } from '../services/settings.ts';
import type { SettingField, SettingValue } from '../services/settings-schema.ts';
import type { Drafts } from './settings-panel.drafts.ts';
import type { FieldState } from './settings-panel.state.ts';
import { fieldStrings } from './strings/settings-parts.en.ts';

/** A value as people read it. */
export function wordsFor(path: string, field: SettingField, value: SettingValue | null): string {
  const { options, on, off, nothing: none } = fieldStrings;
  if (value === null || value === '') return none;
  if (field.type === 'switch') return value ? on : off;
  if (field.type !== 'choice') return String(value);
  return optionLabel(path, field.options.indexOf(value as string), field, options[path]);
}

/** What is said of one option: the kit's own words, the page's, or the option itself. */
export function optionLabel(
  path: string,
  index: number,
  field: SettingField & { readonly type: 'choice' },
  words = fieldStrings.options[path],
): string {
  const option = String(field.options[index]);
  return words?.[option] ?? field.labels?.[index] ?? option;
}

/** What happened to a field elsewhere, and what can be done: while it is edited here, or after it was saved too late. */
export function renderConflict(drafts: Drafts, { path, field, setting, theirs }: FieldState) {
  const { conflict } = fieldStrings;
  const button = (choice: string, label: string, act: () => void) =>
    html`<button part="button ${choice}" type="button" @click=${act}>${label}</button>`;
  if (theirs) {
    return html`<div part="conflict" class="conflict" role="alert">
      <p>${conflict.while(wordsFor(path, field, theirs.value))}</p>
      ${button('mine', conflict.mine, () => drafts.resolve(path, 'mine'))}
      ${button('theirs', conflict.theirs, () => drafts.resolve(path, 'theirs'))}
    </div>`;
  }
  const { refused } = setting;
  if (!refused) return nothing;
  const late = refused.error.code === 'conflict';
  return html`<div part="conflict" class="conflict" role="alert">
    <p>${late ? conflict.later(wordsFor(path, field, refused.value)) : conflict.refused(refused.error.message)}</p>
    ${button('mine', late ? conflict.mine : conflict.retry, () => resolveSetting(path, 'mine'))}
    ${button('theirs', late ? conflict.theirs : conflict.discard, () => resolveSetting(path, 'theirs'))}
  </div>`;
}
