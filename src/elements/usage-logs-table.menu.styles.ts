import { css } from 'lit';

export const styles = css`
  .items {
    position: absolute;
    z-index: 4;
    overflow: auto;
    inset-block-start: calc(100% + 2px);
    inset-inline-end: 0;
    display: grid;
    inline-size: max-content;
    max-block-size: calc(var(--usage-logs-table-height, 34rem) - 5rem);
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
`;
