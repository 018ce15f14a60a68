import { css } from 'lit';

/** The frame, which is painted before anything is loaded. */
export const styles = css`
  :host {
    min-inline-size: min(100%, 16rem);
    border: 1px solid var(--_border);
    border-radius: var(--_radius);
    background: var(--_surface);
    font-size: 0.9375em;
  }

  /*
   * Not the host itself: it may be sized by what it holds. Positioned, so that what is said for the ear only scrolls with
   * it instead of making the page longer.
   */
  .frame {
    position: relative;
    container-type: inline-size;
  }

  .frame[inert] {
    opacity: 0.6;
  }

  header {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: calc(0.5 * var(--_space)) calc(1.5 * var(--_space));
    padding: calc(1.5 * var(--_space)) calc(2 * var(--_space));
    border-block-end: 1px solid var(--_border);
  }

  h2,
  h3,
  p {
    margin: 0;
    font-size: inherit;
  }

  h2 {
    font-size: 1.0625em;
    font-weight: 600;
  }

  .state {
    display: flex;
    flex: 1 1 12em;
    flex-wrap: wrap;
    align-items: center;
    gap: 0 var(--_space);
    font-size: 0.875em;
  }

  .muted {
    color: var(--_muted);
  }

  .actions {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--_space);
  }

  button {
    padding: calc(0.5 * var(--_space)) calc(1.25 * var(--_space));
    border: 1px solid var(--_border);
    border-radius: var(--_radius);
    background: var(--_surface);
    font-size: 0.9375em;
    cursor: pointer;
  }

  button:hover:enabled {
    background: var(--_surface-raised);
  }

  button:disabled {
    color: var(--_muted);
    cursor: default;
    opacity: 0.6;
  }

  button.save:enabled,
  button.primary:enabled {
    border-color: transparent;
    background: var(--_accent);
    color: var(--_on-accent);
  }

  .notice {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--_space);
    padding: var(--_space) calc(2 * var(--_space));
    border-block-end: 1px solid var(--_border);
    border-inline-start: 3px solid var(--_bad);
    background: var(--_surface-raised);
  }

  .notice p {
    flex: 1 1 16em;
  }

  .body {
    display: grid;
    grid-template-columns: 12rem minmax(0, 1fr);
  }

  .tabs {
    display: flex;
    flex-direction: column;
    gap: 2px;
    padding: var(--_space);
    border-inline-end: 1px solid var(--_border);
  }

  .tab {
    position: relative;
    padding: calc(0.75 * var(--_space)) calc(1.25 * var(--_space));
    border-color: transparent;
    background: none;
    color: var(--_muted);
    text-align: start;
  }

  .tab.selected {
    background: var(--_surface-raised);
    color: var(--_text);
    font-weight: 600;
  }

  .tab.marked::after {
    display: inline-block;
    inline-size: 0.4em;
    block-size: 0.4em;
    margin-inline-start: 0.5em;
    border-radius: 50%;
    background: var(--_warn);
    vertical-align: middle;
    content: '';
  }

  .panel {
    min-block-size: var(--settings-panel-height, 26rem);
    padding: calc(2 * var(--_space));
  }

  @container (max-width: 40rem) {
    .body {
      grid-template-columns: minmax(0, 1fr);
    }

    .tabs {
      flex-direction: row;
      overflow-x: auto;
      border-block-end: 1px solid var(--_border);
      border-inline-end: 0;
      scrollbar-width: thin;
    }

    .tab {
      flex: none;
    }

    .tab:focus-visible {
      outline-offset: -2px;
    }
  }

  @media (forced-colors: active) {
    .tab.selected {
      outline: 1px solid Highlight;
      outline-offset: -2px;
    }

    .tab.marked::after {
      background: CanvasText;
      forced-color-adjust: none;
    }

    button:disabled {
      color: GrayText;
      opacity: 1;
    }
  }
`;
