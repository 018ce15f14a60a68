import { expect } from 'chai';
import { html } from 'lit';
import '../../src/define/chat-box.ts';
import type { ChatBoxElement } from '../../src/elements/chat-box.ts';
import type { Message } from '../../src/services/chat.ts';
import type { MemoryBackend } from '../../src/testing.ts';
import { action, bubbles, input, metas, press, rows, write } from '../support/browser/chat.ts';
import { chatProject, messageRow } from '../support/browser/chat-project.ts';
import { leaveMemory } from '../support/browser/memory.ts';
import { clearPage, mount, nextFrame, until } from '../support/browser/page.ts';

/** Another one for each test: what one has left unsent, the next one would send. */
let session: string;
let topic: string;

beforeEach(() => {
  session = crypto.randomUUID();
  topic = `chat:${session}`;
});

const project = (messages: readonly object[], row: object = {}) => chatProject(session, messages, { row });
const rowOf = (seq: number, more: Partial<Message> = {}) => messageRow(session, seq, more);
const many = (count: number) => Array.from({ length: count }, (_, index) => rowOf(index + 1));

async function open(count: number, template = html`<chat-box session=${session}></chat-box>`) {
  const chat = mount<ChatBoxElement>(template);
  await until(() => bubbles(chat).length === Math.min(count, 40));
  await until(() => count < 2 || chat.shadowRoot!.querySelector('[part="actions"]'));
  return chat;
}

const log = (chat: ChatBoxElement) => chat.shadowRoot!.querySelector<HTMLElement>('.log')!;
const fromEnd = (chat: ChatBoxElement) => log(chat).scrollHeight - log(chat).scrollTop - log(chat).clientHeight;
const jump = (chat: ChatBoxElement) => chat.shadowRoot!.querySelector<HTMLElement>('[part="jump"]');
const named = (chat: ChatBoxElement, label: string) =>
  [...chat.shadowRoot!.querySelectorAll<HTMLElement>(`[aria-label="${label}"]`)].at(-1)!;

async function scrollUp(chat: ChatBoxElement, by: number): Promise<void> {
  await until(() => fromEnd(chat) < 2);
  // The first scroll event tells the element where it is.
  await nextFrame();
  await nextFrame();
  log(chat).scrollTop -= by;
  await until(() => jump(chat));
}

const partial = (backend: MemoryBackend, at: number, text: string) =>
  backend.emit(topic, { event: 'partial', payload: { message_id: 'live', at, text } });

