import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { SupabaseClient } from '@supabase/supabase-js';
import type { LocalBackend } from '../../local/backend.ts';
import { endBackend, newClient, startTestBackend } from '../support/node/backend.ts';
import { RawSocket } from '../support/node/raw-socket.ts';
import { until } from '../support/node/until.ts';
import { MARKERS, settled, watchLive } from '../support/node/watching.ts';

describe('postgres_changes writes', () => {
  let backend: LocalBackend;
  let client: SupabaseClient;
  before(async () => {
    backend = await startTestBackend();
    await backend.database.exec(MARKERS);
    client = newClient(backend);
  });
  after(() => endBackend(backend));

  const VALUES: [type: string, literal: string, value: unknown][] = [
    ['smallint', '7', 7],
    ['integer', '-7', -7],
    ['bigint', '9007199254740991', 9007199254740991],
    ['numeric(14, 6)', '0.000150', 0.00015],
    ['double precision', '1.5e3', 1500],
    ['boolean', 'true', true],
    ['text', `'grüezi "👋"'`, 'grüezi "👋"'],
    ['uuid', `'7F1C2D3E-0000-4000-8000-00000000000A'`, '7f1c2d3e-0000-4000-8000-00000000000a'],
    ['date', `'2026-11-20'`, '2026-11-20'],
    ['timestamp', `'2026-11-20 12:00:00.5'`, '2026-11-20T12:00:00.5'],
    ['timestamptz', `'2026-11-20 12:00:00.123456+01'`, '2026-11-20T11:00:00.123456+00:00'],
    ['jsonb', `'{"a": [1, null, {"b": "c"}]}'`, { a: [1, null, { b: 'c' }] }],
    ['jsonb', `'[]'`, []],
    ['text[]', `array['a,b', 'c"d']`, ['a,b', 'c"d']],
    ['integer[]', `'{1,2}'`, [1, 2]],
    ['text', 'null', null],
  ];
  before(async () => {
    const columns = VALUES.map(([type], index) => `c${index} ${type}`).join(', ');
    await backend.database.exec(`create table public.kinds (id int primary key, ${columns});
      grant select on public.kinds to anon; alter publication supabase_realtime add table public.kinds`);
  });

  async function row() {
    const watching = await watchLive(client, [{ table: 'kinds' }]);
    await backend.database.exec(
      `delete from public.kinds; insert into public.kinds values (1, ${VALUES.map(([, literal]) => literal).join(', ')})`,
    );
    const changes = await settled(backend, watching);
    await client.removeChannel(watching.channel);
    return changes.find(({ eventType }) => eventType === 'INSERT')!;
  }

  for (const [index, [type, literal, value]] of VALUES.entries()) {
    it(`${type} ${literal} as REST does`, async () => {
      assert.deepEqual((await row()).new[`c${index}`], value);
      const { data } = await client.from('kinds').select(`c${index}`).single();
      assert.deepEqual(data, { [`c${index}`]: value });
    });
  }

  it('a frame as hosted does', async () => {
    const socket = await RawSocket.open(backend);
    const postgres_changes = [{ event: '*', schema: 'public', table: 'markers' }];
    const joined = await socket.ask('realtime:x', 'phx_join', { config: { postgres_changes } });
    await until(() => socket.frames.some(([, , , event]) => event === 'system'));
    const id = randomUUID();
    await backend.database.query('insert into public.markers values ($1)', [id]);
    const frame = await until(() => socket.frames.find(([, , , event]) => event === 'postgres_changes'));
    const { data } = frame[4] as { data: { commit_timestamp: string } };
    assert.deepEqual(frame, [
      '1',
      null,
      'realtime:x',
      'postgres_changes',
      {
        ids: (joined.response!.postgres_changes as { id: number }[]).map((binding) => binding.id),
        data: {
          schema: 'public',
          table: 'markers',
          commit_timestamp: data.commit_timestamp,
          type: 'INSERT',
          columns: [{ name: 'id', type: 'uuid' }],
          record: { id },
          errors: null,
        },
      },
    ]);
    socket.close();
  });

  it('the time of the commit in UTC, with milliseconds', async () => {
    const before = Date.now();
    const { commit_timestamp } = await row();
    assert.match(commit_timestamp!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(Math.abs(Date.parse(commit_timestamp!) - before) < 10_000);
  });

  it('the same time for all rows of a transaction', async () => {
    const watching = await watchLive(client, [{ table: 'kinds' }]);
    await backend.database.exec(`begin; insert into public.kinds (id) values (2); select pg_sleep(0.02);
                                 insert into public.kinds (id) values (3); commit`);
    const changes = await settled(backend, watching);
    assert.equal(new Set(changes.map((change) => change.commit_timestamp)).size, 1);
  });
});
