import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { onEachEngine } from '../support/node/engines.ts';
import { mergeSettings as merge, type SettingOp } from '../support/node/settings-sql.ts';
import { ANON, asUser, newAdmin, newMember, newVisitor, sentOn, SERVICE, type Person } from '../support/node/sql.ts';

const REFUSED = { code: '42501' };
const MODULE = join(import.meta.dirname, '../../supabase/migrations/20261124000100_settings.sql');
const MINUTE_MS = 60_000;

const edit = (path: string, value: unknown, more: Partial<SettingOp> = {}): SettingOp => ({
  id: randomUUID(),
  path,
  value,
  base: 0,
  ...more,
});

onEachEngine('settings', (database) => {
  const mergeAs = (person: Person, ...ops: object[]) => merge(database, person, ops);
  const rowOf = async ({ id }: Person) =>
    (
      await database.query<Record<string, unknown>>(
        'select preferences, ai_providers, theme, language, revision from public.user_preferences where user_id = $1',
        [id],
      )
    )[0];
  const told = async ({ id }: Person) =>
    (await sentOn(database, `user:${id}`)).filter(({ event }) => event === 'user_preferences');

  describe('come', () => {
    it('with a sign-up, empty', async () => {
      assert.deepEqual(await rowOf(await newMember(database)), {
        preferences: {},
        ai_providers: {},
        theme: null,
        language: null,
        revision: 0,
      });
    });

    it('not with an anonymous sign-in', async () => {
      assert.equal(await rowOf(await newVisitor(database)), undefined);
    });

    it('when a visitor upgrades to an account', async () => {
      const visitor = await newVisitor(database);
      const upgrade = `update auth.users set email = $2, is_anonymous = false where id = $1`;
      await database.query(upgrade, [visitor.id, `${visitor.id}@test.invalid`]);
      assert.equal((await rowOf(visitor))?.revision, 0);
    });

    it('to everybody who had an account before the module came', async () => {
      const [member, visitor] = [await newMember(database), await newVisitor(database)];
      const sql = await readFile(MODULE, 'utf8');
      const names = [...sql.matchAll(/create function ([\w.]+)/g)].map(([, name]) => name!);
      const undone = new Error('undone');
      let rows: unknown;
      const upgrade = database.exclusive((session) =>
        session.transaction(async (transaction) => {
          await transaction.exec('drop table public.user_preferences, private.preference_ops cascade');
          for (const name of names) await transaction.exec(`drop function if exists ${name} cascade`);
          await transaction.exec(sql);
          const found = 'select user_id, preferences, revision from public.user_preferences where user_id in ($1, $2)';
          ({ rows } = await transaction.query(found, [member.id, visitor.id]));
          throw undone;
        }),
      );
      await assert.rejects(upgrade, undone);
      assert.deepEqual(rows, [{ user_id: member.id, preferences: {}, revision: 0 }]);
    });

    it('to an account that has none, with its first edit', async () => {
      const member = await newMember(database);
      await database.query('delete from public.user_preferences where user_id = $1', [member.id]);
      await mergeAs(member, edit('appearance.theme', 'dark'));
      assert.equal((await rowOf(member))?.theme, 'dark');
    });

    it('and go with their user, and so do the edits', async () => {
      const member = await newMember(database);
      await mergeAs(member, edit('appearance.theme', 'dark'));
      await database.query('delete from auth.users where id = $1', [member.id]);
      assert.equal(await rowOf(member), undefined);
      const left = await database.query('select 1 from private.preference_ops where user_id = $1', [member.id]);
      assert.deepEqual(left, []);
    });
  });

  describe('are read', () => {
    const READ = 'select user_id from public.user_preferences';

    it('by their own member', async () => {
      const [member] = [await newMember(database), await newMember(database)];
      assert.deepEqual(await asUser(database, member.claims, READ), [{ user_id: member.id }]);
    });

    it('by an admin only where they are their own', async () => {
      const [admin] = [await newAdmin(database), await newMember(database)];
      assert.deepEqual(await asUser(database, admin.claims, READ), [{ user_id: admin.id }]);
    });

    it('not by a visitor, even where a row has their id', async () => {
      const { id, claims } = await newVisitor(database);
      await database.query('insert into public.user_preferences (user_id) values ($1)', [id]);
      assert.deepEqual(await asUser(database, claims, READ), []);
    });

    it('not by whoever has only the key', async () => {
      await assert.rejects(asUser(database, ANON, READ), REFUSED);
    });
  });

  describe('are written by merge_preferences alone', () => {
    const WRITES = {
      insert: 'insert into public.user_preferences (user_id) values ($1)',
      update: `update public.user_preferences set preferences = '{}' where user_id = $1`,
      delete: 'delete from public.user_preferences where user_id = $1',
      'a look at the edits': 'select 1 from private.preference_ops where user_id = $1',
    };
    for (const [verb, sql] of Object.entries(WRITES)) {
      it(`which is why ${verb} is refused to everybody, the service included`, async () => {
        const member = await newMember(database);
        const [admin, visitor] = [await newAdmin(database), await newVisitor(database)];
        for (const claims of [ANON, visitor.claims, member.claims, admin.claims, SERVICE]) {
          await assert.rejects(asUser(database, claims, sql, [claims.sub ?? member.id]), REFUSED);
        }
      });
    }

    it('which refuses visitors, and whoever has only the key', async () => {
      await assert.rejects(mergeAs(await newVisitor(database), edit('appearance.theme', 'dark')), REFUSED);
      const nobody = { id: '', claims: { ...ANON, sub: '' } };
      await assert.rejects(mergeAs(nobody, edit('appearance.theme', 'dark')), REFUSED);
    });

    it('which writes to nobody but whoever calls, an admin too', async () => {
      const [admin, member] = [await newAdmin(database), await newMember(database)];
      await mergeAs(admin, edit('appearance.theme', 'dark', { user_id: member.id } as object));
      assert.deepEqual((await rowOf(member))?.preferences, {});
      assert.deepEqual((await rowOf(admin))?.preferences, { appearance: { theme: 'dark' } });
    });

    it('whose parts nobody calls', async () => {
      const { claims } = await newMember(database);
      for (const call of [`private.put_setting('{}', '{a,b}', '1')`, `private.check_setting('{}', 'a.b', '1')`]) {
        await assert.rejects(asUser(database, claims, `select ${call}`), REFUSED, call);
      }
    });
  });

  describe('take', () => {
    it('leaves, one by one, and keep the rest', async () => {
      const member = await newMember(database);
      await mergeAs(member, edit('appearance.theme', 'dark'), edit('locale.language', 'de'));
      const answer = await mergeAs(member, edit('appearance.density', 'compact'));
      const preferences = { appearance: { theme: 'dark', density: 'compact' }, locale: { language: 'de' } };
      assert.deepEqual(answer, { revision: 2, preferences, ai_providers: {}, rejected: [] });
      assert.deepEqual(await rowOf(member), {
        preferences,
        ai_providers: {},
        theme: 'dark',
        language: 'de',
        revision: 2,
      });
    });

    it('leaves at depth 3, and those of providers in a column of their own', async () => {
      const member = await newMember(database);
      await mergeAs(member, edit('page.table.rows', 50), edit('ai_providers.openai.model', 'gpt-4o'));
      assert.partialDeepStrictEqual(await rowOf(member), {
        preferences: { page: { table: { rows: 50 } } },
        ai_providers: { openai: { model: 'gpt-4o' } },
      });
    });

    for (const value of ['text', '', 0, 1.5, true, false, [], ['a', 1, true, null]]) {
      it(`the value ${JSON.stringify(value)}`, async () => {
        const { preferences } = await mergeAs(await newMember(database), edit('page.value', value));
        assert.deepEqual(preferences, { page: { value } });
      });
    }

    for (const [how, op] of [
      ['null', { value: null }],
      ['no value', { value: undefined }],
    ] as const) {
      it(`${how} as a wish to have the default again`, async () => {
        const member = await newMember(database);
        await mergeAs(member, edit('appearance.theme', 'dark'));
        const { preferences } = await mergeAs(member, edit('appearance.theme', 'x', { base: 1, ...op }));
        assert.deepEqual(preferences, { appearance: {} });
        assert.equal((await rowOf(member))?.theme, null);
      });
    }

    it('the last of several edits of one leaf in one call', async () => {
      const member = await newMember(database);
      const { preferences, rejected } = await mergeAs(
        member,
        edit('appearance.theme', 'dark', { age_ms: 2 }),
        edit('appearance.theme', 'light', { age_ms: 1 }),
      );
      assert.deepEqual([preferences, rejected], [{ appearance: { theme: 'light' } }, []]);
    });
  });

  describe('refuse', () => {
    const OPS: Record<string, [op: object, hint: string, detail: string]> = {
      'a group': [edit('appearance', {}), 'parent', 'appearance'],
      'a group, also with a plain value': [edit('appearance', 'dark'), 'parent', 'appearance'],
      'a leaf with leaves in it': [edit('appearance.theme', { name: 'dark' }), 'parent', 'appearance.theme'],
      'a path at depth 4': [edit('a.b.c.d', 1), 'path', 'a.b.c.d'],
      'capital letters': [edit('appearance.Theme', 1), 'path', 'appearance.Theme'],
      'a name that is empty': [edit('appearance..theme', 1), 'path', 'appearance..theme'],
      'a dot at the end': [edit('appearance.theme.', 1), 'path', 'appearance.theme.'],
      'a line break in a name': [edit('appearance.theme\n', 1), 'path', 'appearance.theme\n'],
      'a quote in a name': [edit(`a.b'`, 1), 'path', `a.b'`],
      'a name of 41 letters': [edit(`a.${'b'.repeat(41)}`, 1), 'path', `a.${'b'.repeat(41)}`],
      'a path that is a list': [edit(['a', 'b'] as unknown as string, 1), 'path', '["a", "b"]'],
      'no path': [{ id: randomUUID(), value: 1 }, 'path', ''],
      'no id': [{ path: 'a.b', value: 1 }, 'id', 'a.b'],
      'a value of more than 16 kB': [edit('a.b', 'x'.repeat(16_383)), 'size', 'a.b'],
      'a list in a list': [edit('a.b', [[1]]), 'value', 'a.b'],
    };
    for (const [what, [op, hint, detail]] of Object.entries(OPS)) {
      it(`${what}, by the name of its path, and then take nothing of the call`, async () => {
        const member = await newMember(database);
        await assert.rejects(mergeAs(member, edit('appearance.theme', 'dark'), op), { code: 'PT422', hint, detail });
        assert.deepEqual((await rowOf(member))?.preferences, {});
      });
    }

    it('a leaf in a leaf, and a leaf in place of a group', async () => {
      const member = await newMember(database);
      await mergeAs(member, edit('page.table', 'wide'), edit('page.chart.rows', 1));
      await assert.rejects(mergeAs(member, edit('page.table.rows', 1)), { hint: 'leaf', detail: 'page.table.rows' });
      await assert.rejects(mergeAs(member, edit('page.chart', 1)), { hint: 'parent', detail: 'page.chart' });
    });

    it('the 501st leaf, also when others were set back', async () => {
      const member = await newMember(database);
      for (let block = 0; block < 5; block += 1) {
        await mergeAs(member, ...Array.from({ length: 100 }, (_, index) => edit(`page.f${block * 100 + index}`, 1)));
      }
      await mergeAs(member, edit('page.f0', null, { base: 9 }));
      await assert.rejects(mergeAs(member, edit('page.one_more', 1)), { code: 'PT422', hint: 'document' });
    });

    it('more than 64 kB together', async () => {
      const member = await newMember(database);
      for (const name of ['a', 'b', 'c', 'd']) await mergeAs(member, edit(`page.${name}`, 'x'.repeat(16_000)));
      await assert.rejects(mergeAs(member, edit('page.e', 'x'.repeat(16_000))), { code: 'PT422', hint: 'document' });
    });

    it('more than 100 edits in one call, and what is no list', async () => {
      const member = await newMember(database);
      const many = Array.from({ length: 101 }, (_, index) => edit(`page.f${index}`, 1));
      await assert.rejects(mergeAs(member, ...many), { code: 'PT422', hint: 'ops' });
      await assert.rejects(asUser(database, member.claims, `select public.merge_preferences('{}')`), { hint: 'ops' });
    });
  });

  describe('that two devices edit', () => {
    /** Two edits of one leaf, neither knowing of the other: the first arrives first. */
    const both = async (first: Partial<SettingOp>, second: Partial<SettingOp>) => {
      const member = await newMember(database);
      await mergeAs(member, edit('appearance.theme', 'first', first));
      return mergeAs(member, edit('appearance.theme', 'second', second));
    };

    it('take the later edit, when it comes second', async () => {
      const { preferences } = await both({ age_ms: 2 * MINUTE_MS }, { age_ms: MINUTE_MS });
      assert.deepEqual(preferences, { appearance: { theme: 'second' } });
    });

    it('take the later edit, when it comes first, and tell the other what counts', async () => {
      const id = randomUUID();
      const { preferences, revision, rejected } = await both({ age_ms: MINUTE_MS }, { age_ms: 2 * MINUTE_MS, id });
      assert.deepEqual(preferences, { appearance: { theme: 'first' } });
      assert.deepEqual([revision, rejected], [1, [{ id, path: 'appearance.theme', value: 'first' }]]);
    });

    it('take both where they are of different leaves, however late one comes', async () => {
      const member = await newMember(database);
      await mergeAs(member, edit('appearance.theme', 'dark'));
      const late = await mergeAs(member, edit('appearance.density', 'compact', { age_ms: 90 * MINUTE_MS }));
      assert.deepEqual(late.preferences, { appearance: { theme: 'dark', density: 'compact' } });
    });

    it('take what was made in the knowledge of the other, whatever the clocks say', async () => {
      const { preferences } = await both({ age_ms: 0 }, { age_ms: 90 * MINUTE_MS, base: 1 });
      assert.deepEqual(preferences, { appearance: { theme: 'second' } });
    });

    it('take what was made after an edit that was on its way, though it seems to be older', async () => {
      const member = await newMember(database);
      const first = edit('appearance.theme', 'dark', { age_ms: 0 });
      await mergeAs(member, first);
      const next = edit('appearance.theme', 'light', { age_ms: 50, after: [randomUUID(), first.id] });
      assert.deepEqual((await mergeAs(member, next)).preferences, { appearance: { theme: 'light' } });
      const { rejected } = await mergeAs(member, edit('appearance.theme', 'x', { age_ms: 90, after: [first.id] }));
      assert.equal(rejected.length, 1);
    });

    it('keep what was made in the knowledge of the other above what is older than both', async () => {
      const member = await newMember(database);
      await mergeAs(member, edit('appearance.theme', 'dark'));
      await mergeAs(member, edit('appearance.theme', 'light', { age_ms: 90 * MINUTE_MS, base: 1 }));
      const { preferences } = await mergeAs(member, edit('appearance.theme', 'system', { age_ms: 30 * MINUTE_MS }));
      assert.deepEqual(preferences, { appearance: { theme: 'light' } });
    });

    it('let no clock reach into the future', async () => {
      const member = await newMember(database);
      // At the same millisecond the greater id decides.
      const [less, greater] = [`0${randomUUID().slice(1)}`, `f${randomUUID().slice(1)}`];
      await mergeAs(member, edit('appearance.theme', 'fast', { id: less, age_ms: -90 * MINUTE_MS }));
      const { preferences } = await mergeAs(member, edit('appearance.theme', 'now', { id: greater }));
      assert.deepEqual(preferences, { appearance: { theme: 'now' } });
    });

    it('take an edit that says what is there as one all the same: an older one comes too late', async () => {
      const member = await newMember(database);
      await mergeAs(member, edit('appearance.theme', 'dark', { age_ms: 9 * MINUTE_MS }));
      await mergeAs(member, edit('appearance.theme', 'dark', { age_ms: 3 * MINUTE_MS }));
      const { rejected } = await mergeAs(member, edit('appearance.theme', 'light', { age_ms: 6 * MINUTE_MS }));
      assert.equal(rejected.length, 1);
    });

    it('remember that a leaf was set back', async () => {
      const { preferences, rejected } = await both({ value: null, age_ms: MINUTE_MS }, { age_ms: 2 * MINUTE_MS });
      assert.deepEqual([preferences, rejected.length], [{}, 1]);
    });

    it('decide an edit once: one that is sent again does not come back', async () => {
      const member = await newMember(database);
      const first = edit('appearance.theme', 'dark', { age_ms: MINUTE_MS });
      await mergeAs(member, first);
      await mergeAs(member, edit('appearance.theme', 'light', { base: 1, age_ms: 2 * MINUTE_MS }));
      // Its answer was lost, and it seems to be younger than it was.
      const again = await mergeAs(member, { ...first, age_ms: 0 });
      assert.deepEqual([again.preferences, again.rejected], [{ appearance: { theme: 'light' } }, []]);
    });

    it('decide once against an edit, too', async () => {
      const member = await newMember(database);
      await mergeAs(member, edit('appearance.theme', 'dark', { age_ms: MINUTE_MS }));
      const late = edit('appearance.theme', 'light', { age_ms: 2 * MINUTE_MS });
      await mergeAs(member, late);
      const again = await mergeAs(member, { ...late, age_ms: 0 });
      assert.deepEqual([again.preferences, again.rejected.length], [{ appearance: { theme: 'dark' } }, 1]);
    });

    it('take an edit that somebody insists on, once', async () => {
      const member = await newMember(database);
      await mergeAs(member, edit('appearance.theme', 'dark', { age_ms: MINUTE_MS }));
      const late = edit('appearance.theme', 'light', { age_ms: 2 * MINUTE_MS });
      await mergeAs(member, late);
      const insisted = await mergeAs(member, { ...late, insist: true });
      assert.deepEqual([insisted.preferences, insisted.rejected], [{ appearance: { theme: 'light' } }, []]);
      await mergeAs(member, edit('appearance.theme', 'dark', { base: insisted.revision }));
      const again = await mergeAs(member, { ...late, insist: true });
      assert.deepEqual(again.preferences, { appearance: { theme: 'dark' } });
    });

    it('forget after 90 days what was decided', async () => {
      const member = await newMember(database);
      await mergeAs(member, edit('appearance.theme', 'dark'));
      await database.query(`update private.preference_ops set at = at - interval '91 days' where user_id = $1`, [
        member.id,
      ]);
      await mergeAs(member, edit('appearance.theme', 'light', { base: 1 }));
      const [row] = await database.query<{ count: number }>(
        'select count(*)::int as count from private.preference_ops where user_id = $1',
        [member.id],
      );
      assert.equal(row!.count, 1);
    });
  });

  describe('signal', () => {
    it('their member, with the revision and nothing that was set', async () => {
      const member = await newMember(database);
      await mergeAs(member, edit('appearance.theme', 'sepia'), edit('ai_providers.openai.model', 'secret-model'));
      const { payload } = (await told(member)).at(-1)!;
      assert.deepEqual(Object.keys(payload).sort(), ['at', 'id', 'ids', 'n', 'op', 'revision', 'table']);
      assert.partialDeepStrictEqual(payload, { op: 'UPDATE', n: 1, ids: [member.id], revision: 1 });
      assert.doesNotMatch(JSON.stringify(payload), /sepia|secret-model|theme/);
    });

    it('once a call', async () => {
      const member = await newMember(database);
      const before = (await told(member)).length;
      await mergeAs(member, edit('appearance.theme', 'dark'), edit('appearance.density', 'compact'));
      assert.equal((await told(member)).length - before, 1);
    });

    it('nobody when nothing has changed', async () => {
      const member = await newMember(database);
      const op = edit('appearance.theme', 'dark', { age_ms: MINUTE_MS });
      await mergeAs(member, op);
      const before = (await told(member)).length;
      await mergeAs(member, op);
      await mergeAs(member, edit('appearance.theme', 'dark'));
      await mergeAs(member, edit('appearance.theme', 'light', { age_ms: 2 * MINUTE_MS }));
      assert.equal((await told(member)).length, before);
    });
  });

  it('know who runs the site: its owner and admins', async () => {
    const [owner, admin] = [await newMember(database), await newAdmin(database)];
    const [member, visitor] = [await newMember(database), await newVisitor(database)];
    await database.query(
      `insert into private.site (owner_id) values ($1) on conflict (singleton) do update set owner_id = excluded.owner_id`,
      [owner.id],
    );
    const runs = async ({ claims }: Pick<Person, 'claims'>) =>
      (await asUser<{ runs: boolean }>(database, claims, 'select public.runs_site() as runs'))[0]!.runs;
    const liar = { claims: { ...member.claims, user_metadata: { role: 'admin' } } };
    assert.deepEqual([await runs(owner), await runs(admin)], [true, true]);
    for (const other of [member, visitor, liar]) assert.equal(await runs(other), false);
    await assert.rejects(asUser(database, ANON, 'select public.runs_site()'), REFUSED);
  });
});
