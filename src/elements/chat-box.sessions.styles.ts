import { css } from 'lit';

export const sessionsStyles = css`
  .pane {
    flex: 1;
    min-block-size: 0;
    overflow: auto;
    overscroll-behavior: contain;
  }

  .pane > :is(p, .buttons, .text-form) {
    margin: calc(1.5 * var(--_space)) calc(2 * var(--_space));
  }

  .tabs {
    display: flex;
    gap: calc(0.5 * var(--_space));
  }

  .tab {
    padding: calc(0.5 * var(--_space)) var(--_space);
    border: 0;
    border-radius: calc(var(--_radius) / 2);
    background: none;
    color: var(--_muted);
    cursor: pointer;
  }

  .tab[aria-pressed='true'] {
    background: var(--_surface-raised);
    color: var(--_text);
    font-weight: 600;
  }

  .title:has(> .back) {
    display: grid;
    grid-template-columns: auto 1fr;
    align-items: center;
    column-gap: calc(0.5 * var(--_space));
  }

  .title:has(> .back) strong {
    justify-self: start;
  }

  .title:has(> .back) .presence {
    grid-column: 2;
  }

  .back:dir(rtl) svg {
    scale: -1 1;
  }

  .chip {
    padding: calc(0.5 * var(--_space)) calc(1.5 * var(--_space));
    border: 1px solid var(--_border);
    border-radius: 2em;
    background: var(--_surface);
    font-size: 0.875em;
    cursor: pointer;
  }

  .chip:hover {
    background: var(--_surface-raised);
  }

  :is(.chip, .link, .send):disabled {
    opacity: 0.6;
    cursor: default;
  }

  .bad {
    color: var(--_bad);
  }

  .notice {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--_space);
    padding: var(--_space) calc(2 * var(--_space));
    border-block-end: 1px solid var(--_border);
    background: var(--_surface-raised);
  }

  .notice p {
    flex: 1 1 12rem;
    margin: 0;
    overflow-wrap: anywhere;
  }

  /* Who talks to whom: the model only takes the owner's place. */
  .assistant.by-visitor .bubble {
    background: color-mix(in oklab, var(--_accent) 14%, var(--_surface));
  }

  .conversations,
  .texts {
    margin: 0;
    padding: 0;
    list-style: none;
  }

  .conversation {
    display: grid;
    grid-template-columns: minmax(0, 1fr) auto;
    gap: 0 var(--_space);
    inline-size: 100%;
    padding: calc(1.25 * var(--_space)) calc(2 * var(--_space));
    border: 0;
    border-block-end: 1px solid var(--_border);
    background: none;
    cursor: pointer;
    text-align: start;
  }

  .conversation:hover {
    background: var(--_surface-raised);
  }

  .conversation:focus-visible {
    outline-offset: -2px;
  }

  .name,
  .when,
  .last,
  .explanation {
    color: var(--_muted);
    font-size: 0.8125em;
  }

  .name {
    grid-column: 1;
    grid-row: 1;
  }

  .when {
    grid-column: 2;
    grid-row: 1;
    text-align: end;
  }

  /* Texts of any direction begin where the list does. */
  .about,
  .last,
  .name {
    justify-self: start;
    max-inline-size: 100%;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }

  .news .about {
    font-weight: 600;
  }

  .marks {
    display: flex;
    gap: calc(0.5 * var(--_space));
    align-items: center;
    justify-content: end;
  }

  .badge.new {
    border-color: transparent;
    background: var(--_accent);
    color: var(--_on-accent);
  }

  .badge.good {
    border-color: currentColor;
    color: var(--_good);
  }

  .last {
    grid-column: 1 / -1;
  }

  .older {
    display: block;
    margin: calc(1.5 * var(--_space)) auto;
  }

  .buttons {
    display: flex;
    flex-wrap: wrap;
    gap: calc(0.5 * var(--_space)) var(--_space);
    align-items: baseline;
  }

  .text {
    display: grid;
    gap: 2px;
    padding: calc(1.25 * var(--_space)) calc(2 * var(--_space));
    border-block-start: 1px solid var(--_border);
    overflow-wrap: anywhere;
  }

  .text .buttons {
    font-size: 0.875em;
  }

  .text-form {
    display: grid;
    grid-template-rows: auto auto minmax(7rem, 1fr) auto;
    gap: calc(1.5 * var(--_space));
    align-items: stretch;
    padding: 0;
    border: 0;
    min-block-size: calc(100% - 3 * var(--_space));
  }

  .text-form .content {
    grid-template-rows: auto 1fr;
  }

  .text-form label {
    display: grid;
    gap: calc(0.5 * var(--_space));
    font-size: 0.875em;
  }

  .text-form :is(input, textarea) {
    min-inline-size: 0;
    max-block-size: none;
    padding: calc(0.75 * var(--_space)) var(--_space);
    border: 1px solid var(--_border);
    border-radius: var(--_radius);
    background: var(--_surface);
    color: inherit;
    font: inherit;
    font-size: 1rem;
    field-sizing: fixed;
    resize: vertical;
  }

  .said p {
    margin: calc(1.5 * var(--_space)) calc(2 * var(--_space));
    font-size: 0.875em;
  }

  .said:not(.bad) p {
    color: var(--_muted);
  }
`;
