import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { SupabaseClient } from '@supabase/supabase-js';
import type { LocalBackend } from '../../local/backend.ts';
import { ADMIN, MEMBER } from '../../local/seed.ts';
import { endBackend, newClient, newVisitor, startTestBackend, type Person } from '../support/node/backend.ts';
import { newMessage, send, type ChatMessage } from '../support/node/chat-http.ts';
import { listen, type Listening } from '../support/node/listening.ts';
import { until } from '../support/node/until.ts';

describe('a conversation, live', () => {
  let backend: LocalBackend;
  let visitor: Person;
  /** Who runs the site: its owner, and an admin. */
  let owner: SupabaseClient;
  let admin: SupabaseClient;
  let message: ChatMessage;
  /** The visitor in the conversation, and the admin at the list. */
  let there: Listening;
  let atList: Listening;

  before(async () => {
    backend = await startTestBackend({ demo: true, limits: { messagesPerSecond: Infinity, joinsPerSecond: Infinity } });
    backend.openai.tokensPerSecond = 4_000;
    visitor = await newVisitor(backend);
    [owner, admin] = [newClient(backend), newClient(backend)];
    await owner.auth.signInWithPassword(MEMBER);
    await admin.auth.signInWithPassword(ADMIN);
    message = newMessage();
    await send(backend, visitor, message);
    there = await listen(visitor.client, `chat:${message.session_id}`);
    atList = await listen(admin, 'admin:chat');
    await until(() => [there, atList].every((each) => each.statuses.includes('SUBSCRIBED')));
  });
  after(() => endBackend(backend));

  const call = async <T>(client: SupabaseClient, name: string, parameters: object): Promise<T> => {
    const answer = await client.rpc(name, parameters);
    if (answer.error) throw new Error(`${name}: ${answer.error.message}`);
    return answer.data as T;
  };
  const inIt = (parameters: object = {}) => ({ p_session_id: message.session_id, ...parameters });
  const heard = (event: string) => until(() => there.messages.findLast((each) => each.event === event)?.payload);

  it('has the owner in its topic and its list, admin or not', async () => {
    const listening = await listen(owner, `chat:${message.session_id}`);
    await until(() => listening.statuses.includes('SUBSCRIBED'));
    await owner.removeChannel(listening.channel);
    const { rows } = await call<{ rows: { id: string }[] }>(owner, 'chat_session_list', { p_scope: 'all' });
    assert.ok(rows.some(({ id }) => id === message.session_id));
    const { data } = await owner.from('chat_messages').select('id').eq('session_id', message.session_id);
    assert.equal(data?.length, 2);
  });

  it('hears that somebody is typing, and who', async () => {
    assert.equal(await call(owner, 'chat_typing', inIt()), true);
    assert.equal((await heard('typing')).author, 'owner');
  });

  it('hears that the owner is here, and has left', async () => {
    const activeUntil = await call<string>(owner, 'chat_owner_here', inIt({ p_here: true }));
    assert.equal(Date.parse((await heard('owner')).active_until as string), Date.parse(activeUntil));
    assert.equal(await call(owner, 'chat_owner_here', inIt({ p_here: false })), null);
    await until(() => there.messages.findLast(({ event }) => event === 'owner')?.payload.active_until === null);
  });

  it('tells the list of a new message, without a word of it', async () => {
    const before = atList.messages.length;
    await send(backend, visitor, { ...newMessage('A secret'), session_id: message.session_id });
    await until(() => atList.messages.length > before);
    assert.ok(atList.messages.every(({ event }) => event === 'chat_sessions'));
    assert.doesNotMatch(JSON.stringify(atList.messages), /secret/);
    const { rows } = await call<{ rows: { id: string; unread: number }[] }>(admin, 'chat_session_list', {
      p_scope: 'all',
    });
    assert.equal(rows.find(({ id }) => id === message.session_id)?.unread, 2);
  });

  it('hears that it was named, closed, and deleted', async () => {
    await call(visitor.client, 'chat_session_name', inIt({ p_name: 'Vera' }));
    assert.partialDeepStrictEqual(await heard('session'), { op: 'UPDATE', record: { visitor_name: 'Vera' } });
    await call(admin, 'chat_session_close', inIt());
    await until(() =>
      there.messages.some(({ payload }) => (payload.record as { closed_at?: string } | undefined)?.closed_at),
    );
    await call(admin, 'chat_session_delete', inIt());
    await until(() => there.messages.some(({ event, payload }) => event === 'session' && payload.op === 'DELETE'));
    const { data } = await visitor.client.from('chat_messages').select('id').eq('session_id', message.session_id);
    assert.deepEqual(data, []);
  });

  it('is refused in words, with a status and a reason', async () => {
    const { error, status } = await visitor.client.rpc('chat_session_close', inIt());
    assert.deepEqual(
      [status, error?.code, error?.hint, error?.message],
      [403, 'PT403', 'owner', 'Only who runs this site may do this.'],
    );
  });
});
