import { html } from 'lit';
import { dailyUsage, LivelitError, sendMessage, type SyncRun, type SyncState } from 'livelit';
import { MemoryBackend } from 'livelit/testing';
import { never, SESSION } from './conversation.ts';
import type { Stage, Stories, Story } from './story.ts';
import { minutesAgo, syncRun, syncStateOf, syncStatisticsOf } from './sync-runs.ts';
import { MEMBER, usageRows } from './usage-rows.ts';

const lost = new LivelitError('unavailable', 'The connection was lost. It is being restored.', { reason: 'socket' });
const offline = new LivelitError('offline', 'The server cannot be reached.', { retryAfterMs: 86_400_000 });
const refused = new LivelitError('forbidden', 'This project does not let you listen.', { reason: 'topic' });

/** A page that shows usage: without anything to keep up to date no connection is made. */
const withUsage =
  (chat?: () => Promise<never>, runs: readonly SyncRun[] = [], schedule: SyncState['schedule'] = null) =>
  () => {
    dailyUsage().subscribe(() => {});
    return new MemoryBackend({
      session: MEMBER,
      tables: { usage_data: usageRows(), chat_sessions: [{ id: SESSION }] },
      functions: { chat: () => chat?.() },
      procedures: { sync_state: () => syncStateOf(runs, schedule), sync_statistics: () => syncStatisticsOf(runs) },
    });
  };

const untilLive = ({ element, until }: Stage) => until(() => element.matches(':state(live)'));

const status = () => html`<sync-status></sync-status>`;
const panel = () => html`<sync-status variant="panel"></sync-status>`;

const live: Story = {
  says: 'Every change arrives as it happens.',
  states: ['live'],
  backend: withUsage(),
  render: status,
};

const unsent = (says: string, count: string, chat: () => Promise<never>): Story => ({
  ...live,
  says,
  backend: withUsage(chat),
  async act(stage) {
    await untilLive(stage);
    sendMessage(SESSION, 'When could you begin?');
    await stage.until(() => stage.element.renderRoot.querySelector('[part=count]')?.textContent?.includes(count));
  },
});

export const stories: Stories = {
  idle: { says: 'The page is not connected to a project.', states: ['idle'], render: status },
  'nothing-to-do': {
    says: 'A project is connected, and nothing on the page has to be kept up to date.',
    states: ['idle'],
    backend: () => new MemoryBackend(),
    render: status,
  },
  connecting: {
    ...live,
    says: 'The connection is being made.',
    states: ['connecting', 'busy'],
    act: ({ project }) => project.turn({ state: 'joining' }),
  },
  live,
  busy: {
    ...live,
    says: 'Live, and a fetch is in flight.',
    states: ['live', 'busy'],
    async act(stage) {
      await untilLive(stage);
      stage.project.hold();
      stage.project.turn({ state: 'joined' });
    },
  },
  polling: {
    ...live,
    says: 'The socket is blocked; the page looks regularly instead.',
    states: ['polling', 'attention'],
    async act(stage) {
      await untilLive(stage);
      stage.project.turn({ state: 'lost', error: lost });
      // In place of the half minute after which the page looks by itself.
      stage.project.emit(`user:${MEMBER.userId}`, { event: 'usage_data', payload: {} });
    },
  },
  stale: {
    ...live,
    says: 'The connection was lost and is being restored.',
    states: ['stale', 'attention'],
    async act(stage) {
      await untilLive(stage);
      stage.project.turn({ state: 'lost', error: lost });
    },
  },
  'needs-auth': {
    ...live,
    says: 'The session cannot be renewed: somebody has to sign in again.',
    states: ['needs-auth', 'attention'],
    async act(stage) {
      await untilLive(stage);
      const error = new LivelitError('unauthenticated', 'Please sign in again.');
      stage.project.session.set({ status: 'error', data: null, error, sample: false });
    },
  },
  failed: {
    ...live,
    says: 'The project refuses the connection; trying again will not help.',
    states: ['failed', 'attention'],
    async act(stage) {
      await untilLive(stage);
      stage.project.turn({ state: 'refused', error: refused });
    },
  },
  sending: { ...unsent('A message is on its way.', '1 unsent', () => never), states: ['live', 'busy'] },
  unsent: unsent('A message waits for the network.', '1 unsent', () => Promise.reject(offline)),
  'not-sent': {
    ...unsent('A message was refused, and waits for a decision.', '1 not sent', () => Promise.reject(refused)),
    states: ['live', 'attention'],
  },
  narrow: {
    ...live,
    says: 'A sentence in a column of 17 rem.',
    states: ['stale', 'attention'],
    async act(stage) {
      await untilLive(stage);
      stage.project.turn({ state: 'lost', error: lost });
    },
    render: () => html`<div class="narrow">${status()}</div>`,
  },
  dot: {
    ...live,
    says: 'A dot alone; its words are there for whoever listens, and on hover.',
    render: () => html`<sync-status variant="dot"></sync-status>`,
  },
  panel: {
    ...live,
    says: 'All facts.',
    render: panel,
  },
  'panel-synced': {
    ...live,
    says: 'Usage is read by itself every hour; once it could not be read to the end.',
    backend: withUsage(
      undefined,
      [
        syncRun(4, { rows_changed: 3 }),
        syncRun(64, { rows_changed: 0 }),
        syncRun(124, { status: 'partial', error_reason: 'provider' }),
      ],
      { every_minutes: 60, enabled: true, next_at: minutesAgo(-26), failures: 0 },
    ),
    async act(stage) {
      await untilLive(stage);
      await stage.until(() => stage.element.renderRoot.querySelector('details') !== null);
      stage.element.renderRoot.querySelector('details')!.open = true;
    },
    render: panel,
  },
  'panel-sync-failed': {
    ...live,
    says: 'The provider does not accept the key any more: it says so, and what to do.',
    backend: withUsage(undefined, [syncRun(9, { status: 'error', error_reason: 'key_invalid', rows_changed: 0 })], {
      every_minutes: 60,
      enabled: true,
      next_at: minutesAgo(-480),
      failures: 3,
    }),
    async act(stage) {
      await untilLive(stage);
      await stage.until(() => stage.element.renderRoot.querySelector('[part=problem]')?.textContent?.includes('key'));
    },
    render: panel,
  },
  'panel-follower': {
    ...live,
    says: 'Another tab holds the socket.',
    async act(stage) {
      await untilLive(stage);
      const data = { role: 'follower', latencyMs: 42, nextRetryAt: undefined } as const;
      stage.project.link.set({ status: 'live', data, sample: false });
    },
    render: panel,
  },
  'panel-refused': {
    ...unsent('A message was refused: it is tried again or given up from here.', '', () => Promise.reject(refused)),
    async act(stage) {
      await untilLive(stage);
      sendMessage(SESSION, 'When could you begin?');
      await stage.until(() => stage.element.renderRoot.querySelector('[part=retry]') !== null);
    },
    states: ['live', 'attention'],
    render: panel,
  },
  banner: {
    ...live,
    says: 'A banner shows only when somebody should know.',
    states: ['stale', 'attention'],
    async act(stage) {
      await untilLive(stage);
      stage.project.turn({ state: 'lost', error: lost });
    },
    render: () => html`<sync-status variant="banner"></sync-status>`,
  },
  dark: {
    ...live,
    says: 'In a dark part of the page.',
    render: () => html`<div class="island dark">${status()}</div>`,
  },
  rtl: {
    ...unsent('In a page that reads from right to left.', '1 unsent', () => Promise.reject(offline)),
    render: () => html`<div dir="rtl" lang="ar">${status()}</div>`,
  },
};
