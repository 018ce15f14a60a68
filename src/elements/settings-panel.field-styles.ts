import { css, unsafeCSS } from 'lit';
import { ACCENTS } from './apply-settings.ts';

/** From the one table that the page is coloured with. */
const swatches = Object.entries(ACCENTS).map(([name, colour]) => `.swatch.${name} { background: ${colour}; }`);

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
    grid-template-columns: minmax(0, 2fr) minmax(0, 3fr);
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

  /* A row of choices: the inputs are there for keys and screen readers, and the labels for eyes. */
  .radios {
    display: flex;
    flex-wrap: wrap;
    gap: 2px;
    padding: 2px;
    border: 1px solid var(--_border);
    border-radius: var(--_radius);
    background: var(--_surface-raised);
  }

  .radios label {
    position: relative;
    border-radius: calc(var(--_radius) - 2px);
    cursor: pointer;
  }

  .radios label > span:not(.visually-hidden) {
    display: block;
    padding: calc(0.375 * var(--_space)) var(--_space);
    border-radius: inherit;
    color: var(--_muted);
    font-size: 0.9375em;
  }

  .radios input {
    position: absolute;
    inset: 0;
    margin: 0;
    opacity: 0;
    cursor: inherit;
  }

  .radios input:checked + span {
    color: var(--_text);
    font-weight: 600;
    box-shadow: 0 0 0 1px var(--_border);
  }

  .radios input:checked + span:not(.swatch) {
    background: var(--_surface);
  }

  .radios label:has(:focus-visible) {
    outline: 2px solid var(--_accent);
    outline-offset: 1px;
  }

  .radios.swatches {
    gap: var(--_space);
    padding: 0;
    border: 0;
    background: none;
  }

  .swatches label {
    border-radius: 50%;
  }

  .radios label > .swatch {
    inline-size: 1.75em;
    block-size: 1.75em;
    padding: 0;
    border: 3px solid var(--_surface);
    border-radius: 50%;
    box-shadow: 0 0 0 1px var(--_border);
  }

  /* The page's own colour, whichever it is. */
  .swatch.page {
    background: linear-gradient(135deg, var(--_surface-raised) 50%, var(--_muted) 50%);
  }

  .radios input:checked + .swatch {
    box-shadow: 0 0 0 2px var(--_text);
  }

  .switch {
    appearance: none;
    position: relative;
    inline-size: 2.25em;
    block-size: 1.25em;
    margin: 0.125em 0;
    border-radius: 1em;
    background: var(--_muted);
    cursor: pointer;
    transition: background 120ms;
  }

  .switch::before {
    position: absolute;
    inset-block-start: 0.1875em;
    inset-inline-start: 0.1875em;
    inline-size: 0.875em;
    block-size: 0.875em;
    border-radius: 50%;
    background: var(--_surface);
    transition: inset-inline-start 120ms;
    content: '';
  }

  .switch:checked {
    background: var(--_accent);
  }

  .switch:checked::before {
    inset-inline-start: 1.1875em;
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

  form.actions {
    inline-size: 100%;
  }

  form.actions input {
    flex: 1 1 12em;
  }

  form.account .link {
    font-size: 0.875em;
  }

  form.account {
    display: grid;
    gap: calc(1.5 * var(--_space));
    max-inline-size: 22rem;
    padding-block: calc(1.5 * var(--_space));
  }

  .entry {
    display: grid;
    gap: calc(0.5 * var(--_space));
  }

  .group > .actions {
    padding-block: var(--_space);
  }

  .code {
    margin: var(--_space) 0 0;
    padding: calc(1.5 * var(--_space));
    overflow-x: auto;
    border: 1px solid var(--_border);
    border-radius: var(--_radius);
    background: var(--_surface-raised);
    font-family: var(--_mono);
    font-size: 0.8125em;
  }

  ${unsafeCSS(swatches.join('\n'))}

  @container (max-width: 32rem) {
    .field {
      grid-template-columns: minmax(0, 1fr);
    }
  }

  @media (forced-colors: active) {
    .radios input:checked + span:not(.swatch) {
      background: Highlight;
      color: HighlightText;
      forced-color-adjust: none;
    }

    .swatch {
      forced-color-adjust: none;
    }

    .switch {
      border: 1px solid CanvasText;
    }

    .switch::before {
      background: CanvasText;
    }

    .switch:checked::before {
      background: Highlight;
    }
  }
`;
