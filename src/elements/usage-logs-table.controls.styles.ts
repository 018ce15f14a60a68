import { css } from 'lit';

/** What a table is changed by. */
export const styles = css`
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

  .icon {
    inline-size: 2rem;
    padding: 0;
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

  @container (inline-size < 40rem) {
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

  @container (inline-size < 26rem) {
    .search {
      min-inline-size: 6rem;
    }
  }
`;
