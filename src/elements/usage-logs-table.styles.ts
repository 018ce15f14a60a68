import { css } from 'lit';

export const styles = css`
  :host {
    --_row: var(--usage-logs-table-row, calc(2 * var(--_space) + 1.25rem));
    block-size: var(--usage-logs-table-height, 34rem);
    min-block-size: 0;
    overflow: hidden;
    container-type: inline-size;
    /* Where its width would be that of its content, it has a width all the same. */
    contain-intrinsic-inline-size: 20rem;
    border: 1px solid var(--_border);
    border-radius: var(--_radius);
    background: var(--_surface);
    font-size: 0.875em;
  }

  /* Not the host itself: a page that sets the element's display must not take the layout apart. */
  .frame {
    display: flex;
    flex-direction: column;
    block-size: 100%;
  }

  .frame > header {
    display: flex;
    align-items: start;
    gap: calc(2 * var(--_space));
    min-block-size: calc(2rem + 1.25 * var(--_space));
    padding: calc(1.25 * var(--_space)) calc(2 * var(--_space)) 0;
  }

  .words {
    display: flex;
    flex: 1;
    flex-wrap: wrap;
    align-items: baseline;
    gap: 0 calc(2 * var(--_space));
    min-inline-size: 0;
    padding-block-start: 0.3em;
  }

  .title {
    font-size: 1.0625em;
    font-weight: 600;
  }

  .muted {
    color: var(--_muted);
  }

  b {
    color: var(--_text);
    font-weight: 600;
  }

  .note {
    margin-inline-start: auto;
    color: var(--_muted);
    font-size: 0.9286em;
  }

  .syncing::before,
  .spinner {
    display: inline-block;
    inline-size: 0.7em;
    block-size: 0.7em;
    margin-inline-end: 0.5em;
    border: 1.5px solid var(--_accent);
    border-block-start-color: transparent;
    border-radius: 50%;
    animation: turn 0.8s linear infinite;
    content: '';
  }

  @keyframes turn {
    to {
      transform: rotate(1turn);
    }
  }

  /* Its room is taken before it is loaded. */
  .toolbar {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--_space);
    min-block-size: calc(2rem + 2.5 * var(--_space));
    padding: calc(1.25 * var(--_space)) calc(2 * var(--_space));
  }

  .end {
    display: inline-flex;
    align-items: center;
    gap: calc(var(--_space) / 2);
  }

  .detail .end {
    margin-inline-start: auto;
  }

  button,
  summary,
  .field {
    min-block-size: 2rem;
    padding: 0 calc(1.25 * var(--_space));
    border: 1px solid var(--_border);
    border-radius: calc(0.75 * var(--_radius));
    background: var(--_surface);
    color: inherit;
    font: inherit;
  }

  button,
  summary,
  select {
    cursor: pointer;
  }

  button:hover,
  summary:hover,
  .tabs button[aria-pressed='true'] {
    background: var(--_surface-raised);
  }

  button[aria-pressed='true'],
  .field.set {
    border-color: var(--_accent);
  }

  button:disabled {
    opacity: 0.5;
    cursor: default;
  }

  .field::placeholder {
    color: var(--_muted);
    opacity: 1;
  }

  select.field {
    padding-inline-end: var(--_space);
    field-sizing: content;
  }

  .search {
    flex: 1;
    min-inline-size: 8rem;
    max-inline-size: 18rem;
  }

  .short {
    inline-size: 7.5rem;
  }

  .tabs {
    display: inline-flex;
  }

  .tabs button {
    border-color: var(--_border);
    color: var(--_muted);
  }

  .tabs button[aria-pressed='true'] {
    color: var(--_text);
    font-weight: 600;
  }

  .tabs button:first-child {
    border-start-end-radius: 0;
    border-end-end-radius: 0;
  }

  .tabs button:last-child {
    margin-inline-start: -1px;
    border-start-start-radius: 0;
    border-end-start-radius: 0;
  }

  .chip {
    border-radius: 1em;
    border-color: var(--_accent);
  }

  .box {
    position: relative;
    flex: 1;
    min-block-size: 0;
    border-block: 1px solid var(--_border);
  }

  .grid {
    position: absolute;
    inset: 0;
    display: flex;
    flex-direction: column;
    overflow: auto;
    overscroll-behavior: contain;
    overflow-anchor: none;
    scroll-padding-block: var(--_row);
  }

  /* Fainter would be below the contrast of WCAG AA. */
  .waiting .body,
  .waiting .totals {
    color: var(--_muted);
    filter: grayscale(1);
    pointer-events: none;
  }

  .row {
    display: grid;
    grid-template-columns: var(--_tracks);
    min-inline-size: var(--_width);
    block-size: var(--_row);
    border-block-end: 1px solid var(--_border);
  }

  .head,
  .totals {
    position: sticky;
    z-index: 1;
    flex: none;
    inset-block: 0;
    min-inline-size: max(100%, var(--_width));
    background: var(--_surface);
  }

  .totals {
    margin-block-start: auto;
    border-block: 1px solid var(--_border);
    border-block-end: 0;
    font-weight: 600;
  }

  .body {
    flex: none;
    min-inline-size: max(100%, var(--_width));
  }

  .sheet {
    position: relative;
  }

  .apart {
    position: absolute;
    inset-block-start: var(--_apart);
    inset-inline: 0;
  }

  .cell {
    position: relative;
    overflow: hidden;
    padding-inline: calc(1.25 * var(--_space));
    line-height: calc(var(--_row) - 1px);
    text-overflow: ellipsis;
    white-space: nowrap;
  }

  .cell:first-child {
    padding-inline-start: calc(2 * var(--_space));
  }

  .cell:last-child {
    padding-inline-end: calc(2 * var(--_space));
  }

  .cell:focus-visible {
    outline-offset: -2px;
  }

  /* What is read from left to right is so in a page that is not, and cut at its own end. */
  .cell,
  .muted,
  .footer span {
    unicode-bidi: plaintext;
  }

  .cell:not(.number):dir(rtl),
  .number {
    text-align: right;
  }

  .number:dir(rtl) {
    text-align: left;
  }

  .head .cell {
    color: var(--_muted);
    font-size: 0.9286em;
  }

  .sortable {
    cursor: pointer;
  }

  .sortable:hover,
  .head .cell:is([aria-sort='ascending'], [aria-sort='descending']) {
    color: var(--_text);
  }

  .arrow.ascending::after {
    content: ' ↑';
  }

  .arrow.descending::after {
    content: ' ↓';
  }

  .edge {
    position: absolute;
    inset-block: 25%;
    inset-inline-end: 0;
    inline-size: 7px;
    border-inline-end: 1px solid var(--_border);
    cursor: col-resize;
    touch-action: none;
  }

  .head .cell:last-child .edge {
    border-color: transparent;
  }

  .body .row {
    cursor: default;
  }

  .body .row:hover {
    background: var(--_surface-raised);
  }

  .body [aria-selected='true'] {
    background: color-mix(in oklab, var(--_accent) 10%, var(--_surface));
  }

  .payment {
    display: inline-block;
    inline-size: 0.5em;
    block-size: 0.5em;
    margin-inline-end: 0.6em;
    border-radius: 50%;
    background: var(--_good);
    vertical-align: 0.08em;
  }

  .payment.none {
    background: none;
  }

  .status.error {
    color: var(--_bad);
  }

  .status.stopped,
  .status.pending,
  time {
    color: var(--_muted);
  }

  .over {
    position: absolute;
    display: grid;
    inset: var(--_row) 0;
    place-content: center;
    justify-items: center;
    gap: var(--_space);
    margin: 0;
    padding: calc(2 * var(--_space));
    color: var(--_muted);
    text-align: center;
  }

  .over.error,
  .detail .error {
    color: var(--_bad);
  }

  .spinner {
    position: absolute;
    inset-block-start: calc(50% - 1rem);
    inset-inline-start: calc(50% - 1rem);
    inline-size: 2rem;
    block-size: 2rem;
    border-width: 2.5px;
  }

  .fresh,
  .toast {
    position: absolute;
    z-index: 2;
    margin: 0;
    border-radius: 2em;
    box-shadow: var(--_shadow);
  }

  .fresh {
    inset-block-start: calc(var(--_row) + var(--_space));
    inset-inline: 0;
    inline-size: fit-content;
    margin-inline: auto;
    border-color: transparent;
    background: var(--_accent);
    color: var(--_on-accent);
  }

  .fresh:hover {
    background: var(--_accent);
  }

  .toast {
    inset-block-end: calc(var(--_row) + var(--_space));
    inset-inline-end: calc(2 * var(--_space));
    padding: var(--_space) calc(2 * var(--_space));
    border: 1px solid var(--_border);
    background: var(--_surface-raised);
  }

  .detail {
    position: absolute;
    z-index: 3;
    overflow: auto;
    inset-block: 0;
    inset-inline-end: 0;
    inline-size: min(22rem, 100%);
    padding: calc(1.5 * var(--_space)) calc(2 * var(--_space));
    border-inline-start: 1px solid var(--_border);
    background: var(--_surface);
    box-shadow: var(--_shadow);
  }

  .detail header {
    display: flex;
    align-items: center;
    gap: var(--_space);
  }

  .detail b {
    overflow-wrap: anywhere;
  }

  .detail header button {
    inline-size: 2rem;
    padding: 0;
  }

  dl {
    display: grid;
    grid-template-columns: minmax(6em, auto) 1fr;
    gap: calc(0.5 * var(--_space)) calc(2 * var(--_space));
    margin-block: calc(1.5 * var(--_space));
  }

  dt {
    color: var(--_muted);
  }

  dd {
    margin: 0;
    overflow-wrap: anywhere;
  }

  pre {
    overflow: auto;
    max-block-size: 12rem;
    margin: 0;
    padding: var(--_space);
    border: 1px solid var(--_border);
    border-radius: calc(0.75 * var(--_radius));
    background: var(--_surface-raised);
    font-family: var(--_mono);
    font-size: 0.9286em;
  }

  .footer {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: var(--_space) calc(2 * var(--_space));
    min-block-size: calc(2rem + 1.5 * var(--_space));
    padding: calc(0.75 * var(--_space)) calc(2 * var(--_space));
    color: var(--_muted);
  }

  nav {
    display: inline-flex;
    align-items: center;
    gap: calc(var(--_space) / 4);
  }

  nav button {
    min-inline-size: 2rem;
    padding: 0 0.5em;
    border-color: transparent;
  }

  nav [aria-current] {
    border-color: var(--_border);
    color: var(--_text);
    font-weight: 600;
  }

  [dir='rtl'] .turn span,
  :host(:dir(rtl)) .turn span {
    display: inline-block;
    transform: scaleX(-1);
  }

  .menu {
    position: relative;
  }

  summary {
    display: grid;
    place-items: center;
    list-style: none;
  }

  summary::-webkit-details-marker {
    display: none;
  }

  .items {
    position: absolute;
    z-index: 4;
    overflow: auto;
    inset-block-start: calc(100% + 2px);
    inset-inline-end: 0;
    display: grid;
    inline-size: max-content;
    max-block-size: 24rem;
    padding: var(--_space);
    border: 1px solid var(--_border);
    border-radius: var(--_radius);
    background: var(--_surface);
    box-shadow: var(--_shadow);
  }

  fieldset {
    margin: var(--_space) 0 0;
    padding: var(--_space) 0 0;
    border: 0;
    border-block-start: 1px solid var(--_border);
  }

  legend {
    float: inline-start;
    inline-size: 100%;
    padding: 0 var(--_space);
    color: var(--_muted);
  }

  .item {
    display: flex;
    align-items: center;
    inline-size: 100%;
    padding-inline: var(--_space);
  }

  .item label {
    flex: 1;
    padding-inline-end: calc(2 * var(--_space));
  }

  .item input {
    margin-inline-end: 0.6em;
    accent-color: var(--_accent);
  }

  .item button,
  button.item {
    min-block-size: 1.75rem;
    border-color: transparent;
    background: none;
  }

  .item button:hover,
  button.item:hover {
    background: var(--_surface-raised);
  }

  .progress {
    display: grid;
    gap: calc(var(--_space) / 2);
    padding: var(--_space);
    color: var(--_muted);
  }

  progress {
    inline-size: 100%;
    accent-color: var(--_accent);
  }

  @container (inline-size < 40rem) {
    .frame > header,
    .toolbar,
    .footer {
      padding-inline: calc(1.5 * var(--_space));
    }

    .search {
      max-inline-size: none;
    }

    .toolbar .field {
      flex: 1;
    }

    .footer label {
      display: none;
    }
  }

  @media (forced-colors: active) {
    .payment:not(.none) {
      background: CanvasText;
      forced-color-adjust: none;
    }

    .body [aria-selected='true'] {
      outline: 2px solid Highlight;
      outline-offset: -2px;
    }
  }
`;
