import { css } from 'lit';

export const threadStyles = css`
  /* Blocks, not flexible boxes: those would lay a long reply out twice for each word that comes. */
  ol {
    margin: 0;
    padding: 0;
    list-style: none;
  }

  .row {
    max-inline-size: 88%;
    border-radius: var(--_radius);
  }

  .row + .row {
    margin-block-start: calc(1.25 * var(--_space));
  }

  .row.user {
    margin-inline-start: auto;
    text-align: end;
  }

  .bubble {
    inline-size: fit-content;
    max-inline-size: 100%;
    margin: 0;
    padding: var(--_space) calc(1.5 * var(--_space));
    border-radius: var(--_radius);
    background: var(--_surface-raised);
    overflow-wrap: anywhere;
    white-space: pre-wrap;
  }

  /* Placed by the direction of the page, not by that of its text. */
  .user .bubble {
    display: inline-block;
    text-align: start;
    vertical-align: top;
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

  .user :is(.meta, .actions) {
    justify-content: flex-end;
  }

  .failed .meta {
    color: var(--_bad);
  }

  .dots {
    display: inline-flex;
    gap: 0.3em;
    padding-block: 0.9em;
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

  @media (forced-colors: active) {
    .bubble {
      border: 1px solid CanvasText;
    }

    .dots span {
      background: CanvasText;
    }
  }
`;
