import { css } from 'lit';

export const menuStyles = css`
  details {
    position: relative;
  }

  .items {
    position: absolute;
    z-index: 2;
    inset-block-start: calc(100% + 0.25rem);
    inset-inline-end: 0;
    display: flex;
    flex-direction: column;
    inline-size: max-content;
    max-inline-size: 16rem;
    max-block-size: 18rem;
    padding: 0.25rem;
    overflow: auto;
    border: 1px solid var(--_border);
    border-radius: var(--_radius);
    background: var(--_surface);
    box-shadow: var(--_shadow);
  }

  .items button {
    padding: 0.4em 0.75em;
    border: 0;
    border-radius: calc(var(--_radius) / 2);
    background: none;
    cursor: pointer;
    text-align: start;
  }

  .items button:hover {
    background: var(--_surface-raised);
  }

  .items .heading,
  .items small {
    color: var(--_muted);
    font-size: 0.8125em;
  }

  .items .heading {
    margin: 0;
    padding: 0.4em 0.75em;
  }
`;
