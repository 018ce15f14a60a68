import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { onEachEngine } from '../support/node/engines.ts';
import { ANON, asUser, newAdmin, newMember, newVisitor, SERVICE } from '../support/node/sql.ts';

interface Profile {
  id: string;
  email: string;
  full_name: string | null;
  company: string | null;
}

const REFUSED = { code: '42501' };

onEachEngine('profiles', (database) => {
  const profileOf = async (id: string) =>
    (await database.query<Profile>('select id, email, full_name, company from public.profiles where id = $1', [id]))[0];

  it('come with a sign-up', async () => {
    const { id, claims } = await newMember(database);
    assert.deepEqual(await profileOf(id), { id, email: claims.email, full_name: 'Vera Example', company: null });
  });

  it('do not come with an anonymous sign-in', async () => {
    assert.equal(await profileOf((await newVisitor(database)).id), undefined);
  });

  it('come when a visitor upgrades to an account', async () => {
    const { id } = await newVisitor(database);
    await database.query(`update auth.users set email = 'upgraded@test.invalid', is_anonymous = false where id = $1`, [
      id,
    ]);
    assert.equal((await profileOf(id))?.email, 'upgraded@test.invalid');
  });

  it('follow a change of the e-mail address and keep the rest', async () => {
    const { id, claims } = await newMember(database);
    await asUser(database, claims, `update public.profiles set company = 'Acme'`);
    await database.query(`update auth.users set email = 'moved@test.invalid' where id = $1`, [id]);
    assert.deepEqual(await profileOf(id), {
      id,
      email: 'moved@test.invalid',
      full_name: 'Vera Example',
      company: 'Acme',
    });
  });

  it('are cut to the longest name that fits, so that no sign-up fails', async () => {
    const { id } = await newVisitor(database);
    await database.query(
      `update auth.users set email = 'long@test.invalid', is_anonymous = false,
         raw_user_meta_data = jsonb_build_object('full_name', repeat('x', 300)) where id = $1`,
      [id],
    );
    assert.equal((await profileOf(id))?.full_name?.length, 200);
  });

  it('go with their user', async () => {
    const { id } = await newMember(database);
    await database.query('delete from auth.users where id = $1', [id]);
    assert.equal(await profileOf(id), undefined);
  });

  describe('read', () => {
    it('are their own for a member', async () => {
      const [member] = [await newMember(database), await newMember(database)];
      const seen = await asUser<Profile>(database, member.claims, 'select id from public.profiles');
      assert.deepEqual(seen, [{ id: member.id }]);
    });

    it('are all of them for an admin', async () => {
      const [admin, member] = [await newAdmin(database), await newMember(database)];
      const seen = await asUser<Profile>(database, admin.claims, 'select id from public.profiles');
      assert.ok(seen.some(({ id }) => id === member.id));
    });

    it('are none for a visitor, even where a row has their id', async () => {
      const { id, claims } = await newVisitor(database);
      await database.query(`insert into public.profiles (id, email) values ($1, '')`, [id]);
      assert.deepEqual(await asUser(database, claims, 'select id from public.profiles'), []);
    });

    it('are none for a member who calls themselves an admin', async () => {
      const { claims, id } = await newMember(database);
      const posing = { ...claims, user_metadata: { role: 'admin' } };
      assert.deepEqual(await asUser(database, posing, 'select id from public.profiles'), [{ id }]);
    });

    it('are refused to whoever has only the key', async () => {
      await assert.rejects(asUser(database, ANON, 'select id from public.profiles'), REFUSED);
    });
  });

  describe('written', () => {
    for (const column of ['full_name', 'company', 'role', 'industry', 'team_size']) {
      it(`take ${column} from their member`, async () => {
        const { claims } = await newMember(database);
        const rows = await asUser(database, claims, `update public.profiles set ${column} = 'new' returning ${column}`);
        assert.deepEqual(rows, [{ [column]: 'new' }]);
      });
    }

    for (const column of ['id', 'email', 'created_at', 'updated_at']) {
      it(`do not take ${column} from their member`, async () => {
        const { claims } = await newMember(database);
        await assert.rejects(asUser(database, claims, `update public.profiles set ${column} = ${column}`), REFUSED);
      });
    }

    it('stay as they are under the hands of another member, an admin and a visitor', async () => {
      const { id } = await newMember(database);
      for (const other of [await newMember(database), await newAdmin(database), await newVisitor(database)]) {
        const sql = `update public.profiles set company = 'Theirs' where id = $1 returning id`;
        assert.deepEqual(await asUser(database, other.claims, sql, [id]), []);
      }
      assert.equal((await profileOf(id))?.company, null);
    });

    it('are not made or deleted by a browser', async () => {
      const { claims, id } = await newMember(database);
      for (const sql of [
        `insert into public.profiles (id, email) values ('${id}', '')`,
        `delete from public.profiles where id = '${id}'`,
      ]) {
        for (const bearer of [ANON, claims, (await newAdmin(database)).claims, (await newVisitor(database)).claims]) {
          await assert.rejects(asUser(database, bearer, sql), REFUSED);
        }
      }
    });

    it('are changed by the service', async () => {
      const { id } = await newMember(database);
      await asUser(database, SERVICE, `update public.profiles set email = 'set@test.invalid' where id = $1`, [id]);
      assert.equal((await profileOf(id))?.email, 'set@test.invalid');
    });
  });
});
