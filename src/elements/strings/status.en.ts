import type { Connection, ConnectionState } from '../../services/sync.ts';

/** What `<sync-status>` says of the connection, in English. */
export const statusStrings = {
  label: {
    idle: 'Idle',
    connecting: 'Connecting…',
    live: 'Live',
    polling: 'Polling',
    stale: 'Reconnecting…',
    'needs-auth': 'Signed out',
    failed: 'Not connected',
  } satisfies Record<ConnectionState, string>,
  pending: (count: number) => `${count} unsent`,
  failed: (count: number) => `${count} not sent`,
  lastSync: (time: string) => `Last in step at ${time}`,
  facts: {
    lastSync: 'Last in step',
    nextRetry: 'Next attempt',
    unsent: 'Unsent',
    link: 'Connection',
    latency: 'Round trip',
    activity: 'Updates',
    errors: 'Failed requests',
  },
  never: 'Not yet',
  since: (count: number, time: string) => `${count}, the oldest ${time}`,
  role: {
    alone: 'Of this tab',
    leader: 'Of this tab, shared with the others',
    follower: 'Live via another tab',
  } satisfies Record<Connection['role'], string>,
  perMinute: (count: number) => `${count} in the last minute`,
  refused: (message: string) => `Not sent. ${message}`,
  retry: 'Try again',
  discard: 'Discard',
  copy: 'Copy report',
  copied: 'Copied',
} as const;
