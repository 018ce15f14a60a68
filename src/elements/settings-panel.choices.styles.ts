import { css, unsafeCSS } from 'lit';
import { ACCENTS } from './wishes.ts';

/** From the one table that the page is coloured with. */
const swatches = Object.entries(ACCENTS).map(([name, colour]) => `.swatch.${name} { background: ${colour}; }`);

/** What chooses without being typed: a row of options, the colours among them, and a switch. */
export const choiceStyles = css`
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
    font-size: 0.875em;
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

  ${unsafeCSS(swatches.join('\n'))}

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
