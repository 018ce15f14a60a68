import { css } from 'lit';

export const styles = css`
  .detail .end {
    margin-inline-start: auto;
  }

  .detail {
    position: absolute;
    z-index: 3;
    overflow: auto;
    inset-block: 0;
    inset-inline-end: 0;
    inline-size: min(24rem, 100%);
    padding: calc(1.5 * var(--_space)) calc(2 * var(--_space));
    border-inline-start: 1px solid var(--_border);
    background: var(--_surface);
    box-shadow: var(--_shadow);
  }

  .detail header {
    display: flex;
    align-items: center;
    gap: var(--_space);
  }

  .detail b {
    overflow-wrap: anywhere;
  }

  .detail header button {
    inline-size: 2rem;
    padding: 0;
  }

  .calls {
    margin-block-start: var(--_space);
  }

  dl {
    display: grid;
    grid-template-columns: minmax(6em, auto) 1fr;
    gap: calc(0.5 * var(--_space)) calc(1.5 * var(--_space));
    margin-block: calc(1.5 * var(--_space));
  }

  dt {
    color: var(--_muted);
  }

  dd {
    margin: 0;
    overflow-wrap: anywhere;
  }

  pre {
    overflow: auto;
    max-block-size: 12rem;
    margin: 0;
    padding: var(--_space);
    border: 1px solid var(--_border);
    border-radius: calc(0.75 * var(--_radius));
    background: var(--_surface-raised);
    font-family: var(--_mono);
    font-size: 0.9286em;
  }
`;
