import { html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { logStrings as strings } from './strings/logs.en.ts';
import { COLUMNS, columnsOf, moved, withHidden } from './usage-logs-table.columns.ts';
import type { LogTable } from './usage-logs-table.parts.ts';

export { styles } from './usage-logs-table.menu.styles.ts';

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
  const { layout, lay, sample } = table;
  return html`
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
        ${repeat(
          layout.order,
          (id) => id,
          (id) => renderColumn(id, table),
        )}
        <button part="item" class="item" @click=${() => lay(() => undefined)}>${strings.menu.reset}</button>
      </fieldset>
    </div>
  `;
}

/** A column: whether it is seen, and buttons that move it. */
function renderColumn(id: string, table: LogTable) {
  const { view, layout, lay } = table;
  const shown = columnsOf(view.by, layout);
  const place = shown.findIndex((column) => column.id === id);
  const title = strings.columns[COLUMNS[view.by].find((column) => column.id === id)!.id];
  const seen = place >= 0;
  const go = (label: string, sign: string, step: 1 | -1, possible: boolean) =>
    html`<button
      class=${step < 0 ? 'before' : 'after'}
      aria-label=${label}
      ?disabled=${!possible}
      @click=${move(id, step, table)}
    >
      <span aria-hidden="true">${sign}</span>
    </button>`;
  return html`<div part="item" class="item" data-id=${id}>
    <label>
      <input
        type="checkbox"
        .checked=${seen}
        ?disabled=${seen && shown.length === 1}
        @change=${({ target }: Event) => lay((last) => withHidden(last, id, !(target as HTMLInputElement).checked))}
      />
      ${title}
    </label>
    ${go(strings.menu.before(title), '↑', -1, seen && place > 0)}
    ${go(strings.menu.after(title), '↓', 1, seen && place < shown.length - 1)}
  </div>`;
}

/** Moves a column; the focus goes with it, to the other button when it has come to an end. */
const move =
  (id: string, step: 1 | -1, { host, lay }: LogTable) =>
  async () => {
    lay((layout) => moved(layout, id, step));
    await host.updateComplete;
    const item = host.shadowRoot!.querySelector(`.item[data-id="${id}"]`);
    const [own, other] = step < 0 ? ['.before', '.after'] : ['.after', '.before'];
    (item?.querySelector<HTMLElement>(`${own}:enabled`) ?? item?.querySelector<HTMLElement>(other))?.focus();
  };

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
  const cancel = () => stop.abort();
  const show = (progress: Omit<Progress, 'cancel'> | undefined) => {
    // Another one has been begun since.
    if (stop.signal.aborted && downloads.get(host)?.cancel !== cancel) return;
    if (progress) downloads.set(host, { ...progress, cancel });
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
