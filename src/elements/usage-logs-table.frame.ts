import { html, nothing } from 'lit';
import { strings as common } from './strings/en.ts';
import { logStrings as strings } from './strings/logs.en.ts';
import type { LogFormat } from './usage-logs-table.format.ts';
import type { LogData, LogSource } from './usage-logs-table.source.ts';
import { filtered, type TableView } from './usage-logs-table.view.ts';

/** How many rows there are, in words where nobody has counted them all. */
export const totalOf = ({ total, estimated }: LogData, format: LogFormat): string =>
  estimated ? strings.about(format.whole(total)) : format.whole(total);

/** What the rows are, how many there are, and how current. */
export function renderWords({ snapshot, data, full }: LogSource, { by }: TableView, format: LogFormat) {
  const { status, error, sample } = snapshot;
  return html`
    <div class="words">
      <span part="title" class="title">${strings.title[by]}</span>
      ${data ? html`<span part="count" class="muted"> ${strings.count[by](totalOf(data, format))} </span>` : nothing}
      ${
        data && 'revenue' in data && data.revenue > 0
          ? html`<span part="revenue" class="muted">${strings.revenue} <b>${format.money(data.revenue)}</b></span>`
          : nothing
      }
      ${sample ? html`<span part="badge" class="badge">${common.sample}</span>` : nothing}
      <span part="note" class="note">
        ${status === 'refreshing' && !full ? html`<span class="syncing patient">${common.syncing}</span>` : nothing}
        ${status === 'stale' ? common.stale : nothing} ${data && status === 'error' ? error?.message : nothing}
      </span>
    </div>
  `;
}

/**
 * What lies over the rows, or stands in their place.
 *
 * @param clear - Takes all filters away.
 * @param release - Shows the rows that wait.
 */
export function renderOver(
  { snapshot: { error }, data, full, held }: LogSource,
  view: TableView,
  format: LogFormat,
  clear: () => void,
  release: () => void,
) {
  const narrowed = filtered(view);
  const empty = narrowed ? strings.nothing : strings.empty[view.by];
  const failed = !data && error !== undefined;
  return html`
    ${failed ? html`<p part="message" class="over error" role="alert">${error.message}</p>` : nothing}
    ${
      data && !data.rows.length
        ? html`<p part="message" class="over">
            ${empty} ${narrowed ? html`<button part="button" @click=${clear}>${strings.clear}</button>` : nothing}
          </p>`
        : nothing
    }
    ${full || (!data && !failed) ? html`<p part="spinner" class="spinner patient">${common.loading}</p>` : nothing}
    ${
      held > 0
        ? html`<button part="fresh" class="fresh" title=${strings.freshHint} @click=${release}>
            ${strings.fresh(format.whole(held))}
          </button>`
        : nothing
    }
  `;
}
