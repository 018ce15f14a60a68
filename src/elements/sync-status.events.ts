import type { SyncRun } from '../services/usage-sync.ts';

/** Usage was read because somebody asked for it here; how it went is in the runs, one a provider. */
export class SyncStatusSyncedEvent extends Event {
  readonly runs: readonly SyncRun[];

  constructor(runs: readonly SyncRun[]) {
    super('sync-status-synced', { bubbles: true, composed: true });
    this.runs = runs;
  }
}

declare global {
  interface GlobalEventHandlersEventMap {
    'sync-status-synced': SyncStatusSyncedEvent;
  }
}
