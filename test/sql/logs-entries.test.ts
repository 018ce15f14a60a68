import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { onEachEngine } from '../support/node/engines.ts';
import { logEntry, logUsage, ownSite, readLog, type LogPage } from '../support/node/log-sql.ts';
import { newAdmin, newMember, type Person } from '../support/node/sql.ts';

/** Key, day of November, and the rest. */
const CALLS: [string, number, object][] = [
  ['a', 1, { cost: 0.5, context_tokens: 100, latency_ms: 900, model: 'gpt-4o' }],
  ['b', 2, { cost: null, context_tokens: 300, latency_ms: 100, model: 'gpt-4o-mini', status: 'error', error: '429' }],
  ['c', 3, { cost: 0.1, context_tokens: 200, latency_ms: null, model: 'gpt-4o', app: 'chat' }],
  ['d', 3, { cost: 0.1, context_tokens: 200, latency_ms: 100, model: 'gpt-4o', metadata: { secret: 'no' } }],
  ['e', 5, { cost: 0, context_tokens: 0, latency_ms: 50, model: 'gpt-5-mini', status: 'stopped' }],
  ['f', 6, { cost: 2, context_tokens: 50, latency_ms: 2_000, model: 'gpt-4o', co2_grams: 1.5 }],
];
const at = (day: number, time = '12:00:00') => `2026-11-0${day}T${time}+00:00`;

