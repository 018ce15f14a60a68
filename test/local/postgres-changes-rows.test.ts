import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { SupabaseClient } from '@supabase/supabase-js';
import type { LocalBackend } from '../../local/backend.ts';
import { signToken } from '../../local/keys.ts';
import {
  endBackend,
  newClient,
  newMember,
  newService,
  startTestBackend,
  type Person,
} from '../support/node/backend.ts';
import { until } from '../support/node/until.ts';
import { MARKERS, settled, watchLive } from '../support/node/watching.ts';

const OWN = `for select to authenticated using (user_id = (select auth.uid()))`;
const TABLES = `
  create table public.notes (id int generated always as identity primary key, user_id uuid, body text);
  create table public.logged (like public.notes including all);
  alter table public.logged replica identity full;
  create table public.open (like public.notes including all);
  alter table public.open replica identity full;
  create table public.keyless (user_id uuid, body text);
  create table public.veiled (id int primary key, body text);
  create table public.quarrel (id int primary key, change_id text, "odd ""name""" text);
  alter table public.quarrel drop constraint quarrel_pkey, add primary key (change_id, "odd ""name""");
  alter table public.notes enable row level security;
  alter table public.logged enable row level security;
  alter table public.quarrel enable row level security;
  create policy notes_select_own on public.notes ${OWN};
  create policy logged_select_own on public.logged ${OWN};
  create policy quarrel_select_all on public.quarrel for select to authenticated using (true);
  grant select on public.notes, public.logged, public.open, public.keyless, public.quarrel to anon, authenticated, service_role;
  grant select (body) on public.veiled to authenticated;
  alter publication supabase_realtime add table public.notes, public.logged, public.open, public.keyless, public.veiled, public.quarrel;`;

