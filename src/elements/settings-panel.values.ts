import { fieldComplaint, type SettingField, type SettingValue } from '../services/settings-schema.ts';

/** Equal as they are stored. */
export const same = (one: SettingValue | null, other: SettingValue | null): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

/** Why a value cannot be saved; nothing and the empty text always can. */
export const complaintOf = (field: SettingField, value: SettingValue | null): string | undefined =>
  value === null || value === '' ? undefined : fieldComplaint(field, value);

/** A value as it stands in an input. */
export const textOf = (value: SettingValue | null): string => (value === null ? '' : String(value));

/** What was typed or chosen, as its field has it. Where defaults stand nowhere, nothing sets a field back to its own. */
export function valueOf(field: SettingField, input: string | boolean, unset: boolean): SettingValue | null {
  if (typeof input === 'boolean') return input;
  if (field.type === 'choice') return field.options.find((option) => String(option) === input)!;
  const text = input.trim();
  if (!text && unset) return null;
  // Half of the world writes a decimal comma.
  if (field.type === 'number') return text ? Number(text.replace(',', '.')) : field.default;
  return field.type === 'text' && field.multiline ? input : text;
}
