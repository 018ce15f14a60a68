/** What a chat says with its first message. */
export const chatStrings = {
  sending: 'Sending…',
  waiting: (reason: string) => `Not sent yet. ${reason}`,
  failed: (reason: string) => `Not sent. ${reason}`,
  notAgain: (reason: string) => `Not written anew. ${reason}`,
  retry: 'Try again',
  discard: 'Discard',
  stop: 'Stop',
  stopped: 'Stopped',
  replyFailed: 'The reply failed.',
  writing: 'The reply is being written…',
  you: 'You',
  visitor: 'Visitor',
  model: 'Assistant',
  owner: 'Site owner',
  newConversation: 'Start a new conversation',
} as const;
