import { expect } from 'chai';
import { html } from 'lit';
import '../../src/define/chat-box.ts';
import type { ChatBoxElement } from '../../src/elements/chat-box.ts';
import { disconnect } from '../../src/connect.ts';
import { signIn, signOut } from '../../src/services/account.ts';
import {
  connectToBackend,
  leaveBackend,
  publish,
  signInNewMember,
  signUp,
  sql,
  unpublish,
} from '../support/browser/backend.ts';
import { bubbles, input, problem, rows, say, write } from '../support/browser/chat.ts';
import { clearPage, mount, until } from '../support/browser/page.ts';

const part = (chat: ChatBoxElement, name: string) => chat.shadowRoot!.querySelector<HTMLElement>(`[part~="${name}"]`);
const parts = (chat: ChatBoxElement, name: string) => [
  ...chat.shadowRoot!.querySelectorAll<HTMLElement>(`[part~="${name}"]`),
];
const said = (chat: ChatBoxElement) => chat.shadowRoot!.querySelector('.frame')?.textContent ?? '';
const press = (target: Element, key: string) =>
  target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));

async function choose(chat: ChatBoxElement, label: string): Promise<void> {
  chat.shadowRoot!.querySelector('summary')!.click();
  (await until(() => parts(chat, 'item').find((item) => item.textContent.trim() === label))).click();
}

const overview = () => mount<ChatBoxElement>(html`<chat-box view="sessions"></chat-box>`);

/** A visitor who has asked something; made here, as if long ago. */
async function visitor(question: string, minutesAgo = 5): Promise<string> {
  const [user] = await sql(
    `insert into auth.users (id, is_anonymous, raw_user_meta_data) values (gen_random_uuid(), true, '{}') returning id`,
  );
  const [session] = await sql(
    `insert into chat_sessions (id, user_id, last_message_at)
     values (gen_random_uuid(), $1, now() - make_interval(mins => $2)) returning id`,
    [user!.id, minutesAgo],
  );
  await ask(session!.id as string, question);
  return session!.id as string;
}

const ask = (session: string, content: string, role = 'user', author = 'visitor') =>
  sql(
    `insert into chat_messages (session_id, user_id, role, author, content)
     select id, user_id, $3, $4, $2 from chat_sessions where id = $1`,
    [session, content, role, author],
  );

