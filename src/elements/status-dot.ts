import { css } from 'lit';
import type { Connection } from '../services/sync.ts';

export type Tone = 'red' | 'orange' | 'green' | '';

/** The one colour that says most: red before orange before green; grey where nothing has to be connected. */
export function toneOf({ state, pending, failed }: Pick<Connection, 'state' | 'pending' | 'failed'>): Tone {
  if (state === 'failed' || state === 'needs-auth' || state === 'stale') return 'red';
  if (state === 'polling' || pending || failed) return 'orange';
  return state === 'live' ? 'green' : '';
}

/** A dot in a tone, which turns while something is in flight. */
export const dotStyles = css`
  .dot {
    position: relative;
    flex: none;
    inline-size: var(--_dot-size, 0.625em);
    block-size: var(--_dot-size, 0.625em);
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
