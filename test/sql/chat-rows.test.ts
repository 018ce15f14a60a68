import assert from 'node:assert/strict';
import { it } from 'node:test';
import { admit, firstMessage } from '../support/node/chat-sql.ts';
import { onEachEngine } from '../support/node/engines.ts';
import { ANON, asUser, newAdmin, newMember, newVisitor, sentOn } from '../support/node/sql.ts';

onEachEngine('conversations', (database) => {
  const TABLES = ['chat_sessions', 'chat_messages'];
  const ownersSeenBy = async (claims: Parameters<typeof asUser>[1], table: string) => {
    const rows = await asUser<{ user_id: string }>(database, claims, `select distinct user_id from public.${table}`);
    return rows.map((row) => row.user_id);
  };

  for (const [who, make] of [
    ['visitor', newVisitor],
    ['member', newMember],
  ] as const) {
    it(`of a ${who} are their own to read`, async () => {
      const [one, two] = [await make(database), await newVisitor(database)];
      for (const { id } of [one, two]) await admit(database, firstMessage(id));
      for (const table of TABLES) assert.deepEqual(await ownersSeenBy(one.claims, table), [one.id]);
    });
  }

  it('are all open to an admin', async () => {
    const [admin, visitor] = [await newAdmin(database), await newVisitor(database)];
    await admit(database, firstMessage(visitor.id));
    for (const table of TABLES) assert.ok((await ownersSeenBy(admin.claims, table)).includes(visitor.id));
  });

  it('are refused to whoever has only the key', async () => {
    for (const table of TABLES) await assert.rejects(ownersSeenBy(ANON, table), { code: '42501' });
  });

  it('are written by nobody but the service', async () => {
    const [visitor, admin] = [await newVisitor(database), await newAdmin(database)];
    await admit(database, firstMessage(visitor.id));
    for (const { claims } of [{ claims: ANON }, visitor, admin]) {
      for (const sql of [
        'update public.chat_messages set superseded_at = now()',
        'delete from public.chat_messages',
        'delete from public.chat_sessions',
        'update public.chat_sessions set expires_at = now()',
        'insert into public.chat_sessions (id, user_id) select gen_random_uuid(), auth.uid()',
        `insert into public.chat_messages (session_id, user_id, role, author) select id, user_id, 'assistant', 'owner'
         from public.chat_sessions`,
      ]) {
        await assert.rejects(asUser(database, claims, sql), { code: '42501' }, sql);
      }
    }
  });

  it('are told message by message on their topic, whole', async () => {
    const visitor = await newVisitor(database);
    const { session_id, user_message_id, message_id } = await admit(database, firstMessage(visitor.id));
    const [asked, reply] = await sentOn(database, `chat:${session_id}`);
    assert.partialDeepStrictEqual(asked, {
      event: 'message',
      payload: { op: 'INSERT', record: { id: user_message_id!, role: 'user', content: 'What do you do?' } },
    });
    assert.partialDeepStrictEqual(reply, {
      event: 'message',
      payload: { op: 'INSERT', record: { id: message_id!, role: 'assistant', status: 'streaming', content: '' } },
    });
  });

  it('tell of a deleted message its id', async () => {
    const { session_id, user_message_id } = await admit(database, firstMessage((await newVisitor(database)).id));
    await database.query('delete from public.chat_messages where id = $1', [user_message_id]);
    const deleted = (await sentOn(database, `chat:${session_id}`)).filter(({ payload }) => payload.op === 'DELETE');
    assert.ok(deleted.some(({ payload }) => (payload.record as { id: string }).id === user_message_id));
  });

  it('go with their user', async () => {
    const { id } = await newVisitor(database);
    const { session_id } = await admit(database, firstMessage(id));
    await database.query('delete from auth.users where id = $1', [id]);
    assert.deepEqual(
      await database.query('select 1 from public.chat_messages where session_id = $1', [session_id]),
      [],
    );
  });
});
