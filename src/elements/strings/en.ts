import type { ConnectionState } from '../../services/sync.ts';
import type { UsageMetric } from '../../services/usage.ts';

/** Every word that an element says, in English. */
export const strings = {
  sample: 'Sample data',
  syncing: 'Syncing…',
  loading: 'Loading…',
  stale: 'Not up to date',
  chart: {
    title: {
      tokens: 'Tokens per day',
      requests: 'Requests per day',
      cost: 'Cost per day',
      co2: 'CO₂e per day',
    } satisfies Record<UsageMetric, string>,
    empty: (days: number) => `No usage in the last ${days} days yet.`,
    unknown: (count: number) => `${count} ${count === 1 ? 'entry has' : 'entries have'} no known value`,
    summary: (title: string, days: number, total: string) => `${title}, last ${days} days: ${total} in total`,
    total: 'Total',
    day: 'Day',
  },
  status: {
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
  },
  chat: {
    label: 'Chat',
    messages: 'Messages',
    greeting: 'Hello! Ask me anything.',
    placeholder: 'Write a message…',
    input: 'Message',
    send: 'Send',
    sending: 'Sending…',
    waiting: (reason: string) => `Not sent yet. ${reason}`,
    failed: (reason: string) => `Not sent. ${reason}`,
    retry: 'Try again',
    discard: 'Discard',
    stop: 'Stop',
    stopped: 'Stopped',
    replyFailed: 'The reply failed.',
    writing: 'The reply is being written…',
    you: 'You',
    model: 'Assistant',
    owner: 'Site owner',
    newConversation: 'Start a new conversation',
  },
} as const;
