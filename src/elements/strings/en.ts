import type { ConnectionState } from '../../services/sync.ts';

/** Every word that an element says, in English; a chart's own are in `chart.en.ts`. */
export const strings = {
  sample: 'Sample data',
  syncing: 'Syncing…',
  loading: 'Loading…',
  stale: 'Not up to date',
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
