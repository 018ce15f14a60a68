import { expect } from 'chai';
import { html } from 'lit';
import '../../src/define/chat-box.ts';
import type { ChatBoxElement } from '../../src/elements/chat-box.ts';
import { connectToBackend, fault, leaveBackend, noFaults, setPace, sql } from '../support/browser/backend.ts';
import { action, bubbles, input, metas, press, problem, rows, say, write } from '../support/browser/chat.ts';
import { clearPage, mount, nextFrame, until } from '../support/browser/page.ts';

/** The end of the stand-in's reply. */
const END = /in my place\.$/;

const answered = (chat: ChatBoxElement) =>
  until(
    () => (bubbles(chat).at(-1) ?? '').endsWith('in my place.') && rows(chat, 'streaming').length === 0,
    'a whole reply',
  );

/** A chat that knows its conversation, so that it can be written in. */
async function openChat(template = html`<chat-box></chat-box>`): Promise<ChatBoxElement> {
  const chat = mount<ChatBoxElement>(template);
  await until(() => Object.keys(localStorage).some((key) => key.startsWith('livelit:chat:')));
  await chat.updateComplete;
  return chat;
}

/** Rows of the present visitor, as the database has them. */
const saved = () => sql('select role, status, content from chat_messages order by seq');

describe('<chat-box>', () => {
  beforeEach(async () => {
    await sql('delete from auth.users');
    await connectToBackend();
  });

  afterEach(async () => {
    clearPage();
    await noFaults();
    await setPace(400);
    await leaveBackend();
  });

  it('sends a message and streams its reply, in more than one paint', async () => {
    const chat = await openChat();
    const seen = new Set<string>();
    const observer = new MutationObserver(() => seen.add(bubbles(chat)[1] ?? ''));
    observer.observe(chat.shadowRoot!, { subtree: true, childList: true, characterData: true });
    say(chat, 'Hello from the test');
    await answered(chat);
    observer.disconnect();
    // As often as the page has painted meanwhile, which on a busy machine is not often.
    expect(seen.size).to.be.greaterThan(1);
    await until(async () => (await saved())[1]?.status === 'complete');
    expect((await saved()).map(({ content }) => content)).to.deep.equal(bubbles(chat));
  });

  it('keeps the input at its lower edge on a page that makes it a block of its own height', async () => {
    const chat = await openChat(html`<chat-box style="display: block; block-size: 30rem"></chat-box>`);
    const form = chat.shadowRoot!.querySelector('form')!.getBoundingClientRect();
    expect(form.bottom).to.be.closeTo(chat.getBoundingClientRect().bottom, 2);
  });

  it('shows the history when it comes back', async () => {
    const chat = await openChat();
    say(chat, 'Remember me');
    await answered(chat);
    const before = bubbles(chat);
    clearPage();
    const again = await openChat();
    await until(() => bubbles(again).length === 2);
    expect(bubbles(again)).to.deep.equal(before);
  });

  it('makes no visitor of somebody who only looks', async () => {
    await openChat();
    for (let frame = 0; frame < 10; frame += 1) await nextFrame();
    expect(await sql('select id from auth.users')).to.deep.equal([]);
  });

  it('empties the input when it has taken a message', async () => {
    const chat = await openChat();
    say(chat, 'Taken');
    await until(() => input(chat).value === '');
  });

  it('sends on Enter, and by the button', async () => {
    const chat = await openChat();
    say(chat, 'one');
    await until(() => bubbles(chat).includes('one'));
    await answered(chat);
    write(chat, 'two');
    chat.shadowRoot!.querySelector<HTMLButtonElement>('[part="send"]')!.click();
    await until(() => bubbles(chat).includes('two'));
    await answered(chat);
  });

  it('sends once what is sent twice before the page is ready', async () => {
    const chat = mount<ChatBoxElement>(html`<chat-box></chat-box>`);
    await chat.updateComplete;
    write(chat, 'impatient');
    press(chat, 'Enter');
    press(chat, 'Enter');
    await answered(chat);
    expect(bubbles(chat)).to.have.length(2);
  });

  const kept: readonly [string, string, KeyboardEventInit][] = [
    ['Shift+Enter', 'Enter', { shiftKey: true }],
    ['Enter while an input method composes', 'Enter', { isComposing: true }],
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- as Safari says it
    ['Enter with the key code of a composition', 'Enter', { keyCode: 229 }],
    ['another key', 'a', {}],
  ];
  for (const [what, key, more] of kept) {
    it(`does not send on ${what}`, async () => {
      const chat = await openChat();
      write(chat, 'not yet');
      expect(press(chat, key, more).defaultPrevented).to.equal(false);
      expect(input(chat).value).to.equal('not yet');
    });
  }

  it('sends nothing when there is nothing to send', async () => {
    const chat = await openChat();
    say(chat, '   ');
    await chat.updateComplete;
    expect(bubbles(chat)).to.deep.equal([]);
    expect(problem(chat)).to.equal('');
  });

  it('says in words that a message is too long, and keeps it to be put right', async () => {
    const chat = await openChat();
    const long = 'x'.repeat(5_000);
    say(chat, long);
    await until(() => problem(chat));
    expect(problem(chat)).to.match(/at most 2000 characters; this one has 5000/);
    expect(input(chat).value).to.equal(long);
    expect(bubbles(chat)).to.deep.equal([]);
  });

  it('keeps a message while the function is down, says so, and delivers it once', async () => {
    const chat = await openChat();
    await fault({ functionsDown: true });
    say(chat, 'Are you there?');
    await until(() => metas(chat).some((meta) => meta.startsWith('Not sent yet.')));
    expect(rows(chat, 'pending')).to.have.length(1);
    await noFaults();
    await answered(chat);
    expect(bubbles(chat)[0]).to.equal('Are you there?');
    expect(await sql('select count(*)::int as n from chat_messages')).to.deep.equal([{ n: 2 }]);
    expect(rows(chat, 'pending')).to.have.length(0);
  });

  it('keeps a message that was refused, with the reason, until it is discarded', async () => {
    const chat = await openChat();
    say(chat, 'first');
    await answered(chat);
    await sql(`update chat_sessions set expires_at = now() - interval '1 day'`);
    say(chat, 'too late');
    await until(() => rows(chat, 'failed').length === 1);
    expect(metas(chat).join()).to.contain('This conversation has expired.');
    action(chat, 'Discard')!.click();
    await until(() => rows(chat, 'failed').length === 0);
  });

  it('starts a new conversation when the old one is over', async () => {
    const chat = await openChat();
    say(chat, 'first');
    await answered(chat);
    await sql(`update chat_sessions set expires_at = now() - interval '1 day'`);
    say(chat, 'too late');
    (await until(() => action(chat, 'Start a new conversation'))).click();
    await until(() => bubbles(chat).length === 0);
    say(chat, 'afresh');
    await answered(chat);
    expect(bubbles(chat)[0]).to.equal('afresh');
  });

  it('stops a reply, and keeps what was written of it', async () => {
    await setPace(20);
    const chat = await openChat();
    say(chat, 'Tell me everything');
    (await until(() => bubbles(chat)[1]?.length && action(chat, 'Stop'))).click();
    await until(() => metas(chat).includes('Stopped'));
    await until(async () => (await saved())[1]?.status === 'stopped');
    expect(bubbles(chat)[1]).not.to.match(END);
    expect((await saved())[1]?.content).to.equal(bubbles(chat)[1]);
  });

  it('is in :state(streaming) while a reply is written', async () => {
    await setPace(50);
    const chat = await openChat();
    say(chat, 'Hello');
    await until(() => chat.matches(':state(streaming)'));
    await until(() => !chat.matches(':state(streaming)'));
  });

  it('announces a reply once, when it is complete', async () => {
    const chat = await openChat();
    const said: string[] = [];
    const live = await until(() => chat.shadowRoot!.querySelector('[aria-live="polite"]'));
    const observer = new MutationObserver(() => said.push(live.textContent));
    observer.observe(live, { subtree: true, childList: true, characterData: true });
    say(chat, 'Hello');
    await answered(chat);
    await chat.updateComplete;
    observer.disconnect();
    expect(said).to.have.length(1);
    expect(said[0]).to.match(END);
  });

  it('lets the page keep a message back', async () => {
    const chat = await openChat();
    chat.addEventListener('chat-box-send', (event) => event.preventDefault());
    say(chat, 'not allowed');
    await chat.updateComplete;
    expect(input(chat).value).to.equal('not allowed');
    expect(bubbles(chat)).to.deep.equal([]);
  });

  it('tells the page what was sent', async () => {
    const chat = await openChat();
    const sent: string[] = [];
    document.addEventListener('chat-box-sent', (event) => sent.push(event.content), {
      once: true,
    });
    say(chat, 'hear this');
    await until(() => sent.length);
    expect(sent).to.deep.equal(['hear this']);
  });

  it('keeps a draft over a reload', async () => {
    const chat = await openChat();
    write(chat, 'half a thou');
    clearPage();
    const again = await openChat();
    await until(() => input(again).value === 'half a thou');
  });

  it('goes on as a new visitor when the server has forgotten the old one', async () => {
    const chat = await openChat();
    say(chat, 'first');
    await answered(chat);
    await sql('delete from auth.users');
    say(chat, 'Do you know me?');
    await until(() => bubbles(chat)[0] === 'Do you know me?');
    await answered(chat);
    expect(await sql('select content from chat_messages where role = $1', ['user'])).to.deep.equal([
      { content: 'Do you know me?' },
    ]);
  });

  it('shows one conversation in two places', async () => {
    const one = await openChat();
    const two = await openChat();
    say(one, 'Both of you');
    await answered(one);
    await until(() => bubbles(two).length === 2);
    expect(bubbles(two)).to.deep.equal(bubbles(one));
    clearPage();
  });

  it('keeps the conversation when it is moved', async () => {
    const chat = await openChat();
    say(chat, 'Hello');
    await answered(chat);
    const elsewhere = document.createElement('section');
    document.body.append(elsewhere);
    elsewhere.append(chat);
    await chat.updateComplete;
    expect(bubbles(chat)).to.have.length(2);
    say(chat, 'Still here?');
    await until(() => bubbles(chat).length === 4);
    await answered(chat);
  });

  it('says that it is not connected, and keeps what was written', async () => {
    await leaveBackend();
    const chat = mount<ChatBoxElement>(html`<chat-box></chat-box>`);
    await chat.updateComplete;
    say(chat, 'Anybody?');
    await until(() => problem(chat));
    expect(problem(chat)).to.equal('This chat is not connected yet.');
    expect(input(chat).value).to.equal('Anybody?');
  });

  it('renders text as text', async () => {
    const chat = await openChat();
    say(chat, '<img src=x onerror=alert(1)><b>bold</b>');
    await until(() => bubbles(chat)[0]);
    expect(bubbles(chat)[0]).to.equal('<img src=x onerror=alert(1)><b>bold</b>');
    expect(chat.shadowRoot!.querySelector('img, b')).to.equal(null);
    await answered(chat);
  });
});
