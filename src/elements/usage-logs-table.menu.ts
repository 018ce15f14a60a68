import { html, nothing } from 'lit';
import { logStrings as strings } from './strings/logs.en.ts';
import { COLUMNS, columnsOf, moved, withHidden } from './usage-logs-table.columns.ts';
import type { LogTable } from './usage-logs-table.controls.ts';

const FORMATS = ['csv', 'json'] as const;

/** A download of a table: how far it is, or how it went. */
interface Progress {
  readonly rows: number;
  readonly total: number;
  readonly state: 'reading' | 'done' | 'failed';
  readonly cancel: () => void;
}

const downloads = new WeakMap<object, Progress>();

/** Columns and downloads: buttons in the order of the page, reached by Tab, and so no menu role. */
export function renderMenu(table: LogTable) {
  const { view, layout, lay, sample } = table;
  const shown = columnsOf(view.by, layout).map(({ id }) => id);
  const title = (id: string) => strings.columns[COLUMNS[view.by].find((column) => column.id === id)!.id];
  return html`
    <details part="menu" class="menu" @focusout=${leave} @keydown=${escape}>
      <summary part="button" title=${strings.more}>
        <span aria-hidden="true">⋯</span><span class="visually-hidden">${strings.more}</span>
      </summary>
      <div class="items" tabindex="-1">
        ${
          sample
            ? nothing
            : FORMATS.map(
                (format) =>
                  html`<button part="item" class="item" @click=${() => void download(table, format)}>
                    ${strings.menu.download(format)}
                  </button>`,
              )
        }
        ${renderProgress(table)}
        <fieldset>
          <legend>${strings.menu.columns}</legend>
          ${layout.order.map((id) => {
            const seen = shown.indexOf(title(id) && (id as (typeof shown)[number]));
            const go = (label: string, sign: string, step: number, possible: boolean) =>
              html`<button
                aria-label=${label}
                ?disabled=${!possible}
                @click=${() => lay((last) => moved(last, id, step))}
              >
                <span aria-hidden="true">${sign}</span>
              </button>`;
            return html`<div part="item" class="item">
              <label>
                <input
                  type="checkbox"
                  .checked=${seen >= 0}
                  ?disabled=${seen >= 0 && shown.length === 1}
                  @change=${({ target }: Event) => lay((last) => withHidden(last, id, !(target as HTMLInputElement).checked))}
                />
                ${title(id)}
              </label>
              ${go(strings.menu.before(title(id)), '↑', -1, seen > 0)}
              ${go(strings.menu.after(title(id)), '↓', 1, seen >= 0 && seen < shown.length - 1)}
            </div>`;
          })}
          <button part="item" class="item" @click=${() => lay(() => undefined)}>${strings.menu.reset}</button>
        </fieldset>
      </div>
    </details>
  `;
}

function renderProgress({ host, format }: LogTable) {
  const progress = downloads.get(host);
  if (!progress) return nothing;
  const { rows, total, state, cancel } = progress;
  const words = {
    reading: strings.menu.reading(format.whole(rows), format.whole(total)),
    done: strings.menu.done(format.whole(rows)),
    failed: strings.menu.failed,
  };
  return html`
    <div part="progress" class="progress" role="status">
      <span>${words[state]}</span>
      ${
        state === 'reading'
          ? html`<progress max=${total || 1} .value=${rows} aria-label=${words.reading}></progress>
              <button part="button" @click=${cancel}>${strings.menu.cancel}</button>`
          : nothing
      }
    </div>
  `;
}

async function download({ host, download: read }: LogTable, format: 'csv' | 'json'): Promise<void> {
  downloads.get(host)?.cancel();
  const stop = new AbortController();
  const show = (progress: Omit<Progress, 'cancel'> | undefined) => {
    if (progress) downloads.set(host, { ...progress, cancel: () => stop.abort() });
    else downloads.delete(host);
    host.requestUpdate();
  };
  show({ rows: 0, total: 0, state: 'reading' });
  try {
    const reading = (rows: number, total: number) => show({ rows, total, state: 'reading' });
    const rows = await read(format, stop.signal, reading);
    show({ rows, total: rows, state: 'done' });
  } catch {
    show(stop.signal.aborted ? undefined : { rows: 0, total: 0, state: 'failed' });
  }
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
