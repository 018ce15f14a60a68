import { html, nothing } from 'lit';
import type { ChoiceField, SettingsGroup, TextField } from '../services/settings-schema.ts';
import { optionLabel, renderConflict } from './settings-panel.conflict.ts';
import type { Drafts } from './settings-panel.drafts.ts';
import type { FieldState } from './settings-panel.state.ts';
import { fieldStrings } from './strings/settings-parts.en.ts';
import { attributeOf } from './wishes.ts';

/** As many options as stand beside each other; more make a list. */
const MOST_BESIDE = 4;

/** Where a page says something itself, which wins over a setting: elements of the kit with an attribute of their own. */
const ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  'usage.metric': ['metric'],
  'usage.days': ['from', 'days'],
};

/** A group of settings, each with its control, where its value comes from, and what is wrong with it. */
export function renderGroup(drafts: Drafts, group: SettingsGroup) {
  const fields = group.fields.flatMap((field) => drafts.state(`${group.id}.${field.name}`) ?? []);
  const id = `group-${group.id}`;
  return html`
    <section part="group" class="group" aria-labelledby=${id}>
      <h3 part="group-title" id=${id}>${fieldStrings.groups[group.label] ?? group.label}</h3>
      ${fields.map((state) => renderField(drafts, state))}
    </section>
  `;
}

/** Radio buttons and switches are named by what they stand in; anything else by its label. */
const labelled = ({ field }: FieldState) => !(field.type === 'choice' && beside(field));

function renderField(drafts: Drafts, state: FieldState) {
  const { path, field, complaint, theirs, setting, edited } = state;
  const label = labelOf(state);
  const hint = fieldStrings.hints[path] ?? field.hint;
  const wide = field.type === 'text' && field.multiline;
  const disputed = theirs !== undefined || setting.refused !== undefined;
  const typed = field.type === 'text' || field.type === 'number';
  const kind = `${edited ? 'edited' : ''} ${disputed ? 'disputed' : ''} ${complaint ? 'invalid' : ''}`.trim();
  return html`
    <div
      part="field ${kind}"
      class="field ${wide ? 'wide' : ''} ${kind}"
      data-path=${path}
      @focusin=${typed ? () => drafts.begin(path) : nothing}
      @focusout=${typed ? (event: FocusEvent) => leave(event, () => drafts.end(path)) : nothing}
    >
      <div class="words">
        ${
          labelled(state)
            ? html`<label part="label" for=${path}>${label}</label>`
            : html`<span part="label" id="label-${path}">${label}</span>`
        }
        ${hint ? html`<p part="hint" class="hint" id="hint-${path}">${hint}</p>` : nothing}
      </div>
      <div class="control">
        ${renderControl(drafts, state, [hint ? `hint-${path}` : '', `note-${path}`].join(' ').trim())}
        <p class="note" id="note-${path}">
          ${complaint ? html`<span part="complaint" class="complaint" role="alert">${complaint}</span>` : nothing}
          <span part="source" class="source">${sourceOf(state)}</span>
          ${
            state.resettable
              ? html`<button
                  part="reset"
                  class="link"
                  type="button"
                  aria-label=${fieldStrings.resetOf(label)}
                  @click=${() => drafts.reset(path)}
                >
                  ${fieldStrings.reset}
                </button>`
              : nothing
          }
        </p>
        ${renderConflict(drafts, state)}
      </div>
    </div>
  `;
}

/** Not when the focus goes on to what belongs to the field: its buttons are about what is being entered. */
function leave(event: FocusEvent, end: () => void): void {
  const field = event.currentTarget as HTMLElement;
  if (!field.contains(event.relatedTarget as Node | null)) end();
}

function renderControl(drafts: Drafts, state: FieldState, about: string) {
  const { path, field, text, value, complaint } = state;
  const edit = ({ target }: Event) => drafts.edit(path, (target as HTMLInputElement).value);
  const invalid = complaint ? 'true' : 'false';
  switch (field.type) {
    case 'switch':
      return html`<input
        part="control switch"
        class="switch"
        type="checkbox"
        role="switch"
        id=${path}
        aria-describedby=${about}
        .checked=${value === true}
        @change=${({ target }: Event) => drafts.edit(path, (target as HTMLInputElement).checked)}
      />`;
    case 'choice':
      return beside(field) ? renderRadios(state, field, edit, about) : renderList(state, field, edit, about);
    case 'number':
      return html`<input
        part="control input"
        id=${path}
        inputmode="decimal"
        autocomplete="off"
        aria-describedby=${about}
        aria-invalid=${invalid}
        .value=${text}
        @input=${edit}
      />`;
    case 'text':
      if (field.multiline) {
        return html`<textarea
          part="control input"
          id=${path}
          rows="3"
          dir="auto"
          maxlength=${field.maxLength}
          aria-describedby=${about}
          aria-invalid=${invalid}
          .value=${text}
          @input=${edit}
        ></textarea>`;
      }
      return html`<input
          part="control input"
          id=${path}
          dir="auto"
          autocomplete="off"
          spellcheck=${field.format ? 'false' : nothing}
          maxlength=${field.maxLength}
          list=${suggestions(field).length ? `list-${path}` : nothing}
          aria-describedby=${about}
          aria-invalid=${invalid}
          .value=${text}
          @input=${edit}
        />
        <datalist id="list-${path}">
          ${suggestions(field).map(([tag, name]) => html`<option value=${tag}>${name}</option>`)}
        </datalist>`;
  }
}

