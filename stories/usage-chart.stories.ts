import { html } from 'lit';
import { LivelitError } from 'livelit';
import { MemoryBackend } from 'livelit/testing';
import type { Stage, Stories, Story } from './story.ts';
import { limitRow, MANY, MEMBER, sharedDays, TWELVE, UNPRICED, usageRows } from './usage-rows.ts';

const TOPIC = `user:${MEMBER.userId}`;

const lost = new LivelitError('unavailable', 'The connection was lost. It is being restored.', { reason: 'socket' });
const forbidden = new LivelitError('forbidden', 'You may not see this usage.');

const withRows = (rows = usageRows(), usage_tracking: readonly object[] = []) =>
  new MemoryBackend({ session: MEMBER, tables: { usage_counted: rows, usage_daily: rows, usage_tracking } });

const SHARE = '0c8d6f0e-3a54-4b62-9d2c-5f4f1a7e9b30';

/** Somebody else's usage, for a visitor; nothing once it is revoked. */
function withShare(rows = usageRows()) {
  let shared: object | null = { label: 'Noor’s assistant', days: sharedDays(rows) };
  const project = new MemoryBackend({ procedures: { usage_share_daily: () => shared } });
  const revoke = () => {
    shared = null;
    project.emit(`share:${SHARE}`, { event: 'usage_shares', payload: {} });
  };
  return Object.assign(project, { revoke });
}

/** A row has changed on the server. */
const signal = (project: MemoryBackend) =>
  project.emit(TOPIC, { event: 'usage_data', payload: { table: 'usage_data', op: 'UPDATE', n: 1, ids: null } });

const untilLive = ({ element, until }: Stage) => until(() => element.matches(':state(live)'));

const live: Story = {
  says: 'A month of usage by model, current to the second.',
  states: ['live'],
  backend: withRows,
  render: () => html`<usage-chart></usage-chart>`,
};

/** The year of a large office. */
const year = () => withRows(usageRows(TWELVE, 730));

const shadow = ({ element }: Stage) => element.renderRoot;

/** Goes to the plot by keyboard, and presses keys. */
async function press(stage: Stage, ...keys: readonly string[]): Promise<void> {
  await untilLive(stage);
  await stage.until(() => shadow(stage).querySelector<HTMLElement>('canvas')!.style.display);
  const plot = shadow(stage).querySelector<HTMLElement>('[part="plot"]')!;
  plot.focus();
  for (const key of keys) plot.dispatchEvent(new KeyboardEvent('keydown', { key }));
}

const untilControls = (stage: Stage) => stage.until(() => shadow(stage).querySelector('[part="select"]'));

const untilLimited = (stage: Stage) =>
  stage.until(() => shadow(stage).querySelector('canvas')!.ariaLabel?.includes('Daily limit'));

