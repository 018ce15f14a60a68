import { html } from 'lit';
import { LivelitError, type SettingsGroup } from 'livelit';
import { elsewhere, KEYS, settingsProject, type SettingsProject } from './settings-page.ts';
import type { Stage, Stories, Story } from './story.ts';
import { minutesAgo } from './sync-runs.ts';
import { MEMBER } from './usage-rows.ts';

const lost = new LivelitError('unavailable', 'The connection was lost. It is being restored.', { reason: 'socket' });
const offline = new LivelitError('offline', 'The server cannot be reached.', { retryAfterMs: 86_400_000 });

const untilLive = ({ element, until }: Stage) => until(() => element.matches(':state(live)'));

const find = <E extends HTMLElement>({ element }: Stage, selector: string) =>
  element.renderRoot.querySelector<E>(selector);

const field = (stage: Stage, path: string) => stage.until(() => find(stage, `[data-path="${path}"]`));

/** As a person does: the value, then the event. */
function enter(stage: Stage, path: string, value: string): void {
  const input = find<HTMLInputElement>(stage, `[data-path="${path}"] :is(input, textarea, select)`)!;
  input.focus();
  input.value = value;
  input.dispatchEvent(new InputEvent('input', { bubbles: true }));
}

const at = (section: string) => html`<settings-panel section=${section} autosave="off" apply="off"></settings-panel>`;

const MINE = {
  'appearance.theme': 'page',
  'appearance.accent': 'blue',
  'locale.language': 'de',
  'locale.currency': 'EUR',
  'locale.per_usd': 0.92,
  'usage.metric': 'cost',
  'usage.days': 90,
} as const;

const live: Story = {
  says: 'All is saved.',
  states: ['live'],
  backend: () => settingsProject({ settings: MINE }),
  act: untilLive,
  render: () => at('appearance'),
};

const section = (says: string, id: string, part: string, project: SettingsProject = {}): Story => ({
  ...live,
  says,
  backend: () => settingsProject({ settings: MINE, ...project }),
  async act(stage) {
    await untilLive(stage);
    await stage.until(() => find(stage, part));
  },
  render: () => html`<div class="window">${at(id)}</div>`,
});

const REPORTS: SettingsGroup = {
  id: 'reports',
  label: 'Reports',
  fields: [
    { name: 'weekly', label: 'Send a weekly report', hint: 'On Mondays, by mail.', type: 'switch', default: false },
    {
      name: 'format',
      label: 'Format',
      type: 'choice',
      options: ['pdf', 'csv'],
      labels: ['PDF', 'Spreadsheet'],
      default: 'pdf',
    },
  ],
};

