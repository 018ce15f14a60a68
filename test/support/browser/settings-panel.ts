import { html, type TemplateResult } from 'lit';
import '../../../src/define/settings-panel.ts';
import type { SettingsPanelElement } from '../../../src/elements/settings-panel.ts';
import { signIn } from '../../../src/services/account.ts';
import type { SettingsPatch } from '../../../src/services/settings-schema.ts';
import { newMember, sql } from './backend.ts';
import { mount, until } from './page.ts';

export const find = <E extends HTMLElement = HTMLElement>(panel: SettingsPanelElement, selector: string) =>
  panel.shadowRoot!.querySelector<E>(selector);

export const all = (panel: SettingsPanelElement, selector: string) => [
  ...panel.shadowRoot!.querySelectorAll<HTMLElement>(selector),
];

export const text = (panel: SettingsPanelElement, selector: string) =>
  find(panel, selector)?.textContent.replaceAll(/\s+/g, ' ').trim() ?? '';

/** A panel with its fields; `autosave` is short, so that no test waits for a pause for thought. */
export async function open(
  section = 'appearance',
  template: TemplateResult = html`<settings-panel section=${section} autosave="50"></settings-panel>`,
): Promise<SettingsPanelElement> {
  const panel = mount<SettingsPanelElement>(template);
  await until(() => find(panel, '[role=tabpanel][aria-busy=false]'));
  return panel;
}

export const field = (panel: SettingsPanelElement, path: string, selector = '') =>
  find<HTMLInputElement>(panel, `[data-path="${path}"] ${selector}`.trim())!;

/** Where a setting is said to come from. */
export const source = (panel: SettingsPanelElement, path: string) => text(panel, `[data-path="${path}"] [part=source]`);

/** Types as a person does, and stays there. */
export async function type(panel: SettingsPanelElement, path: string, value: string): Promise<HTMLInputElement> {
  const input = field(panel, path, ':is(input, textarea)');
  input.focus();
  input.value = value;
  input.dispatchEvent(new InputEvent('input', { bubbles: true }));
  await panel.updateComplete;
  return input;
}

/** Chooses as a person does. */
export function choose(panel: SettingsPanelElement, path: string, value: string): void {
  const list = find<HTMLSelectElement>(panel, `[data-path="${path}"] select`);
  if (list) {
    list.value = value;
    list.dispatchEvent(new Event('change', { bubbles: true }));
  } else field(panel, path, `input[value="${value}"]`).click();
}

/** A new member, signed in here, and with another device of theirs. */
export async function member() {
  const { login, userId } = await newMember();
  await signIn(login.email, login.password);
  /** What the other device saves: having seen everything, unless it knows of `base` only. */
  const elsewhere = (patch: SettingsPatch, base: number | null = 1e9) =>
    sql(
      `select private.merge_preferences(edits) from (select set_config('request.jwt.claims', $1, true)) as claims,
         lateral (select jsonb_agg(jsonb_build_object('id', gen_random_uuid(), 'path', key, 'value', value,
                                                      'age_ms', 0, 'base', $3::bigint)) as edits
                  from jsonb_each($2::jsonb)) as ops
       where claims.set_config is not null`,
      [JSON.stringify({ sub: userId, role: 'authenticated' }), JSON.stringify(patch), base],
    );
  return { login, userId, elsewhere };
}
