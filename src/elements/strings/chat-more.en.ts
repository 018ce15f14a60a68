import type { chatOwnerStrings } from './chat-owner.en.ts';
import type { chatStrings } from './chat.en.ts';
import type { strings } from './en.ts';

/** What a chat says around its messages. */
export const chatMoreStrings = {
  retryIn: (wait: string) => `Next attempt ${wait}.`,
  backAt: (time: string) => `That is at ${time} here.`,
  earlier: 'Earlier messages',
  latest: 'Jump to latest',
  sources: 'Sources',
  actions: 'Message actions',
  copyMessage: 'Copy message',
  regenerate: 'Write again',
  edit: 'Edit',
  good: 'Good reply',
  bad: 'Bad reply',
  ownerHere: 'The site owner is here',
  ownerTyping: 'The site owner is typing…',
  visitorTyping: 'The visitor is typing…',
  closed: 'This conversation has been closed.',
  suggestions: 'Suggestions',
  past: 'Past conversations',
  untitled: 'Without a question yet',
  transcript: 'Save transcript',
  transcriptName: 'conversation',
  open: 'Open chat',
  unread: (count: number) => (count === 1 ? '1 unread message' : `${count} unread messages`),
  close: 'Close',
  copy: 'Copy',
  copyCode: 'Copy code',
  copied: 'Copied',
  showImage: (description: string, host: string) =>
    description ? `Show image from ${host}: ${description}` : `Show image from ${host}`,
} as const;

type Widened<Words> = {
  readonly [Name in keyof Words]: Words[Name] extends string ? string : Words[Name];
};

/** Every word of a chat, for pages that speak another language. */
export type ChatWords = Widened<
  typeof strings.chat & typeof chatStrings & typeof chatMoreStrings & typeof chatOwnerStrings
>;
