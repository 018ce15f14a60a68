import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { onEachEngine } from '../support/node/engines.ts';
import { ANON, asUser, newAdmin, newMember, newVisitor, sentOn, SERVICE, type Person } from '../support/node/sql.ts';

const SET = `select public.api_key_set($1, 'openai', 'v1.k.s.i.c', 'k', 'wxyz', 'print', 'valid')`;
const RESEAL = `select public.api_key_reseal($1, 'openai', 'v1.k.s.i.c', 'v1.k2.s.i.c', 'k2', 'print2') as resealed`;
const MARK = `select public.api_key_mark($1, 'openai', $2, 'invalid') as marked`;

onEachEngine('user_api_keys', (database) => {
  const set = ({ id }: Person) => asUser(database, SERVICE, SET, [id]);
  const listed = async ({ claims }: Pick<Person, 'claims'>) =>
    (await asUser<{ keys: Record<string, unknown>[] }>(database, claims, 'select public.api_keys() as keys'))[0]!.keys;
  const audited = (person: Person) =>
    database.query<{ action: string; detail: object }>(
      'select action, detail from private.audit_log where subject_id = $1 order by id',
      [person.id],
    );

  describe('listed', () => {
    it("are a member's own: provider, last four, status and times", async () => {
      const [member, other] = [await newMember(database), await newMember(database)];
      for (const each of [member, other]) await set(each);
      const keys = await listed(member);
      assert.equal(keys.length, 1);
      assert.deepEqual(Object.keys(keys[0]!).sort(), ['checked_at', 'last4', 'provider', 'status', 'updated_at']);
      assert.partialDeepStrictEqual(keys, [{ provider: 'openai', last4: 'wxyz', status: 'valid' }]);
    });

    it('are no others for an admin', async () => {
      await set(await newMember(database));
      assert.deepEqual(await listed(await newAdmin(database)), []);
    });

    it('are none for a visitor, even where a row has their id', async () => {
      const visitor = await newVisitor(database);
      await set(visitor);
      assert.deepEqual(await listed(visitor), []);
    });

    it('are refused to whoever has only the key', async () => {
      await assert.rejects(asUser(database, ANON, 'select public.api_keys()'), { code: '42501' });
    });
  });

  const CALLS = {
    'the table': 'select envelope from private.user_api_keys where user_id = $1',
    'another list': 'select private.api_key_metadata($1)',
    api_key_admit: 'select public.api_key_admit($1)',
    api_key_set: SET,
    api_key_get: `select public.api_key_get($1, 'openai')`,
    api_key_mark: `select public.api_key_mark($1, 'openai', 'print', 'invalid')`,
    api_key_list: 'select public.api_key_list($1)',
    api_key_delete: `select public.api_key_delete($1, 'openai')`,
    api_keys_outdated: `select public.api_keys_outdated('k', $1, 'openai', 1)`,
    api_keys_outdated_count: `select public.api_keys_outdated_count($1::text)`,
    api_key_reseal: RESEAL,
  };
  for (const [what, sql] of Object.entries(CALLS)) {
    it(`refuses ${what} to everybody but the service`, async () => {
      const [member, admin, visitor] = [
        await newMember(database),
        await newAdmin(database),
        await newVisitor(database),
      ];
      for (const { id, claims } of [member, admin, visitor]) {
        await assert.rejects(asUser(database, claims, sql, [id]), { code: '42501' });
      }
      await assert.rejects(asUser(database, ANON, sql, [member.id]), { code: '42501' });
      await asUser(database, SERVICE, sql, [member.id]);
    });
  }

  it('are marked unless they were replaced meanwhile', async () => {
    const member = await newMember(database);
    await set(member);
    const mark = (print: string) => asUser(database, SERVICE, MARK, [member.id, print]);
    assert.deepEqual(await mark('another'), [{ marked: false }]);
    assert.partialDeepStrictEqual(await listed(member), [{ status: 'valid' }]);
    assert.deepEqual(await mark('print'), [{ marked: true }]);
    assert.partialDeepStrictEqual(await listed(member), [{ status: 'invalid' }]);
  });

  describe('sealed anew', () => {
    const reseal = async ({ id }: Person) =>
      (await asUser<{ resealed: boolean }>(database, SERVICE, RESEAL, [id]))[0]!.resealed;

    it('have another envelope, and look as before', async () => {
      const member = await newMember(database);
      await set(member);
      const before = await listed(member);
      assert.equal(await reseal(member), true);
      assert.deepEqual(await listed(member), before);
      const stored = 'select envelope, kid, fingerprint from private.user_api_keys where user_id = $1';
      assert.deepEqual(await database.query(stored, [member.id]), [
        { envelope: 'v1.k2.s.i.c', kid: 'k2', fingerprint: 'print2' },
      ]);
      assert.deepEqual((await audited(member))[1], {
        action: 'api_key.rotate',
        detail: { provider: 'openai', from_kid: 'k', kid: 'k2' },
      });
    });

    it('are not when their user has set another in the meantime, or deleted it', async () => {
      const [replaced, deleted] = [await newMember(database), await newMember(database)];
      for (const each of [replaced, deleted]) await set(each);
      const anew = SET.replace('v1.k.s.i.c', 'v1.k.other');
      await asUser(database, SERVICE, anew, [replaced.id]);
      await asUser(database, SERVICE, `select public.api_key_delete($1, 'openai')`, [deleted.id]);
      assert.deepEqual([await reseal(replaced), await reseal(deleted)], [false, false]);
      const stored = 'select envelope from private.user_api_keys where user_id = any ($1)';
      assert.deepEqual(await database.query(stored, [[replaced.id, deleted.id]]), [{ envelope: 'v1.k.other' }]);
    });
  });

  it('signal their user by the name of the provider, and carry no column', async () => {
    const member = await newMember(database);
    await set(member);
    const told = (await sentOn(database, `user:${member.id}`)).filter(({ event }) => event === 'user_api_keys');
    assert.partialDeepStrictEqual(told, [{ payload: { op: 'INSERT', n: 1, ids: ['openai'] } }]);
    assert.ok(!JSON.stringify(told).includes('v1.k'));
  });

  it('go with their user; what was done with them stays known', async () => {
    const member = await newMember(database);
    await set(member);
    await database.query('delete from auth.users where id = $1', [member.id]);
    assert.deepEqual(await database.query('select 1 from private.user_api_keys where user_id = $1', [member.id]), []);
    assert.deepEqual(await audited(member), [
      { action: 'api_key.set', detail: { kid: 'k', last4: 'wxyz', status: 'valid', provider: 'openai' } },
    ]);
  });
});

onEachEngine('the audit log', (database) => {
  const write = (at: string) =>
    database.query(`insert into private.audit_log (at, action) values (now() - $1::interval, 'test')`, [at]);
  const CHANGES = {
    update: `update private.audit_log set action = 'other'`,
    delete: `delete from private.audit_log where at > now() - interval '364 days'`,
    truncate: 'truncate private.audit_log',
  };
  for (const [verb, sql] of Object.entries(CHANGES)) {
    it(`refuses ${verb} to the service and to its own superuser`, async () => {
      await write('1 hour');
      await assert.rejects(asUser(database, SERVICE, sql), { code: '42501' });
      await assert.rejects(database.query(sql), { code: '42501', message: /append-only/ });
    });
  }

  it('forgets what is older than a year, when it is told to', async () => {
    await write('366 days');
    await database.query(`delete from private.audit_log where at < now() - interval '365 days'`);
    assert.deepEqual(
      await database.query(`select 1 from private.audit_log where at < now() - interval '365 days'`),
      [],
    );
  });
});
