import { css } from 'lit';

/** What the first paint needs; the rest comes with the messages. */
export const styles = css`
  :host {
    block-size: var(--chat-box-height, 28rem);
    min-block-size: 0;
    overflow: hidden;
    border: 1px solid var(--_border);
    border-radius: var(--_radius);
    background: var(--_surface);
  }

  :host([mode='launcher']) {
    position: fixed;
    z-index: var(--chat-box-layer, 1000);
    inset-block-end: var(--chat-box-inset-block, calc(2.5 * var(--_space)));
    inset-inline-end: var(--chat-box-inset-inline, calc(2.5 * var(--_space)));
    block-size: auto;
    overflow: visible;
    border: 0;
    background: none;
  }

  /* Not the host itself: a page that sets the element's display must not take the layout apart. */
  .frame {
    position: relative;
    display: flex;
    flex-direction: column;
    block-size: 100%;
  }

  header {
    display: flex;
    align-items: center;
    gap: var(--_space);
    padding: calc(0.75 * var(--_space)) calc(2 * var(--_space));
    border-block-end: 1px solid var(--_border);
  }

  .title {
    flex: 1;
    min-inline-size: 0;
    overflow-wrap: anywhere;
  }

  .presence {
    display: block;
    color: var(--_good);
    font-size: 0.8125em;
  }

  .icon {
    display: inline-flex;
    padding: 0.3em;
    border: 0;
    border-radius: calc(var(--_radius) / 2);
    background: none;
    color: var(--_muted);
    cursor: pointer;
    list-style: none;
  }

  .icon:is(:hover, [aria-pressed='true']) {
    background: var(--_surface-raised);
    color: var(--_text);
  }

  svg {
    fill: none;
    stroke: currentColor;
    stroke-width: 1.5;
    stroke-linecap: round;
    stroke-linejoin: round;
  }

  summary svg {
    stroke-width: 2.5;
  }

  .icon[aria-pressed='true'] path {
    fill: currentColor;
    fill-opacity: 0.25;
  }

  .log {
    position: relative;
    flex: 1;
    min-block-size: 0;
    padding: calc(2 * var(--_space));
    overflow: auto;
    overscroll-behavior: contain;
    /* The thread keeps the reader's place itself, in every browser alike. */
    overflow-anchor: none;
  }

  .log:focus-visible {
    outline-offset: -2px;
  }

  .greeting {
    margin: 0;
    color: var(--_muted);
  }

  .note {
    position: absolute;
    z-index: 1;
    inset-block-start: calc(5 * var(--_space));
    inset-inline: 0;
    inline-size: fit-content;
    margin: 0 auto;
    background: var(--_surface);
  }

  .problem {
    margin: 0;
    padding: 0 calc(2 * var(--_space)) var(--_space);
    color: var(--_bad);
    font-size: 0.875em;
  }

  .hint {
    display: flex;
    justify-content: space-between;
    gap: var(--_space);
    padding: calc(0.5 * var(--_space)) calc(2 * var(--_space)) 0;
    color: var(--_muted);
    font-size: 0.8125em;
  }

  .hint .over {
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

  ::slotted([slot='footer']) {
    display: block;
    margin: 0 calc(2 * var(--_space)) var(--_space);
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
