import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { LocalBackend } from '../../local/backend.ts';
import { endBackend, newClient, startTestBackend } from '../support/node/backend.ts';
import { until } from '../support/node/until.ts';
import { MARKERS, settled, watch, watchLive, type Wish } from '../support/node/watching.ts';

const UUID = '7f1c2d3e-0000-4000-8000-00000000000a';
const TABLE = `
  create table public.things (
    id int generated always as identity primary key,
    owner uuid, name text, n int, price numeric(10, 2), done boolean, at timestamptz, secret text, data json);
  grant select (id, owner, name, n, price, done, at, data) on public.things to anon;
  create table public.logged (id int generated always as identity primary key, name text);
  alter table public.logged replica identity full;
  grant select on public.logged to anon;
  alter publication supabase_realtime add table public.things, public.logged;`;

/** One row of each kind; the names say which. */
const ROWS = `
  insert into public.things (name, owner, n, price, done, at) values
    ('uuid', '${UUID}', null, null, null, null),
    ('number', null, 7, 1.50, null, null),
    ('true', null, null, null, true, null),
    ('false', null, null, null, false, null),
    ('time', null, null, null, null, '2026-11-20 12:00:00+00'),
    ('null', null, null, null, null, null),
    ('a,b', null, null, null, null, null),
    ('say "hi"', null, null, null, null, null),
    ('a.b(c)', null, null, null, null, null),
    ('x=eq.y', null, 8, null, null, null),
    ('', null, null, null, null, null)`;

