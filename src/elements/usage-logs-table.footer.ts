import { html, nothing } from 'lit';
import { PAGE_SIZES } from '../services/usage-logs-view.ts';
import { logStrings as strings } from './strings/logs.en.ts';
import { totalOf } from './usage-logs-table.frame.ts';
import type { LogTable } from './usage-logs-table.parts.ts';

/** Where one is in all that there is, and the way on. */
export function renderFooter(table: LogTable) {
  const { view, data, format, rows, offset, change } = table;
  if (!data) return nothing;
  const total = totalOf(data, format);
  if ('next' in data) {
    const read = format.whole(data.rows.length);
    return html`<span>${data.next ? strings.read(read, total) : strings.count.entries(read)}</span>`;
  }
  const pages = Math.max(1, Math.ceil(data.total / view.size));
  const turn = (page: number) => change({ page });
  const range = rows.length
    ? strings.range(format.whole(offset + 1), format.whole(offset + rows.length), total)
    : strings.count.users(total);
  return html`
    <span>${range}</span>
    <nav part="pages" aria-label=${strings.pages}>
      ${step(strings.previous, '‹', view.page > 1, () => turn(view.page - 1))}
      ${pagesAround(view.page, pages).map((page) =>
        page === 0
          ? html`<span aria-hidden="true">…</span>`
          : html`<button
              part="page"
              aria-label=${strings.page(format.whole(page))}
              aria-current=${page === view.page ? 'page' : nothing}
              @click=${() => page !== view.page && turn(page)}
            >
              ${format.whole(page)}
            </button>`,
      )}
      ${step(strings.next, '›', view.page < pages, () => turn(view.page + 1))}
    </nav>
    <label
      >${strings.size}
      <select
        part="size"
        class="field"
        @change=${({ target }: Event) => change({ size: Number((target as HTMLSelectElement).value) })}
      >
        ${PAGE_SIZES.map((size) => html`<option value=${size} .selected=${size === view.size}>${size}</option>`)}
      </select>
    </label>
  `;
}

const step = (label: string, sign: string, possible: boolean, turn: () => void) =>
  html`<button part="page" class="turn" aria-label=${label} ?disabled=${!possible} @click=${turn}>
    <span aria-hidden="true">${sign}</span>
  </button>`;

/** The first page, the last, and those about the one that is shown; 0 is a gap. */
export function pagesAround(page: number, pages: number): readonly number[] {
  const wanted = [1, page - 1, page, page + 1, pages];
  const shown = [...new Set(wanted)].filter((each) => each >= 1 && each <= pages).sort((a, b) => a - b);
  return shown.flatMap((each, index) => {
    const gap = each - (shown[index - 1] ?? 0);
    return gap === 2 ? [each - 1, each] : gap > 2 ? [0, each] : [each];
  });
}
