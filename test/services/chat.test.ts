import { expect } from 'chai';
import { currentSession, messages, newConversation, sendMessage } from '../../src/services/chat.ts';
import { LivelitError } from '../../src/store/error.ts';
import { store } from '../../src/store/store.ts';
import { connectMemory, leaveMemory, MEMBER, OTHER, switchTo } from '../support/browser/memory.ts';
import { until } from '../support/browser/page.ts';

describe('the chat service', () => {
  const leaves: (() => void)[] = [];

  /** The id of the conversation, once it is known. */
  async function sessionId(): Promise<string> {
    const live = currentSession();
    leaves.push(live.subscribe(() => undefined));
    return until(() => live.snapshot.data);
  }

  afterEach(() => {
    for (const leave of leaves.splice(0)) leave();
    leaveMemory();
  });

  const refused: readonly [string, string, RegExp][] = [
    ['nothing', '', /write a message/],
    ['blanks', ' \n\t ', /write a message/],
    ['more than 2,000 characters', 'x'.repeat(2_001), /at most 2000 characters; this one has 2001/],
  ];
  for (const [what, text, sentence] of refused) {
    it(`does not take ${what}, and says so in words`, async () => {
      connectMemory();
      const id = await sessionId();
      const attempt = () => sendMessage(id, text);
      expect(attempt).to.throw(LivelitError, sentence).with.property('code', 'invalid');
    });
  }

  it('takes a message of exactly 2,000 characters', async () => {
    connectMemory();
    const id = await sessionId();
    const attempt = () => sendMessage(id, 'x'.repeat(2_000));
    expect(attempt).not.to.throw();
  });

  it('has a message in the conversation at once', async () => {
    const backend = connectMemory();
    const id = await sessionId();
    const live = messages(id);
    leaves.push(live.subscribe(() => undefined));
    await until(() => live.snapshot.status === 'live');
    backend.hold();
    sendMessage(id, '  Hello  ');
    const [message] = live.snapshot.data ?? [];
    expect(message).to.include({ content: 'Hello', status: 'pending', role: 'user' });
  });

  it('keeps the conversation over a reload', async () => {
    connectMemory();
    const before = await sessionId();
    for (const leave of leaves.splice(0)) leave();
    store().connection.detach();
    connectMemory();
    expect(await sessionId()).to.equal(before);
  });

  it('lets a visitor take the conversation along when they sign in', async () => {
    const backend = connectMemory({ session: null });
    const before = await sessionId();
    switchTo(backend, MEMBER);
    expect(await sessionId()).to.equal(before);
  });

  it('gives another user another conversation, and the first one theirs again', async () => {
    const backend = connectMemory();
    const mine = await sessionId();
    switchTo(backend, OTHER);
    const theirs = await until(async () => {
      const id = await sessionId();
      return id !== mine && id;
    });
    switchTo(backend, null);
    const nobodys = await until(async () => {
      const id = await sessionId();
      return id !== theirs && id;
    });
    expect(nobodys).not.to.equal(mine);
    switchTo(backend, MEMBER);
    await until(async () => (await sessionId()) === mine);
  });

  it('leaves nothing of it to the next visitor', async () => {
    const backend = connectMemory({ session: null });
    const before = await sessionId();
    switchTo(backend, MEMBER);
    await until(async () => (await sessionId()) === before);
    switchTo(backend, null);
    await until(async () => (await sessionId()) !== before);
  });

  it('listens to a conversation from its first message on', async () => {
    const stream = (events: readonly [string, object][]) =>
      new Response(events.map(([event, data]) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`).join(''));
    const backend = connectMemory({
      functions: {
        chat: () =>
          stream([
            ['meta', { user_message_id: 'q', message_id: 'r', created: true }],
            ['done', { message_id: 'r', status: 'complete' }],
          ]),
      },
    });
    const id = await sessionId();
    leaves.push(messages(id).subscribe(() => undefined));
    sendMessage(id, 'Hello');
    await until(() => backend.topics.includes(`chat:${id}`));
  });

  it('starts a new conversation when it is asked to', async () => {
    connectMemory();
    const before = await sessionId();
    await newConversation();
    await until(async () => (await sessionId()) !== before);
  });

  it('does not listen to a conversation that the server does not have', async () => {
    const backend = connectMemory({ tables: { chat_sessions: [], chat_messages: [] } });
    const id = await sessionId();
    const live = messages(id);
    leaves.push(live.subscribe(() => undefined));
    await until(() => live.snapshot.status === 'live');
    expect(backend.topics).to.deep.equal([]);
  });

  it('listens to one that it has', async () => {
    const id = crypto.randomUUID();
    const backend = connectMemory({ tables: { chat_sessions: [{ id }], chat_messages: [] } });
    leaves.push(messages(id).subscribe(() => undefined));
    await until(() => backend.topics.includes(`chat:${id}`));
  });
});
