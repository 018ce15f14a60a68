/** A message is about to be sent; `preventDefault()` keeps it in the input. */
export class ChatBoxSendEvent extends Event {
  /** What the visitor wrote. */
  readonly content: string;

  constructor(content: string) {
    super('chat-box-send', { bubbles: true, composed: true, cancelable: true });
    this.content = content;
  }
}

/** A message was taken: it is shown, and will arrive. */
export class ChatBoxSentEvent extends Event {
  readonly content: string;

  constructor(content: string) {
    super('chat-box-sent', { bubbles: true, composed: true });
    this.content = content;
  }
}

declare global {
  interface GlobalEventHandlersEventMap {
    'chat-box-send': ChatBoxSendEvent;
    'chat-box-sent': ChatBoxSentEvent;
  }
}
