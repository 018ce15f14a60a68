import { expect } from 'chai';
import { profile, saveProfile } from '../../src/services/profile.ts';
import { signOut } from '../../src/services/account.ts';
import { connection, discardWrite } from '../../src/services/sync.ts';
import { connectToBackend, fault, leaveBackend, noFaults, signInNewMember, sql } from '../support/browser/backend.ts';
import { until } from '../support/browser/page.ts';

describe('the profile', () => {
  let leave = () => {};
  const live = () => profile().snapshot.data;

  async function show(): Promise<string> {
    const { userId } = await signInNewMember();
    leave = profile().subscribe(() => undefined);
    await until(() => profile().snapshot.status === 'live');
    return userId;
  }

  beforeEach(() => connectToBackend());
  afterEach(async () => {
    leave();
    await noFaults();
    await sql('update private.site set owner_id = null');
    for (const { id } of connection().snapshot.data?.writes ?? []) discardWrite(id);
    await leaveBackend();
  });

  it('is that of the signed-in member, and nothing for nobody', async () => {
    const userId = await show();
    expect(live()).to.deep.include({ id: userId, full_name: null, company: null, owner: false, pending: [] });
    await signOut();
    await until(() => live() === undefined);
  });

  it('is changed at once, and a moment later on the server', async () => {
    const userId = await show();
    saveProfile({ full_name: ' Vera Example ', team_size: '2–10' });
    expect(live()).to.deep.include({
      full_name: 'Vera Example',
      team_size: '2–10',
      pending: ['full_name', 'team_size'],
    });
    await until(() => live()?.pending.length === 0);
    const [row] = await sql('select full_name, team_size from profiles where id = $1', [userId]);
    expect(row).to.deep.equal({ full_name: 'Vera Example', team_size: '2–10' });
  });

  it('is emptied by nothing but blanks', async () => {
    const userId = await show();
    await sql(`update profiles set company = 'Acme' where id = $1`, [userId]);
    await until(() => live()?.company === 'Acme');
    saveProfile({ company: '  ' });
    await until(() => live()?.pending.length === 0 && live()?.company === null);
  });

  it('keeps a change that cannot be sent now', async () => {
    const userId = await show();
    await fault({ restStatus: 503 });
    saveProfile({ company: 'Acme' });
    await until(() => connection().snapshot.data!.errors > 0);
    expect(live()).to.deep.include({ company: 'Acme', pending: ['company'] });
    await noFaults();
    await until(() => live()?.pending.length === 0);
    expect(await sql('select company from profiles where id = $1', [userId])).to.deep.equal([{ company: 'Acme' }]);
  });

  it('knows the owner of the site', async () => {
    const { userId } = await signInNewMember();
    await sql(
      `insert into private.site (owner_id) values ($1) on conflict (singleton) do update set owner_id = excluded.owner_id`,
      [userId],
    );
    leave = profile().subscribe(() => undefined);
    await until(() => live()?.owner === true);
  });

  const refused: Record<string, [patch: object, reason: string]> = {
    'a name that is too long': [{ full_name: 'x'.repeat(201) }, 'length'],
    'a team size that is too long': [{ team_size: 'x'.repeat(51) }, 'length'],
    'an address': [{ email: 'other@test.invalid' }, 'field'],
    'what is no field': [{ constructor: 'x' }, 'field'],
  };
  for (const [what, [patch, reason]] of Object.entries(refused)) {
    it(`refuses ${what}, and changes nothing`, async () => {
      await show();
      expect(() => saveProfile(patch))
        .to.throw()
        .with.include({ code: 'invalid', reason });
      expect(connection().snapshot.data!.pending).to.equal(0);
    });
  }
});
