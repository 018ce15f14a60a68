import { css } from 'lit';

export const styles = css`
  :host {
    padding: calc(2 * var(--_space));
    border: 1px solid var(--_border);
    border-radius: var(--_radius);
    background: var(--_surface);
  }

  /* One height whatever the header and the legend hold: nothing below the chart moves when the data comes. */
  figure {
    display: flex;
    flex-direction: column;
    block-size: calc(var(--usage-chart-height, 16rem) + 1.75em + 2 * var(--_space) + 1.45 * 0.8125em);
    margin: 0;
  }

  header {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    gap: 0 calc(1.5 * var(--_space));
    min-block-size: 1.75em;
  }

  .title {
    font-weight: 600;
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

  ul {
    display: flex;
    flex-wrap: wrap;
    gap: 0 calc(2 * var(--_space));
    min-block-size: 1.45em;
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

  .series-1 {
    color: var(--_series-1);
  }

  .series-2 {
    color: var(--_series-2);
  }

  .series-3 {
    color: var(--_series-3);
  }

  .series-4 {
    color: var(--_series-4);
  }

  .series-5 {
    color: var(--_series-5);
  }

  .series-6 {
    color: var(--_series-6);
  }

  .series-7 {
    color: var(--_series-7);
  }

  .series-8 {
    color: var(--_series-8);
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

  /* Its transition tells the script that the page's theme has changed; also where motion is reduced. */
  .theme-watch {
    color: var(--_text);
    transition: color 1ms !important;
  }
`;
