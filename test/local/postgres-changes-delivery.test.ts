import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { LocalBackend } from '../../local/backend.ts';
import { endBackend, newClient, newMember, startTestBackend, type Person } from '../support/node/backend.ts';
import { RawSocket } from '../support/node/raw-socket.ts';
import { until } from '../support/node/until.ts';
import { MARKERS, settled, watchLive, type Watching } from '../support/node/watching.ts';

const TABLES = `
  create table public.notes (id int generated always as identity primary key, body text);
  create table public.replies (id int generated always as identity primary key, note_id int references public.notes on delete cascade);
  grant select on public.notes, public.replies to anon, authenticated;
  alter publication supabase_realtime add table public.notes, public.replies;`;

describe('postgres_changes, once begun,', () => {
  let backend: LocalBackend;
  let member: Person;
  before(async () => {
    backend = await startTestBackend({ limits: { messagesPerSecond: Infinity, joinsPerSecond: Infinity } });
    await backend.database.exec(TABLES + MARKERS);
    member = await newMember(backend);
  });
  afterEach(async () => {
    await Promise.all(member.client.getChannels().map((channel) => member.client.removeChannel(channel)));
  });
  after(() => endBackend(backend));

  const run = (sql: string) => backend.database.exec(sql);
  const write = (body: string) => backend.database.query('insert into public.notes (body) values ($1)', [body]);
  const bodies = async (watching: Watching) => (await settled(backend, watching)).map((change) => change.new.body);

  describe('tells', () => {
    it('of rows that come, change and go', async () => {
      const watching = await watchLive(member.client, [{ table: 'notes' }]);
      await run(`insert into public.notes (body) values ('one'); update public.notes set body = 'two' where body = 'one';
                 delete from public.notes where body = 'two'`);
      const changes = await settled(backend, watching);
      const { id } = changes[0]!.new;
      assert.deepEqual(
        changes.map((change) => [change.eventType, change.new, change.old]),
        [
          ['INSERT', { id, body: 'one' }, {}],
          ['UPDATE', { id, body: 'two' }, { id }],
          ['DELETE', {}, { id }],
        ],
      );
    });

    it('each binding of what it asked for, and of nothing else', async () => {
      const watching = await watchLive(member.client, [
        { event: 'INSERT', table: 'notes' },
        { event: 'UPDATE' },
        { event: 'DELETE', schema: '*' },
        { table: 'replies' },
      ]);
      await run(`insert into public.notes (body) values ('kinds'); update public.notes set body = 'x' where body = 'kinds';
                 delete from public.notes where body = 'x'`);
      const changes = await settled(backend, watching);
      assert.deepEqual(
        changes.map(({ wish, eventType }) => [wish, eventType]),
        [
          [0, 'INSERT'],
          [1, 'UPDATE'],
          [2, 'DELETE'],
        ],
      );
    });

    it('two bindings that want the same row, both', async () => {
      const watching = await watchLive(member.client, [{ table: 'notes' }, { event: 'INSERT', table: 'notes' }]);
      await write('twice');
      const changes = await settled(backend, watching);
      assert.deepEqual(changes.map(({ wish }) => wish).toSorted(), [0, 1]);
    });

    it('a binding that was made twice, once', async () => {
      const watching = await watchLive(member.client, [{ table: 'notes' }, { table: 'notes' }]);
      await write('once');
      assert.equal((await settled(backend, watching)).length, 1);
    });

    it('everybody', async () => {
      const watching = await Promise.all(
        [member.client, newClient(backend), newClient(backend)].map((client) =>
          watchLive(client, [{ table: 'notes' }]),
        ),
      );
      await write('to all');
      for (const each of watching) assert.deepEqual(await bodies(each), ['to all']);
    });

    it('nobody of what is rolled back', async () => {
      const watching = await watchLive(member.client, [{ table: 'notes' }]);
      await run(`begin; insert into public.notes (body) values ('undone'); rollback`);
      assert.deepEqual(await bodies(watching), []);
      assert.deepEqual(await backend.database.query('select 1 from realtime.changes'), []);
    });

    it('nobody who has left', async () => {
      const left = await watchLive(member.client, [{ table: 'notes' }]);
      await member.client.removeChannel(left.channel);
      const stayed = await watchLive(member.client, [{ table: 'notes' }]);
      await write('gone');
      assert.deepEqual(await bodies(stayed), ['gone']);
      assert.deepEqual(left.changes, []);
    });

    it('nobody who leaves while rows are looked up', async () => {
      const socket = await RawSocket.open(backend);
      const postgres_changes = [{ event: '*', schema: 'public', table: 'notes' }];
      await socket.ask('realtime:x', 'phx_join', { config: { postgres_changes } });
      await until(() => socket.frames.some(([, , , event]) => event === 'system'));
      await write('too late');
      // The database is busy, so that the change was taken from the outbox, and its table not looked up yet.
      let release = (): void => undefined;
      const busy = backend.database.exclusive(() => new Promise<void>((resolve) => (release = resolve)));
      await socket.ask('realtime:x', 'phx_leave');
      release();
      await busy;
      const witness = await watchLive(member.client, []);
      await settled(backend, witness);
      await socket.alive();
      assert.ok(!socket.frames.some(([, , , event]) => event === 'postgres_changes'));
      socket.close();
    });

    it('nobody of a table that is taken out of the publication, until it is back', async () => {
      const watching = await watchLive(member.client, [{ table: 'notes' }]);
      await run('alter publication supabase_realtime drop table public.notes');
      await write('out');
      await run('alter publication supabase_realtime add table public.notes');
      await write('back');
      assert.deepEqual(await bodies(watching), ['back']);
    });

    it('of a table that is added to the publication later, whoever listens to its schema', async () => {
      const watching = await watchLive(member.client, [{ schema: 'public' }]);
      await run(`create table public.latecomers (id int primary key); grant select on public.latecomers to authenticated;
                 alter publication supabase_realtime add table public.latecomers; insert into public.latecomers values (7)`);
      const changes = await settled(backend, watching);
      assert.deepEqual(
        changes.map((change) => [change.table, change.new]),
        [['latecomers', { id: 7 }]],
      );
    });

    it('of the partitions of a published table', async () => {
      await run(`create table public.days (day int primary key) partition by range (day);
                 create table public.days_low partition of public.days for values from (0) to (10);
                 grant select on public.days_low to authenticated;
                 alter publication supabase_realtime add table public.days`);
      const watching = await watchLive(member.client, [{ table: 'days_low' }]);
      await run('insert into public.days values (3)');
      assert.deepEqual(
        (await settled(backend, watching)).map((change) => change.new),
        [{ day: 3 }],
      );
    });

    it('nobody of a table that is dropped before they are told, but of the others', async () => {
      const watching = await watchLive(member.client, [{ schema: 'public' }]);
      await run(`create table public.brief (id int primary key);
                 alter publication supabase_realtime add table public.brief`);
      await run(`begin; insert into public.brief values (1); insert into public.notes (body) values ('lasting');
                 drop table public.brief; commit`);
      assert.deepEqual(await bodies(watching), ['lasting']);
    });
  });

  describe('keeps the order', () => {
    it('of statements and tables of a transaction', async () => {
      const watching = await watchLive(member.client, [{ table: 'replies' }, { table: 'notes' }]);
      await run(`begin; insert into public.notes (body) values ('a'); insert into public.replies (note_id) values (null);
                 update public.notes set body = 'b' where body = 'a'; insert into public.replies (note_id) values (null);
                 delete from public.notes where body = 'b'; commit`);
      assert.deepEqual(
        (await settled(backend, watching)).map(({ table, eventType }) => `${eventType} ${table}`),
        ['INSERT notes', 'INSERT replies', 'UPDATE notes', 'INSERT replies', 'DELETE notes'],
      );
    });

    it('of a row and what its deletion deletes', async () => {
      await run(`with note as (insert into public.notes (body) values ('parent') returning id)
                 insert into public.replies (note_id) select id from note`);
      const watching = await watchLive(member.client, [{ table: 'replies' }, { table: 'notes' }]);
      await run(`delete from public.notes where body = 'parent'`);
      assert.deepEqual(
        (await settled(backend, watching)).map(({ table }) => table),
        ['notes', 'replies'],
      );
    });

    it('of a row and what its triggers write', async () => {
      await run(`create function public.a_reply() returns trigger language plpgsql as $$
                 begin insert into public.replies (note_id) values (new.id); return null; end $$;
                 create trigger a_reply after insert on public.notes for each row execute function public.a_reply()`);
      const watching = await watchLive(member.client, [{ table: 'replies' }, { table: 'notes' }]);
      await write('with a reply');
      await run('drop trigger a_reply on public.notes');
      assert.deepEqual(
        (await settled(backend, watching)).map(({ table }) => table),
        ['notes', 'replies'],
      );
    });

    const BURSTS: [what: string, statements: number, rows: number][] = [
      ['one commit of 10,000 rows', 1, 10_000],
      ['100 commits of 100 rows', 100, 100],
    ];
    for (const [what, statements, rows] of BURSTS) {
      it(`of ${what}, and loses none`, async () => {
        const watching = await watchLive(member.client, [{ table: 'notes' }]);
        for (let statement = 0; statement < statements; statement += 1) {
          await run(`insert into public.notes (body) select 'burst ' || ${statement * rows} + n
                     from generate_series(0, ${rows - 1}) as n order by n`);
        }
        assert.deepEqual(
          await bodies(watching),
          Array.from({ length: statements * rows }, (_, index) => `burst ${index}`),
        );
      });
    }
  });

  it('survives a publication of all tables', async () => {
    const watching = await watchLive(member.client, [{ table: 'notes' }]);
    await run(`drop publication supabase_realtime; create publication supabase_realtime for all tables`);
    await write('all tables');
    assert.deepEqual(await bodies(watching), ['all tables']);
  });
});