describe('the thread of <chat-box>', () => {
  afterEach(() => {
    clearPage();
    leaveMemory();
  });

  it('stays at the end while a reply grows, when the reader is there', async () => {
    const { backend } = project([...many(20), rowOf(22, { id: 'live', status: 'streaming', content: 'A' })]);
    const chat = await open(21);
    for (let at = 1; at < 400; at += 20) {
      partial(backend, at, '\n\nA further line of it'.slice(0, 20));
      await nextFrame();
    }
    await until(() => fromEnd(chat) < 2);
    expect(jump(chat)).to.equal(null);
  });

  it('never moves a reader who has gone up, by however little', async () => {
    const { backend } = project([...many(20), rowOf(22, { id: 'live', status: 'streaming', content: 'A' })]);
    const chat = await open(21);
    await scrollUp(chat, 20);
    const { scrollTop } = log(chat);
    for (let at = 1; at < 400; at += 20) {
      partial(backend, at, '\n\nA further line of it'.slice(0, 20));
      await nextFrame();
    }
    expect(log(chat).scrollTop).to.equal(scrollTop);
    jump(chat)!.click();
    await until(() => fromEnd(chat) < 2 && !jump(chat));
  });

  it('holds few rows of a long thread, and pages upward without moving what is read', async () => {
    project(many(600));
    const chat = await open(600);
    await scrollUp(chat, 300);
    for (let page = 0; page < 6; page += 1) {
      const [first] = rows(chat, 'row');
      const id = first!.textContent;
      log(chat).scrollTop = 100;
      await until(() => rows(chat, 'row')[0] !== first);
      await nextFrame();
      const same = rows(chat, 'row').find((row) => row.textContent === id);
      if (same) {
        const top = same.getBoundingClientRect().top - log(chat).getBoundingClientRect().top;
        expect(Math.abs(top)).to.be.lessThan(160);
      }
      expect(rows(chat, 'row').length).to.be.at.most(120);
    }
    jump(chat)!.click();
    await until(() => bubbles(chat).at(-1)?.startsWith('Message 600.'));
    expect(rows(chat, 'row').length).to.equal(40);
  });

  it('goes from message to message by the arrow keys, from the input on', async () => {
    project(many(4));
    const chat = await open(4);
    const active = () => rows(chat, 'row').indexOf(chat.shadowRoot!.activeElement as HTMLElement);
    input(chat).focus();
    press(chat, 'ArrowUp');
    expect(active()).to.equal(3);
    const go = (key: string) =>
      chat.shadowRoot!.activeElement!.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    go('ArrowUp');
    expect(active()).to.equal(2);
    go('Home');
    expect(active()).to.equal(0);
    go('End');
    expect(active()).to.equal(3);
  });

  it('greets as the owner has it, and sends a suggestion', async () => {
    const { asked } = project([]);
    const chat = mount<ChatBoxElement>(html`<chat-box session=${session}></chat-box>`);
    const chip = await until(() => chat.shadowRoot!.querySelector<HTMLElement>('[part="suggestion"]'));
    expect(chat.shadowRoot!.querySelector('.greeting')!.textContent).to.equal('Welcome.');
    chip.click();
    await until(() => asked.functions.length);
    expect(asked.functions[0]).to.include({ action: 'send', content: 'What do you do?' });
  });

  it('counts the characters of a message that grows long', async () => {
    project([]);
    const chat = mount<ChatBoxElement>(html`<chat-box session=${session}></chat-box>`);
    await until(() => chat.shadowRoot!.querySelector('[part="suggestion"]'));
    write(chat, 'x'.repeat(50));
    await chat.updateComplete;
    expect(chat.shadowRoot!.querySelector('[part="hint"]')).to.equal(null);
    write(chat, 'x'.repeat(90));
    await chat.updateComplete;
    expect(chat.shadowRoot!.querySelector('[part="hint"]')!.textContent.trim()).to.equal('90 of 100 characters');
  });

  it('edits a message: it and what followed give way at once, and Escape gives up', async () => {
    const { asked } = project(many(4));
    const chat = await open(4);
    named(chat, 'Edit').click();
    expect(input(chat).value).to.equal('Message 3.\n\nWith a second paragraph.');
    press(chat, 'Escape');
    expect(input(chat).value).to.equal('');
    named(chat, 'Edit').click();
    write(chat, 'Better');
    press(chat, 'Enter');
    await until(() => bubbles(chat)[2] === 'Better');
    await until(() => asked.functions.length);
    expect(asked.functions[0]).to.include({ action: 'edit', message_id: 'm3', content: 'Better' });
  });

  it('has the last reply written anew', async () => {
    const { asked } = project(many(4));
    const chat = await open(4);
    named(chat, 'Write again').click();
    await until(() => rows(chat, 'streaming').length === 1);
    await until(() => asked.functions.length);
    expect(asked.functions[0]).to.include({ action: 'regenerate', message_id: 'm4' });
  });

  it('says what a visitor thinks of a reply, and takes it back', async () => {
    const { asked } = project([rowOf(1), rowOf(2, { feedback: 'up' })]);
    const chat = await open(2);
    expect(named(chat, 'Good reply').ariaPressed).to.equal('true');
    named(chat, 'Good reply').click();
    named(chat, 'Bad reply').click();
    await until(() => asked.procedures.length === 2);
    expect(asked.procedures.map(({ p_feedback }) => p_feedback)).to.deep.equal([null, 'down']);
  });

  it('leaves out what was superseded, also when it is superseded now', async () => {
    const { backend } = project([...many(4), rowOf(5, { superseded_at: '2026-11-20T10:00:00Z' })]);
    const chat = await open(4);
    const record = rowOf(4, { superseded_at: '2026-11-20T10:00:00Z' });
    backend.emit(topic, { event: 'message', payload: { op: 'UPDATE', record } });
    await until(() => bubbles(chat).length === 3);
  });

  it('shows sources as links, but only to pages', async () => {
    const sources = [
      { n: 1, title: 'Atlas', url: 'https://example.org/atlas', quote: '' },
      { n: 2, title: 'Trap', url: 'javascript:alert(1)', quote: '' },
    ];
    project([rowOf(1), rowOf(2, { sources })]);
    const chat = await open(2);
    const list = chat.shadowRoot!.querySelector('[part="sources"]')!;
    expect([...list.querySelectorAll('a')].map((link) => link.href)).to.deep.equal(['https://example.org/atlas']);
    expect(list.textContent).to.contain('Trap');
  });

  it('says that the owner is here and typing, and tells the owner that the visitor is', async () => {
    const later = new Date(Date.now() + 60_000).toISOString();
    const { backend, asked } = project(many(2), { owner_active_until: later });
    const chat = await open(2);
    await until(() => chat.matches(':state(owner)'));
    backend.emit(topic, { event: 'typing', payload: { author: 'owner' } });
    await until(() => metas(chat).includes('The site owner is typing…'));
    write(chat, 'Hel');
    write(chat, 'Hello');
    await until(() => asked.procedures.length);
    expect(asked.procedures).to.deep.equal([{ p_session_id: session }]);
    backend.emit(topic, { event: 'owner', payload: { active_until: null } });
    await until(() => !chat.matches(':state(owner)'));
  });

  it('says when a conversation was closed, and offers a new one', async () => {
    const { backend } = project(many(2));
    const chat = await open(2);
    await until(() => backend.topics.includes(topic));
    const record = { closed_at: '2026-11-20T10:00:00Z', owner_active_until: null };
    backend.emit(topic, { event: 'session', payload: { op: 'UPDATE', record } });
    await until(() => action(chat, 'Start a new conversation') ?? chat.shadowRoot!.querySelector('[part="closed"]'));
  });

  it('speaks with the words of the page', async () => {
    project(many(2));
    const chat = await open(
      2,
      html`<chat-box session=${session} .words=${{ send: 'Envoyer', copyMessage: 'Copier' }}></chat-box>`,
    );
    expect(chat.shadowRoot!.querySelector('[part="send"]')!.textContent).to.equal('Envoyer');
    expect(named(chat, 'Copier')).not.to.equal(undefined);
  });

  it('shows two dozen conversations at once without their starting each other over', async () => {
    let fetches = 0;
    const { backend } = project([]);
    const ids = Array.from({ length: 24 }, () => crypto.randomUUID());
    backend.fill(
      'chat_sessions',
      ids.map((id) => ({ id })),
    );
    const fetch = backend.fetch.bind(backend);
    backend.fetch = (...asked) => {
      fetches += 1;
      return fetch(...asked);
    };
    for (const id of ids) mount(html`<chat-box session=${id}></chat-box>`);
    await until(() => document.querySelectorAll('chat-box:state(live)').length === ids.length);
    for (let frame = 0; frame < 20; frame += 1) await nextFrame();
    expect(fetches).to.be.lessThan(24 * 8);
  });
});

