import { css } from 'lit';

/** What stands in a section. */
export const fieldStyles = css`
  .group + .group {
    margin-block-start: calc(3 * var(--_space));
  }

  h3 {
    padding-block-end: var(--_space);
    font-weight: 600;
  }

  .field {
    display: grid;
    grid-template-columns: minmax(0, 3fr) minmax(0, 5fr);
    gap: calc(0.5 * var(--_space)) calc(3 * var(--_space));
    padding-block: calc(1.5 * var(--_space));
    border-block-start: 1px solid var(--_border);
  }

  .field.wide {
    grid-template-columns: minmax(0, 1fr);
  }

  .words {
    display: grid;
    align-content: start;
    gap: 2px;
  }

  .control {
    display: grid;
    align-content: start;
    justify-items: start;
    gap: calc(0.5 * var(--_space));
    min-inline-size: 0;
  }

  .hint,
  .note {
    color: var(--_muted);
    font-size: 0.8125em;
  }

  .note {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    gap: 0 var(--_space);
  }

  .foot {
    margin-block-start: calc(2 * var(--_space));
  }

  .edited .source,
  .complaint,
  .bad {
    color: var(--_bad);
  }

  .edited .source {
    color: var(--_warn);
  }

  .complaint {
    flex-basis: 100%;
    font-size: 0.875em;
  }

  .note .complaint {
    font-size: inherit;
  }

  input:not([type='radio'], [type='checkbox']),
  textarea,
  select {
    inline-size: 100%;
    max-inline-size: 22rem;
    min-block-size: calc(4.5 * var(--_space));
    padding: calc(0.5 * var(--_space)) var(--_space);
    border: 1px solid var(--_border);
    border-color: color-mix(in oklab, var(--_muted) 55%, var(--_border));
    border-radius: var(--_radius);
    background: var(--_surface);
    color: inherit;
    font: inherit;
    font-size: 0.9375em;
  }

  textarea {
    max-inline-size: none;
    max-block-size: 20em;
    field-sizing: content;
    resize: vertical;
  }

  input[aria-invalid='true'],
  textarea[aria-invalid='true'] {
    border-color: var(--_bad);
  }

  .link {
    padding: 0;
    border: 0;
    background: none;
    color: var(--_accent);
    font-size: inherit;
    text-decoration: underline;
  }

  .link:hover:enabled {
    background: none;
  }

  .conflict {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: calc(0.5 * var(--_space)) var(--_space);
    inline-size: 100%;
    padding: var(--_space);
    border: 1px solid var(--_warn);
    border-radius: var(--_radius);
    font-size: 0.875em;
  }

  .conflict p {
    flex-basis: 100%;
    overflow-wrap: anywhere;
  }

  @container (max-width: 32rem) {
    .field {
      grid-template-columns: minmax(0, 1fr);
    }
  }
`;
