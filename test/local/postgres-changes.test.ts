import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, describe, it } from 'node:test';
import type { LocalBackend } from '../../local/backend.ts';
import { endBackend, newClient, newMember, startTestBackend, type Person } from '../support/node/backend.ts';
import { RawSocket } from '../support/node/raw-socket.ts';
import { until } from '../support/node/until.ts';
import { MARKERS, settled, watch, watchLive, type Watching } from '../support/node/watching.ts';

const TABLES = `
  create table public.notes (id int generated always as identity primary key, body text);
  create table public.unpublished (id int primary key);
  grant select on public.notes, public.unpublished to anon, authenticated;
  alter publication supabase_realtime add table public.notes;`;

describe('postgres_changes', () => {
  let backend: LocalBackend;
  let member: Person;
  before(async () => {
    backend = await startTestBackend({ limits: { messagesPerSecond: Infinity, joinsPerSecond: Infinity } });
    await backend.database.exec(TABLES + MARKERS);
    member = await newMember(backend);
  });
  afterEach(async () => {
    backend.faults.clear();
    await Promise.all(member.client.getChannels().map((channel) => member.client.removeChannel(channel)));
  });
  after(() => endBackend(backend));

  const write = (body: string) => backend.database.query('insert into public.notes (body) values ($1)', [body]);
  const bodies = async (watching: Watching) => (await settled(backend, watching)).map((change) => change.new.body);
  const joined = ({ statuses }: Watching) => until(() => statuses.includes('SUBSCRIBED'));

  describe('is joined', () => {
    const BINDINGS = [
      { event: '*', schema: 'public', table: 'notes', filter: 'id=eq.1' },
      { event: 'DELETE', schema: 'public' },
      { event: 'INSERT', schema: 'public', table: 'notes', select: ['id'] },
    ];
    /** The answer to a join with these bindings, on a socket of its own. */
    async function answer(postgres_changes: unknown): Promise<{ id: number }[]> {
      const socket = await RawSocket.open(backend);
      const reply = await socket.ask(`realtime:${randomUUID()}`, 'phx_join', { config: { postgres_changes } });
      socket.close();
      assert.equal(reply.status, 'ok');
      return reply.response!.postgres_changes as { id: number }[];
    }

    it('with an answer that repeats the bindings in their order, each with an id', async () => {
      const answered = await answer(BINDINGS);
      assert.deepEqual(
        answered,
        BINDINGS.map((binding, index) => ({ ...binding, id: answered[index]?.id })),
      );
      assert.equal(new Set(answered.map(({ id }) => id)).size, 3);
      assert.ok(answered.every(({ id }) => Number.isSafeInteger(id)));
    });

    it('with the same ids for the same bindings, whatever the topic and the order', async () => {
      const ids = (answered: { id: number }[]) => answered.map(({ id }) => id);
      assert.deepEqual(ids(await answer(BINDINGS)), ids(await answer(BINDINGS.toReversed())).toReversed());
    });

    it('without a binding that is null', async () => {
      assert.equal((await answer([null, BINDINGS[0]])).length, 1);
    });

    for (const [what, bindings] of [
      ['that are no array', {}],
      ['that are texts', ['notes']],
    ] as const) {
      it(`not with bindings ${what}, and says why`, async () => {
        const socket = await RawSocket.open(backend);
        const { status, response } = await socket.ask('realtime:x', 'phx_join', {
          config: { postgres_changes: bindings },
        });
        assert.deepEqual(
          [status, response],
          ['error', { reason: 'Unsupported: postgres_changes is an array of bindings' }],
        );
        assert.equal(await socket.alive(), true);
        socket.close();
      });
    }

    it('on a private channel, when its topic may be heard', async () => {
      const topic = `user:${member.id}`;
      const watching = await watchLive(member.client, [{ table: 'notes' }], { topic, isPrivate: true });
      await write('private');
      assert.deepEqual(await bodies(watching), ['private']);
    });

    it('not on a private channel, when its topic may not be heard', async () => {
      const watching = await watch(member.client, [{ table: 'notes' }], { topic: 'elsewhere', isPrivate: true });
      await until(() => watching.errors.length > 0);
      assert.match(watching.errors[0]!, /^Unauthorized/);
    });
  });

  describe('begins', () => {
    it('after SUBSCRIBED, and says so', async () => {
      backend.faults.set({ subscribeDelayMs: 50 });
      const watching = await watch(member.client, [{ table: 'notes' }]);
      await until(() => watching.history.length === 2);
      assert.deepEqual(watching.history, ['SUBSCRIBED', 'Subscribed to PostgreSQL']);
    });

    it('without holding up the socket until then', async () => {
      backend.faults.set({ subscribeDelayMs: 200 });
      const socket = await RawSocket.open(backend);
      const postgres_changes = [{ event: '*', schema: 'public', table: 'notes' }];
      await socket.ask('realtime:x', 'phx_join', { config: { postgres_changes } });
      assert.equal(await socket.alive(), true);
      assert.ok(!socket.frames.some(([, , , event]) => event === 'system'));
      socket.close();
    });

    it('with SUBSCRIBED, when the page waits', async () => {
      backend.faults.set({ subscribeDelayMs: 50 });
      const watching = await watch(member.client, [{ table: 'notes' }, { table: 'markers' }], { wait: true });
      await joined(watching);
      await write('at once');
      assert.deepEqual(await bodies(watching), ['at once']);
    });

    it('without what was committed between SUBSCRIBED and then', async () => {
      backend.faults.set({ subscribeDelayMs: 200 });
      const watching = await watch(member.client, [{ table: 'notes' }, { table: 'markers' }]);
      await joined(watching);
      await write('lost');
      assert.deepEqual(watching.system, []);
      await until(() => watching.system.length > 0);
      await write('heard');
      assert.deepEqual(await bodies(watching), ['heard']);
    });

    it('without what was committed before the join', async () => {
      await write('before');
      const watching = await watchLive(member.client, [{ table: 'notes' }]);
      assert.deepEqual(await bodies(watching), []);
    });

    it('anew with a new token, and says so again', async () => {
      const { token } = await newMember(backend);
      let current = member.token;
      const client = newClient(backend, () => current);
      const watching = await watchLive(client, [{ table: 'notes' }]);
      current = token;
      await client.realtime.setAuth();
      await until(() => watching.system.length === 2);
      assert.equal(watching.system[1], 'ok: Subscribed to PostgreSQL');
    });
  });

  describe('of what cannot be subscribed to', () => {
    const REFUSED: [what: string, wish: object, reason: RegExp][] = [
      [
        'a table that is not published',
        { table: 'unpublished' },
        /^Unable to subscribe to changes with given parameters\. Please check Realtime is enabled for the given connect parameters: \[event: \*, schema: public, table: unpublished, filters: \[\], select: nil\]$/,
      ],
      ['a table that does not exist', { table: 'nosuch' }, /Please check Realtime is enabled/],
      [
        'neither a schema nor a table',
        { schema: undefined },
        /^No subscription params provided\. Please provide at least a `schema` or `table` to subscribe to: /,
      ],
      ['columns of a whole schema', { select: ['id'] }, /^Column selection is not supported for wildcard/],
      [
        'a column that does not exist',
        { table: 'notes', select: ['nosuch'] },
        /An exception happened so please check your connect parameters: .*select: \["nosuch"\]\]\. Exception: ERROR P0001 \(raise_exception\) invalid column for select nosuch$/,
      ],
    ];
    for (const [what, wish, reason] of REFUSED) {
      it(`${what} is joined, and complained about`, async () => {
        const watching = await watch(member.client, [wish]);
        await until(() => watching.system.length > 0);
        assert.deepEqual(watching.statuses, ['SUBSCRIBED']);
        assert.match(watching.system[0]!.replace(/^error: /, ''), reason);
      });

      it(`${what} is refused when the page waits`, async () => {
        const watching = await watch(member.client, [wish], { wait: true });
        const error = await until(() => watching.errors[0]);
        assert.match(error.replace(/^RealtimeDisabledForConfiguration: /, ''), reason);
        assert.match(error, /^RealtimeDisabledForConfiguration: /);
      });
    }

    it('one binding keeps the others of its channel from beginning', async () => {
      const watching = await watch(member.client, [{ table: 'notes' }, { table: 'nosuch' }]);
      await until(() => watching.system.length > 0);
      await write('unheard');
      const witness = await watchLive(member.client, []);
      await settled(backend, witness);
      assert.deepEqual(watching.changes, []);
    });
  });
});
