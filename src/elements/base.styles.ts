import { css } from 'lit';

/**
 * What all elements share: the theme tokens with their defaults, and the few rules that depend on nothing. The page's
 * `color-scheme` decides between light and dark; every default passes WCAG AA on its surface in both.
 */
export const base = css`
  :host {
    --_accent: var(--livelit-accent, light-dark(#0b5cad, #6cb4ff));
    /* Black on a light accent, white on a dark one, whichever the page chooses. */
    --_on-accent: oklch(from var(--_accent) clamp(0, (0.62 - l) * 1000, 1) 0 0);
    --_surface: var(--livelit-surface, light-dark(#fff, #14171a));
    --_surface-raised: var(--livelit-surface-raised, light-dark(#f4f6f8, #1e2327));
    --_text: var(--livelit-text, light-dark(#1b2126, #e8ecef));
    --_muted: var(--livelit-muted, light-dark(#5a6570, #a2adb7));
    --_border: var(--livelit-border, light-dark(#dde2e7, #343b42));
    --_good: var(--livelit-good, light-dark(#15803d, #4ade80));
    --_warn: var(--livelit-warn, light-dark(#b45309, #fbbf24));
    --_bad: var(--livelit-bad, light-dark(#c02626, #f98080));
    --_series-1: var(--livelit-series-1, light-dark(#0b63a5, #6bb6ff));
    --_series-2: var(--livelit-series-2, light-dark(#c8500a, #ff9c5b));
    --_series-3: var(--livelit-series-3, light-dark(#0a7f5c, #4fd0a5));
    --_series-4: var(--livelit-series-4, light-dark(#a83279, #f09ac6));
    --_series-5: var(--livelit-series-5, light-dark(#8a6d00, #e5c04b));
    --_series-6: var(--livelit-series-6, light-dark(#2b8cbe, #8fd3f4));
    --_series-7: var(--livelit-series-7, light-dark(#6a51a3, #b9a5f2));
    --_series-8: var(--livelit-series-8, light-dark(#5b5b5b, #b8b8b8));
    --_radius: var(--livelit-radius, 8px);
    --_space: var(--livelit-space, 0.5rem);
    --_mono: var(--livelit-font-mono, ui-monospace, 'SF Mono', Menlo, Consolas, monospace);
    --_shadow: var(--livelit-shadow, 0 1px 2px light-dark(rgb(0 0 0 / 0.06), rgb(0 0 0 / 0.4)));

    display: block;
    box-sizing: border-box;
    color: var(--_text);
    font-family: var(--livelit-font, inherit);
    font-variant-numeric: tabular-nums;
    line-height: 1.45;
    text-align: start;
  }

  :host([hidden]) {
    display: none;
  }

  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }

  button,
  textarea {
    color: inherit;
    font: inherit;
  }

  :focus-visible {
    outline: 2px solid var(--_accent);
    outline-offset: 2px;
  }

  .badge {
    padding: 0 0.5em;
    border: 1px solid var(--_border);
    border-radius: 1em;
    color: var(--_muted);
    font-size: 0.75em;
  }

  /* What mostly passes within a moment appears only when it does not: a flash would say nothing. */
  .patient {
    animation: appear 1ms 300ms both !important;
  }

  @keyframes appear {
    from {
      visibility: hidden;
    }
  }

  .visually-hidden {
    position: absolute;
    overflow: hidden;
    inline-size: 1px;
    block-size: 1px;
    clip-path: inset(50%);
    white-space: nowrap;
  }

  @media (prefers-reduced-motion: reduce) {
    *,
    *::before,
    *::after {
      animation: none !important;
      transition: none !important;
    }
  }
`;
