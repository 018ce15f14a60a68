import { html, nothing } from 'lit';
import {
  ACTIVITIES,
  MAX_SEARCH_LENGTH,
  PERIODS,
  STATUSES,
  USER_TYPES,
  type LogEntry,
} from '../services/usage-logs-view.ts';
import { logStrings as strings } from './strings/logs.en.ts';
import type { LogTable } from './usage-logs-table.parts.ts';

export { styles } from './usage-logs-table.controls.styles.ts';
export { dragEdge, dragHeading, resetWidth } from './usage-logs-table.drag.ts';
export { renderFooter } from './usage-logs-table.footer.ts';

/** Who writes pauses so long between letters that nothing is asked for each, ms. */
const TYPING_MS = 300;

/** How many of the models and apps that were seen are suggested. */
const SUGGESTIONS = 30;
const SUGGESTED_FROM_ROWS = 1_000;

const typing = new WeakMap<Element, ReturnType<typeof setTimeout>>();

/** Takes a text when its writer pauses, or at once with Enter. */
function typed(change: (text: string) => void) {
  return (event: Event) => {
    const field = event.currentTarget as HTMLInputElement;
    clearTimeout(typing.get(field));
    if (event.type === 'change') change(field.value);
    else
      typing.set(
        field,
        setTimeout(() => change(field.value), TYPING_MS),
      );
  };
}

export function renderToolbar(table: LogTable) {
  const { view, change } = table;
  const search = typed((text) => text !== view.search && change({ search: text }));
  return html`
    <div class="tabs" role="group" aria-label=${strings.views}>
      ${(['users', 'entries'] as const).map(
        (by) =>
          html`<button part="tab" aria-pressed=${view.by === by} @click=${() => view.by !== by && change({ by })}>
            ${strings.view[by]}
          </button>`,
      )}
    </div>
    <input
      part="search"
      class="field search"
      type="search"
      aria-label=${strings.search}
      placeholder=${strings.searchHint}
      maxlength=${MAX_SEARCH_LENGTH}
      .value=${view.search}
      @input=${search}
      @change=${search}
    />
    ${choice(strings.userType.label, USER_TYPES, strings.userType, view.userType, (userType) => change({ userType }))}
    ${choice(strings.activity.label, ACTIVITIES, strings.activity, view.activity, (activity) => change({ activity }))}
    ${view.by === 'entries' ? renderCallFilters(table) : nothing}
  `;
}

/** What can be done with the table as it is. @param menu - What is in the menu, while that is open. */
export function renderActions(table: LogTable, menu: unknown) {
  return html`
    ${
      table.tailing
        ? html`<button
            part="button"
            aria-pressed=${table.paused}
            title=${strings.pauseHint}
            @click=${() => table.pause(!table.paused)}
          >
            ${table.paused ? strings.resume : strings.pause}
          </button>`
        : nothing
    }
    <button
      part="button"
      class="icon"
      aria-label=${strings.refresh}
      title=${strings.refresh}
      ?disabled=${table.waiting}
      @click=${() => table.refresh()}
    >
      <span aria-hidden="true">↻</span>
    </button>
    <details
      part="menu"
      class="menu"
      @toggle=${({ target }: Event) => table.openMenu((target as HTMLDetailsElement).open)}
      @focusout=${leave}
      @keydown=${escape}
    >
      <summary part="button" class="icon" title=${strings.more}>
        <span aria-hidden="true">⋯</span><span class="visually-hidden">${strings.more}</span>
      </summary>
      ${menu}
    </details>
  `;
}

function renderCallFilters({ view, rows, change }: LogTable) {
  const seen = rows.slice(0, SUGGESTED_FROM_ROWS) as readonly LogEntry[];
  const statuses = { '': strings.anyStatus, ...strings.status };
  const periods = ['', ...(Object.keys(PERIODS) as (keyof typeof PERIODS)[])] as const;
  const named = view.user && seen.find(({ user_id: user }) => (user ?? 'visitors') === view.user);
  return html`
    ${choice(strings.period.label, periods, strings.period, view.period, (period) => change({ period }))}
    ${choice(strings.columns.status, ['', ...STATUSES] as const, statuses, view.status, (status) => change({ status }))}
    ${suggested('model', strings.anyModel, view.model, seen, (model) => change({ model }))}
    ${suggested('app', strings.anyApp, view.app, seen, (app) => change({ app }))}
    ${
      view.user
        ? html`<button part="chip" class="chip" title=${strings.everybody} @click=${() => change({ user: '' })}>
            ${(named && (named.full_name || named.email)) || strings.oneUser} <span aria-hidden="true">×</span
            ><span class="visually-hidden">${strings.everybody}</span>
          </button>`
        : nothing
    }
  `;
}

const choice = <Word extends string>(
  label: string,
  words: readonly Word[],
  names: Readonly<Record<Word, string>>,
  chosen: Word,
  choose: (word: Word) => void,
) => html`
  <select
    part="filter"
    class="field ${chosen && chosen !== 'all' ? 'set' : ''}"
    aria-label=${label}
    @change=${({ target }: Event) => choose((target as HTMLSelectElement).value as Word)}
  >
    ${words.map((word) => html`<option value=${word} .selected=${word === chosen}>${names[word]}</option>`)}
  </select>
`;

/** A text that has to be exactly so; what is in the rows is suggested. */
function suggested(
  name: 'model' | 'app',
  label: string,
  value: string,
  rows: readonly LogEntry[],
  choose: (text: string) => void,
) {
  const words = [...new Set(rows.map((row) => row[name]))].sort().slice(0, SUGGESTIONS);
  const take = typed((text) => text.trim() !== value && choose(text.trim()));
  return html`
    <input
      part="filter"
      class="field short ${value ? 'set' : ''}"
      aria-label=${strings.columns[name]}
      placeholder=${label}
      list=${name}
      .value=${value}
      @change=${take}
    />
    <datalist id=${name}>${words.map((word) => html`<option value=${word}></option>`)}</datalist>
  `;
}

/** Closes the menu when the focus has left it. */
function leave(event: FocusEvent): void {
  const menu = event.currentTarget as HTMLDetailsElement;
  if (event.relatedTarget && !menu.contains(event.relatedTarget as Node)) menu.open = false;
}

function escape(event: KeyboardEvent): void {
  const menu = event.currentTarget as HTMLDetailsElement;
  if (event.key !== 'Escape' || !menu.open) return;
  // It closes what is open, and not the dialog around it as well.
  event.stopPropagation();
  menu.open = false;
  menu.querySelector('summary')!.focus();
}
