import { css } from 'lit';

export const styles = css`
  :host {
    block-size: var(--chat-box-height, 28rem);
    min-block-size: 0;
    overflow: hidden;
    border: 1px solid var(--_border);
    border-radius: var(--_radius);
    background: var(--_surface);
  }

  /* Not the host itself: a page that sets the element's display must not take the layout apart. */
  .frame {
    position: relative;
    display: flex;
    flex-direction: column;
    block-size: 100%;
  }

  /* Positioned, so that what is said for the ear only scrolls with it instead of making the page longer. */
  .log {
    position: relative;
    flex: 1;
    min-block-size: 0;
    padding: calc(2 * var(--_space));
    overflow: auto;
    overscroll-behavior: contain;
  }

  .log:focus-visible {
    outline-offset: -2px;
  }

  .greeting {
    margin: 0;
    color: var(--_muted);
  }

  ol {
    display: flex;
    flex-direction: column;
    gap: var(--_space);
    margin: 0;
    padding: 0;
    list-style: none;
  }

  .row {
    display: flex;
    flex-direction: column;
    align-items: flex-start;
    max-inline-size: 85%;
  }

  .row.user {
    align-self: flex-end;
    align-items: flex-end;
  }

  .bubble {
    margin: 0;
    padding: var(--_space) calc(1.5 * var(--_space));
    border-radius: var(--_radius);
    background: var(--_surface-raised);
    overflow-wrap: anywhere;
    white-space: pre-wrap;
  }

  .user .bubble {
    background: var(--chat-box-user-surface, var(--_accent));
    color: var(--chat-box-user-text, var(--_on-accent));
  }

  /* Fainter would be below the contrast of WCAG AA. */
  .pending .bubble {
    opacity: 0.85;
  }

  .failed .bubble {
    outline: 2px solid var(--_bad);
    outline-offset: 1px;
  }

  .meta {
    display: flex;
    flex-wrap: wrap;
    align-items: baseline;
    gap: 0 var(--_space);
    margin-block-start: calc(0.5 * var(--_space));
    color: var(--_muted);
    font-size: 0.8125em;
  }

  .user .meta {
    justify-content: flex-end;
    text-align: end;
  }

  .failed .meta,
  .problem {
    color: var(--_bad);
  }

  .link {
    padding: 0;
    border: 0;
    background: none;
    color: var(--_accent);
    cursor: pointer;
    text-decoration: underline;
  }

  .dots {
    display: inline-flex;
    gap: 0.3em;
    padding-block: 0.5em;
  }

  .dots span {
    inline-size: 0.4em;
    block-size: 0.4em;
    border-radius: 50%;
    background: var(--_muted);
    animation: breathe 1.2s ease-in-out infinite;
  }

  .dots span:nth-child(2) {
    animation-delay: 0.15s;
  }

  .dots span:nth-child(3) {
    animation-delay: 0.3s;
  }

  @keyframes breathe {
    50% {
      opacity: 0.25;
    }
  }

  .note {
    position: absolute;
    inset-block-start: var(--_space);
    inset-inline: 0;
    inline-size: fit-content;
    margin: 0 auto;
    background: var(--_surface);
  }

  .problem {
    margin: 0;
    padding: 0 calc(2 * var(--_space)) var(--_space);
    font-size: 0.875em;
  }

  form {
    display: flex;
    align-items: flex-end;
    gap: var(--_space);
    padding: var(--_space);
    border-block-start: 1px solid var(--_border);
  }

  textarea {
    flex: 1;
    min-inline-size: 0;
    max-block-size: 8em;
    padding: calc(0.75 * var(--_space)) var(--_space);
    border: 1px solid var(--_border);
    border-radius: var(--_radius);
    background: var(--_surface);
    field-sizing: content;
    resize: none;
  }

  textarea::placeholder {
    color: var(--_muted);
    opacity: 1;
  }

  .send {
    padding: calc(0.75 * var(--_space)) calc(1.5 * var(--_space));
    border: 1px solid transparent;
    border-radius: var(--_radius);
    background: var(--_accent);
    color: var(--_on-accent);
    cursor: pointer;
  }
`;
