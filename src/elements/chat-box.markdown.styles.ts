import { css } from 'lit';

export const markdownStyles = css`
  .rich {
    white-space: normal;
  }

  .rich > :first-child {
    margin-block-start: 0;
  }

  .rich > :last-child {
    margin-block-end: 0;
  }

  /* Of no weight: the first and the last one of a reply have none on the outside. */
  .rich :where(p, ul, ol, blockquote, hr, .code, .table) {
    margin-block: var(--_space);
  }

  .rich :is(ul, ol) {
    display: block;
    padding-inline-start: 1.4em;
  }

  .rich ul {
    list-style: disc;
  }

  .rich ol {
    list-style: decimal;
  }

  .rich li :is(ul, ol) {
    margin-block: 0;
  }

  .rich .heading {
    font-weight: 600;
  }

  .rich .heading.large {
    font-size: 1.125em;
  }

  .rich blockquote {
    margin-inline: 0;
    padding-inline-start: calc(1.5 * var(--_space));
    border-inline-start: 3px solid var(--_border);
    color: var(--_muted);
  }

  .rich hr {
    border: 0;
    border-block-start: 1px solid var(--_border);
  }

  .rich a[href] {
    color: var(--_accent);
  }

  .rich :is(code, pre) {
    font-family: var(--_mono);
    font-size: 0.9375em;
  }

  .rich :not(pre) > code {
    padding: 0.1em 0.3em;
    border: 1px solid var(--_border);
    border-radius: calc(var(--_radius) / 2);
    background: var(--_surface);
  }

  .code {
    position: relative;
    max-inline-size: 100%;
    border: 1px solid var(--_border);
    border-radius: calc(var(--_radius) * 0.75);
    background: var(--_surface);
  }

  .code pre,
  .table {
    margin: 0;
    overflow: auto;
  }

  .code pre {
    padding: var(--_space) calc(1.5 * var(--_space));
    white-space: pre;
  }

  .code pre:focus-visible,
  .table:focus-visible {
    outline-offset: -2px;
  }

  .copy,
  .remote {
    padding: 0.1em 0.6em;
    border: 1px solid var(--_border);
    border-radius: calc(var(--_radius) / 2);
    background: var(--_surface);
    color: var(--_text);
    font-size: 0.8125em;
    cursor: pointer;
  }

  .copy {
    position: absolute;
    inset-block-start: 0.35em;
    inset-inline-end: 0.35em;
  }

  @media (hover: hover) {
    .code:not(:hover, :focus-within) .copy {
      opacity: 0;
    }
  }

  .rich img {
    display: block;
    max-inline-size: 100%;
    border-radius: calc(var(--_radius) / 2);
  }

  .rich table {
    border-collapse: collapse;
    font-size: 0.9375em;
  }

  .rich :is(th, td) {
    padding: calc(0.5 * var(--_space)) var(--_space);
    border: 1px solid var(--_border);
    text-align: start;
  }

  .word.cmnt {
    color: var(--_muted);
  }

  .word:is(.kwd, .bool, .section) {
    color: var(--_series-7);
  }

  .word:is(.str, .esc, .insert) {
    color: var(--_series-3);
  }

  .word:is(.num, .var, .deleted, .err) {
    color: var(--_series-2);
  }

  .word:is(.func, .class, .type) {
    color: var(--_series-1);
  }
`;
