/**
 * The space of elements that are not defined yet, so that the page does not move when they are. The loader adopts it;
 * a page that links `livelit.css` has it before its first paint.
 */
export const SPACE = `
chat-box:not(:defined) { display: block; block-size: var(--chat-box-height, 28rem); }
usage-chart:not(:defined) { display: block; block-size: calc(var(--usage-chart-height, 16rem) + 3rem + 1.75em + 1.45 * 0.8125em + 2px); }
usage-logs-table:not(:defined) { display: block; block-size: var(--usage-logs-table-height, 34rem); }
settings-panel:not(:defined) { display: block; min-block-size: calc(var(--settings-panel-height, 26rem) + 3.5rem); }
sync-status:not(:defined) { display: inline-flex; min-inline-size: 5em; font-size: 0.875em; line-height: 1.45; }
sync-status:not(:defined)::before { content: '\\200b'; }
`;
