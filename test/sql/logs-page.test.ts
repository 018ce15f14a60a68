import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { onEachEngine } from '../support/node/engines.ts';
import { logEntry, logUsage, ownSite, purchase, readLog, type LogPage } from '../support/node/log-sql.ts';
import { newAdmin, newMember, type Person } from '../support/node/sql.ts';

/** Addresses, names, and when they were last active, in days before now. */
const PEOPLE = [
  ['ada@in.test', 'Ada Lovelace', 0.5],
  ['brian@out.test', '100% Brian_K', 3],
  ['cleo@out.test', "Cleo O'Hara \\ Sons", 20],
  ['dora@out.test', 'Dora 100x Brian-K', 40],
  ['emil@in.test', 'ÉMIL', 400],
] as const;
const DAY_MS = 86_400_000;

onEachEngine('usage_logs_page', (database) => {
  let admin: Person;
  const people: Person[] = [];

  before(async () => {
    admin = await newAdmin(database);
    await ownSite(database, await newMember(database));
    await database.query(`update private.site set internal_domains = '{in.test}'`);
    for (const [email, name, days] of PEOPLE) {
      const person = await newMember(database);
      people.push(person);
      await database.query('update auth.users set email = $2 where id = $1', [person.id, email]);
      await database.query('update public.profiles set full_name = $2 where id = $1', [person.id, name]);
      // The first has one call, the second two…, each of so many tokens and dollars.
      const n = people.length;
      const entries = Array.from({ length: n }, (_, index) =>
        logEntry({
          user_id: person.id,
          at: new Date(Date.now() - (days + index) * DAY_MS).toISOString(),
          context_tokens: 100 * n,
          cached_tokens: n,
          generated_tokens: 10,
          cost: n === 5 ? null : 0.5,
          co2_grams: 0.25,
          status: index ? 'ok' : 'error',
        }),
      );
      await logUsage(database, entries);
    }
    await logUsage(database, [logEntry({ at: new Date(Date.now() - 5 * DAY_MS).toISOString() })]);
    await purchase(database, people[1]!, 'completed', 30);
    await purchase(database, people[1]!, 'completed', 12.5);
    await purchase(database, people[2]!, 'pending', 99);
    // Has paid and not come since.
    const patron = await newMember(database);
    await database.query(`update auth.users set email = 'patron@out.test' where id = $1`, [patron.id]);
    await purchase(database, patron, 'completed', 5);
  });

  const read = (values: Record<string, unknown> = {}) => readLog(database, admin.claims, 'usage_logs_page', values);
  /** The part of an address that names somebody. */
  const namesIn = ({ rows }: LogPage) => rows.map(({ email }) => (email as string | null)?.split('@')[0] ?? 'visitors');
  const names = async (values: Record<string, unknown> = {}) => namesIn(await read(values));
  const refused = (values: Record<string, unknown>, argument: string) =>
    assert.rejects(read(values), { code: '22023', detail: argument });

  it('has a row a user, the visitors as one, and the sums of all', async () => {
    const page = await read();
    assert.deepEqual(namesIn(page), ['ada', 'brian', 'visitors', 'cleo', 'dora', 'emil', 'patron']);
    const { first_activity_at, last_activity_at, owner_id, ...brian } = page.rows[1]!;
    assert.deepEqual(brian, {
      user_id: people[1]!.id,
      email: 'brian@out.test',
      full_name: '100% Brian_K',
      user_type: 'external',
      requests: 2,
      errors: 1,
      context_tokens: 400,
      cached_tokens: 4,
      generated_tokens: 20,
      tokens: 420,
      cost: 1,
      unpriced: 0,
      co2_grams: 0.5,
      has_completed_payment: true,
      revenue: 42.5,
    });
    assert.equal(
      Math.round((Date.parse(last_activity_at as string) - Date.parse(first_activity_at as string)) / DAY_MS),
      1,
    );
    assert.match(owner_id as string, /^[0-9a-f-]{36}$/);
    assert.partialDeepStrictEqual(page.rows[2], {
      user_id: null,
      email: null,
      full_name: 'Portfolio visitors',
      requests: 1,
    });
    assert.deepEqual(
      { ...page, rows: [] },
      {
        rows: [],
        next_cursor: null,
        total: 7,
        total_estimated: false,
        totals: {
          users: 7,
          requests: 16,
          errors: 5,
          context_tokens: 5_500,
          cached_tokens: 55,
          generated_tokens: 150,
          tokens: 5_650,
          cost: 5,
          unpriced: 6,
          co2_grams: 3.75,
          revenue: 47.5,
        },
        revenue_total: 47.5,
      },
    );
  });

  it('says that a cost is not known, which is not 0, and that somebody was never active', async () => {
    const { rows } = await read();
    assert.partialDeepStrictEqual(rows[5], { cost: null, unpriced: 5 });
    assert.partialDeepStrictEqual(rows[6], { cost: 0, requests: 0, last_activity_at: null, first_activity_at: null });
  });

  it('has the green dot for completed payments alone', async () => {
    const { rows } = await read();
    assert.deepEqual(
      rows.map(({ has_completed_payment }) => has_completed_payment),
      [false, true, false, false, false, false, true],
    );
  });

  describe('is filtered', () => {
    const FILTERED: [Record<string, unknown>, string[]][] = [
      [{ user_type: 'internal' }, ['ada', 'emil']],
      [{ user_type: 'external' }, ['brian', 'visitors', 'cleo', 'dora', 'patron']],
      [{ activity: 'active_24h' }, ['ada']],
      [{ activity: 'active_7d' }, ['ada', 'brian', 'visitors']],
      [{ activity: 'active_30d' }, ['ada', 'brian', 'visitors', 'cleo']],
      [{ activity: 'inactive_30d' }, ['dora', 'emil', 'patron']],
      [{ user_type: 'internal', activity: 'inactive_30d' }, ['emil']],
      [{ search: 'in.test' }, ['ada', 'emil']],
      [{ search: 'LOVELACE' }, ['ada']],
      [{ search: 'out', user_type: 'external', activity: 'active_30d' }, ['brian', 'cleo']],
      [{ search: 'visitors' }, ['visitors']],
      [{ search: '' }, ['ada', 'brian', 'visitors', 'cleo', 'dora', 'emil', 'patron']],
    ];
    for (const [values, expected] of FILTERED) {
      it(`by ${JSON.stringify(values)}, and the totals with it`, async () => {
        const page = await read(values);
        assert.deepEqual(namesIn(page), expected);
        assert.equal(page.total, expected.length);
        assert.equal(page.totals!.users, expected.length);
        assert.equal(
          page.totals!.requests,
          page.rows.reduce((sum, { requests }) => sum + (requests as number), 0),
        );
        assert.equal(page.revenue_total, 47.5);
      });
    }
  });

  describe('is searched for letters, whatever they mean elsewhere', () => {
    const SEARCHES: [string, string[]][] = [
      ['%', ['brian']],
      ['100%', ['brian']],
      ['_', ['brian']],
      ['n_k', ['brian']],
      ['\\', ['cleo']],
      ["o'hara", ['cleo']],
      ["' or true --", []],
      ["'; drop table public.usage_logs; --", []],
      ['$1', []],
      ['%s %I %L %1$s', []],
      ['"', []],
      ['{}', []],
      ['.*', []],
      ['ÉMIL', ['emil']],
      ['x'.repeat(200), []],
      ['%'.repeat(200), []],
      ['👋🏽', []],
    ];
    for (const [search, expected] of SEARCHES) {
      it(JSON.stringify(search.slice(0, 40)), async () => {
        assert.deepEqual((await names({ search })).sort(), expected);
      });
    }

    it('and refused when it is longer than any name: 10,000 characters', async () => {
      for (const length of [201, 10_000]) await refused({ search: 'a'.repeat(length) }, 'p_search');
      await refused({ search: '%_'.repeat(5_000) }, 'p_search');
    });
  });

  describe('is sorted', () => {
    const SORTED: [string, string[]][] = [
      ['last_activity_at', ['patron', 'emil', 'dora', 'cleo', 'visitors', 'brian', 'ada']],
      ['first_activity_at', ['emil', 'dora', 'cleo', 'visitors', 'brian', 'ada', 'patron']],
      ['requests', ['patron', '*', '*', 'brian', 'cleo', 'dora', 'emil']],
      ['tokens', ['*', '*', 'ada', 'brian', 'cleo', 'dora', 'emil']],
      ['cost', ['*', '*', '*', 'ada', 'brian', 'cleo', 'dora']],
      ['co2_grams', ['*', '*', 'ada', 'brian', 'cleo', 'dora', 'emil']],
      ['revenue', ['*', '*', '*', '*', '*', 'patron', 'brian']],
      ['email', ['ada', 'brian', 'cleo', 'dora', 'emil', 'patron', 'visitors']],
    ];
    for (const [sort, rising] of SORTED) {
      it(`by ${sort}, both ways, equals always alike`, async () => {
        const up = await names({ sort, ascending: true });
        assert.deepEqual(
          up.map((name, at) => (rising[at] === '*' ? '*' : name)),
          rising,
        );
        assert.deepEqual(await names({ sort, ascending: false }), up.toReversed());
      });

      for (const ascending of [true, false]) {
        it(`by ${sort} ${ascending ? 'up' : 'down'}, cursor by cursor or by number, nobody twice and nobody left out`, async () => {
          const all = await names({ sort, ascending });
          const byCursor: string[] = [];
          const byNumber: string[] = [];
          let cursor: string | null = null;
          do {
            const page: LogPage = await read({ sort, ascending, limit: 2, cursor, summary: 'none' });
            byCursor.push(...namesIn(page));
            cursor = page.next_cursor;
          } while (cursor);
          for (const page of [1, 2, 3, 4, 5]) byNumber.push(...(await names({ sort, ascending, limit: 2, page })));
          assert.deepEqual(byCursor, all);
          assert.deepEqual(byNumber, all);
        });
      }
    }

    it('goes on where it was when somebody new has come to the top', async () => {
      const first = await read({ limit: 3 });
      const late = await newMember(database);
      await logUsage(database, [logEntry({ user_id: late.id })]);
      const second = await read({ limit: 3, cursor: first.next_cursor });
      assert.deepEqual(namesIn(second), ['cleo', 'dora', 'emil']);
      await database.query('delete from public.usage_logs where user_id = $1', [late.id]);
    });
  });

  describe('sums up', () => {
    const sums = async (values: Record<string, unknown>) => {
      const { total, totals, revenue_total } = await read(values);
      return [total, totals?.users ?? null, revenue_total];
    };

    it('as much as is asked for', async () => {
      assert.deepEqual(await sums({ limit: 2, summary: 'none' }), [null, null, null]);
      assert.deepEqual(await sums({ limit: 2, summary: 'count' }), [7, null, 47.5]);
      assert.deepEqual(await sums({ limit: 2, summary: 'totals' }), [7, 7, 47.5]);
      assert.deepEqual(await sums({ summary: 'none' }), [null, null, null]);
      assert.deepEqual(await sums({ summary: 'count' }), [7, null, 47.5]);
    });

    it('everybody, on every page and after every cursor', async () => {
      const { next_cursor } = await read({ limit: 2 });
      for (const values of [
        { limit: 2, page: 3 },
        { limit: 2, cursor: next_cursor },
        { limit: 7, page: 9 },
      ]) {
        assert.deepEqual(await sums(values), [7, 7, 47.5]);
      }
    });

    it('past ten thousand users by an estimate, and says so; totals are exact', async () => {
      await database.exec(`
        insert into private.user_usage_rollup (actor_id, owner_id, requests, label)
          select md5(n::text)::uuid, md5('crowd')::uuid, 1, 'crowd' from generate_series(1, 12000) as n;
        analyze private.user_usage_rollup`);
      const counted = await read({ user_type: 'external', summary: 'count' });
      assert.equal(counted.total_estimated, true);
      assert.ok(counted.total! > 10_000 && counted.total! < 14_000, String(counted.total));
      const exact = await read({ user_type: 'external' });
      assert.deepEqual([exact.total, exact.total_estimated, exact.totals!.requests], [12_005, false, 12_010]);
      assert.equal((await read({ user_type: 'internal', summary: 'count' })).total_estimated, false);
      await database.exec(`delete from private.user_usage_rollup where label = 'crowd'`);
    });
  });

  describe('refuses', () => {
    const WRONG: [string, unknown[]][] = [
      ['user_type', ['everybody', '', null]],
      ['activity', ['active_1h', '', null]],
      ['sort', ['id', 'label', 'x.cost', 'cost desc', "cost'; --", '', null]],
      ['limit', [0, -1, 201, 1_000_000, null]],
      ['page', [0, -1]],
      ['summary', ['all', '', null]],
    ];
    for (const [argument, values] of WRONG) {
      it(`a wrong ${argument}`, async () => {
        for (const value of values) await refused({ [argument]: value }, `p_${argument}`);
      });
    }

    it('a page and a cursor at once', async () => {
      const { next_cursor } = await read({ limit: 1 });
      await refused({ page: 2, cursor: next_cursor }, 'p_page');
    });

    it('what is no cursor, or one of another order', async () => {
      const { next_cursor } = await read({ limit: 1, sort: 'cost' });
      const [sort, ascending, value, ...ids] = JSON.parse(next_cursor!) as unknown[];
      const forged = [
        'text',
        '{}',
        '[]',
        'null',
        '',
        JSON.stringify([sort, ascending, value]),
        JSON.stringify([sort, ascending, 'dear', ...ids]),
        JSON.stringify([sort, ascending, "1'; drop table public.usage_logs; --", ...ids]),
        JSON.stringify([sort, ascending, value, 'me', 'you']),
        JSON.stringify([sort, ascending, value, ...ids, ...ids]),
        JSON.stringify([sort, 'perhaps', value, ...ids]),
      ];
      for (const cursor of forged) await refused({ sort: 'cost', cursor }, 'p_cursor');
      await refused({ sort: 'tokens', cursor: next_cursor }, 'p_cursor');
      await refused({ sort: 'cost', ascending: true, cursor: next_cursor }, 'p_cursor');
    });
  });
});
