import { expect } from 'chai';
import { signIn, signOut } from '../../src/services/account.ts';
import {
  getLatestSettings,
  refreshSettings,
  resolveSetting,
  saveSettings,
  settings,
  subscribeToSettingsChanges,
  updateSettingsRealtime,
  type SettingsChange,
} from '../../src/services/settings.ts';
import { connection, discardWrite } from '../../src/services/sync.ts';
import { addSettings, type SettingsPatch } from '../../src/services/settings-schema.ts';
import {
  connectToBackend,
  fault,
  leaveBackend,
  newMember,
  noFaults,
  publish,
  signInNewMember,
  sql,
  unpublish,
} from '../support/browser/backend.ts';
import { until } from '../support/browser/page.ts';

const THEME = 'appearance.theme';

describe('settings', () => {
  const leaves: (() => void)[] = [];
  const live = settings();
  const watch = () => leaves.push(live.subscribe(() => undefined));
  const theme = () => live.snapshot.data!.fields[THEME]!;
  const settled = () => until(() => live.snapshot.status === 'live' && live.snapshot.data);
  const saved = () => until(() => connection().snapshot.data?.pending === 0 && !theme().pending);
  const rowOf = async (userId: string) =>
    (await sql('select preferences, revision from user_preferences where user_id = $1', [userId]))[0]!;

  /** What another device does, which has seen everything, or nothing. */
  const elsewhere = (userId: string, patch: SettingsPatch, ageMs = 0, base: number | null = 1e9) =>
    sql(
      `select private.merge_preferences(edits) from (select set_config('request.jwt.claims', $1, true)) as claims,
         lateral (select jsonb_agg(jsonb_build_object('id', gen_random_uuid(), 'path', key, 'value', value,
                                                      'age_ms', $3::bigint, 'base', $4::bigint)) as edits
                  from jsonb_each($2::jsonb)) as ops
       where claims.set_config is not null`,
      [JSON.stringify({ sub: userId, role: 'authenticated' }), JSON.stringify(patch), ageMs, base],
    );

  /** Makes what another device did count as done a minute later: no delay of this machine comes close to that. */
  const later = (userId: string) =>
    sql(
      `update user_preferences set clocks =
         (select jsonb_object_agg(key, jsonb_set(value, '{1}', to_jsonb((value ->> 1)::bigint + 60000)))
          from jsonb_each(clocks))
       where user_id = $1`,
      [userId],
    );

  beforeEach(() => connectToBackend());

  afterEach(async () => {
    for (const leave of leaves.splice(0)) leave();
    await noFaults();
    for (const { id } of connection().snapshot.data?.writes ?? []) discardWrite(id);
    await leaveBackend();
  });

  it('are all there from the first moment, as defaults', () => {
    watch();
    expect(live.snapshot.data?.fields[THEME]).to.deep.equal({ value: 'page', source: 'default', pending: false });
    expect(live.snapshot.data?.values['usage.days']).to.equal(30);
  });

  it('come from the account', async () => {
    const { userId } = await signInNewMember();
    await elsewhere(userId, { [THEME]: 'dark', 'page.table.rows': 50 });
    watch();
    const { fields, values } = await settled();
    expect(fields[THEME]).to.deep.equal({ value: 'dark', source: 'account', pending: false });
    expect(values['page.table.rows']).to.equal(50);
  });

  it('of an account that is older than a field have its default, and lose nothing that is there', async () => {
    const { userId } = await signInNewMember();
    await elsewhere(userId, { [THEME]: 'dark', 'later.view': 'grid' });
    watch();
    await settled();
    addSettings({
      id: 'later',
      label: 'Later',
      fields: [
        { name: 'view', label: 'View', type: 'choice', options: ['list', 'board'], default: 'list' },
        { name: 'weekly', label: 'Weekly', type: 'switch', default: true },
      ],
    });
    const { fields } = live.snapshot.data!;
    expect(fields['later.weekly']).to.deep.equal({ value: true, source: 'default', pending: false });
    expect(fields['later.view']!.value).to.equal('list');
    saveSettings({ 'later.weekly': false });
    await saved();
    expect((await rowOf(userId)).preferences).to.deep.equal({
      appearance: { theme: 'dark' },
      later: { view: 'grid', weekly: false },
    });
  });

  it('are saved: at once here, a moment later in the account', async () => {
    const { userId } = await signInNewMember();
    watch();
    await settled();
    saveSettings({ [THEME]: 'dark' });
    expect(theme()).to.deep.equal({ value: 'dark', source: 'account', pending: true });
    await saved();
    expect(theme()).to.deep.equal({ value: 'dark', source: 'account', pending: false });
    expect((await rowOf(userId)).preferences).to.deep.equal({ appearance: { theme: 'dark' } });
  });

  it('that have not changed stay the same objects', async () => {
    await signInNewMember();
    watch();
    const before = await settled();
    saveSettings({ [THEME]: 'dark' });
    const { fields, values } = live.snapshot.data!;
    expect(fields['usage.days']).to.equal(before.fields['usage.days']);
    expect(values).not.to.equal(before.values);
    await saved();
    expect(live.snapshot.data!.values).to.equal(values);
  });

  it('answer what they replace, which undoes', async () => {
    const { userId } = await signInNewMember();
    watch();
    await settled();
    expect(saveSettings({ [THEME]: 'dark' })).to.deep.equal({ [THEME]: null });
    const before = saveSettings({ [THEME]: 'light', 'usage.days': 7 });
    expect(before).to.deep.equal({ [THEME]: 'dark', 'usage.days': null });
    saveSettings(before);
    expect(theme().value).to.equal('dark');
    expect(live.snapshot.data!.fields['usage.days']).to.include({ value: 30, source: 'default' });
    await saved();
    expect((await rowOf(userId)).preferences).to.deep.include({ appearance: { theme: 'dark' } });
  });

  it('send nothing that the account has, nor what was edited again before it left', async () => {
    const { userId } = await signInNewMember();
    watch();
    await settled();
    await fault({ restStatus: 503 });
    for (const value of ['dark', 'light', 'system', 'dark', 'light'] as const) saveSettings({ [THEME]: value });
    expect(connection().snapshot.data!.writes.length).to.be.at.most(2);
    await noFaults();
    await saved();
    await until(() => connection().snapshot.data!.pending === 0);
    saveSettings({ [THEME]: 'light' });
    expect(connection().snapshot.data!.pending).to.equal(0);
    expect((await rowOf(userId)).preferences).to.deep.equal({ appearance: { theme: 'light' } });
  });

  it('refuse a group, by its name, and save nothing of the patch', async () => {
    await signInNewMember();
    watch();
    await settled();
    const patch = { [THEME]: 'dark', appearance: 'dark' } as SettingsPatch;
    expect(() => saveSettings(patch))
      .to.throw('"appearance"')
      .with.include({ code: 'invalid', reason: 'parent' });
    expect(theme().value).to.equal('page');
  });

  it('say in the server’s own words what it does not take', async () => {
    await signInNewMember();
    watch();
    await settled();
    for (const name of ['a', 'b', 'c', 'd', 'e']) saveSettings({ [`page.${name}`]: 'x'.repeat(15_000) });
    const refused = await until(() => live.snapshot.data!.fields['page.e']?.refused);
    expect(refused.error).to.include({ code: 'invalid', reason: 'document' });
    expect(refused.error.message).to.contain('64 kB');
    expect(live.snapshot.data!.fields['page.e']).to.include({ value: null, source: 'default' });
  });

  it('hear of another device', async () => {
    const { userId } = await signInNewMember();
    watch();
    await settled();
    await elsewhere(userId, { [THEME]: 'dark' });
    await until(() => theme().value === 'dark');
  });

  describe('that two devices change', () => {
    it('merge where they are different ones', async () => {
      const { userId } = await signInNewMember();
      watch();
      await settled();
      await fault({ restStatus: 503 });
      saveSettings({ [THEME]: 'dark' });
      await elsewhere(userId, { 'usage.days': 7 }, 0, null);
      await noFaults();
      await until(() => live.snapshot.data!.values['usage.days'] === 7 && !theme().pending);
      expect((await rowOf(userId)).preferences).to.deep.equal({ appearance: { theme: 'dark' }, usage: { days: 7 } });
    });

    /** An edit of here that waits while another device, which does not know of it, makes one later. */
    async function conflict(): Promise<string> {
      const { userId } = await signInNewMember();
      watch();
      await settled();
      await fault({ restStatus: 503 });
      saveSettings({ [THEME]: 'dark' });
      await until(() => connection().snapshot.data!.errors > 0);
      await elsewhere(userId, { [THEME]: 'light' }, 0, null);
      await later(userId);
      await noFaults();
      await until(() => theme().refused);
      return userId;
    }

    it('count as they were changed last, and say here what does not count', async () => {
      await conflict();
      expect(theme()).to.include({ value: 'light', source: 'account', pending: false });
      expect(theme().refused).to.include({ value: 'dark' });
      expect(theme().refused!.error).to.include({ code: 'conflict', reason: 'newer' });
      expect(connection().snapshot.data!.failed).to.equal(1);
    });

    it('count as they were set here when somebody insists', async () => {
      const userId = await conflict();
      resolveSetting(THEME, 'mine');
      expect(theme()).to.include({ value: 'dark', pending: true });
      await saved();
      expect((await rowOf(userId)).preferences).to.deep.equal({ appearance: { theme: 'dark' } });
      expect(theme().refused).to.equal(undefined);
    });

    it('count as they are when somebody gives in', async () => {
      await conflict();
      resolveSetting(THEME, 'theirs');
      expect(theme()).to.deep.equal({ value: 'light', source: 'account', pending: false });
      expect(connection().snapshot.data!.failed).to.equal(0);
    });

    it('are settled by setting them again, to what they are too', async () => {
      await conflict();
      saveSettings({ [THEME]: 'light' });
      expect(theme().refused).to.equal(undefined);
      await saved();
      expect(connection().snapshot.data!.failed).to.equal(0);
    });
  });

  describe('without an account', () => {
    it('are this browser’s own', async () => {
      watch();
      await until(() => live.snapshot.status === 'idle');
      saveSettings({ [THEME]: 'dark' });
      expect(theme()).to.deep.equal({ value: 'dark', source: 'local', pending: false });
      saveSettings({ [THEME]: null });
      expect(theme()).to.deep.equal({ value: 'page', source: 'default', pending: false });
    });

    it('become the account’s at the next sign-in, and leave the browser', async () => {
      const { login, userId } = await newMember();
      watch();
      await until(() => live.snapshot.status === 'idle');
      saveSettings({ [THEME]: 'dark', 'usage.days': 7 });
      await signIn(login.email, login.password);
      await until(() => live.snapshot.status === 'live' && theme().source === 'account' && !theme().pending);
      const { preferences } = await rowOf(userId);
      expect(preferences).to.deep.equal({ appearance: { theme: 'dark' }, usage: { days: 7 } });
      expect(localStorage.getItem('livelit:settings')).to.equal(null);
      await signOut();
      await until(() => theme().source === 'default');
    });

    it('give way to what the account was told later', async () => {
      const { login, userId } = await newMember();
      watch();
      await until(() => live.snapshot.status === 'idle');
      saveSettings({ [THEME]: 'dark', 'usage.days': 7 });
      await elsewhere(userId, { [THEME]: 'light' });
      await later(userId);
      await signIn(login.email, login.password);
      await until(() => live.snapshot.status === 'live' && theme().source === 'account' && !theme().pending);
      expect(theme()).to.deep.equal({ value: 'light', source: 'account', pending: false });
      expect(live.snapshot.data!.values['usage.days']).to.equal(7);
    });

    it('are saved for the account that is here, when nobody looks', async () => {
      const { userId } = await signInNewMember();
      saveSettings({ [THEME]: 'dark' });
      await until(async () => Number((await rowOf(userId)).revision) === 1);
    });

    it('survive what somebody else has written in their place', () => {
      localStorage.setItem('livelit:settings', '{');
      watch();
      expect(theme().source).to.equal('default');
    });
  });

  describe('of a session that ends', () => {
    /** The server forgets the user's sessions, as it does when somebody signs them out everywhere. */
    const end = async () => {
      await sql('delete from auth.refresh_tokens');
      await fault({ expireTokens: true });
    };

    it('stay on screen, take edits, and save them after the next sign-in', async () => {
      const { login, userId } = await newMember();
      await signIn(login.email, login.password);
      await elsewhere(userId, { 'usage.days': 7 });
      watch();
      await settled();
      await end();
      refreshSettings();
      await until(() => connection().snapshot.data!.state === 'needs-auth');
      expect(live.snapshot.data!.values['usage.days']).to.equal(7);
      saveSettings({ [THEME]: 'dark' });
      expect(theme()).to.deep.equal({ value: 'dark', source: 'account', pending: true });
      expect(connection().snapshot.data!.pending).to.equal(1);
      await signIn(login.email, login.password);
      await saved();
      expect((await rowOf(userId)).preferences).to.deep.equal({ appearance: { theme: 'dark' }, usage: { days: 7 } });
    });

    it('are never saved for the next one who signs in', async () => {
      const [mine, theirs] = [await newMember(), await newMember()];
      await signIn(mine.login.email, mine.login.password);
      watch();
      await settled();
      await end();
      refreshSettings();
      await until(() => connection().snapshot.data!.state === 'needs-auth');
      saveSettings({ [THEME]: 'dark' });
      await signIn(theirs.login.email, theirs.login.password);
      await settled();
      expect(theme().value).to.equal('page');
      saveSettings({ 'usage.days': 7 });
      await saved();
      expect((await rowOf(theirs.userId)).preferences).to.deep.equal({ usage: { days: 7 } });
      await signOut();
      await signIn(mine.login.email, mine.login.password);
      await until(async () => Number((await rowOf(mine.userId)).revision) === 1);
      expect((await rowOf(mine.userId)).preferences).to.deep.equal({ appearance: { theme: 'dark' } });
    });
  });

  it('are looked for where their table is not told of', async () => {
    await leaveBackend();
    await publish();
    try {
      await connectToBackend({ transport: 'postgres_changes', timings: { pollMs: 100 } });
      const { userId } = await signInNewMember();
      watch();
      await settled();
      await elsewhere(userId, { [THEME]: 'dark' });
      await until(() => theme().value === 'dark');
    } finally {
      await unpublish();
    }
  });

  describe('by the names of the requirement documents', () => {
    it('tell a listener of each change, and of nothing else', async () => {
      const { userId } = await signInNewMember();
      const heard: SettingsChange[] = [];
      leaves.push(subscribeToSettingsChanges(userId, (change) => heard.push(change)));
      await settled();
      expect(heard).to.deep.equal([]);
      await elsewhere(userId, { [THEME]: 'dark' });
      await until(() => heard.length === 1);
      const [{ eventType, table, ids, bulk, new: now }] = heard as [SettingsChange];
      expect({ eventType, table, ids, bulk }).to.deep.equal({
        eventType: 'UPDATE',
        table: 'user_preferences',
        ids: [userId],
        bulk: false,
      });
      expect(now.values[THEME]).to.equal('dark');
    });

    it('are set and fetched for who is signed in, and for nobody else', async () => {
      const { userId } = await signInNewMember();
      await elsewhere(userId, { [THEME]: 'dark' });
      expect((await getLatestSettings(userId)).values[THEME]).to.equal('dark');
      watch();
      await settled();
      updateSettingsRealtime(userId, { [THEME]: 'light' });
      await saved();
      const other = crypto.randomUUID();
      expect(() => updateSettingsRealtime(other, { [THEME]: 'dark' }))
        .to.throw()
        .with.property('code', 'forbidden');
      const refused: unknown = await getLatestSettings(other).catch((error: unknown) => error);
      expect(refused).to.have.property('code', 'forbidden');
    });
  });
});