export const stories: Stories = {
  idle: {
    says: 'The page is not connected to a project: after a moment a labelled sample.',
    states: ['idle', 'sample'],
    render: () => html`<usage-chart></usage-chart>`,
  },
  sample: {
    says: 'A project is connected and nobody is signed in: a labelled sample at once.',
    states: ['idle', 'sample'],
    backend: () => new MemoryBackend(),
    render: () => html`<usage-chart metric="cost"></usage-chart>`,
  },
  loading: {
    says: 'The first answer is on its way; the room that it will take is taken.',
    states: ['loading'],
    backend: () => {
      const project = withRows();
      project.hold();
      return project;
    },
    render: () => html`<usage-chart></usage-chart>`,
  },
  live,
  refreshing: {
    ...live,
    says: 'A change was signalled, and is being fetched while the old numbers stay.',
    states: ['refreshing'],
    async act(stage) {
      await untilLive(stage);
      stage.project.hold();
      signal(stage.project);
    },
  },
  stale: {
    ...live,
    says: 'The connection was lost: the numbers stay, and it says that they may be old.',
    states: ['stale'],
    async act(stage) {
      await untilLive(stage);
      stage.project.turn({ state: 'lost', error: lost });
    },
  },
  error: {
    ...live,
    says: 'The project refuses to show the usage, and nothing is known yet.',
    states: ['error'],
    backend: () => {
      const project = withRows();
      project.fail(forbidden);
      return project;
    },
  },
  'error-later': {
    ...live,
    says: 'The numbers are on screen when the project begins to refuse them.',
    states: ['error'],
    async act(stage) {
      await untilLive(stage);
      stage.project.fail(forbidden);
      signal(stage.project);
    },
  },
  'session-over': {
    ...live,
    says: 'The session cannot be renewed: nothing may be fetched until somebody signs in.',
    states: ['error'],
    backend: () => {
      const project = withRows();
      const error = new LivelitError('unauthenticated', 'Please sign in again.');
      project.session.set({ status: 'error', data: null, error, sample: false });
      return project;
    },
  },
  empty: {
    ...live,
    says: 'A new member: nothing has been used yet.',
    backend: () => withRows([]),
  },
  unpriced: {
    ...live,
    says: 'Cost, with rows of a model whose price nobody knows: said, not counted as nothing.',
    backend: () => withRows([...usageRows(), ...usageRows([UNPRICED])]),
    render: () => html`<usage-chart metric="cost"></usage-chart>`,
  },
  requests: { ...live, says: 'Requests a day.', render: () => html`<usage-chart metric="requests"></usage-chart>` },
  co2: {
    ...live,
    says: 'Grams of CO₂e a day, of the last two weeks.',
    render: () => html`<usage-chart metric="co2" days="14"></usage-chart>`,
  },
  'many-models': {
    ...live,
    says: 'Ten models: more than there are colours, and more than one line of them.',
    backend: () => withRows(usageRows(MANY)),
  },
  line: { ...live, says: 'A line for each model.', render: () => html`<usage-chart type="line"></usage-chart>` },
  bar: {
    ...live,
    says: 'A week, the models beside each other.',
    render: () => html`<usage-chart type="bar" days="7"></usage-chart>`,
  },
  projects: {
    ...live,
    says: 'Cost by project; what belongs to none is said to.',
    render: () => html`<usage-chart metric="cost" group="project"></usage-chart>`,
  },
  undivided: {
    ...live,
    says: 'Everything together, in the accent of the page.',
    render: () => html`<usage-chart group="none"></usage-chart>`,
  },
  cached: {
    ...live,
    says: 'The part of the input that came from the cache.',
    render: () => html`<usage-chart metric="cached" type="line"></usage-chart>`,
  },
  custom: {
    ...live,
    says: 'Three days that are long over.',
    backend: () => withRows(usageRows().map((row) => ({ ...row, date: `2026-03-0${1 + (row.requests % 3)}` }))),
    render: () => html`<usage-chart from="2026-03-01" to="2026-03-03"></usage-chart>`,
  },
  year: {
    ...live,
    says: 'A year of twelve models: the largest seven, and the rest.',
    backend: year,
    render: () => html`<usage-chart days="365"></usage-chart>`,
  },
  'year-of-lines': {
    ...live,
    says: 'A year of twelve models as lines, the largest three.',
    backend: year,
    render: () => html`<usage-chart days="365" type="line" top="3"></usage-chart>`,
  },
  twelve: {
    ...live,
    says: 'Twelve models, each with a colour of its own.',
    backend: year,
    render: () => html`<usage-chart days="14" top="12"></usage-chart>`,
  },
  cursor: {
    ...live,
    says: 'The keyboard cursor is five days back, on the largest model.',
    act: (stage) => press(stage, 'End', 'ArrowLeft', 'ArrowLeft', 'ArrowLeft', 'ArrowLeft', 'ArrowLeft', 'ArrowDown'),
  },
  'cursor-at-the-edge': {
    ...live,
    says: 'The cursor is on the first day of a narrow chart: the box keeps inside.',
    render: () => html`<div class="narrow"><usage-chart type="line"></usage-chart></div>`,
    act: (stage) => press(stage, 'Home'),
  },
  table: {
    ...live,
    says: 'The numbers, to read and to copy.',
    render: () => html`<usage-chart table></usage-chart>`,
    act: (stage) => stage.until(() => shadow(stage).querySelector('tbody')),
  },
  menu: {
    ...live,
    says: 'The menu is open.',
    async act(stage) {
      await untilLive(stage);
      shadow(stage).querySelector('summary')!.click();
      await stage.until(() => shadow(stage).querySelector('[part="item"]'));
    },
  },
  controls: {
    ...live,
    says: 'With choices of what is shown.',
    render: () => html`<usage-chart controls></usage-chart>`,
    act: untilControls,
  },
  'controls-two-weeks': {
    ...live,
    says: 'A range of the page’s own stands among those that can be chosen.',
    render: () => html`<usage-chart controls days="14" type="line" group="none"></usage-chart>`,
    act: untilControls,
  },
  'controls-custom': {
    ...live,
    says: 'The days of a range are entered, and the first one comes after the last.',
    render: () => html`<usage-chart controls from="2026-11-02" to="2026-11-15"></usage-chart>`,
    async act(stage) {
      await untilControls(stage);
      const [from] = shadow(stage).querySelectorAll('input[type="date"]');
      (from as HTMLInputElement).value = '2026-11-20';
      from!.dispatchEvent(new Event('change', { bubbles: true }));
    },
  },
  'controls-narrow': {
    ...live,
    says: 'Choices in a column of 17 rem.',
    render: () => html`<div class="narrow"><usage-chart controls></usage-chart></div>`,
    act: untilControls,
  },
  'controls-rtl': {
    ...live,
    says: 'Choices in a page that reads from right to left.',
    render: () => html`<div dir="rtl" lang="ar"><usage-chart controls></usage-chart></div>`,
    act: untilControls,
  },
  limit: {
    ...live,
    says: 'A daily limit, as a line.',
    backend: () => withRows(usageRows(), [limitRow('tokens', 'day', 800_000, 210_000)]),
    act: untilLimited,
  },
  'limit-far': {
    ...live,
    says: 'A daily limit far above all days: named, and the days keep their height.',
    backend: () => withRows(usageRows(), [limitRow('tokens', 'day', 9_000_000, 210_000)]),
    act: untilLimited,
  },
  'limit-empty': {
    ...live,
    says: 'A daily limit, and nothing used yet.',
    backend: () => withRows([], [limitRow('tokens', 'day', 50_000, 0)]),
    act: untilLimited,
  },
  'limit-reached': {
    ...live,
    says: 'The limits of the day and of the month are reached.',
    backend: () => withRows(usageRows(), [limitRow('cost', 'day', 2, 2.61), limitRow('cost', 'month', 40, 41.2)]),
    render: () => html`<usage-chart metric="cost" controls></usage-chart>`,
    act: (stage) => stage.until(() => shadow(stage).querySelector('[part="notice"] p:nth-child(2)')),
  },
  'limit-narrow': {
    ...live,
    says: 'A limit is reached, in a column of 17 rem.',
    backend: () => withRows(usageRows(), [limitRow('tokens', 'day', 800_000, 823_000)]),
    render: () => html`<div class="narrow"><usage-chart></usage-chart></div>`,
    act: (stage) => stage.until(() => shadow(stage).querySelector('[part="notice"]')),
  },
  share: {
    ...live,
    says: 'Somebody else’s daily totals, for whoever sees the page.',
    backend: withShare,
    render: () => html`<usage-chart share=${SHARE}></usage-chart>`,
  },
  'share-controls': {
    ...live,
    says: 'A share with choices: there is nothing to divide it by.',
    backend: withShare,
    render: () => html`<usage-chart share=${SHARE} metric="cost" type="line" controls></usage-chart>`,
    act: untilControls,
  },
  'share-revoked': {
    ...live,
    says: 'The owner has just switched the share off: nothing is left of it.',
    states: ['live', 'unshared'],
    backend: withShare,
    render: () => html`<usage-chart share=${SHARE} table></usage-chart>`,
    async act(stage) {
      await stage.until(() => shadow(stage).querySelector('tbody'));
      (stage.project as ReturnType<typeof withShare>).revoke();
    },
  },
  'stored-sample': {
    ...live,
    says: 'A member who has samples only, labelled until there is something real.',
    states: ['live', 'sample'],
    backend: () => withRows(usageRows().map((row) => ({ ...row, source: 'sample' as const }))),
  },
  sparkline: {
    ...live,
    says: 'In a cell of 10 rem: the sum and the drawing.',
    render: () => html`<div class="cell"><usage-chart type="line" group="none"></usage-chart></div>`,
  },
  'sparkline-flat': {
    ...live,
    says: 'In a cell of 160 × 48 px: the drawing, with the sum over it.',
    render: () => html`<div class="flat"><usage-chart type="line" group="none"></usage-chart></div>`,
  },
  'sparkline-sample': {
    says: 'A sparkline of invented numbers says that they are.',
    states: ['idle', 'sample'],
    backend: () => new MemoryBackend(),
    render: () => html`<div class="cell"><usage-chart></usage-chart></div>`,
  },
  narrow: {
    ...live,
    says: 'In a column of 17 rem.',
    render: () => html`<div class="narrow"><usage-chart></usage-chart></div>`,
  },
  dark: {
    ...live,
    says: 'In a dark part of the page.',
    render: () => html`<div class="island dark"><usage-chart></usage-chart></div>`,
  },
  branded: {
    ...live,
    says: 'With the colours, the font and the radius of its host.',
    render: () => html`<div class="branded"><usage-chart></usage-chart></div>`,
  },
  rtl: {
    ...live,
    says: 'In a page that reads from right to left, in Arabic.',
    render: () => html`<div dir="rtl" lang="ar"><usage-chart></usage-chart></div>`,
  },
};
