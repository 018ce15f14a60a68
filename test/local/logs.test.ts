import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { SupabaseClient } from '@supabase/supabase-js';
import type { LocalBackend } from '../../local/backend.ts';
import { ADMIN, MEMBER } from '../../local/seed.ts';
import {
  endBackend,
  newClient,
  newMember,
  newService,
  newVisitor,
  startTestBackend,
  type Person,
} from '../support/node/backend.ts';
import type { LogPage } from '../support/node/log-sql.ts';
import { until } from '../support/node/until.ts';

/** What test/sql proves about the functions, once by the road that a page and a server take. */
describe('the usage log, by REST and Realtime', () => {
  let backend: LocalBackend;
  let service: SupabaseClient;
  let admin: SupabaseClient;
  let owner: SupabaseClient;
  let member: Person;
  before(async () => {
    backend = await startTestBackend({ demo: true });
    service = newService(backend);
    [admin, owner] = [newClient(backend), newClient(backend)];
    await admin.auth.signInWithPassword(ADMIN);
    await owner.auth.signInWithPassword(MEMBER);
    member = await newMember(backend);
  });
  after(() => endBackend(backend));

  const entry = (fields: object = {}) => ({
    key: randomUUID(),
    app: 'editor',
    model: 'gpt-4o',
    user_id: member.id,
    ...fields,
  });
  async function read(client: SupabaseClient, reader: string, values: object = {}): Promise<LogPage> {
    const answer = await client.rpc(reader, values);
    assert.equal(answer.error, null);
    return answer.data as LogPage;
  }

  it('takes what a server reports with the secret key', async () => {
    const reported = entry({ cost: 0.25 });
    const report = () => service.rpc('log_usage', { p_entries: [reported, entry()] });
    assert.deepEqual((await report()).data, { inserted: 2, repeated: 0 });
    assert.deepEqual((await report()).data, { inserted: 1, repeated: 1 });
    const page = await read(member.client, 'usage_log_entries', { p_columns: ['key', 'cost'], p_summary: 'totals' });
    assert.equal(page.total, 3);
    assert.ok(page.rows.some(({ key, cost }) => key === reported.key && cost === 0.25));
  });

  it('answers a wrong entry with 400, its place and its field', async () => {
    const { error, status } = await service.rpc('log_usage', { p_entries: [entry(), entry({ cost: 'much' })] });
    assert.equal(status, 400);
    assert.partialDeepStrictEqual(error, { code: '22023', details: '{"field": "cost", "index": 1}' });
  });

  it('takes nothing from whoever has another key', async () => {
    for (const client of [newClient(backend), (await newVisitor(backend)).client, member.client, admin]) {
      const { error, status } = await client.rpc('log_usage', { p_entries: [entry()] });
      assert.equal(error?.code, '42501');
      assert.ok(status === 401 || status === 403, String(status));
    }
  });

  it('shows an admin and the owner everybody, a member themselves, and others nothing', async () => {
    for (const client of [admin, owner]) {
      const { rows, total, revenue_total } = await read(client, 'usage_logs_page', { p_limit: 5, p_sort: 'cost' });
      assert.deepEqual([rows.length, revenue_total], [5, 212.2]);
      assert.ok(total! > 5);
    }
    const { rows } = await read(member.client, 'usage_logs_page');
    assert.deepEqual(
      rows.map(({ user_id }) => user_id),
      [member.id],
    );
    for (const client of [newClient(backend), (await newVisitor(backend)).client]) {
      for (const reader of ['usage_logs_page', 'usage_log_entries']) {
        assert.equal((await client.rpc(reader)).error?.code, '42501');
      }
    }
  });

  it('goes on by cursors, and finds what a signal named', async () => {
    const first = await read(admin, 'usage_log_entries', { p_limit: 3, p_status: 'ok' });
    const second = await read(admin, 'usage_log_entries', { p_limit: 3, p_status: 'ok', p_cursor: first.next_cursor });
    const ids = [...first.rows, ...second.rows].map(({ id }) => id);
    assert.equal(new Set(ids).size, 6);
    const named = await read(admin, 'usage_log_entries', { p_ids: ids, p_status: 'ok', p_summary: 'none' });
    assert.deepEqual(
      named.rows.map(({ id }) => id),
      ids,
    );
  });

  it('answers an argument that is none with 400, and names it', async () => {
    const { error, status } = await admin.rpc('usage_logs_page', { p_search: 'x'.repeat(10_000) });
    assert.equal(status, 400);
    assert.partialDeepStrictEqual(error, { code: '22023', details: 'p_search' });
  });

  it('shows no column of a table to whoever may not see the row', async () => {
    for (const table of ['usage_logs', 'credit_purchases']) {
      const { data } = await member.client.from(table).select<'*', { user_id: string }>('*');
      assert.ok(
        data!.every(({ user_id }) => user_id === member.id),
        table,
      );
      const { error } = await member.client.from(table).delete().eq('user_id', member.id);
      assert.equal(error?.code, '42501');
    }
  });

  it('is heard by an admin on admin:usage, by the owner and the member on their own topic, and by nobody else', async () => {
    const heard = async (client: SupabaseClient, topic: string) => {
      await client.realtime.setAuth();
      const events: string[] = [];
      const joined = await new Promise<string>((resolve) => {
        client
          .channel(topic, { config: { private: true } })
          .on('broadcast', { event: '*' }, ({ event }: { event: string }) => void events.push(event))
          .subscribe((status: string) => resolve(status));
      });
      return { joined, events };
    };
    const [{ data: account }] = [await owner.auth.getUser()];
    const listeners = [
      await heard(admin, 'admin:usage'),
      await heard(owner, `user:${account.user!.id}`),
      await heard(member.client, `user:${member.id}`),
    ];
    const closed = [await heard(owner, 'admin:usage'), await heard((await newVisitor(backend)).client, 'admin:usage')];
    assert.ok(listeners.every(({ joined }) => joined === 'SUBSCRIBED'));
    assert.ok(closed.every(({ joined }) => joined === 'CHANNEL_ERROR'));
    await service.rpc('log_usage', { p_entries: [entry()] });
    await until(() => listeners.every(({ events }) => events.includes('usage_logs')));
    assert.deepEqual(
      closed.flatMap(({ events }) => events),
      [],
    );
  });
});
