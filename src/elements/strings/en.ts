/** The words that several elements say, and those of a chat's first paint, in English; the others have files of their own. */
export const strings = {
  sample: 'Sample data',
  syncing: 'Syncing…',
  loading: 'Loading…',
  stale: 'Not up to date',
  chat: {
    label: 'Chat',
    messages: 'Messages',
    greeting: 'Hello! Ask me anything.',
    placeholder: 'Write a message…',
    input: 'Message',
    send: 'Send',
    more: 'More',
    length: (length: number, most: number) => `${length} of ${most} characters`,
    editing: 'Editing your message',
    cancel: 'Cancel',
  },
} as const;
