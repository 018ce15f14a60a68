import { expect } from 'chai';
import { html } from 'lit';
import { createClient } from '@supabase/supabase-js';
import { connect } from '../../src/connect.ts';
import { SettingsPanelSessionEvent } from '../../src/elements/settings-panel.events.ts';
import type { SettingsPanelElement } from '../../src/elements/settings-panel.ts';
import { profile } from '../../src/services/profile.ts';
import { settings } from '../../src/services/settings.ts';
import { connection, discardWrite } from '../../src/services/sync.ts';
import { usageShares } from '../../src/services/usage-shares.ts';
import {
  connectToBackend,
  leaveBackend,
  mailedCode,
  newMember,
  noFaults,
  signInNewMember,
  sql,
  target,
} from '../support/browser/backend.ts';
import { clearPage, until } from '../support/browser/page.ts';
import { all, field, find, member, open, text, type } from '../support/browser/settings-panel.ts';

const SECRET = 'sk-admin-0123456789abcdef7f3a';

describe('<settings-panel>', () => {
  afterEach(async () => {
    clearPage();
    await noFaults();
    for (const { id } of connection().snapshot.data?.writes ?? []) discardWrite(id);
    await leaveBackend();
  });

  const enter = (panel: SettingsPanelElement, values: Readonly<Record<string, string>>) => {
    for (const [name, value] of Object.entries(values)) {
      find<HTMLInputElement>(panel, `form.account input[name=${name}]`)!.value = value;
    }
    find<HTMLFormElement>(panel, 'form.account')!.requestSubmit();
  };
  const go = async (panel: SettingsPanelElement, step: string) => {
    (await until(() => find(panel, `[data-to=${step}]`))).click();
    await until(() => find(panel, `form[data-step=${step}]`));
  };
  const signedInAs = (panel: SettingsPanelElement, email: string) =>
    until(() => text(panel, '#group-account') === `Signed in as ${email}`);

  describe('signs in', () => {
    beforeEach(() => connectToBackend());

    it('with a password, says why it did not work, and out again', async () => {
      const { login } = await newMember();
      const panel = await open('account');
      await until(() => find(panel, 'form[data-step=in]'));
      enter(panel, { email: login.email, password: 'wrong' });
      await until(() => find(panel, '[part=problem]'));
      expect(find<HTMLInputElement>(panel, 'input[name=email]')!.value).to.equal(login.email);
      enter(panel, login);
      await signedInAs(panel, login.email);
      find(panel, '[part~=sign-out]')!.click();
      const email = await until(() => find<HTMLInputElement>(panel, 'input[name=email]'));
      expect(email.value).to.equal('');
    });

    it('somebody new, with the code that is mailed', async () => {
      const panel = await open('account');
      const email = `${crypto.randomUUID()}@test.invalid`;
      await go(panel, 'up');
      enter(panel, { full_name: 'Vera Example', email, password: 'correct horse' });
      await until(() => find(panel, 'form[data-step=enter]') ?? text(panel, '#group-account').startsWith('Signed in'));
      if (find(panel, 'form[data-step=enter]')) enter(panel, { code: await mailedCode(email) });
      await signedInAs(panel, email);
      await until(() => field(panel, 'profile.full_name', 'input')?.value === 'Vera Example');
    });

    it('with a code in place of a password', async () => {
      const { login } = await newMember();
      const panel = await open('account');
      await go(panel, 'code');
      enter(panel, { email: login.email });
      await until(() => find(panel, 'form[data-step=enter]'));
      expect(text(panel, '[role=status]')).to.equal(`A code of six digits was mailed to ${login.email}.`);
      enter(panel, { code: '000000' });
      await until(() => find(panel, '[part=problem]'));
      enter(panel, { code: await mailedCode(login.email) });
      await signedInAs(panel, login.email);
    });

    it('who has forgotten the password, and sets a new one', async () => {
      const { login } = await newMember();
      const panel = await open('account');
      await go(panel, 'reset');
      enter(panel, { email: login.email });
      await until(() => find(panel, 'form[data-step=enter]'));
      enter(panel, { code: await mailedCode(login.email) });
      await until(() => find(panel, 'form[data-step=password]'));
      enter(panel, { password: 'battery staple' });
      await signedInAs(panel, login.email);
      expect(text(panel, '[role=status]')).to.equal('The password was changed.');
    });

    it('and keeps no password in the page', async () => {
      const { login } = await newMember();
      const panel = await open('account');
      await until(() => find(panel, 'form[data-step=in]'));
      enter(panel, login);
      await signedInAs(panel, login.email);
      const values = all(panel, 'input').map((input) => (input as HTMLInputElement).value);
      expect(values.join() + panel.shadowRoot!.innerHTML).not.to.contain(login.password);
    });
  });

  it('leaves signing in to a page that has a session of its own', async () => {
    const { url, key } = await target();
    const client = createClient(url, key, { auth: { storageKey: 'a page of its own' } });
    connect({ client });
    const panel = await open('account');
    const button = await until(() => find(panel, '[part~=session]'));
    expect(find(panel, 'form.account')).to.equal(null);
    const wishes: string[] = [];
    panel.addEventListener('settings-panel-session', (event) =>
      wishes.push(event instanceof SettingsPanelSessionEvent ? event.wish : ''),
    );
    button.click();
    expect(wishes).to.deep.equal(['sign-in']);
  });

  it('says that a page is not connected', async () => {
    const panel = await open('account');
    await until(() => text(panel, '.hint').startsWith('This page is not connected'));
  });

  describe('of a member', () => {
    beforeEach(() => connectToBackend());

    it('keeps the profile', async () => {
      const { userId } = await signInNewMember();
      const panel = await open('account');
      await until(() => field(panel, 'profile.company', 'input'));
      await type(panel, 'profile.company', 'Example & Daughters');
      await type(panel, 'profile.team_size', '2 to 10');
      const row = async () => (await sql('select company, team_size from profiles where id = $1', [userId]))[0];
      await until(async () => JSON.stringify(await row()).includes('2 to 10'));
      expect(await row()).to.deep.equal({ company: 'Example & Daughters', team_size: '2 to 10' });
    });

    it('has usage read by itself', async () => {
      const { userId } = await signInNewMember();
      const panel = await open('usage');
      await until(() => field(panel, 'sync.automatic', 'input'));
      field(panel, 'sync.automatic', 'input').click();
      const schedule = async () =>
        (await sql('select enabled, every_minutes from sync_schedules where user_id = $1', [userId]))[0];
      await until(async () => (await schedule())?.enabled === true);
      expect(await schedule()).to.deep.equal({ enabled: true, every_minutes: 60 });
      await until(() => field(panel, 'sync.every_minutes', 'select'));
      const list = field(panel, 'sync.every_minutes', 'select');
      list.value = '180';
      list.dispatchEvent(new Event('change', { bubbles: true }));
      await until(async () => (await schedule())?.every_minutes === 180);
      field(panel, 'sync.automatic', 'input').click();
      await until(async () => (await schedule())?.enabled === false);
    });

    it('sets limits, and takes them away', async () => {
      const { userId } = await signInNewMember();
      const panel = await open('usage');
      await until(() => field(panel, 'limits.cost_day', 'input'));
      const limits = async () =>
        (
          await sql('select metric, period, limit_value::float as value from usage_tracking where user_id = $1', [
            userId,
          ])
        )[0];
      await type(panel, 'limits.cost_day', '2.5');
      await until(limits);
      expect(await limits()).to.deep.equal({ metric: 'cost', period: 'day', value: 2.5 });
      await type(panel, 'limits.cost_day', '');
      await until(async () => !(await limits()));
    });

    it('makes daily totals public, and ends that', async () => {
      await signInNewMember();
      const panel = await open('usage');
      const toggle = await until(() => find<HTMLInputElement>(panel, '#share'));
      toggle.click();
      await until(() => text(panel, '[part~=share] pre').startsWith('<usage-chart share="'));
      expect(usageShares().snapshot.data!.map(({ enabled }) => enabled)).to.deep.equal([true]);
      toggle.click();
      await until(() => usageShares().snapshot.data!.every(({ enabled, status }) => !enabled && status === 'saved'));
      expect(toggle.checked).to.equal(false);
    });

    describe('keeps keys', () => {
      const key = (panel: SettingsPanelElement, selector = '') =>
        find(panel, `[data-provider=openai] ${selector}`.trim())!;
      const keyState = (panel: SettingsPanelElement) => text(panel, '[data-provider=openai] [part=key-state]');
      const press = (panel: SettingsPanelElement, label: string) =>
        [...key(panel).querySelectorAll('button')].find((button) => button.textContent.trim() === label)!.click();
      const paste = async (panel: SettingsPanelElement, secret: string) => {
        const input = await until(() => key(panel, 'input') as HTMLInputElement | null);
        input.value = secret;
        input.dispatchEvent(new InputEvent('input', { bubbles: true }));
        await panel.updateComplete;
        return input;
      };
      const ready = async () => {
        const somebody = await signInNewMember();
        const panel = await open('ai_providers');
        await until(() => key(panel));
        return { panel, ...somebody };
      };

      it('sets, checks and deletes one; of it stay the last four characters', async () => {
        const { panel } = await ready();
        press(panel, 'Add key');
        const input = await paste(panel, SECRET);
        expect([input.type, input.autocomplete]).to.deep.equal(['password', 'off']);
        key(panel, 'form').dispatchEvent(new SubmitEvent('submit', { cancelable: true, bubbles: true }));
        expect(input.value).to.equal('');
        await until(() => keyState(panel).startsWith('Ends with 7f3a · Valid'));
        await until(() => text(panel, '[role=status]') === 'The key of OpenAI was saved.');
        const values = all(panel, 'input')
          .map((each) => (each as HTMLInputElement).value)
          .join();
        const kept = JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)]);
        expect(panel.shadowRoot!.innerHTML + values + kept).not.to.contain(SECRET);
        press(panel, 'Check');
        await until(() => text(panel, '[part=key-note]') === 'OpenAI accepts the key.');
        press(panel, 'Delete');
        await panel.updateComplete;
        press(panel, 'Delete');
        await until(() => keyState(panel) === 'No key');
      });

      for (const [kind, secret, sentence] of [
        ['a secret key of Supabase', 'sb_secret_0123456789abcdef', /secret key of a Supabase project/],
        [
          'a service_role token',
          `eyJhbGciOiJIUzI1NiJ9.${btoa(JSON.stringify({ role: 'service_role' })).replaceAll('=', '')}.abc`,
          /secret key of a Supabase project/,
        ],
        ['a key for calling models', 'sk-proj-0123456789abcdefghij', /needs an admin key/],
        ['another provider’s key', 'sk-ant-admin01-0123456789abcdef', /key of Anthropic/],
      ] as const) {
        it(`refuses ${kind} with a sentence, and sends nothing`, async () => {
          const { panel, userId } = await ready();
          press(panel, 'Add key');
          await paste(panel, secret);
          expect(text(panel, '[part=key-note]')).to.match(sentence);
          key(panel, 'form').dispatchEvent(new SubmitEvent('submit', { cancelable: true, bubbles: true }));
          await panel.updateComplete;
          expect(text(panel, '[part=key-note]')).to.match(sentence);
          expect(await sql('select 1 from private.user_api_keys where user_id = $1', [userId])).to.have.length(0);
        });
      }
    });

    describe('exports and imports', () => {
      const take = async (panel: SettingsPanelElement, content: string) => {
        const input = await until(() => find<HTMLInputElement>(panel, 'input.file'));
        const files = new DataTransfer();
        files.items.add(new File([content], 'settings.json'));
        input.files = files.files;
        input.dispatchEvent(new Event('change'));
        return until(() => text(panel, '[part=transfer-note]'));
      };

      it('what is set, and takes an import back as one step', async () => {
        await member();
        const panel = await open('transfer');
        await until(() => panel.matches(':state(live)'));
        expect(await take(panel, '{"appearance.theme":"dark","usage.days":7}')).to.equal(
          '2 settings were imported. Undo takes them back.',
        );
        await panel.updateComplete;
        expect(JSON.parse(panel.value)).to.deep.equal({ 'appearance.theme': 'dark', 'usage.days': 7 });
        expect(text(panel, '[part~=embed] pre')).to.match(
          /^<script type="module" src=".+" data-theme="dark" data-days="7" ><\/script> <usage-chart>/,
        );
        panel.undo();
        expect(settings().snapshot.data!.values).to.include({ 'appearance.theme': 'page', 'usage.days': 30 });
      });

      it('nothing of a file in which something is wrong', async () => {
        const panel = await open('transfer');
        for (const [content, sentence] of [
          ['{', /not JSON/],
          ['[1]', /not JSON/],
          ['{"appearance.theme":"dark","usage.days":8}', /"usage\.days": It is one of 7, 30, 90, 365/],
          ['{"appearance":{"theme":"dark"}}', /"appearance" is a group/],
        ] as const) {
          await take(panel, content);
          await until(() => sentence.test(text(panel, '[part=transfer-note]')), content);
        }
        expect(settings().snapshot.data!.values['appearance.theme']).to.equal('page');
      });
    });

    describe('who owns the site', () => {
      const sections = (panel: SettingsPanelElement) => all(panel, '[role=tab]').map((tab) => tab.dataset.tab);

      it('sets what its chat does, and hears what was set elsewhere', async () => {
        const { userId } = await signInNewMember();
        const before = await sql('select owner_id from private.site');
        await sql('delete from private.site');
        await sql('insert into private.site (owner_id) values ($1)', [userId]);
        const chat = async () =>
          (
            await sql(
              `select system_prompt, model, temperature::float, daily_cap_micro_usd::int as cap, moderation
             from private.chat_settings`,
            )
          )[0]!;
        try {
          const panel = await open('chat', html`<settings-panel section="chat" autosave="50"></settings-panel>`);
          await until(() => sections(panel).includes('chat'));
          await until(() => field(panel, 'chat.system_prompt', 'textarea'));
          await type(panel, 'chat.system_prompt', 'You speak for Vera.');
          await type(panel, 'chat.model', 'gpt-4o');
          await type(panel, 'chat.temperature', '0.4');
          await type(panel, 'chat.daily_cap_usd', '2,5');
          field(panel, 'chat.moderation', 'input').click();
          await until(async () => (await chat()).moderation && (await chat()).cap === 2_500_000);
          expect(await chat()).to.deep.equal({
            system_prompt: 'You speak for Vera.',
            model: 'gpt-4o',
            temperature: 0.4,
            cap: 2_500_000,
            moderation: true,
          });
          await type(panel, 'chat.temperature', '3');
          expect(text(panel, '[data-path="chat.temperature"] [part=complaint]')).to.equal(
            'It is a number from 0 to 2.',
          );
          await type(panel, 'chat.temperature', '');
          await type(panel, 'chat.model', '');
          await until(async () => (await chat()).temperature === null && (await chat()).model === null);
          find(panel, '[data-tab=appearance]')!.focus();
          await sql(`update private.chat_settings set greeting = 'Hello from elsewhere'`);
          await sql(`select private.ping_chat_admins('chat_settings')`);
          await until(() => field(panel, 'chat.greeting', 'textarea').value === 'Hello from elsewhere');
        } finally {
          await sql('delete from private.site');
          for (const { owner_id: owner } of before)
            await sql('insert into private.site (owner_id) values ($1)', [owner]);
          await sql(`update private.chat_settings set system_prompt = '', greeting = '', moderation = false,
                       daily_cap_micro_usd = null`);
        }
      });

      it('alone has these settings', async () => {
        await signInNewMember();
        const panel = await open();
        await until(() => panel.matches(':state(live)'));
        await until(() => profile().snapshot.status === 'live');
        expect(sections(panel)).not.to.include('chat');
      });
    });
  });
});