describe('<chat-box mode="launcher">', () => {
  afterEach(() => {
    clearPage();
    leaveMemory();
  });

  const launcher = () =>
    html`<button id="before">before</button><chat-box mode="launcher" session=${session}></chat-box>`;
  const button = (chat: ChatBoxElement) => chat.shadowRoot!.querySelector<HTMLElement>('[part="launcher"]');
  const dialog = (chat: ChatBoxElement) => chat.shadowRoot!.querySelector('dialog');

  async function place(): Promise<ChatBoxElement> {
    mount(launcher());
    const chat = document.querySelector('chat-box')!;
    await until(() => button(chat));
    return chat;
  }

  it('counts what is unread, until it is opened', async () => {
    project(many(4));
    const chat = await place();
    await until(() => chat.shadowRoot!.querySelector('[part="badge"]')?.textContent === '2');
    expect(button(chat)!.ariaLabel).to.equal('Open chat, 2 unread messages');
    button(chat)!.click();
    await until(() => bubbles(chat).length === 4);
    chat.open = false;
    await chat.updateComplete;
    expect(chat.shadowRoot!.querySelector('[part="badge"]')).to.equal(null);
  });

  it('opens as a modal dialog with the focus in the input, and gives the focus back', async () => {
    project(many(2));
    const chat = await place();
    button(chat)!.focus();
    button(chat)!.click();
    await until(() => dialog(chat)?.matches(':modal') && chat.shadowRoot!.activeElement === input(chat));
    dialog(chat)!.close();
    await until(() => !chat.open && chat.shadowRoot!.activeElement === button(chat));
    expect(chat.hasAttribute('open')).to.equal(false);
  });

  it('closes by its own button and by a click beside it', async () => {
    project(many(2));
    const chat = await place();
    for (const part of ['close', 'dialog']) {
      chat.open = true;
      const target = await until(
        () => dialog(chat)?.open && chat.shadowRoot!.querySelector<HTMLElement>(`[part="${part}"]`),
      );
      target.click();
      await until(() => !chat.open && !dialog(chat)!.open);
    }
  });
});
