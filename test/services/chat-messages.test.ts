import { expect } from 'chai';
import { applyChatEvent, reconcileMessages, type Message } from '../../src/services/chat-messages.ts';
import type { TopicEvent } from '../../src/store/backend.ts';

const question: Message = {
  id: 'q',
  seq: 1,
  client_id: 'c',
  role: 'user',
  author: 'visitor',
  status: 'complete',
  content: 'Why?',
  created_at: '2026-11-20T10:00:00+00:00',
};

const reply = (content: string, status: Message['status'] = 'streaming', seq: number | null = 2): Message => ({
  ...question,
  id: 'r',
  seq,
  client_id: null,
  role: 'assistant',
  author: 'model',
  status,
  content,
});

const partial = (at: number, text: string): TopicEvent => ({
  event: 'partial',
  payload: { message_id: 'r', at, text },
});
const row = (op: string, record: Partial<Message>): TopicEvent => ({ event: 'message', payload: { op, record } });
const meta: TopicEvent = {
  event: 'meta',
  payload: { user_message_id: 'q', message_id: 'r', client_id: 'c', content: 'Why?' },
};
const done: TopicEvent = { event: 'done', payload: { message_id: 'r', status: 'complete' } };

const play = (start: readonly Message[], events: readonly TopicEvent[]) =>
  events.reduce<readonly Message[] | undefined>(
    (messages, event) => messages && applyChatEvent(messages, event),
    start,
  );

const texts = (messages: readonly Message[] | undefined) =>
  messages?.map(({ content, status }) => `${content}|${status}`);

describe('applyChatEvent', () => {
  it('makes the question and its reply of what the stream says first', () => {
    const messages = play([], [meta]);
    expect(messages?.map(({ id, client_id, role }) => [id, client_id, role])).to.deep.equal([
      ['q', 'c', 'user'],
      ['r', null, 'assistant'],
    ]);
  });

  it('makes them once, whichever of stream and topic speaks first', () => {
    for (const events of [
      [meta, row('INSERT', question), row('INSERT', reply(''))],
      [row('INSERT', question), row('INSERT', reply('')), meta],
      [row('INSERT', question), meta, row('INSERT', reply(''))],
    ]) {
      expect(play([], events)?.map(({ id, seq }) => [id, seq])).to.deep.equal([
        ['q', 1],
        ['r', 2],
      ]);
    }
  });

  it('appends what is new', () => {
    expect(texts(play([question, reply('')], [partial(0, 'Be'), partial(2, 'cause')]))).to.deep.equal([
      'Why?|complete',
      'Because|streaming',
    ]);
  });

  it('takes the same piece from stream and topic as one (pitfall 18)', () => {
    const events = [partial(0, 'Be'), partial(2, 'cause'), partial(0, 'Because'), partial(2, 'ca')];
    expect(texts(play([reply('')], events))).to.deep.equal(['Because|streaming']);
  });

  it('takes the overlapping part of a longer piece', () => {
    expect(texts(play([reply('Beca')], [partial(0, 'Because')]))).to.deep.equal(['Because|streaming']);
  });

  it('asks for a fetch when a piece is missing before this one', () => {
    expect(applyChatEvent([reply('Be')], partial(5, 'se'))).to.equal(undefined);
  });

  it('asks for a fetch when the reply itself is missing', () => {
    expect(applyChatEvent([question], partial(0, 'Be'))).to.equal(undefined);
  });

  it('does not reopen a reply that has ended', () => {
    const ended = [question, reply('Because.', 'complete')];
    expect(applyChatEvent(ended, partial(8, ' More'))).to.equal(ended);
    expect(applyChatEvent(ended, row('INSERT', reply('')))).to.equal(ended);
    expect(applyChatEvent(ended, row('UPDATE', reply('')))).to.equal(ended);
  });

  it('does not shorten a reply by the late news that it began', () => {
    const writing = [question, reply('Because')];
    expect(applyChatEvent(writing, row('INSERT', reply('')))).to.equal(writing);
  });

  it('lets a reply start over', () => {
    const events = [row('UPDATE', reply('')), partial(0, 'No')];
    expect(texts(play([reply('Becau')], events))).to.deep.equal(['No|streaming']);
  });

  it('grows a reply by rows where there are no partials, and is not set back by those that are behind', () => {
    expect(texts(play([reply('Be')], [row('UPDATE', reply('Because'))]))).to.deep.equal(['Because|streaming']);
    const ahead = [reply('Because of')];
    expect(applyChatEvent(ahead, row('UPDATE', reply('Becau')))).to.equal(ahead);
  });

  it('lets a failed reply start over', () => {
    expect(texts(play([reply('', 'error')], [row('UPDATE', reply('')), partial(0, 'Yes')]))).to.deep.equal([
      'Yes|streaming',
    ]);
  });

  it('ends a reply by the stream or by the row, and changes nothing the second time', () => {
    const ended = play([reply('Because.')], [done]);
    expect(texts(ended)).to.deep.equal(['Because.|complete']);
    expect(applyChatEvent(ended!, row('UPDATE', reply('Because.', 'complete')))).to.equal(ended);
  });

  it('takes out what was deleted, and nothing else (pitfall 15)', () => {
    expect(play([question, reply('')], [row('DELETE', { id: 'q' })])).to.have.length(1);
    const messages = [question];
    expect(applyChatEvent(messages, row('DELETE', { id: 'unknown' }))).to.equal(messages);
  });

  it('keeps the text that a row leaves out because it has not changed (pitfall 16)', () => {
    const { content, ...rest } = reply('A long text.', 'complete');
    const shown = play([question, reply(content)], [row('UPDATE', rest)]);
    expect(texts(shown)).to.deep.equal(['Why?|complete', 'A long text.|complete']);
    expect(play([question], [row('UPDATE', rest)])).to.equal(undefined);
  });

  it('puts a message that comes late where it belongs', () => {
    const later = { ...question, id: 'later', seq: 9 };
    expect(play([question, later], [row('INSERT', reply('', 'complete'))])?.map(({ id }) => id)).to.deep.equal([
      'q',
      'r',
      'later',
    ]);
  });

  it('leaves a conversation alone at an event that it does not know', () => {
    const messages = [question];
    expect(applyChatEvent(messages, { event: 'typing', payload: {} })).to.equal(messages);
  });
});

describe('reconcileMessages', () => {
  it('keeps what is ahead of the database', () => {
    const [message] = reconcileMessages([reply('Because of', 'streaming', null)], [reply('Beca')]);
    expect(message).to.include({ content: 'Because of', seq: 2 });
  });

  it('keeps the end of a reply that the database has not seen yet', () => {
    const [message] = reconcileMessages([reply('Because.', 'complete')], [reply('Beca')]);
    expect(message).to.include({ content: 'Because.', status: 'complete' });
  });

  it('takes what the database knows better', () => {
    const [message] = reconcileMessages([reply('Beca')], [reply('Because.', 'complete')]);
    expect(message).to.include({ content: 'Because.', status: 'complete' });
  });

  it('takes a failed reply that has started over', () => {
    const [message] = reconcileMessages([reply('', 'error')], [reply('')]);
    expect(message).to.include({ status: 'streaming' });
  });

  it('takes a reply that has started over', () => {
    const [message] = reconcileMessages([reply('Because')], [reply('No')]);
    expect(message).to.include({ content: 'No' });
  });

  it('drops what the database does not have', () => {
    expect(reconcileMessages([question, reply('')], [question])).to.deep.equal([question]);
  });
});
