import { css } from 'lit';

export const styles = css`
  :host {
    display: inline-flex;
    align-items: center;
    gap: var(--_space);
    font-size: 0.875em;
  }

  .dot {
    position: relative;
    flex: none;
    inline-size: var(--sync-status-dot-size, 0.625em);
    block-size: var(--sync-status-dot-size, 0.625em);
    border-radius: 50%;
    background: var(--_muted);
  }

  .dot.green {
    background: var(--_good);
  }

  .dot.orange {
    background: var(--_warn);
  }

  .dot.red {
    background: var(--_bad);
  }

  /* Over any colour while something is in flight. */
  .dot.busy::after {
    position: absolute;
    inset: -0.2em;
    border: 2px solid var(--_accent);
    border-block-start-color: transparent;
    border-radius: 50%;
    animation: turn 0.8s linear infinite;
    content: '';
  }

  .reason {
    color: var(--_muted);
  }

  @keyframes turn {
    to {
      transform: rotate(1turn);
    }
  }

  @media (forced-colors: active) {
    .dot {
      border: 2px solid CanvasText;
      forced-color-adjust: none;
    }
  }
`;
