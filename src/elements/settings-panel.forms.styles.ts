import { css } from 'lit';

/** What only some sections have: forms, and code to copy. Loaded with them. */
export const formStyles = css`
  form.actions {
    inline-size: 100%;
  }

  form.actions input {
    flex: 1 1 12em;
  }

  form.account .actions {
    display: grid;
    justify-items: start;
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
`;
