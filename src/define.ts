/** Registers all elements. */
import './define/chat-box.ts';
import './define/settings-panel.ts';
import './define/sync-status.ts';
import './define/usage-chart.ts';
import './define/usage-logs-table.ts';
