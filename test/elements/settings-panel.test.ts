import { sendKeys } from '@web/test-runner-commands';
import { expect } from 'chai';
import { html } from 'lit';
import '../../src/define/usage-chart.ts';
import { SettingsPanelSavedEvent, SettingsPanelSaveEvent } from '../../src/elements/settings-panel.events.ts';
import type { SettingsPanelElement } from '../../src/elements/settings-panel.ts';
import type { UsageChartElement } from '../../src/elements/usage-chart.ts';
import { signIn } from '../../src/services/account.ts';
import { pagePreferences } from '../../src/services/page-preferences.ts';
import type { SettingsGroup } from '../../src/services/settings-schema.ts';
import { refreshSettings, saveSettings, settings } from '../../src/services/settings.ts';
import { connection, discardWrite } from '../../src/services/sync.ts';
import { connectToBackend, fault, leaveBackend, noFaults, sql } from '../support/browser/backend.ts';
import { clearPage, mount, until } from '../support/browser/page.ts';
import { all, choose, field, find, member, open, source, text, type } from '../support/browser/settings-panel.ts';

const THEME = 'appearance.theme';
const CURRENCY = 'locale.currency';

const state = (panel: SettingsPanelElement) => text(panel, '[part=state] [aria-live]');
const value = (path: string) => settings().snapshot.data!.values[path];
const stored = async (userId: string) =>
  (await sql('select preferences from user_preferences where user_id = $1', [userId]))[0]?.preferences;

