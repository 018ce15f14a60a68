import { css, html } from 'lit';
import { partStrings as strings } from './strings/chart-parts.en.ts';
import type { UsageFormat } from './usage-chart.export.ts';

const FORMATS: readonly UsageFormat[] = ['csv', 'json', 'png'];

interface Choices {
  /** The numbers are a table at present. */
  readonly table: boolean;
  readonly toggle: () => void;
  readonly download: (format: UsageFormat) => void;
}

/** What the menu holds: buttons in the order of the page, reached by Tab, and so no menu role. */
export function renderItems({ table, toggle, download }: Choices) {
  const item = (label: string, act: () => void) => {
    const choose = (event: Event) => {
      close(event, true);
      act();
    };
    return html`<button part="item" type="button" @click=${choose}>${label}</button>`;
  };
  return html`
    <div class="items" tabindex="-1">
      ${item(table ? strings.showChart : strings.showTable, toggle)}
      ${FORMATS.map((format) => item(strings.download(format), () => download(format)))}
    </div>
  `;
}

function close(event: Event, focus: boolean): void {
  const details = (event.currentTarget as Element).closest('details')!;
  details.open = false;
  if (focus) details.querySelector('summary')!.focus();
}

/** Closes the menu when the focus has left it. */
export function leave(event: FocusEvent): void {
  if (!(event.currentTarget as Element).contains(event.relatedTarget as Node | null)) close(event, false);
}

export function escape(event: KeyboardEvent): void {
  if (event.key !== 'Escape') return;
  // It closes what is open, and not the dialog around it as well.
  event.stopPropagation();
  close(event, true);
}

export const styles = css`
  .items {
    position: absolute;
    z-index: 2;
    inset-block-start: 100%;
    inset-inline-end: 0;
    display: grid;
    padding: calc(var(--_space) / 2);
    border: 1px solid var(--_border);
    border-radius: var(--_radius);
    background: var(--_surface-raised);
    box-shadow: var(--_shadow);
  }

  .items button {
    padding: calc(var(--_space) / 2) var(--_space);
    border: 0;
    border-radius: calc(var(--_radius) / 2);
    background: none;
    cursor: pointer;
    font-size: 0.875em;
    text-align: start;
    white-space: nowrap;
  }

  .items button:hover {
    background: var(--_border);
  }
`;
