import { html, nothing } from 'lit';
import { settingsStrings } from './strings/settings.en.ts';

/** A section that can be opened. */
export interface Tab {
  readonly id: string;
  readonly label: string;
  /** Something in it is unsaved, or waits for a decision. */
  readonly marked: boolean;
}

/** The sections as a list of tabs; arrow keys go through them in the direction of reading, and round. */
export function renderTabs(tabs: readonly Tab[], open: string, choose: (id: string) => void) {
  return html`
    <div
      part="tabs"
      class="tabs"
      role="tablist"
      aria-label=${settingsStrings.sections}
      @keydown=${(event: KeyboardEvent) => move(event, tabs, choose)}
    >
      ${tabs.map(({ id, label, marked }) => {
        const kind = `${id === open ? 'selected' : ''} ${marked ? 'marked' : ''}`.trim();
        return html`<button
          part="tab ${kind}"
          class="tab ${kind}"
          type="button"
          role="tab"
          id="tab-${id}"
          aria-selected=${id === open}
          aria-controls="panel"
          tabindex=${id === open ? 0 : -1}
          data-tab=${id}
          @click=${() => choose(id)}
        >
          ${label}${marked ? html`<span class="visually-hidden">, ${settingsStrings.mark}</span>` : nothing}
        </button>`;
      })}
    </div>
  `;
}

function move(event: KeyboardEvent, tabs: readonly Tab[], choose: (id: string) => void): void {
  const list = event.currentTarget as HTMLElement;
  const rtl = getComputedStyle(list).direction === 'rtl';
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: 1,
    ArrowUp: -1,
    ArrowRight: rtl ? -1 : 1,
    ArrowLeft: rtl ? 1 : -1,
  };
  const at = tabs.findIndex(({ id }) => id === (event.target as HTMLElement).dataset.tab);
  const step = steps[event.key];
  if (step === undefined && event.key !== 'Home' && event.key !== 'End') return;
  event.preventDefault();
  const to = step === undefined ? (event.key === 'Home' ? 0 : -1) : at + step;
  const { id } = tabs.at(to % tabs.length)!;
  choose(id);
  // It can take the focus although it is not selected yet.
  list.querySelector<HTMLElement>(`[data-tab="${id}"]`)?.focus();
}
