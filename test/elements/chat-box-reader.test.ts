import { emulateMedia, resetMouse, sendKeys, setViewport } from '@web/test-runner-commands';
import { expect } from 'chai';
import { html } from 'lit';
import '../../src/define/chat-box.ts';
import type { ChatBoxElement } from '../../src/elements/chat-box.ts';
import { LivelitError } from '../../src/store/error.ts';
import { action, bubbles, input, metas, rows, say } from '../support/browser/chat.ts';
import { chatProject, messageRow } from '../support/browser/chat-project.ts';
import { leaveMemory } from '../support/browser/memory.ts';
import { clearPage, mount, nextFrame, until } from '../support/browser/page.ts';

let session: string;

const part = (chat: ChatBoxElement, name: string) => chat.shadowRoot!.querySelector<HTMLElement>(`[part~="${name}"]`);
const items = (chat: ChatBoxElement) => [...chat.shadowRoot!.querySelectorAll<HTMLElement>('[part~="item"]')];
const named = (chat: ChatBoxElement, label: string) =>
  chat.shadowRoot!.querySelector<HTMLElement>(`[aria-label="${label}"]`);
const two = () => [messageRow(session, 1), messageRow(session, 2)];
const inline = () => html`<chat-box session=${session}></chat-box>`;

async function open(count: number, template = inline()): Promise<ChatBoxElement> {
  mount(template);
  const chat = document.querySelector('chat-box')!;
  await until(() => rows(chat, 'row').length === count && (count < 2 || part(chat, 'actions')));
  return chat;
}

async function openMenu(chat: ChatBoxElement): Promise<void> {
  chat.shadowRoot!.querySelector('summary')!.click();
  await until(() => items(chat).length);
}

/** What the page gives the browser to save, instead of saving it. */
function catchFiles(): { files: { name: string; blob: Blob }[]; release: () => void } {
  const files: { name: string; blob: Blob }[] = [];
  const { click } = HTMLAnchorElement.prototype;
  const { createObjectURL } = URL;
  let last: Blob | undefined;
  URL.createObjectURL = (blob) => {
    last = blob as Blob;
    return createObjectURL.call(URL, blob);
  };
  HTMLAnchorElement.prototype.click = function (this: HTMLAnchorElement) {
    files.push({ name: this.download, blob: last! });
  };
  const release = () => {
    URL.createObjectURL = createObjectURL;
    HTMLAnchorElement.prototype.click = click;
  };
  return { files, release };
}

/** What the page copies. */
function catchCopies(): { texts: string[]; release: () => void } {
  const texts: string[] = [];
  const writeText = (text: string) => {
    texts.push(text);
    return Promise.resolve();
  };
  Object.defineProperty(navigator, 'clipboard', { value: { writeText }, configurable: true });
  return { texts, release: () => delete (navigator as { clipboard?: unknown }).clipboard };
}

