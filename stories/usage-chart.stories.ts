import { html } from 'lit';
import { LivelitError } from 'livelit';
import { MemoryBackend } from 'livelit/testing';
import type { Stage, Stories, Story } from './story.ts';
import { MANY, MEMBER, UNPRICED, usageRows } from './usage-rows.ts';

const TOPIC = `user:${MEMBER.userId}`;

const lost = new LivelitError('unavailable', 'The connection was lost. It is being restored.', { reason: 'socket' });
const forbidden = new LivelitError('forbidden', 'You may not see this usage.');

const withRows = (rows = usageRows()) => new MemoryBackend({ session: MEMBER, tables: { usage_data: rows } });

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
