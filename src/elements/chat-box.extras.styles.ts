import { css } from 'lit';

export const extrasStyles = css`
  .earlier {
    display: block;
    margin: 0 auto var(--_space);
    font-size: 0.875em;
  }

  /* The buttons have kept room enough. */
  .row:has(.actions) + .row {
    margin-block-start: calc(0.25 * var(--_space));
  }

  .author {
    display: block;
    margin-block-end: 0.2em;
    color: var(--_muted);
    font-size: 0.8125em;
    font-weight: 600;
  }

  .author.owner {
    color: var(--_good);
  }

  .actions {
    display: flex;
    gap: 0.1em;
    margin-block-start: 0.15em;
  }

  .actions .icon {
    padding: 0.25em;
  }

  @media (hover: hover) {
    /* There for whoever points at a message or goes to it; those of the newest reply always. */
    .row:not(:hover, :focus-within, .assistant:last-child) .actions {
      opacity: 0;
    }
  }

  .sources {
    display: flex;
    flex-wrap: wrap;
    gap: 0.2em 0.8em;
    margin: calc(0.5 * var(--_space)) 0 0;
    padding: 0;
    color: var(--_muted);
    font-size: 0.8125em;
    list-style: none;
  }

  .sources a {
    color: var(--_accent);
  }

  .suggestions {
    display: flex;
    flex-wrap: wrap;
    gap: var(--_space);
    margin-block: calc(1.5 * var(--_space)) 0;
  }

  .chip {
    padding: calc(0.5 * var(--_space)) calc(1.5 * var(--_space));
    border: 1px solid var(--_border);
    border-radius: 2em;
    background: var(--_surface);
    cursor: pointer;
    text-align: start;
  }

  .chip:hover {
    background: var(--_surface-raised);
  }

  .jump {
    position: relative;
    z-index: 1;
    align-self: center;
    block-size: 2em;
    margin-block: calc(-2em - var(--_space)) var(--_space);
    padding: 0 1em;
    border: 1px solid var(--_border);
    border-radius: 1em;
    background: var(--_surface);
    box-shadow: var(--_shadow);
    font-size: 0.875em;
    cursor: pointer;
  }

  .closed {
    margin: 0;
    padding: var(--_space) calc(2 * var(--_space));
    color: var(--_muted);
    font-size: 0.875em;
  }
`;
