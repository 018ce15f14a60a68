import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { onEachEngine } from '../support/node/engines.ts';
import { logEntry, logUsage, ownSite } from '../support/node/log-sql.ts';
import { ANON, asUser, newAdmin, newMember, newVisitor, SERVICE, type Person } from '../support/node/sql.ts';

onEachEngine('log_usage', (database) => {
  let owner: Person;
  before(async () => {
    owner = await newMember(database);
    await ownSite(database, owner);
  });

  const rowOf = async ({ key }: { key: string }) =>
    (await database.query<Record<string, unknown>>('select * from public.usage_logs where key = $1', [key]))[0];
  const count = async () =>
    (await database.query<{ rows: number }>('select count(*)::int as rows from public.usage_logs'))[0]!.rows;
  const refused = (entries: unknown, index: number | null, field: string | null) =>
    assert.rejects(logUsage(database, entries), (error: { code: string; detail: string; message: string }) => {
      assert.equal(error.code, '22023');
      assert.deepEqual(JSON.parse(error.detail), { index, field });
      if (field) assert.match(error.message, new RegExp(`^Entry ${index}: ${field} `));
      return true;
    });

  it('writes all that an entry says, for the owner', async () => {
    const member = await newMember(database);
    const entry = logEntry({
      user_id: member.id,
      at: '2026-11-01T12:00:00.123456+02:00',
      feature: 'summary',
      provider: 'openai',
      project: 'site',
      context_tokens: 100,
      cached_tokens: 10,
      generated_tokens: 20,
      cost: 0.000027,
      co2_grams: 0.5,
      status: 'error',
      error: 'timeout',
      latency_ms: 1_200,
      metadata: { request: 'r-1' },
    });
    assert.deepEqual(await logUsage(database, [entry]), { inserted: 1, repeated: 0 });
    assert.partialDeepStrictEqual(await rowOf(entry), {
      ...entry,
      owner_id: owner.id,
      at: '2026-11-01T10:00:00.123456+00:00',
    });
  });

  it('needs a key, an app and a model, and takes the rest as unknown', async () => {
    const entry = logEntry();
    await logUsage(database, [entry]);
    const { at, ...row } = (await rowOf(entry))!;
    assert.ok(Math.abs(Date.parse(at as string) - Date.now()) < 60_000);
    assert.partialDeepStrictEqual(row, {
      user_id: null,
      feature: '',
      provider: '',
      project: '',
      context_tokens: 0,
      cached_tokens: 0,
      generated_tokens: 0,
      cost: null,
      co2_grams: null,
      status: 'ok',
      error: null,
      latency_ms: null,
      metadata: {},
    });
    for (const field of ['key', 'app', 'model']) {
      await refused([logEntry({ [field]: undefined })], 0, field);
      await refused([logEntry({ [field]: null })], 0, field);
      await refused([logEntry({ [field]: '' })], 0, field);
    }
  });

  it('takes null for what may be left out', async () => {
    const optional =
      'user_id at feature provider project context_tokens cached_tokens generated_tokens cost co2_grams status error latency_ms metadata';
    const entry = logEntry(Object.fromEntries(optional.split(' ').map((field) => [field, null])));
    assert.deepEqual(await logUsage(database, [entry]), { inserted: 1, repeated: 0 });
    assert.partialDeepStrictEqual(await rowOf(entry), { status: 'ok', feature: '', metadata: {} });
  });

  describe('writes a key once', () => {
    it('in one call and in several, and leaves what was written first', async () => {
      const [one, two] = [logEntry({ cost: 1 }), logEntry()];
      assert.deepEqual(await logUsage(database, [one, two, { ...one, cost: 2 }]), { inserted: 2, repeated: 1 });
      assert.deepEqual(await logUsage(database, [{ ...two, cost: 3 }, logEntry()]), { inserted: 1, repeated: 1 });
      assert.equal((await rowOf(one))?.cost, 1);
      assert.equal((await rowOf(two))?.cost, null);
    });

    it('a site: another owner has keys of their own', async () => {
      const entry = logEntry();
      await logUsage(database, [entry]);
      await ownSite(database, await newMember(database));
      assert.deepEqual(await logUsage(database, [entry]), { inserted: 1, repeated: 0 });
      await ownSite(database, owner);
    });
  });

  it('writes nothing of no entries', async () => {
    assert.deepEqual(await logUsage(database, []), { inserted: 0, repeated: 0 });
  });

  it('takes a thousand at once, and not one more', async () => {
    const many = Array.from({ length: 1_000 }, () => logEntry());
    assert.deepEqual(await logUsage(database, many), { inserted: 1_000, repeated: 0 });
    await refused([...many, logEntry()], null, null);
  });

  it('counts visitors, and whose account is gone, as visitors', async () => {
    const [visitor, gone] = [await newVisitor(database), randomUUID()];
    const entries = [visitor.id, gone].map((user_id) => logEntry({ user_id }));
    assert.deepEqual(await logUsage(database, entries), { inserted: 2, repeated: 0 });
    for (const entry of entries) assert.equal((await rowOf(entry))?.user_id, null);
  });

  const WRONG: Record<string, unknown[]> = {
    key: ['x'.repeat(201), 7],
    app: ['x'.repeat(65), {}],
    model: ['x'.repeat(129), []],
    user_id: ['me', 7, `${randomUUID()} `, "'; drop table public.usage_logs; --"],
    at: [
      'yesterday',
      '2026-11-01',
      '2026-11-01T12:00:00',
      '2026-13-45T12:00:00Z',
      'infinity',
      1_700_000_000,
      '2126-01-01T00:00:00Z',
    ],
    feature: ['x'.repeat(129), 7],
    provider: ['x'.repeat(65)],
    project: ['x'.repeat(129)],
    context_tokens: [-1, 1.5, '100', 2 ** 31, true],
    cached_tokens: [-1, 1.5, 'NaN'],
    generated_tokens: [-1, 1e300],
    cost: [-0.01, '0.1', 1e8, {}],
    co2_grams: [-1, '1', 1e12],
    status: ['fine', 'OK', 200],
    error: ['x'.repeat(501), 404],
    latency_ms: [-1, 0.5, 1e12],
    metadata: ['text', [], 7, { long: 'x'.repeat(4_096) }],
    costs: [1],
    owner_id: [randomUUID()],
    id: [randomUUID()],
  };
  for (const [field, values] of Object.entries(WRONG)) {
    it(`refuses a wrong ${field}, names it, and writes nothing of the call`, async () => {
      const before = await count();
      for (const value of values)
        await refused([logEntry(), logEntry(), logEntry({ [field]: value }), { bad: 1 }], 2, field);
      assert.equal(await count(), before);
    });
  }

  it('refuses more cached tokens than there are in the context', async () => {
    await refused([logEntry({ context_tokens: 10, cached_tokens: 11 })], 0, 'cached_tokens');
    await refused([logEntry({ cached_tokens: 1 })], 0, 'cached_tokens');
  });

  it('refuses what is no entry, and what is no array', async () => {
    for (const entry of ['text', 7, null, []]) await refused([logEntry(), entry], 1, null);
    for (const entries of [{}, 'text', null]) await refused(entries, null, null);
  });

  it('refuses to write while nobody owns the site', async () => {
    await database.query('update private.site set owner_id = null');
    await assert.rejects(logUsage(database, [logEntry()]), { code: '55000' });
    await ownSite(database, owner);
  });

  it('is refused to everybody but the service', async () => {
    const [member, admin, visitor] = [await newMember(database), await newAdmin(database), await newVisitor(database)];
    for (const claims of [owner.claims, member.claims, admin.claims, visitor.claims, ANON]) {
      await assert.rejects(asUser(database, claims, 'select public.log_usage($1)', [JSON.stringify([logEntry()])]), {
        code: '42501',
      });
    }
  });

  describe('is the only way in', () => {
    const ATTEMPTS = [
      `insert into public.usage_logs (owner_id, user_id, app, model) values ($1, $1, 'a', 'm')`,
      `update public.usage_logs set cost = 0 where user_id = $1`,
      `delete from public.usage_logs where user_id = $1`,
      `insert into public.credit_purchases (owner_id, user_id, amount, amount_usd, status) values ($1, $1, 1, 1, 'completed')`,
      `update public.credit_purchases set status = 'completed' where user_id = $1`,
      `delete from public.credit_purchases where user_id = $1`,
      `update private.user_usage_rollup set revenue = 0 where actor_id = $1`,
    ];
    for (const sql of ATTEMPTS) {
      it(`for a browser: ${sql.slice(0, 40)}…`, async () => {
        const people = [owner, await newMember(database), await newAdmin(database), await newVisitor(database)];
        for (const { id, claims } of people) {
          await assert.rejects(asUser(database, claims, sql, [id]), { code: '42501' });
        }
        await assert.rejects(asUser(database, ANON, sql, [owner.id]), { code: '42501' });
      });
    }

    it('besides the service itself, which the columns still check', async () => {
      const insert = (columns: string, values: string) =>
        asUser(
          database,
          SERVICE,
          `insert into public.usage_logs (owner_id, app, model, ${columns}) values ($1, 'a', 'm', ${values})`,
          [owner.id],
        );
      await insert('context_tokens, cached_tokens', '10, 10');
      await assert.rejects(insert('context_tokens, cached_tokens', '10, 11'), { code: '23514' });
      await assert.rejects(insert('at', `'infinity'`), { code: '23514' });
      await assert.rejects(insert('metadata', `'[]'`), { code: '23514' });
      await assert.rejects(insert('status', `'fine'`), { code: '23514' });
    });
  });
});