onEachEngine('usage_log_entries', (database) => {
  let [admin, ada, brian]: Person[] = [];
  before(async () => {
    [admin, ada, brian] = [await newAdmin(database), await newMember(database), await newMember(database)];
    await ownSite(database, await newMember(database));
    await database.query(`update private.site set internal_domains = '{in.test}'`);
    for (const [person, email] of [
      [ada, 'ada@in.test'],
      [brian, 'brian@out.test'],
    ] as const) {
      await database.query('update auth.users set email = $2 where id = $1', [person.id, email]);
    }
    // Ada's, Brian's and a visitor's by turns.
    const users = [ada.id, brian.id, null];
    await logUsage(
      database,
      CALLS.map(([key, day, fields], index) => logEntry({ key, at: at(day), user_id: users[index % 3], ...fields })),
    );
  });

  const read = (values: Record<string, unknown> = {}) => readLog(database, admin!.claims, 'usage_log_entries', values);
  const keysIn = ({ rows }: LogPage) => rows.map(({ key }) => key).join('');
  const keys = async (values: Record<string, unknown> = {}) => keysIn(await read(values));
  const refused = (values: Record<string, unknown>, argument: string) =>
    assert.rejects(read(values), { code: '22023', detail: argument });
  const idOf = async (key: string) =>
    (await database.query<{ id: string }>('select id from public.usage_logs where key = $1', [key]))[0]!.id;

  it('has a row a call, the newest first, with who made it', async () => {
    const page = await read();
    assert.match(keysIn(page), /^fe(cd|dc)ba$/);
    const { id, owner_id, ...failed } = page.rows[4]!;
    assert.deepEqual(failed, {
      user_id: brian!.id,
      email: 'brian@out.test',
      full_name: 'Vera Example',
      at: at(2),
      app: 'editor',
      feature: '',
      provider: '',
      model: 'gpt-4o-mini',
      project: '',
      context_tokens: 300,
      cached_tokens: 0,
      generated_tokens: 0,
      tokens: 300,
      cost: null,
      co2_grams: null,
      status: 'error',
      error: '429',
      latency_ms: 100,
      key: 'b',
    });
    assert.ok(id && owner_id);
    assert.partialDeepStrictEqual(page.rows[0], { user_id: null, email: null, full_name: 'Portfolio visitors' });
    assert.partialDeepStrictEqual(page, {
      total: 6,
      total_estimated: false,
      totals: null,
      more: false,
      next_cursor: null,
    });
  });

  it('answers the columns that are asked for, and no metadata unless it is', async () => {
    const { rows } = await read({ columns: ['id', 'metadata', 'email'], search: 'ada', model: 'gpt-4o' });
    assert.deepEqual(
      rows.map(({ id, ...row }) => [typeof id, row]),
      [
        ['string', { email: 'ada@in.test', metadata: { secret: 'no' } }],
        ['string', { email: 'ada@in.test', metadata: {} }],
      ],
    );
    assert.equal('metadata' in (await read()).rows[0]!, false);
  });

  describe('is filtered', () => {
    const FILTERED: [string, () => Record<string, unknown>, string][] = [
      ['a user', () => ({ user_id: ada!.id }), 'ad'],
      ['nobody', () => ({ user_id: randomUUID() }), ''],
      ['the key of the visitors, which is nobody', () => ({ user_id: '00000000-0000-0000-0000-000000000000' }), ''],
      ['the visitors', () => ({ visitors: true }), 'cf'],
      ['a user who is the visitors', () => ({ visitors: true, user_id: ada!.id }), ''],
      ['a model', () => ({ model: 'gpt-4o' }), 'acdf'],
      ['a model in part', () => ({ model: 'gpt' }), ''],
      ['an app', () => ({ app: 'chat' }), 'c'],
      ['a status', () => ({ status: 'error' }), 'b'],
      ['a status that is none', () => ({ status: 'fine' }), ''],
      ['a time', () => ({ from: at(2), to: at(5) }), 'bcd'],
      ['a time, to the moment', () => ({ from: at(5), to: at(5, '12:00:00.000001') }), 'e'],
      ['a search', () => ({ search: 'brian' }), 'be'],
      ['a search for the visitors', () => ({ search: 'visitors' }), 'cf'],
      ['a search for several', () => ({ search: 'test' }), 'abde'],
      ['a search for two letters', () => ({ search: '@i' }), 'ad'],
      ['a search with signs', () => ({ search: '%' }), ''],
      ['a type', () => ({ user_type: 'internal' }), 'ad'],
      ['the other type, visitors too', () => ({ user_type: 'external' }), 'bcef'],
      ['who was active', () => ({ activity: 'inactive_30d' }), ''],
      [
        'much at once',
        () => ({ search: 'test', user_type: 'internal', model: 'gpt-4o', from: at(2), status: 'ok' }),
        'd',
      ],
      ['quotes', () => ({ model: "' or true --", app: "'", status: '\\' }), ''],
    ];
    for (const [what, values, expected] of FILTERED) {
      for (const summary of ['count', 'totals']) {
        it(`by ${what}, and the ${summary} with it`, async () => {
          const page = await read({ ...values(), sort: 'at', ascending: true, summary });
          assert.deepEqual(Array.from(keysIn(page)).sort().join(''), expected);
          assert.equal(page.total, expected.length);
          if (summary === 'totals') {
            const [sum, failed] = [
              (column: string) => page.rows.reduce((all, row) => all + Number(row[column]), 0),
              'error',
            ];
            assert.partialDeepStrictEqual(page.totals, {
              requests: expected.length,
              errors: page.rows.filter(({ status }) => status === failed).length,
              tokens: sum('tokens'),
              unpriced: page.rows.filter(({ cost }) => cost === null).length,
            });
            assert.ok(Math.abs(page.totals!.cost! - sum('cost')) < 1e-9);
          }
        });
      }
    }
  });

  describe('is sorted and read on', () => {
    const SORTED: [string, RegExp][] = [
      ['at', /^ab(cd|dc)ef$/],
      ['cost', /^be(cd|dc)af$/],
      ['tokens', /^efa(cd|dc)b$/],
      ['latency_ms', /^ce(bd|db)af$/],
    ];
    for (const [sort, rising] of SORTED) {
      for (const ascending of [true, false]) {
        it(`by ${sort} ${ascending ? 'up' : 'down'}, forwards and backwards`, async () => {
          const all = await keys({ sort, ascending });
          assert.match(ascending ? all : Array.from(all).toReversed().join(''), rising);
          const pages: LogPage[] = [];
          let cursor: string | null = null;
          do {
            pages.push(await read({ sort, ascending, limit: 2, cursor, summary: 'none' }));
            cursor = pages.at(-1)!.next_cursor;
          } while (cursor);
          assert.equal(pages.map(keysIn).join(''), all);
          // From the last page up again.
          const up: LogPage[] = [pages.at(-1)!];
          while (up[0]!.more || up.length === 1) {
            up.unshift(
              await read({ sort, ascending, limit: 2, cursor: up[0]!.prev_cursor, backward: true, summary: 'none' }),
            );
          }
          assert.deepEqual(up.map(keysIn), pages.map(keysIn));
        });
      }
    }

    it('finds what came since, by the cursor of the first row', async () => {
      const { prev_cursor } = await read({ limit: 3 });
      assert.deepEqual(await read({ cursor: prev_cursor, backward: true }).then(({ rows, more }) => [rows, more]), [
        [],
        false,
      ]);
      await logUsage(database, [logEntry({ key: 'x', at: at(8) }), logEntry({ key: 'y', at: at(9) })]);
      const news = await read({ cursor: prev_cursor, backward: true });
      assert.deepEqual([keysIn(news), news.more], ['yx', false]);
      const [latest] = [await read({ cursor: prev_cursor, backward: true, limit: 1 })];
      assert.deepEqual([keysIn(latest), latest.more], ['x', true]);
      assert.equal(await keys({ cursor: news.next_cursor, limit: 1 }), 'f');
      await database.query(`delete from public.usage_logs where key in ('x', 'y')`);
    });
  });

  describe('reads what a signal named', () => {
    it('and nothing else', async () => {
      const ids = [await idOf('b'), await idOf('f'), randomUUID()];
      assert.equal(await keys({ ids }), 'fb');
      assert.equal(await keys({ ids: [] }), '');
    });

    it('as far as the filters leave it', async () => {
      assert.equal(await keys({ ids: [await idOf('b'), await idOf('f')], status: 'ok' }), 'f');
    });
  });

  it('counts past ten thousand by an estimate, and says so; totals are exact', async () => {
    await database.exec(`
      begin;
      set local session_replication_role = replica;
      insert into public.usage_logs (owner_id, app, model, key)
        select owner_id, 'a', 'm' || n % 2, 'crowd-' || n from private.site, generate_series(1, 24000) as n;
      commit;
      analyze public.usage_logs`);
    const counted = await read({ model: 'm1' });
    assert.equal(counted.total_estimated, true);
    assert.ok(counted.total! > 10_000 && counted.total! < 15_000, String(counted.total));
    const exact = await read({ model: 'm1', summary: 'totals' });
    assert.deepEqual([exact.total, exact.total_estimated, exact.totals!.unpriced], [12_000, false, 12_000]);
    assert.equal((await read({ model: 'gpt-4o' })).total_estimated, false);
    await database.exec(`
      begin;
      set local session_replication_role = replica;
      delete from public.usage_logs where key like 'crowd-%';
      commit`);
  });

  describe('refuses', () => {
    const WRONG: [string, unknown[]][] = [
      ['user_type', ['everybody', null]],
      ['activity', ['now', null]],
      ['sort', ['key', 'model', 'cost desc', null]],
      ['limit', [0, 1_001, null]],
      ['summary', ['all', null]],
      ['search', ['a'.repeat(10_000)]],
      ['columns', [['id', 'password'], ['x.id'], ['id)::text; --'], [null]]],
      ['ids', [Array.from({ length: 1_001 }, () => randomUUID())]],
      ['cursor', ['text', '[]', '["at",false,"now","x"]', '["cost",false,"1","00000000-0000-0000-0000-000000000000"]']],
    ];
    for (const [argument, values] of WRONG) {
      it(`a wrong ${argument}`, async () => {
        for (const value of values) await refused({ [argument]: value }, `p_${argument}`);
      });
    }
  });
});
