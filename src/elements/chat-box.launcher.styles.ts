import { css } from 'lit';

export const launcherStyles = css`
  .launcher {
    position: relative;
    display: grid;
    place-items: center;
    min-inline-size: 3.5rem;
    min-block-size: 3.5rem;
    border: 1px solid transparent;
    border-radius: 2rem;
    background: var(--_accent);
    box-shadow: 0 2px 10px rgb(0 0 0 / 0.25);
    color: var(--_on-accent);
    cursor: pointer;
  }

  .unread {
    position: absolute;
    inset-block-start: -0.35rem;
    inset-inline-end: -0.35rem;
    min-inline-size: 1.5em;
    padding: 0 0.35em;
    border: 2px solid var(--_surface);
    border-radius: 1em;
    background: #b91c1c;
    color: #fff;
    font-size: 0.8125rem;
    text-align: center;
  }

  dialog {
    position: fixed;
    inset: auto;
    inset-block-end: var(--chat-box-inset-block, calc(2.5 * var(--_space)));
    inset-inline-end: var(--chat-box-inset-inline, calc(2.5 * var(--_space)));
    inline-size: min(var(--chat-box-width, 24rem), 100vi - 5 * var(--_space));
    max-inline-size: none;
    block-size: min(var(--chat-box-height, 36rem), 100dvb - 5 * var(--_space));
    max-block-size: none;
    margin: 0;
    padding: 0;
    overflow: hidden;
    border: 1px solid var(--_border);
    border-radius: calc(1.5 * var(--_radius));
    background: var(--_surface);
    box-shadow: 0 8px 40px rgb(0 0 0 / 0.25);
    color: var(--_text);
  }

  dialog::backdrop {
    background: rgb(0 0 0 / 0.15);
  }

  dialog[open] {
    animation: rise 0.16s ease-out;
  }

  @keyframes rise {
    from {
      opacity: 0;
      translate: 0 0.75rem;
    }
  }

  /* On a phone the chat is the page. */
  @media (width <= 30rem), (height <= 26rem) {
    dialog {
      inset: 0;
      inline-size: 100%;
      block-size: min(100dvb, var(--_visible, 100dvb));
      border: 0;
      border-radius: 0;
    }
  }
`;
