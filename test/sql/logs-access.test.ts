import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { canReceive } from '../../local/realtime/authorization.ts';
import type { Claims } from '../../local/keys.ts';
import { onEachEngine } from '../support/node/engines.ts';
import { logEntry, logUsage, ownSite, purchase, readLog, type LogPage, type Reader } from '../support/node/log-sql.ts';
import { ANON, asUser, newAdmin, newMember, newVisitor, type Person } from '../support/node/sql.ts';

const TABLES = ['usage_logs', 'credit_purchases'] as const;
const READERS: readonly Reader[] = ['usage_logs_page', 'usage_log_entries'];

/**
 * Somebody with an account tries to learn of somebody else's calls: what they see, and every number, is as if the others
 * did not exist.
 */
onEachEngine('the log of somebody else', (database) => {
  let owner: Person, admin: Person, member: Person, other: Person;
  /** What the member sees by a path before anybody else has used anything. */
  let others: { ids: string[]; purchase: string; cursors: Record<Reader, string[]> };

  before(async () => {
    [owner, admin] = [await newMember(database), await newAdmin(database)];
    [member, other] = [await newMember(database), await newMember(database)];
    await ownSite(database, owner);
    await database.query(`update auth.users set email = 'member@in.test' where id = $1`, [member.id]);
    await database.query(`update auth.users set email = 'secret@out.test' where id = $1`, [other.id]);
    const day = (n: number) => `2026-11-0${n}T00:00:00Z`;
    await logUsage(database, [
      logEntry({ user_id: member.id, at: day(3), cost: 1, context_tokens: 10, model: 'm', latency_ms: 100 }),
      logEntry({ user_id: member.id, at: day(5), cost: 3, context_tokens: 30, model: 'm', latency_ms: 300 }),
      ...[1, 2, 4, 6].map((n) =>
        logEntry({
          user_id: other.id,
          at: day(n),
          cost: n,
          context_tokens: n * 10,
          model: 'secret',
          app: 'secret',
          latency_ms: n,
          status: 'error',
        }),
      ),
      logEntry({ user_id: null, model: 'secret' }),
    ]);
    await purchase(database, member, 'completed', 5);
    const bought = await purchase(database, other, 'completed', 500);
    const entries = await readLog(database, admin.claims, 'usage_log_entries', { user_id: other.id });
    const cursorsOf = async (reader: Reader, sorts: string[]) =>
      await Promise.all(
        sorts.map(async (sort) => {
          const { next_cursor } = await readLog(database, admin.claims, reader, { sort, limit: 1 });
          return next_cursor!;
        }),
      );
    others = {
      ids: entries.rows.map(({ id }) => id as string),
      purchase: bought,
      cursors: {
        usage_logs_page: await cursorsOf('usage_logs_page', ['last_activity_at', 'tokens', 'cost', 'revenue', 'email']),
        usage_log_entries: await cursorsOf('usage_log_entries', ['at', 'cost', 'tokens', 'latency_ms']),
      },
    };
    assert.equal(others.ids.length, 4);
  });

  const usersIn = ({ rows }: LogPage) => [...new Set(rows.map(({ user_id }) => user_id))];
  /** Everything that a page says is of the member, and no number counts anybody else. */
  function onlyOwn(page: LogPage): void {
    assert.ok(
      page.rows.every(({ user_id }) => user_id === member.id),
      JSON.stringify(page.rows),
    );
    const { total, totals, revenue_total } = page;
    assert.ok((total ?? 0) <= 2, `total ${total}`);
    assert.ok(
      (totals?.requests ?? 0) <= 2 && (totals?.cost ?? 0) <= 4 && (totals?.revenue ?? 0) <= 5,
      JSON.stringify(totals),
    );
    assert.ok((revenue_total ?? 0) <= 5, `revenue ${revenue_total}`);
    assert.equal(page.total_estimated, false);
    assert.doesNotMatch(JSON.stringify(page), /secret|Portfolio/);
  }

  describe('is closed to a member', () => {
    for (const table of TABLES) {
      it(`in the table ${table}, whatever is asked for`, async () => {
        const wheres = [
          'true',
          `user_id = '${other.id}'`,
          `user_id is null`,
          `owner_id = '${owner.id}'`,
          `user_id <> '${member.id}'`,
        ];
        for (const where of wheres) {
          const rows = await asUser<{ user_id: string }>(
            database,
            member.claims,
            `select user_id from public.${table} where ${where}`,
          );
          assert.ok(
            rows.every(({ user_id }) => user_id === member.id),
            where,
          );
        }
        const [count] = await asUser(database, member.claims, `select count(*)::int as rows from public.${table}`);
        assert.deepEqual(count, { rows: table === 'usage_logs' ? 2 : 1 });
      });
    }

    for (const name of ['user_usage_rollup', 'user_usage_recomputed', 'people']) {
      it(`in private.${name}`, async () => {
        await assert.rejects(asUser(database, member.claims, `select * from private.${name}`), { code: '42501' });
      });
    }

    for (const call of [
      'private.check_usage_rollup()',
      'private.rebuild_usage_rollup()',
      `private.visible_rows('all', 'user_id')`,
      `private.found_people('secret')`,
      `private.estimated_rows('select from public.usage_logs')`,
      `private.activity_of(gen_random_uuid(), gen_random_uuid())`,
      `private.send_signal('admin:usage', 'usage_logs', 'UPDATE', 1, null)`,
    ]) {
      it(`by ${call.split('(')[0]}`, async () => {
        await assert.rejects(asUser(database, member.claims, `select ${call}`), { code: '42501' });
      });
    }

    const EVERY: readonly Record<string, unknown>[] = [
      {},
      ...['secret', 'out.test', '@', '%', 'visitors', 'test', 'e'].map((search) => ({ search })),
      ...['internal', 'external'].map((user_type) => ({ user_type })),
      ...['active_24h', 'active_7d', 'active_30d', 'inactive_30d'].map((activity) => ({ activity })),
      ...['count', 'totals'].map((summary) => ({ summary })),
      { limit: 200 },
    ];
    /** `<other>` and `<owner>` are their ids, `<ids>` those of the other's calls. */
    const PATHS: Record<Reader, readonly Record<string, unknown>[]> = {
      usage_logs_page: [
        ...EVERY,
        ...['last_activity_at', 'first_activity_at', 'requests', 'tokens', 'cost', 'co2_grams', 'revenue', 'email'].map(
          (sort) => ({ sort, ascending: true }),
        ),
        { page: 2, limit: 1 },
      ],
      usage_log_entries: [
        ...EVERY,
        ...['at', 'cost', 'tokens', 'latency_ms'].map((sort) => ({ sort, ascending: true })),
        { user_id: '<other>' },
        { user_id: '<owner>' },
        { visitors: true },
        { model: 'secret' },
        { app: 'secret' },
        { status: 'error' },
        { from: '2026-11-04T00:00:00Z', to: '2026-11-04T00:00:01Z' },
        { ids: '<ids>' },
        { ids: '<ids>', user_id: '<other>', columns: ['id', 'key', 'metadata', 'email'] },
        { model: 'secret', summary: 'count' },
      ],
    };
    const filled = (values: Record<string, unknown>) => {
      const ids: Record<string, unknown> = { '<other>': other.id, '<owner>': owner.id, '<ids>': others.ids };
      return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, ids[value as string] ?? value]));
    };
    for (const reader of READERS) {
      for (const path of PATHS[reader]) {
        it(`by ${reader}(${JSON.stringify(path)})`, async () => {
          for (const more of [{}, { summary: 'totals' }]) {
            onlyOwn(await readLog(database, member.claims, reader, { ...filled(path), ...more }));
          }
        });
      }

      it(`by ${reader} after a cursor that an admin got, or one that is made up`, async () => {
        for (const cursor of others.cursors[reader]) {
          const [sort, , ...rest] = JSON.parse(cursor) as [string, boolean, ...unknown[]];
          for (const ascending of [true, false]) {
            const forged = JSON.stringify([sort, ascending, ...rest]);
            onlyOwn(await readLog(database, member.claims, reader, { sort, ascending, cursor: forged }));
            if (reader === 'usage_log_entries') {
              onlyOwn(
                await readLog(database, member.claims, reader, { sort, ascending, cursor: forged, backward: true }),
              );
            }
          }
        }
      });
    }

    it('down to whether it exists: an id that is somebody else’s and one that is nobody’s answer alike', async () => {
      const ask = (values: Record<string, unknown>) =>
        readLog(database, member.claims, 'usage_log_entries', { summary: 'totals', ...values });
      assert.deepEqual(await ask({ user_id: other.id }), await ask({ user_id: randomUUID() }));
      assert.deepEqual(await ask({ ids: others.ids.slice(0, 1) }), await ask({ ids: [randomUUID()] }));
      assert.deepEqual(await ask({ model: 'secret' }), await ask({ model: 'nothing' }));
      const find = (search: string) => readLog(database, member.claims, 'usage_logs_page', { search });
      assert.deepEqual(await find('secret'), await find('nobody'));
    });

    it('as a number that is their own, and grows by nobody else’s', async () => {
      const numbers = async () => {
        const [page, entries] = await Promise.all(
          READERS.map((reader) => readLog(database, member.claims, reader, { summary: 'totals' })),
        );
        return [page!.total, page!.totals, page!.revenue_total, entries!.total, entries!.totals];
      };
      const before = await numbers();
      assert.partialDeepStrictEqual(before[1], { requests: 2, cost: 4, revenue: 5 });
      await logUsage(database, [logEntry({ user_id: other.id, cost: 9 }), logEntry()]);
      await purchase(database, other, 'completed', 50);
      assert.deepEqual(await numbers(), before);
    });

    it('on every topic but their own', async () => {
      const hears = (topic: string) => canReceive(database, member.claims, topic);
      for (const topic of [
        'admin:usage',
        `user:${other.id}`,
        `user:${owner.id}`,
        'usage_logs',
        `usage_logs:${other.id}`,
      ]) {
        assert.equal(await hears(topic), false, topic);
      }
      assert.equal(await hears(`user:${member.id}`), true);
    });
  });

  it('is counted to the end for a member, never estimated from what everybody has', async () => {
    await database.exec(`
      begin;
      set local session_replication_role = replica;
      insert into public.usage_logs (owner_id, user_id, app, model, key)
        select '${owner.id}', '${member.id}', 'a', 'mine', 'mine-' || n from generate_series(1, 10500) as n;
      commit`);
    const { total, total_estimated } = await readLog(database, member.claims, 'usage_log_entries', { model: 'mine' });
    assert.deepEqual([total, total_estimated], [10_500, false]);
    await database.exec(`
      begin;
      set local session_replication_role = replica;
      delete from public.usage_logs where key like 'mine-%';
      commit`);
  });

  describe('is open', () => {
    it('to an admin, and to the owner who pays for it, with their names', async () => {
      for (const reader of [admin, owner]) {
        const page = await readLog(database, reader.claims, 'usage_logs_page');
        assert.deepEqual(new Set(usersIn(page)), new Set([member.id, other.id, null]));
        assert.ok(page.rows.some(({ email }) => email === 'secret@out.test'));
        assert.equal(page.revenue_total, 555);
        assert.deepEqual(usersIn(await readLog(database, reader.claims, 'usage_log_entries', { user_id: other.id })), [
          other.id,
        ]);
        const rows = await asUser<{ user_id: string | null }>(
          database,
          reader.claims,
          'select user_id from public.usage_logs',
        );
        assert.deepEqual(new Set(rows.map(({ user_id }) => user_id)), new Set([member.id, other.id, null]));
      }
    });

    it('to an owner as far as they pay, and their own use elsewhere', async () => {
      const elsewhere = await newMember(database);
      await database.query(
        `insert into public.usage_logs (owner_id, user_id, app, model) values ($1, $1, 'a', 'm'), ($1, $2, 'a', 'm'), ($1, $3, 'a', 'm')`,
        [elsewhere.id, owner.id, other.id],
      );
      const seen = async (person: Person) =>
        (await readLog(database, person.claims, 'usage_log_entries', { summary: 'none' })).rows.filter(
          ({ owner_id }) => owner_id === elsewhere.id,
        ).length;
      assert.deepEqual([await seen(elsewhere), await seen(owner), await seen(other), await seen(admin)], [3, 1, 1, 3]);
      const { rows } = await readLog(database, elsewhere.claims, 'usage_logs_page');
      assert.ok(rows.every(({ owner_id }) => owner_id === elsewhere.id));
      await database.query('delete from public.usage_logs where owner_id = $1', [elsewhere.id]);
    });
  });

  describe('is closed altogether', () => {
    const closed: Record<string, () => Claims> = {
      'a visitor': () => ({ ...member.claims, is_anonymous: true }),
      'an admin without an account': () => ({ ...admin.claims, is_anonymous: true }),
      'whoever has only the key': () => ANON,
    };
    for (const [who, claims] of Object.entries(closed)) {
      it(`to ${who}`, async () => {
        for (const reader of READERS) await assert.rejects(readLog(database, claims(), reader), { code: '42501' });
        for (const table of TABLES) {
          const rows = asUser(database, claims(), `select 1 from public.${table}`);
          if (claims().role === 'anon') await assert.rejects(rows, { code: '42501' });
          else assert.deepEqual(await rows, []);
        }
        assert.equal(await canReceive(database, claims(), 'admin:usage'), false);
      });
    }

    it('to a visitor of the chat, whose calls are the owner’s to see', async () => {
      const visitor = await newVisitor(database);
      await assert.rejects(readLog(database, visitor.claims, 'usage_log_entries'), { code: '42501' });
    });

    it('to somebody who calls themselves an admin', async () => {
      const posers = [
        { ...member.claims, user_metadata: { role: 'admin' } },
        { ...member.claims, app_metadata: { role: 'administrator' } },
        { ...member.claims, app_role: 'admin' },
      ];
      for (const claims of posers) {
        for (const reader of READERS) onlyOwn(await readLog(database, claims, reader, { summary: 'totals' }));
        assert.equal(await canReceive(database, claims, 'admin:usage'), false);
      }
    });
  });
});