describe('postgres_changes with', () => {
  let backend: LocalBackend;
  const client = () => clients[0]!;
  const clients: ReturnType<typeof newClient>[] = [];
  before(async () => {
    backend = await startTestBackend({ limits: { messagesPerSecond: Infinity, joinsPerSecond: Infinity } });
    await backend.database.exec(TABLE + MARKERS);
    clients.push(newClient(backend));
  });
  afterEach(() =>
    Promise.all(
      client()
        .getChannels()
        .map((channel) => client().removeChannel(channel)),
    ),
  );
  after(() => endBackend(backend));

  /** The rows that a wish lets through of what a statement changes. */
  async function through(wish: Wish, sql: string) {
    const watching = await watchLive(client(), [{ table: 'things', ...wish }]);
    await backend.database.exec(sql);
    return settled(backend, watching);
  }
  async function complaint(wish: Wish): Promise<string> {
    const watching = await watch(client(), [{ table: 'things', ...wish }]);
    return until(() => watching.system[0]);
  }

  describe('a filter hears of the rows that', () => {
    const FILTERS: [filter: string, names: string[]][] = [
      [`owner=eq.${UUID}`, ['uuid']],
      [`owner=eq.${UUID.toUpperCase()}`, ['uuid']],
      [`owner=in.(00000000-0000-4000-8000-000000000000,${UUID})`, ['uuid']],
      ['n=eq.7', ['number']],
      ['n=eq.07', ['number']],
      ['n=in.(7, 8)', ['number', 'x=eq.y']],
      ['n=in.()', []],
      ['price=eq.1.5', ['number']],
      ['done=eq.true', ['true']],
      ['done=eq.f', ['false']],
      ['done=in.(true,false)', ['true', 'false']],
      ['at=eq.2026-11-20T13:00:00+01:00', ['time']],
      ['name=eq.null', ['null']],
      ['name=eq."a,b"', ['a,b']],
      ['name=in.("a,b",null)', ['a,b']],
      ['name=in.("a,b","null")', ['null', 'a,b']],
      ['name=eq.say "hi"', ['say "hi"']],
      ['name=eq."say \\"hi\\""', ['say "hi"']],
      ['name=in.("say \\"hi\\"",time)', ['time', 'say "hi"']],
      ['name=eq.a.b(c)', ['a.b(c)']],
      ['name=in.("a.b(c)",time)', ['time', 'a.b(c)']],
      ['name=eq.x=eq.y', ['x=eq.y']],
      ['name=eq.', ['']],
      ['name=eq.Number', []],
      ['n=eq.7,name=eq.number', ['number']],
      ['n=eq.7,name=eq.time', []],
      ['name=in.(number,time),n=in.(7,8)', ['number']],
      ['', ['uuid', 'number', 'true', 'false', 'time', 'null', 'a,b', 'say "hi"', 'a.b(c)', 'x=eq.y', '']],
    ];
    for (const [filter, names] of FILTERS) {
      it(`pass ${filter || 'an empty one'}`, async () => {
        const changes = await through({ event: 'INSERT', filter }, ROWS);
        assert.deepEqual(
          changes.map((change) => change.new.name),
          names,
        );
      });
    }

    it('pass it after an UPDATE, whatever they were before', async () => {
      await backend.database.exec(`insert into public.things (name, n) values ('enters', 1), ('leaves', 2)`);
      const changes = await through(
        { filter: 'n=eq.2' },
        `update public.things set n = 2 where name = 'enters'; update public.things set n = 1 where name = 'leaves'`,
      );
      assert.deepEqual(
        changes.map((change) => change.new.name),
        ['enters'],
      );
    });
  });

  describe('a filter hears of a DELETE', () => {
    it('never by a column that the replica identity leaves out', async () => {
      await backend.database.exec(`insert into public.things (name) values ('goes')`);
      assert.deepEqual(
        await through({ event: 'DELETE', filter: 'name=eq.goes' }, `delete from public.things where name = 'goes'`),
        [],
      );
    });

    it('by the key', async () => {
      const [row] = await backend.database.query<{ id: number }>(
        `insert into public.things (name) values ('keyed') returning id`,
      );
      const changes = await through(
        { event: 'DELETE', filter: `id=eq.${row!.id}` },
        `delete from public.things where n = 2 or name = 'keyed'`,
      );
      assert.deepEqual(
        changes.map((change) => change.old),
        [{ id: row!.id }],
      );
    });

    it('by any column with REPLICA IDENTITY FULL', async () => {
      const changes = await through(
        { event: 'DELETE', table: 'logged', filter: 'name=eq.goes' },
        `insert into public.logged (name) values ('goes'), ('goes too'); delete from public.logged`,
      );
      assert.deepEqual(
        changes.map((change) => change.old.name),
        ['goes'],
      );
    });
  });

  describe('a filter that cannot be is complained about:', () => {
    const EXCEPTION = 'An exception happened so please check your connect parameters: .* Exception: ERROR ';
    const COMPLAINTS: [what: string, filter: string, reason: RegExp][] = [
      [
        'another operator',
        'n=gt.1',
        /^error: Error parsing `filter` params: \["n=gt.1"\]; the local server has eq and in$/,
      ],
      ['a negation', 'n=not.eq.1', /the local server has eq and in$/],
      ['a second filter with another operator', 'n=eq.1,n=lt.3', /\["n=lt.3"\]; the local server has eq and in$/],
      ['a value with a bare comma', 'name=eq.a,b', /\["b"\]/],
      ['no operator', 'undefined', /^error: Error parsing `filter` params: \["undefined"\]/],
      ['an empty part', 'n=eq.1,,n=eq.2', /^error: Error parsing `filter` params: \[""\]/],
      ['a list without parentheses', 'n=in.1,2', /`in` filter value must be wrapped by parentheses$/],
      [
        'a column that does not exist',
        'nosuch=eq.1',
        new RegExp(`${EXCEPTION}P0001 .*invalid column for filter nosuch$`),
      ],
      ['a column that may not be read', 'secret=eq.x', /invalid column for filter secret$/],
      [
        'a value of another type',
        'n=eq.x',
        new RegExp(`${EXCEPTION}22P02 .*invalid input syntax for type integer: "x"$`),
      ],
      ['a list with a value of another type', 'owner=in.(x)', /invalid input syntax for type uuid: "x"$/],
      [
        'more than 100 values',
        `n=in.(${Array.from({ length: 101 }, (_, index) => index).join()})`,
        /too many values for `in` filter\. Maximum 100$/,
      ],
    ];
    for (const [what, filter, reason] of COMPLAINTS) {
      it(what, async () => assert.match(await complaint({ filter }), reason));
    }

    it('one on a whole schema', async () => {
      assert.match(await complaint({ table: '*', filter: 'n=eq.1' }), /filters on one table only$/);
    });
  });

  describe('a selection', () => {
    it('hears of those columns and the key', async () => {
      const [change] = await through({ select: ['name'] }, `insert into public.things (name, n) values ('chosen', 1)`);
      assert.deepEqual(Object.keys(change!.new).toSorted(), ['id', 'name']);
    });

    it('leaves the other bindings of its channel what they asked for', async () => {
      const watching = await watchLive(client(), [
        { table: 'things', select: ['name'] },
        { table: 'things', select: ['n'] },
        { table: 'things' },
      ]);
      await backend.database.exec(`insert into public.things (name, n) values ('each', 1)`);
      const changes = await settled(backend, watching);
      assert.deepEqual(
        changes.toSorted((a, b) => a.wish - b.wish).map((change) => Object.keys(change.new).length),
        [2, 2, 8],
      );
    });

    it('may be one that a filter does not look at', async () => {
      const changes = await through(
        { select: ['name'], filter: 'n=eq.5' },
        `insert into public.things (name, n) values ('a', 5), ('b', 6)`,
      );
      assert.deepEqual(
        changes.map((change) => change.new.name),
        ['a'],
      );
    });

    it('of a column that may not be read is complained about', async () => {
      assert.match(await complaint({ select: ['secret'] }), /invalid column for select secret$/);
    });
  });

  it('a column that may not be read hears of all others', async () => {
    const [change] = await through({}, `insert into public.things (name, secret) values ('shown', 'hidden')`);
    assert.equal(change!.new.name, 'shown');
    assert.ok(!JSON.stringify(change).includes('secret') && !JSON.stringify(change).includes('hidden'));
  });
});