describe('<settings-panel>', () => {
  const leaves: (() => void)[] = [];

  beforeEach(() => connectToBackend());

  afterEach(async () => {
    for (const leave of leaves.splice(0)) leave();
    clearPage();
    await noFaults();
    saveSettings(Object.fromEntries(Object.keys(settings().snapshot.data!.fields).map((path) => [path, null])));
    for (const { id } of connection().snapshot.data?.writes ?? []) discardWrite(id);
    await leaveBackend();
  });

  const live = (panel: SettingsPanelElement) => until(() => panel.matches(':state(live)'));

  it('saves by itself when nobody has typed for a while, and says so', async () => {
    const { userId } = await member();
    const panel = await open();
    await live(panel);
    choose(panel, THEME, 'dark');
    await panel.updateComplete;
    expect(state(panel)).to.equal('Unsaved changes');
    expect(panel.matches(':state(unsaved)')).to.equal(true);
    expect(source(panel, THEME)).to.equal('Unsaved');
    await until(() => state(panel) === 'All changes saved');
    expect(source(panel, THEME)).to.equal('Account');
    expect(await stored(userId)).to.deep.equal({ appearance: { theme: 'dark' } });
  });

  it('with autosave="off" saves when somebody says so, and not before', async () => {
    const { userId } = await member();
    const panel = await open('appearance', html`<settings-panel autosave="off"></settings-panel>`);
    await live(panel);
    choose(panel, THEME, 'dark');
    field(panel, THEME, 'input').blur();
    await panel.updateComplete;
    expect(value(THEME)).to.equal('page');
    find(panel, '[part~=save]')!.click();
    expect(value(THEME)).to.equal('dark');
    await until(async () => JSON.stringify(await stored(userId)) === '{"appearance":{"theme":"dark"}}');
  });

  it('shows on the page what is chosen before it is saved, and takes it back with it', async () => {
    const panel = await open('appearance', html`<settings-panel autosave="off"></settings-panel>`);
    const scheme = () => getComputedStyle(panel).colorScheme;
    const before = scheme();
    choose(panel, THEME, 'dark');
    expect(scheme()).to.equal('dark');
    panel.undo();
    expect(scheme()).to.equal(before);
  });

  it('moves the charts of the page that do not say themselves what they show', async () => {
    const panel = await open('usage');
    const free = mount<UsageChartElement>(html`<usage-chart></usage-chart>`);
    const own = mount<UsageChartElement>(html`<usage-chart metric="co2"></usage-chart>`);
    const title = (chart: UsageChartElement) => chart.shadowRoot!.querySelector('[part=title]')?.textContent;
    await until(() => title(free) === 'Tokens per day');
    choose(panel, 'usage.metric', 'requests');
    await until(() => title(free) === 'Requests per day');
    expect(title(own)).to.equal('CO₂e per day');
    await until(() => source(panel, 'usage.metric') === 'This device · here <usage-chart metric="co2"> says otherwise');
    choose(panel, 'usage.days', '7');
    await until(() => free.shadowRoot!.querySelector('[part=footnote]')!.textContent.includes('7'));
  });

  it('shows amounts in the currency that is set, and numbers in its language', async () => {
    const panel = await open('locale');
    await type(panel, CURRENCY, 'EUR');
    await type(panel, 'locale.per_usd', '0,5');
    await type(panel, 'locale.language', 'de');
    await until(() => pagePreferences().snapshot.data?.locale === 'de');
    const chart = mount<UsageChartElement>(html`<usage-chart metric="cost"></usage-chart>`);
    await until(() => /^[\d.,]+\s€$/.test(chart.shadowRoot!.querySelector('[part=total]')?.textContent ?? ''));
  });

  it('keeps what is wrong from being saved, says why, and is invalid in its form', async () => {
    const form = mount<HTMLFormElement>(
      html`<form><settings-panel name="settings" section="locale" autosave="50"></settings-panel></form>`,
    );
    const panel = form.querySelector('settings-panel')!;
    await until(() => field(panel, CURRENCY));
    const input = await type(panel, 'locale.time_zone', 'Berlin');
    expect(text(panel, '[part=complaint]')).to.equal('It is a time zone, as "Europe/Berlin".');
    expect(input.getAttribute('aria-invalid')).to.equal('true');
    expect([form.checkValidity(), panel.matches(':state(invalid)')]).to.deep.equal([false, true]);
    input.blur();
    expect(value('locale.time_zone')).to.equal('');
    await type(panel, 'locale.time_zone', 'Europe/Berlin');
    await until(() => value('locale.time_zone') === 'Europe/Berlin');
    await panel.updateComplete;
    expect(form.checkValidity()).to.equal(true);
    expect(JSON.parse(new FormData(form).get('settings') as string)).to.deep.equal({
      'locale.time_zone': 'Europe/Berlin',
    });
    form.reset();
    await until(() => value('locale.time_zone') === '');
    expect(input.value).to.equal('');
  });

  it('is inert in a fieldset that is disabled', async () => {
    const set = mount<HTMLFieldSetElement>(html`<fieldset disabled><settings-panel></settings-panel></fieldset>`);
    await until(() => find(set.querySelector('settings-panel')!, '.frame')?.inert);
  });

  it('takes back what is unsaved, then what was saved, and not what somebody else has changed since', async () => {
    const { elsewhere } = await member();
    const panel = await open();
    await live(panel);
    choose(panel, THEME, 'dark');
    await until(() => value(THEME) === 'dark');
    choose(panel, 'appearance.density', 'compact');
    await until(() => value('appearance.density') === 'compact' && state(panel) === 'All changes saved');
    await elsewhere({ 'appearance.density': 'comfortable' });
    await until(() => value('appearance.density') === 'comfortable');
    panel.undo();
    await panel.updateComplete;
    expect(text(panel, '[role=status]')).to.equal('What was changed elsewhere meanwhile stays.');
    expect(value(THEME)).to.equal('dark');
    find(panel, '[part~=undo]')!.click();
    expect(value(THEME)).to.equal('page');
  });

  it('asks the page before it saves, and tells it after', async () => {
    const panel = await open();
    const told: string[] = [];
    let allow = false;
    panel.addEventListener('settings-panel-save', (event) => {
      if (event instanceof SettingsPanelSaveEvent) told.push(`save ${JSON.stringify(event.patch)}`);
      if (!allow) event.preventDefault();
    });
    panel.addEventListener('settings-panel-saved', (event) => {
      if (event instanceof SettingsPanelSavedEvent) told.push(`saved ${JSON.stringify(event.patch)}`);
    });
    choose(panel, THEME, 'dark');
    await until(() => told.length === 1);
    expect([value(THEME), panel.unsaved]).to.deep.equal(['page', 1]);
    allow = true;
    panel.save();
    expect(told).to.deep.equal([
      'save {"appearance.theme":"dark"}',
      'save {"appearance.theme":"dark"}',
      'saved {"appearance.theme":"dark"}',
    ]);
  });

  it('saves what is unsaved when it leaves the page', async () => {
    const panel = await open('appearance', html`<settings-panel autosave="60000"></settings-panel>`);
    choose(panel, THEME, 'dark');
    panel.remove();
    expect(value(THEME)).to.equal('dark');
  });

  it('sets a setting back to its default', async () => {
    const panel = await open();
    saveSettings({ [THEME]: 'dark' });
    await until(() => source(panel, THEME) === 'This device');
    field(panel, THEME, '[part=reset]').click();
    await until(() => source(panel, THEME) === 'Default');
    expect(value(THEME)).to.equal('page');
  });

  it('shows and keeps the page’s own groups, and what stands in its slot', async () => {
    const reports: SettingsGroup = {
      id: 'reports',
      label: 'Reports',
      fields: [{ name: 'weekly', label: 'Send a weekly report', type: 'switch', default: false }],
    };
    const panel = await open(
      'reports',
      html`<settings-panel section="reports" autosave="50" .groups=${[reports]}><p>By mail.</p></settings-panel>`,
    );
    expect(all(panel, '[role=tab]').map((tab) => tab.textContent.trim())).to.include('Reports');
    await until(() => field(panel, 'reports.weekly'));
    field(panel, 'reports.weekly', 'input').click();
    await until(() => value('reports.weekly') === true);
  });

  it('shows only the sections that the page names, in its order', async () => {
    const panel = await open('', html`<settings-panel sections="usage appearance" section=""></settings-panel>`);
    expect(all(panel, '[role=tab]').map((tab) => tab.dataset.tab)).to.deep.equal(['usage', 'appearance']);
    expect(field(panel, 'usage.metric')).not.to.equal(null);
  });

  describe('a field that is changed elsewhere', () => {
    const disputed = async () => {
      const somebody = await member();
      const panel = await open('locale', html`<settings-panel section="locale" autosave="60000"></settings-panel>`);
      await live(panel);
      const input = await type(panel, CURRENCY, 'CHF');
      await somebody.elsewhere({ [CURRENCY]: 'GBP', 'locale.language': 'fr' });
      await until(() => field(panel, CURRENCY, '[part=conflict]'));
      return { panel, input, ...somebody };
    };
    const conflict = (panel: SettingsPanelElement) => text(panel, '[part=conflict] p');

    it('is not overwritten under the cursor, and follows when nobody stands there', async () => {
      const { panel, input } = await disputed();
      expect(input.value).to.equal('CHF');
      expect(conflict(panel)).to.equal('Changed elsewhere to “GBP” while you were editing.');
      expect(panel.matches(':state(disputed)')).to.equal(true);
      expect(field(panel, 'locale.language', 'input').value).to.equal('fr');
      panel.save();
      expect(value(CURRENCY)).to.equal('GBP');
    });

    it('is kept as it is here by whoever says so', async () => {
      const { panel, input, userId } = await disputed();
      field(panel, CURRENCY, '[part~=mine]').click();
      await until(async () => JSON.stringify(await stored(userId)).includes('"currency":"CHF"'));
      await until(() => !field(panel, CURRENCY, '[part=conflict]'));
      expect(input.value).to.equal('CHF');
    });

    it('is taken as it is there by whoever says so', async () => {
      const { panel, input } = await disputed();
      field(panel, CURRENCY, '[part~=theirs]').click();
      await panel.updateComplete;
      expect([input.value, panel.unsaved]).to.deep.equal(['GBP', 0]);
    });

    it('does not move while the cursor only stands in it', async () => {
      const { elsewhere } = await member();
      const panel = await open('locale');
      await live(panel);
      const input = field(panel, CURRENCY, 'input');
      input.focus();
      await elsewhere({ [CURRENCY]: 'GBP' });
      await until(() => conflict(panel).includes('GBP'));
      expect(input.value).to.equal('');
      input.blur();
      await until(() => input.value === 'GBP');
    });

    it('after it was saved here too late is shown, and can be decided about', async () => {
      const { userId, elsewhere } = await member();
      const panel = await open();
      await live(panel);
      await fault({ restStatus: 503 });
      choose(panel, THEME, 'dark');
      await until(() => connection().snapshot.data!.errors > 0);
      await elsewhere({ [THEME]: 'light' }, null);
      // As if it had been a minute later: no delay of this machine comes close to that.
      await sql(
        `update user_preferences set clocks =
           (select jsonb_object_agg(key, jsonb_set(value, '{1}', to_jsonb((value ->> 1)::bigint + 60000)))
            from jsonb_each(clocks)) where user_id = $1`,
        [userId],
      );
      await noFaults();
      await until(() => conflict(panel));
      expect(conflict(panel)).to.equal('Changed elsewhere, later. Yours was “Dark”.');
      field(panel, THEME, '[part~=mine]').click();
      await until(() => value(THEME) === 'dark' && !conflict(panel));
    });
  });

  it('keeps what is edited when the session ends, asks to sign in, and saves then', async () => {
    const { login, userId } = await member();
    const panel = await open('locale', html`<settings-panel section="locale" autosave="60000"></settings-panel>`);
    await live(panel);
    const input = await type(panel, CURRENCY, 'CHF');
    await sql('delete from auth.refresh_tokens');
    await fault({ expireTokens: true });
    refreshSettings();
    await until(() => text(panel, '[part=notice] p').startsWith('Your session has ended.'));
    expect([input.value, panel.unsaved, panel.matches(':state(ended)')]).to.deep.equal(['CHF', 1, true]);
    panel.save();
    find(panel, '[part~=sign-in]')!.click();
    const email = await until(() => find<HTMLInputElement>(panel, 'input[name=email]'));
    expect(email.value).to.equal(login.email);
    find<HTMLInputElement>(panel, 'input[name=password]')!.value = login.password;
    find<HTMLFormElement>(panel, 'form')!.requestSubmit();
    await until(() => panel.section === 'locale' && !panel.matches(':state(ended)'));
    await until(async () => JSON.stringify(await stored(userId)) === '{"locale":{"currency":"CHF"}}');
    expect(field(panel, CURRENCY, 'input').value).to.equal('CHF');
  });

  it('gives what one member has typed to no other one', async () => {
    await member();
    const panel = await open('locale', html`<settings-panel section="locale" autosave="off"></settings-panel>`);
    await live(panel);
    await type(panel, CURRENCY, 'CHF');
    const other = await member();
    await until(() => panel.unsaved === 0);
    panel.save();
    await signIn(other.login.email, other.login.password);
    expect(value(CURRENCY)).to.equal('');
  });

  it('opens sections with the keys of a tab list, in the direction of reading', async () => {
    const panel = await open();
    find(panel, '[role=tab][aria-selected=true]')!.focus();
    await sendKeys({ press: 'ArrowDown' });
    expect(panel.section).to.equal('locale');
    await sendKeys({ press: 'End' });
    expect(panel.section).to.equal('transfer');
    await sendKeys({ press: 'ArrowRight' });
    expect(panel.section).to.equal('appearance');
    await panel.updateComplete;
    panel.dir = 'rtl';
    await sendKeys({ press: 'ArrowLeft' });
    await panel.updateComplete;
    expect(panel.section).to.equal('locale');
    expect(panel.shadowRoot!.activeElement).to.equal(find(panel, '[data-tab=locale]'));
  });

  it('can be used with the keyboard alone', async () => {
    const panel = await open('appearance', html`<settings-panel autosave="off"></settings-panel>`);
    find(panel, '[role=tab][aria-selected=true]')!.focus();
    await sendKeys({ press: 'Tab' });
    await sendKeys({ press: 'ArrowRight' });
    expect(field(panel, THEME, 'input:checked').value).to.equal('system');
    await sendKeys({ press: 'Control+s' });
    expect(value(THEME)).to.equal('system');
    await sendKeys({ press: 'Control+z' });
    expect(value(THEME)).to.equal('page');
  });
});
