import { css, unsafeCSS } from 'lit';
import { COLOURS, REST_COLOUR } from './series-colours.ts';

/** A class for each colour; those after the rest's are the first ones again, darker, and still far from the surface. */
const SERIES = unsafeCSS(
  Array.from({ length: COLOURS }, (_, index) => {
    const own = (number: number) => `var(--_series-${number})`;
    const dark = (percent: number) => `color-mix(in oklab,${own(index + 1 - REST_COLOUR)} ${percent}%,#000)`;
    const colour = index < REST_COLOUR ? own(index + 1) : `light-dark(${dark(58)},${dark(70)})`;
    return `.series-${index + 1}{color:${colour}}`;
  }).join('\n'),
);

export const styles = css`
  :host {
    /* Where its width would be that of its content, it has a width all the same. */
    contain-intrinsic-inline-size: 20rem;
    container-type: inline-size;
    padding: calc(2 * var(--_space));
    border: 1px solid var(--_border);
    border-radius: var(--_radius);
    background: var(--_surface);
  }

  :host([controls]) {
    --_controls: calc(1.42em + var(--_space));
  }

  /* One height whatever the header and the legend hold: nothing below the chart moves when the data comes. */
  figure {
    display: flex;
    flex-direction: column;
    block-size: calc(
      var(--usage-chart-height, 16rem) + 1.75em + 2 * var(--_space) + var(--_words, 2) * 1.45 * 0.8125em +
        var(--_rows, 1) * var(--_controls, 0em)
    );
    margin: 0;
  }

  header {
    display: flex;
    align-items: start;
  }

  .words {
    display: flex;
    flex: 1;
    flex-wrap: wrap;
    align-items: baseline;
    min-inline-size: 0;
    gap: 0 calc(1.5 * var(--_space));
    min-block-size: 1.75em;
  }

  .title {
    overflow: hidden;
    font-weight: 600;
    text-overflow: ellipsis;
    white-space: nowrap;
  }

  .controls {
    display: flex;
    flex-wrap: wrap;
    flex-shrink: 0;
    align-items: center;
    min-block-size: 1.75em;
    margin-block-start: var(--_space);
    gap: calc(var(--_space) / 2) var(--_space);
    font-size: 0.8125em;
  }

  .note {
    margin-inline-start: auto;
    color: var(--_muted);
    font-size: 0.8125em;
  }

  .plot {
    position: relative;
    flex: 1;
    min-block-size: 0;
    margin-block: var(--_space);
  }

  canvas {
    position: absolute;
    inset: 0;
  }

  .over {
    position: absolute;
    inset: 0;
    display: grid;
    place-items: center;
    margin: 0;
    color: var(--_muted);
    pointer-events: none;
    text-align: center;
  }

  .over.error {
    color: var(--_bad);
  }

  .change {
    color: var(--_muted);
    font-size: 0.8125em;
  }

  .legend {
    display: flex;
    flex-wrap: wrap;
    gap: 0 calc(2 * var(--_space));
    flex-shrink: 0;
    overflow: auto;
    min-block-size: 1.45em;
    max-block-size: calc(3 * 1.45em);
    margin: 0;
    padding: 0;
    color: var(--_muted);
    font-size: 0.8125em;
    list-style: none;
  }

  .swatch {
    display: inline-block;
    inline-size: 0.75em;
    block-size: 0.75em;
    margin-inline-end: 0.4em;
    border-radius: 2px;
    background: currentColor;
    forced-color-adjust: none;
  }

  .legend [part='value'] {
    color: var(--_text);
  }

  .footnote {
    overflow: hidden;
    margin: 0;
    color: var(--_muted);
    font-size: 0.8125em;
    text-overflow: ellipsis;
    white-space: nowrap;
  }

  .cursor {
    position: absolute;
    top: 0;
    left: 0;
    border-left: 1px solid var(--_muted);
    pointer-events: none;
  }

  .tooltip {
    position: absolute;
    z-index: 1;
    top: 0;
    left: 0;
    max-inline-size: 100%;
    padding: var(--_space);
    border: 1px solid var(--_border);
    border-radius: var(--_radius);
    background: var(--_surface-raised);
    box-shadow: var(--_shadow);
    font-size: 0.8125em;
    pointer-events: none;
  }

  .tooltip p {
    display: flex;
    align-items: baseline;
    margin: 0;
  }

  .tooltip p > :last-child {
    margin-inline-start: auto;
    padding-inline-start: calc(2 * var(--_space));
  }

  .tooltip .name {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }

  .tooltip .chosen {
    font-weight: 600;
  }

  .menu {
    position: relative;
  }

  summary {
    padding-inline: var(--_space);
    border-radius: calc(var(--_radius) / 2);
    cursor: pointer;
    list-style: none;
  }

  summary::-webkit-details-marker {
    display: none;
  }

  summary:hover {
    background: var(--_border);
  }

  .series-0 {
    color: var(--_accent);
  }

  ${SERIES}

  .theme > * {
    forced-color-adjust: none;
  }

  .theme .muted {
    color: var(--_muted);
  }

  .theme .border {
    color: var(--_border);
  }

  .theme .surface {
    color: var(--_surface-raised);
  }

  .theme .text {
    color: var(--_text);
  }

  .theme .bad {
    color: var(--_bad);
  }

  @media (forced-colors: active) {
    .theme > *,
    .swatch {
      color-scheme: light dark;
    }

    .theme > :is(.text, .muted, .border, .bad) {
      color: CanvasText;
    }

    .theme .surface {
      color: Canvas;
    }
  }

  /* Its transition tells the script that the page's theme has changed; also where motion is reduced. */
  .theme-watch {
    color: var(--_text);
    transition: color 1ms !important;
  }

  /* A column: what would take more than its line of the drawing's height is cut, and said in full by its title. */
  @container (inline-size < 30rem) {
    figure {
      --_words: 4;
      --_rows: 2;
    }

    .controls {
      min-block-size: calc(3.5em + var(--_space) / 2);
    }

    .note {
      overflow: hidden;
      max-inline-size: 100%;
      margin-inline-start: 0;
      text-overflow: ellipsis;
      white-space: nowrap;
    }

    .legend {
      max-block-size: calc(2 * 1.45em);
    }

    .footnote {
      white-space: normal;
    }
  }

  /* A sparkline: the sum, whether it is invented, and the drawing; the rest would be unreadable. */
  @container (inline-size < 12rem) {
    figure {
      /* More than nothing from 4 rem on: a flat one has no room for a line above it, and is written over. */
      --_tall: calc((var(--usage-chart-height, 6rem) - 4rem) * 99);

      block-size: var(--usage-chart-height, 6rem);
    }

    header {
      z-index: 1;
      max-block-size: clamp(0px, var(--_tall), 100%);
      font-size: clamp(0.8125em, var(--_tall), 1em);
      line-height: 1.2;
      pointer-events: none;
      text-shadow:
        0 0 2px var(--_surface),
        0 0 2px var(--_surface),
        0 0 4px var(--_surface);
    }

    .words {
      min-block-size: 0;
    }

    .plot {
      margin-block: clamp(0px, var(--_tall), var(--_space));
    }

    .title,
    .change,
    .note,
    .menu,
    .controls,
    .legend,
    .footnote {
      display: none;
    }
  }
`;