const beside = ({ name, options }: ChoiceField) => options.length <= MOST_BESIDE || name === 'accent';

function renderRadios(state: FieldState, field: ChoiceField, edit: (event: Event) => void, about: string) {
  const { path, value } = state;
  const swatches = path === 'appearance.accent';
  return html`<div
    part="control radios"
    class="radios ${swatches ? 'swatches' : ''}"
    role="radiogroup"
    aria-labelledby="label-${path}"
    aria-describedby=${about}
  >
    ${field.options.map((option, index) => {
      const label = optionLabel(path, index, field);
      return html`<label part="option" title=${swatches ? label : nothing}>
        <input type="radio" name=${path} value=${option} .checked=${option === value} @change=${edit} />
        ${
          swatches
            ? html`<span class="swatch ${option}"></span><span class="visually-hidden">${label}</span>`
            : html`<span>${label}</span>`
        }
      </label>`;
    })}
  </div>`;
}

function renderList({ path, value }: FieldState, field: ChoiceField, edit: (event: Event) => void, about: string) {
  return html`<select part="control select" id=${path} aria-describedby=${about} @change=${edit}>
    ${field.options.map(
      (option, index) =>
        html`<option value=${option} .selected=${option === value}>
          ${path === 'sync.every_minutes' ? span(Number(option)) : optionLabel(path, index, field)}
        </option>`,
    )}
  </select>`;
}

const labelOf = ({ path, field }: FieldState) => fieldStrings.labels[path] ?? field.label;

/** Where the value comes from that counts, and which element of the page says otherwise: its attribute counts more. */
function sourceOf({ path, setting, edited, preference }: FieldState): string {
  const { source } = fieldStrings;
  const page = setting.source === 'default' && document.querySelector(`script[data-key][${attributeOf(path)}]`);
  const from = edited ? 'draft' : setting.pending ? 'pending' : page ? 'page' : preference && setting.source;
  const own = (ATTRIBUTES[path] ?? []).flatMap((name) => {
    const value = document.querySelector(`usage-chart[${name}]`)?.getAttribute(name);
    return value ? source.attribute(`<usage-chart ${name}="${value}">`) : [];
  });
  return [...(from ? [source[from]] : []), ...own].join(' · ');
}

/** What a text can well be, with a name for people; a browser that does not know has none. */
function suggestions({ format }: TextField): readonly (readonly [tag: string, name: string])[] {
  if (!format || format === 'model') return [];
  return (SUGGESTIONS[format] ??= listOf(format));
}

const SUGGESTIONS: Partial<Record<'language' | 'currency' | 'time-zone', readonly (readonly [string, string])[]>> = {};

/** Those of the largest share of pages; any other tag can be typed. */
const LANGUAGES = [
  'ar',
  'de',
  'en',
  'en-GB',
  'es',
  'fr',
  'he',
  'hi',
  'it',
  'ja',
  'ko',
  'nl',
  'pl',
  'pt-BR',
  'tr',
  'zh',
];

function listOf(format: 'language' | 'currency' | 'time-zone'): readonly (readonly [string, string])[] {
  if (format === 'time-zone') return Intl.supportedValuesOf('timeZone').map((zone) => [zone, '']);
  const tags = format === 'language' ? LANGUAGES : Intl.supportedValuesOf('currency');
  const names = new Intl.DisplayNames(undefined, { type: format });
  return tags.map((tag) => [tag, names.of(tag) ?? tag]);
}

/** "30 minutes", "6 hours". */
function span(minutes: number): string {
  const [value, unit] = minutes % 60 ? [minutes, 'minute'] : [minutes / 60, 'hour'];
  return new Intl.NumberFormat(undefined, { style: 'unit', unit, unitDisplay: 'long' }).format(value);
}
