import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, it } from 'node:test';
import type { Claims } from '../../local/keys.ts';
import { actAs } from '../../local/realtime/authorization.ts';
import { onPostgres } from '../support/node/engines.ts';
import { makeLog, makeUsers } from '../support/node/large-log.ts';
import type { LogPage, Reader } from '../support/node/log-sql.ts';

const FULL = Boolean(process.env.LIVELIT_FULL);
const USERS = FULL ? 20_000 : 1_000;
const SIZES = FULL ? [10_000, 1_000_000] : [2_000, 40_000];

interface Cost {
  /** Rows read of the log, and of the users' sums. */
  readonly log: number;
  readonly users: number;
  readonly ms: number;
  readonly page: LogPage;
}

onPostgres(`with ${USERS} users and a log that grows from ${SIZES[0]} rows to ${SIZES[1]}`, (database) => {
  const owner = randomUUID();
  const admin: Claims = { sub: randomUUID(), role: 'authenticated', app_metadata: { role: 'admin' } };
  let member: Claims;
  const costs = new Map<string, Cost[]>();

  /** What a call costs by the server's own count, which is the same on any machine; and the time, which is not. */
  const cost = (claims: Claims, reader: Reader, values: string): Promise<Cost> =>
    database.exclusive((session) =>
      session.transaction(async (transaction) => {
        const read = async () =>
          (
            await transaction.query<{ name: string; rows: number }>(
              `select relname as name, seq_tup_read + coalesce(idx_tup_fetch, 0) as rows from pg_stat_xact_user_tables`,
            )
          ).rows;
        await actAs(transaction, claims);
        const before = await read();
        const start = performance.now();
        const { rows } = await transaction.query<{ page: LogPage }>(`select public.${reader}(${values}) as page`);
        const ms = performance.now() - start;
        const after = await read();
        const of = (table: string) => {
          const count = (counts: typeof after) => counts.find(({ name }) => name === table)?.rows ?? 0;
          return count(after) - count(before);
        };
        return { log: of('usage_logs'), users: of('user_usage_rollup'), ms, page: rows[0]!.page };
      }),
    );

  const CALLS: Record<string, [Reader, () => [Claims, string]]> = {
    'the first page of users': ['usage_logs_page', () => [admin, '']],
    'users by cost': ['usage_logs_page', () => [admin, `p_sort => 'cost'`]],
    'the active ones': ['usage_logs_page', () => [admin, `p_activity => 'active_7d'`]],
    'a search': ['usage_logs_page', () => [admin, `p_search => 'user-77'`]],
    'one’s own sums': ['usage_logs_page', () => [member, '']],
    'users without a summary': ['usage_logs_page', () => [admin, `p_summary => 'none'`]],
    'the newest calls': ['usage_log_entries', () => [admin, '']],
    'older calls': ['usage_log_entries', () => [admin, `p_cursor => '${halfway}', p_summary => 'none'`]],
    'calls before those': [
      'usage_log_entries',
      () => [admin, `p_cursor => '${halfway}', p_backward => true, p_summary => 'none'`],
    ],
    'what failed': ['usage_log_entries', () => [admin, `p_status => 'error', p_summary => 'none'`]],
    'one’s own calls': ['usage_log_entries', () => [member, `p_summary => 'none'`]],
    'calls of one user': [
      'usage_log_entries',
      () => [admin, `p_user_id => '${member.sub}', p_limit => 2, p_summary => 'none'`],
    ],
  };
  let halfway: string;

  before(async () => {
    await database.exclusive((session) => makeUsers(session, owner, USERS));
    const [user] = await database.query<{ id: string }>(`select id from auth.users where email like 'user-7@%'`);
    member = { sub: user!.id, role: 'authenticated' };
    for (const rows of SIZES) {
      await database.exclusive((session) => makeLog(session, owner, rows));
      const [middle] = await database.query<{ cursor: string }>(
        `select jsonb_build_array('at', false, at::text, id)::text as cursor from public.usage_logs
         order by at offset ${rows / 2} limit 1`,
      );
      halfway = middle!.cursor;
      for (const [name, [reader, how]] of Object.entries(CALLS)) {
        const [claims, values] = how();
        await cost(claims, reader, values);
        costs.set(name, [...(costs.get(name) ?? []), await cost(claims, reader, values)]);
      }
    }
  });

  describe('no page of users reads any of the log:', () => {
    for (const [name] of Object.entries(CALLS).filter(([, [reader]]) => reader === 'usage_logs_page')) {
      it(name, (t) => {
        const [small, large] = costs.get(name)! as [Cost, Cost];
        t.diagnostic(`${small.ms.toFixed(1)} → ${large.ms.toFixed(1)} ms, ${large.users} rows of the sums`);
        assert.deepEqual([small.log, large.log], [0, 0]);
        assert.ok(large.users <= small.users * 1.5 + 100, `${small.users} → ${large.users} sums`);
        assert.ok(large.ms < small.ms * 10 + 50, `${small.ms} → ${large.ms} ms`);
      });
    }
  });

  it('a page of users without a summary reads no more users than it shows', () => {
    const [, { users }] = costs.get('users without a summary')! as [Cost, Cost];
    assert.ok(users <= 60, `${users} of ${USERS}`);
  });

  it('one’s own sums are read without looking at anybody else’s', () => {
    const [, { users, page }] = costs.get('one’s own sums')! as [Cost, Cost];
    assert.equal(page.total, 1);
    assert.ok(users <= 5, `${users}`);
  });

  describe('a page of calls reads about as many as it shows:', () => {
    for (const [name] of Object.entries(CALLS).filter(([, [reader]]) => reader === 'usage_log_entries')) {
      it(name, (t) => {
        const [small, large] = costs.get(name)! as [Cost, Cost];
        t.diagnostic(`${small.ms.toFixed(1)} → ${large.ms.toFixed(1)} ms, ${large.log} calls read`);
        assert.ok(large.page.rows.length > 0);
        assert.ok(large.log <= large.page.rows.length * 2 + 20, `${large.log} for ${large.page.rows.length}`);
      });
    }
  });
});
