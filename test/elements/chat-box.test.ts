import { expect } from 'chai';
import { html } from 'lit';
import '../../src/define/chat-box.ts';
import type { ChatBoxElement } from '../../src/elements/chat-box.ts';
import { connectToBackend, leaveBackend, sql } from '../support/browser/backend.ts';
import { clearPage, mount, until } from '../support/browser/page.ts';

const rowsOf = (chat: ChatBoxElement) =>
  [...chat.shadowRoot!.querySelectorAll('[part~="row"]')].map(
    (row) => row.querySelector('[part~="bubble"]')?.textContent,
  );

function say(chat: ChatBoxElement, text: string) {
  const input = chat.shadowRoot!.querySelector('textarea')!;
  input.value = text;
  input.dispatchEvent(new InputEvent('input', { bubbles: true }));
  input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
}

describe('<chat-box>', () => {
  afterEach(async () => {
    clearPage();
    await leaveBackend();
  });

  it('sends a message and streams its reply', async () => {
    await connectToBackend();
    const chat = mount<ChatBoxElement>(html`<chat-box></chat-box>`);
    await chat.updateComplete;
    await until(() => chat.shadowRoot!.querySelector('textarea'));
    await until(() => localStorage.length > 0);
    const seen = new Set<string>();
    const observer = new MutationObserver(() => seen.add(rowsOf(chat)[1] ?? ''));
    observer.observe(chat.shadowRoot!, { subtree: true, childList: true, characterData: true });
    say(chat, 'Hello from the test');
    expect(await until(() => rowsOf(chat)[0])).to.equal('Hello from the test');
    await until(() => rowsOf(chat)[1]?.endsWith('in my place.'));
    expect(seen.size).to.be.greaterThan(3);
    const saved = await until(async () => {
      const rows = await sql('select status, content from chat_messages order by seq');
      return rows[1]?.status === 'complete' && rows;
    });
    expect(saved.map((row) => row.content)).to.deep.equal(rowsOf(chat));
  });
});