describe('<chat-box view="sessions">', () => {
  let login: { email: string; password: string };

  before(async () => {
    await sql('delete from auth.users');
    login = await signUp();
    await sql(
      `insert into private.site (owner_id) select id from auth.users where email = $1
               on conflict (singleton) do update set owner_id = excluded.owner_id`,
      [login.email],
    );
  });

  after(async () => {
    await sql('delete from auth.users');
  });

  beforeEach(async () => {
    await sql('delete from auth.users where is_anonymous');
    await sql('delete from chat_knowledge');
    await connectToBackend();
  });

  afterEach(async () => {
    clearPage();
    await leaveBackend();
  });

  const open = async (chat: ChatBoxElement, question: string) => {
    (await until(() => parts(chat, 'conversation').find((row) => row.textContent.includes(question)))).click();
    await until(() => bubbles(chat)[0] === question);
  };

  it('lists all conversations, newest first, and is told of what comes', async () => {
    await visitor('An old question', 50);
    const young = await visitor('A young question', 2);
    await signIn(login.email, login.password);
    const chat = overview();
    const titles = () => parts(chat, 'conversation').map((row) => row.querySelector('.about')!.textContent);
    await until(() => titles().length === 2 && chat.matches(':state(live)'));
    expect(titles()).to.deep.equal(['A young question', 'An old question']);
    expect(parts(chat, 'unread')).to.have.length(2);
    await ask(young, 'And another one');
    await until(() => said(chat).includes('2 new') && said(chat).includes('And another one'));
    await visitor('Somebody else', 0);
    await until(() => titles()[0] === 'Somebody else');
  });

  it('shows a hundred at first, and older ones when they are asked for', async () => {
    await visitor('The oldest', 9_000);
    await sql(`insert into chat_sessions (id, user_id, last_message_at)
      select gen_random_uuid(), user_id, now() - make_interval(mins => n) from chat_sessions, generate_series(1, 100) as n`);
    await signIn(login.email, login.password);
    const chat = overview();
    (await until(() => part(chat, 'older'))).click();
    expect(parts(chat, 'conversation')).to.have.length(100);
    await until(() => parts(chat, 'conversation').length === 101 && part(chat, 'older') === null);
    await open(chat, 'The oldest');
  });

  it('opens a conversation, which is read then, and lets its owner join, reply and leave', async () => {
    const id = await visitor('May I talk to you?');
    await signIn(login.email, login.password);
    const chat = overview();
    await open(chat, 'May I talk to you?');
    await until(() => chat.shadowRoot!.activeElement === input(chat));
    expect(rows(chat, 'assistant')).to.have.length(1);
    await until(
      async () => (await sql('select owner_read_seq > 0 as read from chat_sessions where id = $1', [id]))[0]!.read,
    );

    const visitors = mount<ChatBoxElement>(html`<chat-box session=${id}></chat-box>`);
    part(chat, 'join')!.click();
    await until(() => visitors.matches(':state(owner)'));
    expect(part(chat, 'presence')!.textContent).to.contain('You are here');
    say(chat, 'You may: this is Noor.');
    await until(() => rows(chat, 'user').length === 1 && rows(chat, 'pending').length === 0);
    await until(() => bubbles(visitors).includes('You may: this is Noor.'));
    expect(await sql(`select author, content from chat_messages where role = 'assistant'`)).to.deep.equal([
      { author: 'owner', content: 'You may: this is Noor.' },
    ]);
    part(chat, 'join')!.click();
    await until(() => !visitors.matches(':state(owner)'));
    expect(part(chat, 'presence')).to.equal(null);
  });

  it('closes a conversation, opens it again, and deletes it when its owner is sure', async () => {
    const id = await visitor('Delete me');
    await signIn(login.email, login.password);
    const chat = overview();
    await open(chat, 'Delete me');
    const closed = async () => (await sql('select closed_at from chat_sessions where id = $1', [id]))[0]?.closed_at;
    await choose(chat, 'Close conversation');
    await until(closed);
    await until(() => part(chat, 'closed'));
    await until(() => part(chat, 'join') === null);
    await choose(chat, 'Open again');
    await until(async () => !(await closed()));
    await until(() => part(chat, 'closed') === null && part(chat, 'join'));

    await choose(chat, 'Delete');
    const notice = await until(() => part(chat, 'notice'));
    await until(() => chat.shadowRoot!.activeElement?.textContent.trim() === 'Keep');
    press(chat.shadowRoot!.activeElement!, 'Escape');
    await until(() => part(chat, 'notice') === null);
    await choose(chat, 'Delete');
    (await until(() => part(chat, 'notice')?.querySelector('button'))).click();
    await until(() => said(chat).includes('Nobody has written yet.'));
    expect(notice.isConnected).to.equal(false);
    expect(await sql('select id from chat_sessions')).to.deep.equal([]);
  });

  it('goes back to where it was, and leaves a conversation that somebody else deletes', async () => {
    const first = await visitor('First', 9);
    await visitor('Second', 1);
    await signIn(login.email, login.password);
    const chat = overview();
    await open(chat, 'First');
    write(chat, 'half a tho');
    part(chat, 'back')!.click();
    await until(() => (chat.shadowRoot!.activeElement as HTMLElement | null)?.dataset.id === first);
    press(chat.shadowRoot!.activeElement!, 'ArrowUp');
    expect(chat.shadowRoot!.activeElement!.textContent).to.contain('Second');
    press(chat.shadowRoot!.activeElement!, 'End');
    (chat.shadowRoot!.activeElement as HTMLElement).click();
    await until(() => part(chat, 'back') && input(chat).value === 'half a tho');
    await sql('delete from chat_sessions where id = $1', [first]);
    await until(() => part(chat, 'conversations') && !said(chat).includes('First'));
    // The focus is not lost with what had it.
    await until(() => chat.shadowRoot!.activeElement === part(chat, 'tab'));
    await open(chat, 'Second');
    await signOut();
    await until(() => said(chat).includes('Sign in as the owner of the site'));
  });

  it('keeps what the model knows: written, loaded from files, changed, deleted', async () => {
    await signIn(login.email, login.password);
    const chat = overview();
    await until(() => chat.matches(':state(live)'));
    const field = (name: string) => chat.shadowRoot!.querySelector<HTMLInputElement>(`[name="${name}"]`)!;
    const texts = () => parts(chat, 'text').map((text) => text.textContent.replace(/\s+/g, ' ').trim());
    parts(chat, 'tab')[1]!.click();
    (await until(() => part(chat, 'add'))).click();
    await until(() => chat.shadowRoot!.activeElement === field('title'));
    field('title').value = 'About me';
    field('text').value = 'I draw maps.\n\n# Price\nA map costs EUR 2,400.';
    field('url').value = 'javascript:alert(1)';
    part(chat, 'save')!.click();
    // What was refused stays to be put right.
    await until(() => said(chat).includes('The address begins with'));
    expect(field('text').value).to.contain('EUR 2,400');
    field('url').value = '/about';
    part(chat, 'save')!.click();
    await until(() => texts()[0]?.startsWith('About me 2 passages to answer from, 44 characters'));

    const files = new DataTransfer();
    files.items.add(new File(['# Work\n\nA night bus atlas.'], 'work.md'));
    files.items.add(new File([new Uint8Array([0xff, 0xfe, 0])], 'photo.txt'));
    const picker = chat.shadowRoot!.querySelector<HTMLInputElement>('.files')!;
    picker.files = files.files;
    picker.dispatchEvent(new Event('change', { bubbles: true }));
    await until(() => texts().length === 2);
    await until(() => part(chat, 'knowledge-note')!.textContent.includes('photo.txt: not a text in UTF-8.'));
    expect(part(chat, 'knowledge-note')!.textContent).to.contain('1 text loaded.');

    parts(chat, 'text')[1]!.querySelector('button')!.click();
    await until(() => field('text')?.value.includes('night bus'));
    field('text').value = 'A day bus atlas.';
    part(chat, 'save')!.click();
    await until(
      async () =>
        (await sql(`select content from chat_knowledge where title = 'Work'`))[0]!.content === 'A day bus atlas.',
    );
    await until(() => parts(chat, 'text').length === 2);
    parts(chat, 'text')[0]!.querySelectorAll('button')[1]!.click();
    await until(() => said(chat).includes('Delete “About me” for good?'));
    parts(chat, 'text')[0]!.querySelector('button')!.click();
    await until(() => texts().length === 1);
    expect(await sql('select title from chat_knowledge')).to.deep.equal([{ title: 'Work' }]);
  });

  it('shows nothing to whoever does not run the site', async () => {
    await visitor('Mine alone');
    const chat = overview();
    await until(() => said(chat).includes('Sign in as the owner of the site'));
    await signInNewMember();
    await until(() => problem(chat));
    expect(said(chat)).not.to.contain('Mine alone');
    parts(chat, 'tab')[1]!.click();
    await until(() => part(chat, 'add') === null && said(chat).includes('Sign in as the owner of the site'));
    await signOut();
  });

  it('is told of changes of tables where the project sends no broadcasts', async () => {
    disconnect();
    await publish();
    try {
      const id = await visitor('By the tables');
      await connectToBackend({ transport: 'postgres_changes' });
      await signIn(login.email, login.password);
      const chat = overview();
      await until(() => parts(chat, 'conversation').length === 1 && chat.matches(':state(live)'));
      await visitor('Another', 0);
      await until(() => parts(chat, 'conversation').length === 2);
      const visitors = mount<ChatBoxElement>(html`<chat-box session=${id}></chat-box>`);
      await until(() => bubbles(visitors).length === 1 && visitors.matches(':state(live)'));
      await open(chat, 'By the tables');
      part(chat, 'join')!.click();
      await until(() => visitors.matches(':state(owner)'));
      await sql('delete from chat_sessions where id <> $1', [id]);
      await sql('delete from chat_sessions where id = $1', [id]);
      await until(() => bubbles(visitors).length === 0);
    } finally {
      clearPage();
      await unpublish();
    }
  });
});
