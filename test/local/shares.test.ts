import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { LocalBackend } from '../../local/backend.ts';
import { endBackend, newClient, newMember, startTestBackend, type Person } from '../support/node/backend.ts';
import { listen } from '../support/node/listening.ts';
import { until } from '../support/node/until.ts';
import { daysAgo, usageRow } from '../support/node/usage-sql.ts';

describe('a share, for a visitor who never signed in', () => {
  let backend: LocalBackend;
  let owner: Person;
  before(async () => {
    backend = await startTestBackend();
    owner = await newMember(backend);
  });
  after(() => endBackend(backend));

  const share = async () => {
    const { data, error } = await owner.client
      .from('usage_shares')
      .insert({ label: 'Mine' })
      .select('id')
      .single<{ id: string }>();
    assert.equal(error, null);
    return data.id;
  };
  const revoke = async (id: string) => {
    const { error } = await owner.client.from('usage_shares').update({ enabled: false }).eq('id', id);
    assert.equal(error, null);
  };
  const use = (requests: number) =>
    backend.database.query(`select public.usage_apply($1, 'openai', null, null, $2)`, [
      owner.id,
      JSON.stringify([usageRow(daysAgo(0), { requests })]),
    ]);
  const shown = async (id: string) => {
    const range = { p_share_id: id, p_from: daysAgo(29), p_to: daysAgo(0) };
    const { data, error } = (await newClient(backend).rpc('usage_share_daily', range)) as {
      data: { days: { requests: number }[] } | null;
      error: unknown;
    };
    assert.equal(error, null);
    return data;
  };

  it('shows totals, and moves when they do', async () => {
    const id = await share();
    await use(3);
    assert.deepEqual(
      (await shown(id))!.days.map(({ requests }) => requests),
      [3],
    );
    const heard = await listen(newClient(backend), `share:${id}`);
    await until(() => heard.statuses.includes('SUBSCRIBED'));
    await use(4);
    await until(() => heard.messages.some(({ event }) => event === 'usage_data'));
    assert.deepEqual(
      (await shown(id))!.days.map(({ requests }) => requests),
      [4],
    );
  });

  it('stops showing within a second of being revoked, and is closed from then on', async () => {
    const id = await share();
    const heard = await listen(newClient(backend), `share:${id}`);
    await until(() => heard.statuses.includes('SUBSCRIBED'));
    const start = performance.now();
    await revoke(id);
    await until(() => heard.messages.some(({ event }) => event === 'usage_shares'), 1_000);
    assert.equal(await shown(id), null);
    assert.ok(performance.now() - start < 1_000);
    await use(5);
    const late = await listen(newClient(backend), `share:${id}`);
    await until(() => late.errors.length);
    assert.deepEqual(
      heard.messages.map(({ event }) => event),
      ['usage_shares'],
    );
    assert.ok(!late.statuses.includes('SUBSCRIBED'));
  });

  it('yields nothing by REST: neither itself nor what it is of', async () => {
    const id = await share();
    const client = newClient(backend);
    for (const table of [
      'usage_shares',
      'usage_data',
      'usage_daily',
      'usage_by_model',
      'sync_runs',
      'usage_tracking',
    ]) {
      const { data, error } = await client.from(table).select('*').limit(1);
      assert.deepEqual([data, error?.code], [null, '42501'], table);
    }
    const { error } = await client.rpc('usage_apply', {
      p_user_id: owner.id,
      p_source: 'openai',
      p_from: null,
      p_to: null,
      p_rows: [],
    });
    assert.equal(error?.code, '42501');
    await revoke(id);
  });

  it("opens no other topic, its owner's neither", async () => {
    const heard = await listen(newClient(backend), `user:${owner.id}`);
    await until(() => heard.errors.length);
    assert.ok(!heard.statuses.includes('SUBSCRIBED'));
  });
});
