import type { ChatBoxElement } from '../../../src/elements/chat-box.ts';

const all = (chat: ChatBoxElement, part: string) => [
  ...chat.shadowRoot!.querySelectorAll<HTMLElement>(`[part~="${part}"]`),
];

export const input = (chat: ChatBoxElement) => chat.shadowRoot!.querySelector('textarea')!;

/** The texts of the messages, in order. */
export const bubbles = (chat: ChatBoxElement) => all(chat, 'bubble').map((bubble) => bubble.textContent);

export const rows = (chat: ChatBoxElement, kind: string) => all(chat, 'row').filter((row) => row.part.contains(kind));

export const problem = (chat: ChatBoxElement) => all(chat, 'error')[0]?.textContent ?? '';

export const metas = (chat: ChatBoxElement) => all(chat, 'meta').map((meta) => meta.textContent.trim());

export const action = (chat: ChatBoxElement, label: string) =>
  all(chat, 'action').find((button) => button.textContent === label);

/** Writes as a person does: the text, then the event. */
export function write(chat: ChatBoxElement, text: string): void {
  input(chat).value = text;
  input(chat).dispatchEvent(new InputEvent('input', { bubbles: true }));
}

export function press(chat: ChatBoxElement, key: string, more: KeyboardEventInit = {}): KeyboardEvent {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more });
  input(chat).dispatchEvent(event);
  return event;
}

export function say(chat: ChatBoxElement, text: string): void {
  write(chat, text);
  press(chat, 'Enter');
}