describe('postgres_changes tells', () => {
  let backend: LocalBackend;
  let [member, other]: Person[] = [];
  let anonymous: SupabaseClient;
  let service: SupabaseClient;
  const everybody = () => [member!.client, other!.client, anonymous, service];
  before(async () => {
    backend = await startTestBackend({ limits: { messagesPerSecond: Infinity, joinsPerSecond: Infinity } });
    await backend.database.exec(TABLES + MARKERS);
    [member, other] = await Promise.all([newMember(backend), newMember(backend)]);
    anonymous = newClient(backend);
    service = newService(backend);
  });
  afterEach(async () => {
    for (const client of everybody()) {
      await Promise.all(client.getChannels().map((channel) => client.removeChannel(channel)));
    }
  });
  after(() => endBackend(backend));

  const run = (sql: string) => backend.database.exec(sql);
  /** What of a table's changes each of them hears: the member, the other member, the key only, the secret key. */
  async function heard(table: string, sql: string) {
    const watching = await Promise.all(everybody().map((client) => watchLive(client, [{ table }])));
    await run(sql);
    const changes = [];
    for (const each of watching) changes.push(await settled(backend, each));
    return changes;
  }
  const kinds = (changes: { eventType: string }[][]) => changes.map((each) => each.map(({ eventType }) => eventType));

  describe('of a row with row-level security', () => {
    it('that comes, whoever may see it', async () => {
      const changes = await heard('notes', `insert into public.notes (user_id, body) values ('${member!.id}', 'mine')`);
      assert.deepEqual(kinds(changes), [['INSERT'], [], [], ['INSERT']]);
    });

    it('that changes, whoever may see it', async () => {
      await run(`insert into public.notes (user_id, body) values ('${member!.id}', 'changes')`);
      const changes = await heard('notes', `update public.notes set body = 'changed' where body = 'changes'`);
      assert.deepEqual(kinds(changes), [['UPDATE'], [], [], ['UPDATE']]);
    });

    it('that changes hands, whoever may see it after that', async () => {
      await run(`insert into public.notes (user_id, body) values ('${member!.id}', 'given')`);
      const changes = await heard('notes', `update public.notes set user_id = '${other!.id}' where body = 'given'`);
      assert.deepEqual(kinds(changes), [[], ['UPDATE'], [], ['UPDATE']]);
    });

    it('that is gone, everybody, but no more than its key', async () => {
      const [row] = await backend.database.query<{ id: number }>(
        `insert into public.notes (user_id, body) values ('${member!.id}', 'goes') returning id`,
      );
      const changes = await heard('notes', `delete from public.notes where body = 'goes'`);
      for (const each of changes)
        assert.deepEqual(
          each.map((change) => change.old),
          [{ id: row!.id }],
        );
    });

    it('that is gone, no more than its key, even with REPLICA IDENTITY FULL', async () => {
      await run(`insert into public.logged (user_id, body) values ('${member!.id}', 'goes')`);
      const changes = await heard('logged', `delete from public.logged`);
      for (const each of changes)
        assert.deepEqual(
          each.map((change) => Object.keys(change.old)),
          [['id']],
        );
    });

    it('that changes with REPLICA IDENTITY FULL, all that it was', async () => {
      await run(`insert into public.logged (user_id, body) values ('${member!.id}', 'was')`);
      const [[change] = []] = await heard('logged', `update public.logged set body = 'is' where body = 'was'`);
      assert.partialDeepStrictEqual(change, { new: { body: 'is' }, old: { body: 'was', user_id: member!.id } });
    });

    it('that is gone again before anybody could look, nobody of its coming', async () => {
      const changes = await heard(
        'notes',
        `begin; insert into public.notes (user_id, body) values ('${member!.id}', 'brief');
         delete from public.notes where body = 'brief'; commit`,
      );
      assert.deepEqual(kinds(changes), [['DELETE'], ['DELETE'], ['DELETE'], ['DELETE']]);
    });

    it('whose key has any names', async () => {
      const [mine] = await heard('quarrel', `insert into public.quarrel values (1, 'c', 'o')`);
      assert.deepEqual(
        mine!.map((change) => change.new),
        [{ id: 1, change_id: 'c', 'odd "name"': 'o' }],
      );
    });

    it('whoever somebody is after their token is renewed', async () => {
      let { token } = member!;
      const client = newClient(backend, () => token);
      const watching = await watchLive(client, [{ table: 'notes' }]);
      ({ token } = other!);
      await client.realtime.setAuth();
      await until(() => watching.system.length === 2);
      await run(
        `insert into public.notes (user_id, body) values ('${member!.id}', 'of before'), ('${other!.id}', 'of now')`,
      );
      assert.deepEqual(
        (await settled(backend, watching)).map((change) => change.new.body),
        ['of now'],
      );
      await client.removeAllChannels();
    });
  });

  describe('of a row without row-level security', () => {
    it('everybody', async () => {
      const changes = await heard(
        'open',
        `insert into public.open (body) values ('all'); update public.open set body = 'x'`,
      );
      assert.deepEqual(kinds(changes), Array(4).fill(['INSERT', 'UPDATE']));
    });

    it('that is gone, all that it was, with REPLICA IDENTITY FULL', async () => {
      const changes = await heard('open', `delete from public.open`);
      for (const each of changes) assert.partialDeepStrictEqual(each, [{ old: { body: 'x', user_id: null } }]);
    });
  });

  describe('instead of the row, that there is', () => {
    it('no primary key', async () => {
      const [mine] = await heard('keyless', `insert into public.keyless values (null, 'kept')`);
      assert.deepEqual(
        mine!.map(({ new: row, errors, commit_timestamp }) => [row, errors, commit_timestamp]),
        [[{}, ['Error 400: Bad Request, no primary key'], null]],
      );
    });

    it('no right to its primary key', async () => {
      const changes = await heard(
        'veiled',
        `insert into public.veiled values (1, 'kept'); update public.veiled set body = 'b'`,
      );
      for (const each of changes) {
        assert.deepEqual(
          each.map(({ new: row, old, errors }) => [row, old, errors]),
          Array(2).fill([{}, {}, ['Error 401: Unauthorized']]),
        );
      }
    });

    it('nothing, when it is gone', async () => {
      await run(`insert into public.veiled values (2, 'goes')`);
      const changes = await heard('veiled', `delete from public.veiled where id = 2`);
      for (const each of changes) {
        assert.deepEqual(
          each.map(({ eventType, old, errors }) => [eventType, old, errors]),
          [['DELETE', {}, null]],
        );
      }
    });

    it('a policy that fails, and only to whom it does', async () => {
      const claims = { sub: 'no uuid', role: 'authenticated', exp: 4e9 };
      const token = await signToken(claims, backend.keys.jwtSecret);
      const client = newClient(backend, () => token);
      const broken = await watchLive(client, [{ table: 'notes' }]);
      const [mine] = await heard('notes', `insert into public.notes (user_id, body) values ('${member!.id}', 'mine')`);
      assert.equal(mine![0]!.new.body, 'mine');
      assert.deepEqual(
        (await settled(backend, broken)).map(({ new: row, errors }) => [row, errors]),
        [[{}, ['Error 500: Internal Server Error, RLS policy evaluation failed']]],
      );
      await client.removeAllChannels();
    });

    it('more than a megabyte of it; short fields stay', async () => {
      const changes = await heard('open', `insert into public.open (body) values (repeat('x', ${2 ** 20 + 1}))`);
      for (const each of changes) {
        assert.deepEqual(
          each.map(({ new: { body, user_id }, errors }) => [body, user_id, errors]),
          [[undefined, null, ['Error 413: Payload Too Large']]],
        );
      }
    });
  });
});
