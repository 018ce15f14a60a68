import type { RealtimeClient } from '@supabase/supabase-js';
import { expect } from 'chai';
import type { TopicEvent } from '../../src/store/backend.ts';
import { listenTo } from '../../src/store/table-changes.ts';

const TABLES = {
  'chat:': [
    { table: 'chat_messages', column: 'session_id', rowEvent: 'message' },
    { table: 'chat_sessions', column: 'id', rowEvent: 'session' },
  ],
  'admin:': [{ table: 'usage_logs' }],
  'admin:chat': [{ table: 'chat_sessions' }],
};

/** What a topic asks Realtime for, and what it makes of a change. The server here applies filters to deletes, not all do. */
function listen(topic: string) {
  const asked: { readonly table: string; readonly filter?: string }[] = [];
  const events: TopicEvent[] = [];
  const tell: ((change: object) => void)[] = [];
  const channel = {
    on(type: string, wanted: { table: string; filter?: string }, heard: (change: object) => void) {
      if (type === 'postgres_changes') {
        asked.push({ table: wanted.table, ...(wanted.filter && { filter: wanted.filter }) });
        tell.push(heard);
      }
      return channel;
    },
  };
  const realtime = { channel: () => channel } as unknown as RealtimeClient;
  const deaf = () => expect.fail('nothing is missing');
  listenTo(realtime, topic, TABLES, { onEvent: (event) => events.push(event), onGap: deaf, onComplaint: deaf });
  return { asked, events, tell };
}

describe('listenTo', () => {
  it('asks for the tables of the whole topic where it has some, and else of its prefix', () => {
    expect(listen('admin:chat').asked).to.deep.equal([{ table: 'chat_sessions' }]);
    expect(listen('admin:usage').asked).to.deep.equal([{ table: 'usage_logs' }]);
  });

  it('tells of deleted rows only where they belong to the topic, or may do so', () => {
    const { events, tell } = listen('chat:mine');
    const gone = (old: object) => ({ eventType: 'DELETE', old, new: {}, errors: null });
    tell[1]!(gone({ id: 'theirs' }));
    tell[0]!(gone({ id: 'm1', session_id: 'theirs' }));
    expect(events).to.deep.equal([]);
    tell[1]!(gone({ id: 'mine' }));
    // Of a message the key alone may come, which does not say whose it is.
    tell[0]!(gone({ id: 'm2' }));
    expect(events.map(({ event }) => event)).to.deep.equal(['session', 'message']);
  });
});
