import { html, nothing } from 'lit';
import { until } from 'lit/directives/until.js';
import type { LogEntry, LogEntryDetail, LogUser } from '../services/usage-logs-view.ts';
import { LivelitError } from '../store/error.ts';
import { strings as common } from './strings/en.ts';
import { logStrings as strings } from './strings/logs.en.ts';
import { named, type LogRow } from './usage-logs-table.columns.ts';
import type { LogFormat } from './usage-logs-table.format.ts';
import type { LogTable } from './usage-logs-table.parts.ts';

export { styles } from './usage-logs-table.detail.styles.ts';

type Fact = readonly [term: string, value: string];

/** What has been read of a row: asked for once, however often it is painted. */
const read = new WeakMap<LogRow, Promise<LogEntryDetail | undefined>>();

/** All that is known of one row, beside the table; J and K go on in both. */
export function renderDetail(row: LogRow | undefined, table: LogTable, sample: boolean) {
  const { format, step, close } = table;
  return html`
    <aside part="detail" class="detail" aria-label=${strings.detail.label} @keydown=${keys(table)}>
      <header>
        <b>${row ? named(row) : strings.detail.label}</b>
        <span class="end">
          ${button(strings.detail.previous, '↑', () => step(-1))} ${button(strings.detail.next, '↓', () => step(1))}
          ${button(strings.detail.close, '×', close)}
        </span>
      </header>
      ${
        !row
          ? html`<p>${strings.detail.gone}</p>`
          : 'requests' in row
            ? renderUser(row, table)
            : html`${renderFacts(factsOf(row, format))} ${sample || row.pending ? nothing : renderMore(row, table)}`
      }
    </aside>
  `;
}

const button = (label: string, sign: string, act: () => void) =>
  html`<button part="button" type="button" aria-label=${label} title=${label} @click=${act}>
    <span aria-hidden="true">${sign}</span>
  </button>`;

const keys =
  ({ step, close }: LogTable) =>
  (event: KeyboardEvent) => {
    const act: Partial<Record<string, () => void>> = { j: () => step(1), k: () => step(-1), Escape: close };
    const found = act[event.key];
    if (!found || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    found();
  };

const renderFacts = (facts: readonly Fact[]) => html`
  <dl>
    ${facts.map(
      ([term, value]) =>
        html`<dt>${term}</dt>
          <dd>${value}</dd>`,
    )}
  </dl>
`;

function renderUser(row: LogUser, { format, change }: LogTable) {
  const { columns } = strings;
  const active = (at: string | null) => (at === null ? '' : format.moment(at));
  const facts: readonly Fact[] = [
    [columns.user, row.email ?? ''],
    [columns.type, strings.type[row.user_type]],
    [columns.requests, format.whole(row.requests)],
    [columns.errors, format.whole(row.errors)],
    [columns.input, format.whole(row.context_tokens)],
    [columns.cached, format.whole(row.cached_tokens)],
    [columns.output, format.whole(row.generated_tokens)],
    [columns.cost, format.money(row.cost)],
    [columns.co2, format.grams(row.co2_grams)],
    [strings.detail.paid, row.has_completed_payment ? strings.detail.yes : strings.detail.no],
    [columns.revenue, format.money(row.revenue)],
    [columns.first, active(row.first_activity_at)],
    [columns.last, active(row.last_activity_at)],
  ];
  return html`
    <button part="button" class="calls" @click=${() => change({ by: 'entries', user: row.user_id ?? 'visitors' })}>
      ${strings.detail.calls}
    </button>
    ${renderFacts(facts)}
  `;
}

function factsOf(row: LogEntry, format: LogFormat): readonly Fact[] {
  const { columns } = strings;
  return [
    [columns.at, format.moment(row.at)],
    [columns.user, row.email ?? ''],
    [columns.app, row.feature ? `${row.app} · ${row.feature}` : row.app],
    [columns.model, row.model],
    [columns.input, format.whole(row.context_tokens)],
    [columns.cached, format.whole(row.cached_tokens)],
    [columns.output, format.whole(row.generated_tokens)],
    [columns.cost, format.money(row.cost)],
    [columns.co2, format.grams(row.co2_grams)],
    [columns.latency, format.duration(row.latency_ms)],
    [columns.status, row.pending ? strings.sending : strings.status[row.status]],
  ];
}

/** What is not in the table's rows, read for this one alone. */
function renderMore(row: LogEntry, table: LogTable) {
  if (!read.has(row)) read.set(row, table.read(row.id, new AbortController().signal));
  const shown = read.get(row)!.then(
    (detail) => (detail ? renderFurther(detail) : html`<p>${strings.detail.gone}</p>`),
    (error: unknown) => {
      read.delete(row);
      return html`<p class="error">${LivelitError.from(error).message}</p>`;
    },
  );
  return html`<div class="more">${until(shown, html`<p class="muted">${common.loading}</p>`)}</div>`;
}

function renderFurther({ provider, project, error, metadata, key, id }: LogEntryDetail) {
  const { detail } = strings;
  const facts: readonly Fact[] = [
    [detail.provider, provider],
    [detail.project, project],
    [detail.error, error ?? ''],
    [detail.key, key],
    [detail.id, id],
  ];
  const known = Object.keys(metadata).length > 0;
  return html`
    ${renderFacts(facts.filter(([, value]) => value))}
    ${
      known
        ? html`<p class="muted">${detail.metadata}</p>
            <pre tabindex="0">${JSON.stringify(metadata, null, 2)}</pre>`
        : nothing
    }
  `;
}