describe('the reader of <chat-box>', () => {
  beforeEach(() => {
    session = crypto.randomUUID();
  });

  afterEach(() => {
    clearPage();
    leaveMemory();
  });

  it('saves a conversation as a document, with its sources', async () => {
    const sources = [{ n: 1, title: 'Atlas', url: '/atlas', quote: '' }];
    chatProject(session, [messageRow(session, 1), messageRow(session, 2, { content: 'Yes [1].', sources })]);
    const chat = await open(2);
    const { files, release } = catchFiles();
    await openMenu(chat);
    items(chat)
      .find((item) => item.textContent === 'Save transcript')!
      .click();
    release();
    expect(files[0]!.name).to.equal('conversation-1970-01-01.md');
    const text = await files[0]!.blob.text();
    expect(text).to.contain('**You** · 1970-01-01T00:00:01.000Z\n\nMessage 1.');
    expect(text).to.contain('**Assistant** · 1970-01-01T00:00:02.000Z\n\nYes [1].\n\n[1] Atlas </atlas>');
    // The menu has closed, and the focus is back on its button.
    await until(() => items(chat).length === 0 && chat.shadowRoot!.activeElement?.localName === 'summary');
  });

  it('goes on with a past conversation, and begins a new one', async () => {
    const earlier = crypto.randomUUID();
    const day = new Date().toISOString();
    const past = [{ id: earlier, title: 'About harbours', last_message_at: day, last: { content: 'x' } }];
    const { backend } = chatProject(session, [], { past });
    const said = { ...messageRow(earlier, 1), content: 'About harbours' };
    backend.fill('chat_sessions', [{ id: earlier }]);
    backend.fill('chat_messages', [said]);
    const chat = await open(0, html`<chat-box></chat-box>`);
    await openMenu(chat).catch(() => undefined);
    (await until(() => items(chat).find((item) => item.textContent.includes('About harbours')))).click();
    await until(() => bubbles(chat)[0] === 'About harbours');
    await openMenu(chat);
    items(chat)[0]!.click();
    await until(() => bubbles(chat).length === 0);
  });

  it('copies a message as it was written, and code without its fence', async () => {
    const content = 'Use **this**:\n\n```ts\nconst a = 1;\n```';
    chatProject(session, [messageRow(session, 1), messageRow(session, 2, { content })]);
    const chat = await open(2);
    await until(() => named(chat, 'Copy code'));
    const { texts, release } = catchCopies();
    [...chat.shadowRoot!.querySelectorAll<HTMLElement>('[aria-label="Copy message"]')].at(-1)!.click();
    named(chat, 'Copy code')!.click();
    await until(() => named(chat, 'Copied') && named(chat, 'Copy code')!.textContent === 'Copied');
    release();
    expect(texts).to.deep.equal([content, 'const a = 1;']);
  });

  const refusals: readonly [string, LivelitError, RegExp][] = [
    [
      'who writes too fast how long to wait',
      new LivelitError('rate_limited', 'Too many messages.', { reason: 'too_many_messages', retryAfterMs: 59_000 }),
      /^Not sent yet\. Too many messages\. Next attempt in 5\d seconds\.$/,
    ],
    [
      'when a budget that is spent is there again',
      new LivelitError('budget', 'The budget is spent.', { reason: 'daily_cap' }),
      /^Not sent\. The budget is spent\. That is at \d+:\d+.* here\./,
    ],
  ];
  for (const [what, error, sentence] of refusals) {
    it(`is told ${what}`, async () => {
      chatProject(session, two(), { answer: () => Promise.reject(error) });
      const chat = await open(2);
      say(chat, 'And?');
      await until(() => metas(chat).some((meta) => sentence.test(meta.replaceAll(/\s+/g, ' '))), metas(chat).join());
      if (error.code === 'budget') action(chat, 'Discard')!.click();
    });
  }

  it('hears what the owner says, once, and nothing of what was there before', async () => {
    const { backend } = chatProject(session, two());
    const chat = await open(2);
    await until(() => backend.topics.includes(`chat:${session}`));
    const spoken = chat.shadowRoot!.querySelector('[aria-live="polite"]')!;
    expect(spoken.textContent).to.equal('');
    const record = messageRow(session, 4, { author: 'owner', content: 'This is Noor.' });
    for (let again = 0; again < 2; again += 1)
      backend.emit(`chat:${session}`, { event: 'message', payload: { op: 'INSERT', record } });
    await until(() => spoken.textContent === 'Site owner: This is Noor.');
  });

  it('sees the words of the page in its slots, and a message in place of its text', async () => {
    chatProject(session, two());
    const chat = await open(
      2,
      html`<chat-box session=${session}>
        <b slot="header">Noor</b><i slot="avatar">N</i><u slot="footer">By a model</u>
        <p slot="message-m2">Instead</p>
      </chat-box>`,
    );
    for (const child of chat.children) {
      await until(() => child.assignedSlot && child.getBoundingClientRect().height > 0, child.slot);
    }
    expect(part(chat, 'list')!.getBoundingClientRect().height).to.be.greaterThan(0);
  });

  it('finds messages of either direction on the side of who wrote them', async () => {
    const arabic = { content: 'مرحبا' };
    chatProject(session, [messageRow(session, 1, arabic), messageRow(session, 2, arabic)]);
    const chat = await open(2);
    await until(() => chat.shadowRoot!.querySelector('.rich'));
    const [question, reply] = [...chat.shadowRoot!.querySelectorAll('.bubble')].map((bubble) =>
      bubble.getBoundingClientRect(),
    );
    const list = part(chat, 'list')!.getBoundingClientRect();
    expect(Math.round(question!.right)).to.equal(Math.round(list.right));
    expect(Math.round(reply!.left)).to.equal(Math.round(list.left));
  });

  it('sees where a message ends in forced colours, and nothing move where motion is not wanted', async () => {
    await emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' });
    try {
      chatProject(session, [messageRow(session, 1), messageRow(session, 2, { status: 'streaming', content: '' })]);
      const chat = mount<ChatBoxElement>(inline());
      await until(() => rows(chat, 'streaming').length === 1);
      const [bubble, dots] = [...chat.shadowRoot!.querySelectorAll('.bubble')];
      expect(getComputedStyle(bubble!).borderTopWidth).to.equal('1px');
      expect(getComputedStyle(dots!.querySelector('span')!).animationName).to.equal('none');
    } finally {
      await emulateMedia({ forcedColors: 'none', reducedMotion: 'no-preference' });
    }
  });
});