export const stories: Stories = {
  idle: {
    says: 'Nobody is signed in: the settings are this browser’s.',
    states: ['idle'],
    backend: () => settingsProject({ session: null }),
    act: (stage) => field(stage, 'appearance.theme'),
    render: () => at('appearance'),
  },
  loading: {
    ...live,
    says: 'It is not known yet who is here; there are defaults to look at.',
    states: ['loading'],
    async act(stage) {
      stage.project.hold();
      await field(stage, 'appearance.theme');
    },
  },
  live,
  refreshing: {
    ...live,
    says: 'What is shown is fetched again.',
    states: ['refreshing'],
    async act(stage) {
      await untilLive(stage);
      stage.project.hold();
      find(stage, '.refresh')!.click();
    },
  },
  stale: {
    ...live,
    says: 'The connection was lost; changes wait.',
    states: ['stale'],
    async act(stage) {
      await untilLive(stage);
      stage.project.turn({ state: 'lost', error: lost });
    },
  },
  error: {
    ...live,
    says: 'The settings cannot be fetched.',
    states: ['error'],
    async act({ project, element, until }) {
      await until(() => element.matches(':state(live)'));
      project.fail(new LivelitError('forbidden', 'This project keeps no settings.', { reason: 'PGRST205' }));
      element.renderRoot.querySelector<HTMLElement>('.refresh')!.click();
    },
  },
  ended: {
    ...live,
    says: 'The session has ended; what was typed is kept.',
    states: ['error', 'ended'],
    async act(stage) {
      await untilLive(stage);
      const error = new LivelitError('unauthenticated', 'Please sign in again.', { reason: 'session_ended' });
      stage.project.session.set({ status: 'error', data: null, error, sample: false });
    },
  },
  unsaved: {
    ...live,
    says: 'A setting was changed, and is not saved yet.',
    states: ['live', 'unsaved'],
    async act(stage) {
      await untilLive(stage);
      find(stage, '[data-path="appearance.density"] input:not(:checked)')!.click();
    },
  },
  unsent: {
    ...live,
    says: 'A setting is saved here, and waits for the network.',
    backend: () => settingsProject({ settings: MINE, refusal: offline }),
    async act(stage) {
      await untilLive(stage);
      find(stage, '[data-path="appearance.density"] input:not(:checked)')!.click();
      await stage.until(() => find(stage, '.save:enabled'));
      find(stage, '.save')!.click();
    },
  },
  refused: {
    ...live,
    says: 'A setting was not taken: it is tried again or given up from here.',
    states: ['live', 'disputed'],
    backend: () =>
      settingsProject({ settings: MINE, refusal: new LivelitError('invalid', 'The server does not take this.') }),
    async act(stage) {
      await untilLive(stage);
      find(stage, '[data-path="appearance.density"] input:not(:checked)')!.click();
      await stage.until(() => find(stage, '.save:enabled'));
      find(stage, '.save')!.click();
    },
  },
  invalid: {
    ...live,
    says: 'A text is no time zone, and is not saved.',
    states: ['live', 'unsaved', 'invalid'],
    async act(stage) {
      await untilLive(stage);
      enter(stage, 'locale.time_zone', 'Berlin');
    },
    render: () => at('locale'),
  },
  disputed: {
    ...live,
    says: 'A field was changed elsewhere while it was edited here.',
    states: ['live', 'unsaved', 'disputed'],
    async act(stage) {
      await untilLive(stage);
      enter(stage, 'locale.currency', 'CHF');
      elsewhere(stage.project, { ...MINE, 'locale.currency': 'GBP' });
    },
    render: () => at('locale'),
  },
  usage: section('What charts show, and how usage gets in.', 'usage', '[data-path="sync.automatic"]', {
    schedule: { every_minutes: 60, enabled: true, next_at: minutesAgo(-26), failures: 0 },
    share: true,
  }),
  keys: section('A key of one provider, none of the other.', 'ai_providers', '[part=key]', { keys: KEYS }),
  'keys-wrong': {
    ...section('A key of the wrong kind is refused while it is pasted.', 'ai_providers', '[part=key]', { keys: KEYS }),
    async act(stage) {
      await untilLive(stage);
      await stage.until(() => find(stage, '[data-provider=anthropic] button'));
      find(stage, '[data-provider=anthropic] button')!.click();
      await stage.until(() => find(stage, '[data-provider=anthropic] input'));
      const input = find<HTMLInputElement>(stage, '[data-provider=anthropic] input')!;
      input.value = 'sb_secret_abcdefghijklmnop';
      input.dispatchEvent(new InputEvent('input', { bubbles: true }));
    },
  },
  chat: section('The chat’s settings, for the owner of the site.', 'chat', '[data-path="chat.model"]', { owner: true }),
  account: section('Who is signed in, in their own words.', 'account', '.sign-out, [part~=sign-out]'),
  'sign-in': {
    ...live,
    says: 'Signing in, on a page without a session of its own; the password was wrong.',
    states: ['idle'],
    backend: () => settingsProject({ session: null }),
    async act(stage) {
      await stage.until(() => find(stage, 'form.account'));
      stage.project.signIn = () => Promise.reject(new LivelitError('invalid', 'Address and password do not match.'));
      const [email, password] = stage.element.renderRoot.querySelectorAll<HTMLInputElement>('form.account input');
      email!.value = MEMBER.email;
      password!.value = 'wrong';
      find<HTMLFormElement>(stage, 'form.account')!.requestSubmit();
      await stage.until(() => find(stage, '[part=problem]'));
    },
    render: () => at('account'),
  },
  code: {
    ...live,
    says: 'A code of six digits was mailed.',
    states: ['idle'],
    backend: () => settingsProject({ session: null }),
    async act(stage) {
      await stage.until(() => find(stage, '[data-to=code]'));
      find(stage, '[data-to=code]')!.click();
      await stage.until(() => find(stage, 'form[data-step=code]'));
      find<HTMLInputElement>(stage, 'form.account input')!.value = MEMBER.email;
      find<HTMLFormElement>(stage, 'form.account')!.requestSubmit();
      await stage.until(() => find(stage, 'form[data-step=enter]'));
    },
    render: () => at('account'),
  },
  hosted: section('The page has a session of its own.', 'account', '[part~=session]', { hosted: true }),
  transfer: {
    ...section('Export, import, and code for another page.', 'transfer', '[part=code]'),
    async act(stage) {
      await untilLive(stage);
      await stage.until(() => find(stage, 'input.file'));
      const files = new DataTransfer();
      files.items.add(new File(['not JSON'], 'settings.json'));
      const input = find<HTMLInputElement>(stage, 'input.file')!;
      input.files = files.files;
      input.dispatchEvent(new Event('change'));
      await stage.until(() => find(stage, '[part=transfer-note]'));
    },
  },
  own: {
    ...live,
    says: 'A group of the page’s own.',
    async act(stage) {
      await untilLive(stage);
      await field(stage, 'reports.weekly');
    },
    render: () =>
      html`<settings-panel section="reports" autosave="off" apply="off" .groups=${[REPORTS]}>
        <p>Reports go to the address of your account.</p>
      </settings-panel>`,
  },
  narrow: {
    ...live,
    says: 'In a column of 17 rem.',
    render: () => html`<div class="narrow window">${at('appearance')}</div>`,
  },
  dark: {
    ...live,
    says: 'In a dark part of the page.',
    render: () => html`<div class="island dark window">${at('usage')}</div>`,
  },
  branded: {
    ...live,
    says: 'In a page with a hand of its own.',
    render: () => html`<div class="branded window">${at('appearance')}</div>`,
  },
  rtl: {
    ...live,
    says: 'In a page that reads from right to left.',
    render: () => html`<div dir="rtl" lang="ar" class="window">${at('locale')}</div>`,
  },
};
