import { css } from 'lit';

export const styles = css`
  :host {
    display: inline-flex;
    align-items: center;
    gap: var(--_space);
    font-size: 0.875em;
    --_dot-size: var(--sync-status-dot-size, 0.625em);
  }

  .reason {
    color: var(--_muted);
  }

  :host([variant='panel']) {
    display: block;
    padding: calc(2 * var(--_space));
    border: 1px solid var(--_border);
    border-radius: var(--_radius);
    background: var(--_surface);
  }

  :host([variant='banner']) {
    display: flex;
  }

  :host([variant='banner']:state(attention)) {
    padding: var(--_space) calc(1.5 * var(--_space));
    border: 1px solid var(--_border);
    border-radius: var(--_radius);
    background: var(--_surface);
  }

  .panel {
    display: grid;
    justify-items: start;
    gap: var(--_space);
  }

  .panel p,
  dl {
    margin: 0;
  }

  .head {
    display: flex;
    align-items: center;
    gap: var(--_space);
    font-weight: 600;
  }

  dl {
    display: grid;
    grid-template-columns: minmax(8em, auto) 1fr;
    gap: calc(0.5 * var(--_space)) calc(2 * var(--_space));
  }

  dt {
    color: var(--_muted);
  }

  dd {
    margin: 0;
  }

  .write {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    gap: var(--_space);
    color: var(--_bad);
  }

  .usage {
    display: grid;
    gap: var(--_space);
    justify-self: stretch;
    /* Facts, a sentence and controls: its room is taken before it is loaded. */
    min-block-size: calc(5lh + 6.5 * var(--_space) + 3px);
    align-content: start;
    padding-block-start: var(--_space);
    border-block-start: 1px solid var(--_border);
  }

  .controls {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--_space);
  }

  .controls label {
    display: flex;
    align-items: center;
    gap: calc(0.5 * var(--_space));
  }

  input {
    margin: 0;
    accent-color: var(--_accent);
  }

  .problem {
    color: var(--_muted);
  }

  .problem.bad {
    color: var(--_bad);
  }

  summary {
    cursor: pointer;
  }

  .runs {
    overflow-x: auto;
  }

  table {
    border-collapse: collapse;
    margin-block-start: var(--_space);
    inline-size: 100%;
    white-space: nowrap;
  }

  th,
  td {
    padding: calc(0.25 * var(--_space)) var(--_space) calc(0.25 * var(--_space)) 0;
    text-align: start;
  }

  th {
    color: var(--_muted);
    font-weight: normal;
  }

  td.error,
  td.partial {
    color: var(--_bad);
  }

  button:disabled,
  select:disabled {
    opacity: 0.6;
    cursor: default;
  }

  select,
  button {
    padding: calc(0.5 * var(--_space)) var(--_space);
    border: 1px solid var(--_border);
    border-radius: var(--_radius);
    background: var(--_surface-raised);
    color: var(--_text);
    font: inherit;
    cursor: pointer;
  }
`;