describe('<chat-box mode="launcher"> to the keyboard and on a phone', () => {
  beforeEach(() => {
    session = crypto.randomUUID();
  });

  afterEach(async () => {
    clearPage();
    leaveMemory();
    await setViewport({ width: 1_024, height: 768 });
    await resetMouse();
  });

  const launched = () => open(0, html`<button>before</button><chat-box mode="launcher" session=${session}></chat-box>`);

  it('keeps the focus in it, and gives it back at Escape', async () => {
    chatProject(session, two());
    const chat = await launched();
    (await until(() => part(chat, 'launcher'))).focus();
    await sendKeys({ press: 'Enter' });
    await until(() => chat.shadowRoot!.activeElement === input(chat));
    await until(() => rows(chat, 'row').length === 2);
    for (let stops = 0; stops < 12; stops += 1) {
      await sendKeys({ press: 'Tab' });
      // At the end the focus goes round by way of the browser's own controls, and never to the page behind.
      expect(document.activeElement?.localName).not.to.equal('button');
      expect(chat.shadowRoot!.activeElement?.getAttribute('part')).not.to.equal('launcher');
    }
    await sendKeys({ press: 'Escape' });
    await until(() => !chat.open && chat.shadowRoot!.activeElement === part(chat, 'launcher'));
  });

  it('is the whole page on a phone, and what a keyboard leaves of it', async () => {
    await setViewport({ width: 390, height: 700 });
    chatProject(session, two());
    const chat = await launched();
    await until(() => part(chat, 'launcher'));
    chat.open = true;
    const dialog = await until(() => chat.shadowRoot!.querySelector('dialog[open]'));
    const size = () => {
      const { width, height } = dialog.getBoundingClientRect();
      return `${Math.round(width)} ${Math.round(height)}`;
    };
    await until(() => size() === '390 700', size());
    // As a browser tells that its keyboard covers a part of the page.
    const viewport = visualViewport!;
    Object.defineProperty(viewport, 'height', { value: 400, configurable: true });
    viewport.dispatchEvent(new Event('resize'));
    await until(() => size() === '390 400', size());
    // It rises into its place.
    await until(() => input(chat).getBoundingClientRect().bottom <= 400);
    delete (viewport as unknown as { height?: number }).height;
    viewport.dispatchEvent(new Event('resize'));
    await until(() => size() === '390 700', size());
  });

  it('fits into a window at 200 %', async () => {
    await setViewport({ width: 400, height: 300 });
    chatProject(session, two());
    const chat = await launched();
    await until(() => part(chat, 'launcher'));
    chat.open = true;
    await until(() => chat.shadowRoot!.querySelector('dialog[open]') && rows(chat, 'row').length === 2);
    await nextFrame();
    const log = part(chat, 'log')!;
    expect(log.scrollWidth).to.equal(log.clientWidth);
    expect(log.clientHeight).to.be.greaterThan(60);
    // It rises into its place.
    await until(() => input(chat).getBoundingClientRect().bottom <= 300);
    expect(document.documentElement.scrollWidth).to.be.at.most(400);
  });
});
