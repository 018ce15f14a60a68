/** What a page would load that puts the three libraries together itself; bundled by `npm run size` as a peer. */
export { createClient } from '@supabase/supabase-js';
export { default as Chart } from 'chart.js/auto';
export { css, html, LitElement } from 'lit';
