import { css } from 'lit';

/** The frame and the rows: what is seen first. */
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
    white-space: nowrap;
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
  .spinner::before {
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
  .waiting :is(.body, .totals),
  .waiting :is(.body, .totals) * {
    color: var(--_muted);
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

  .line {
    position: absolute;
    inset-block-start: 0;
    inset-inline: 0;
    block-size: var(--_row);
    contain: layout style;
  }

  .cell {
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
  .cell:dir(rtl),
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
    position: relative;
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

  /* Hangs, so that the digits stand below each other. */
  .partly {
    display: inline-block;
    inline-size: 0;
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

  .spinner,
  .fresh,
  .toast {
    position: absolute;
    z-index: 2;
    margin: 0;
    border-radius: 2em;
    box-shadow: var(--_shadow);
  }

  .spinner,
  .fresh {
    inset-block-start: calc(var(--_row) + var(--_space));
    inset-inline: 0;
    inline-size: fit-content;
    margin-inline: auto;
  }

  .spinner {
    padding: calc(0.75 * var(--_space)) calc(2 * var(--_space));
    border: 1px solid var(--_border);
    background: var(--_surface-raised);
  }

  .fresh {
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

  @container (inline-size < 40rem) {
    .frame > header,
    .toolbar,
    .footer {
      padding-inline: calc(1.5 * var(--_space));
    }
  }

  /* The title and the buttons in one line, what is said of the rows in the next. */
  @container (inline-size < 26rem) {
    .frame > header {
      flex-wrap: wrap;
      align-items: center;
      justify-content: space-between;
      gap: 0 calc(2 * var(--_space));
    }

    .frame > header::after {
      flex-basis: 100%;
      content: '';
    }

    .words {
      display: contents;
    }

    .words > :not(.title) {
      order: 1;
    }

    .words .note {
      margin-inline-start: 0;
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
