import { html, type LitElement } from 'lit';
import { LivelitError, type LogEntry, type Session } from 'livelit';
import { MemoryBackend } from 'livelit/testing';
import { logEntries, logProcedures, logUsers } from './log-rows.ts';
import type { Stage, Stories, Story } from './story.ts';
import { MEMBER } from './usage-rows.ts';

const ADMIN = { ...MEMBER, admin: true };
const lost = new LivelitError('unavailable', 'The connection was lost. It is being restored.', { reason: 'socket' });
const forbidden = new LivelitError('forbidden', 'Your account may not see this.', { reason: '42501' });
const ping = { event: 'usage_logs', payload: { table: 'usage_logs', op: 'UPDATE', n: 1, ids: null } };

const project = (users = 137, calls = 2_400, session: Session = ADMIN) => {
  let entries: readonly LogEntry[] = logEntries(calls);
  const people = logUsers(users);
  const backend = new MemoryBackend({
    session,
    procedures: logProcedures(
      () => people,
      () => entries,
    ),
  });
  return Object.assign(backend, {
    add: (count: number) => {
      const now = Date.now();
      const fresh = logEntries(count, now).map((row, index) => ({
        ...row,
        id: crypto.randomUUID(),
        at: new Date(now - index).toISOString(),
      }));
      entries = [...fresh, ...entries];
      backend.emit('admin:usage', ping);
    },
  });
};

const table = () => html`<usage-logs-table></usage-logs-table>`;
const calls = () => html`<usage-logs-table view="entries"></usage-logs-table>`;

const find = ({ element }: Stage, selector: string) => element.renderRoot.querySelector<HTMLElement>(selector);
const row = (stage: Stage) => stage.until(() => find(stage, '[part~=row] [part=cell]') && find(stage, '[part=search]'));

/** Who waits for long is told so. */
const waiting = async (stage: Stage) => {
  await stage.until(() => find(stage, '[part=search]') && find(stage, '[part=spinner]'));
  await stage.until(() => getComputedStyle(find(stage, '[part=spinner]')!).visibility === 'visible');
};

const users: Story = {
  says: 'A row a user, with the sums of each.',
  states: ['live'],
  render: table,
  backend: () => project(),
  act: row,
};
const entries: Story = { ...users, says: 'A row a call, the newest first.', render: calls };

export const stories: Stories = {
  users,
  entries,
  sample: {
    says: 'Nobody is signed in: invented rows, labelled.',
    states: ['idle', 'sample'],
    render: table,
    backend: () => new MemoryBackend(),
    act: row,
  },
  'sample-entries': {
    says: 'Invented calls, labelled.',
    states: ['idle', 'sample'],
    render: calls,
    backend: () => new MemoryBackend(),
    act: row,
  },
  member: {
    ...entries,
    says: 'A member sees their own calls.',
    backend: () => project(1, 40, MEMBER),
  },
  loading: {
    says: 'Nothing is there yet.',
    states: ['loading'],
    render: table,
    backend() {
      const backend = project();
      backend.hold();
      return backend;
    },
    act: (stage) => waiting(stage),
  },
  asked: {
    ...users,
    says: 'Somebody has pressed Refresh: what was there stays, and waits.',
    states: ['loading'],
    async act(stage) {
      await row(stage);
      stage.project.hold();
      (stage.element as LitElement & { refresh(): void }).refresh();
      await waiting(stage);
    },
  },
  refreshing: {
    ...users,
    says: 'Something has changed: it is read silently.',
    states: ['refreshing'],
    async act(stage) {
      await row(stage);
      stage.project.hold();
      stage.project.emit('admin:usage', ping);
    },
  },
  stale: {
    ...users,
    says: 'The connection is down; the rows stay.',
    states: ['stale'],
    async act(stage) {
      await row(stage);
      stage.project.turn({ state: 'lost', error: lost });
    },
  },
  error: {
    says: 'The project refuses.',
    states: ['error'],
    render: table,
    backend() {
      const backend = project();
      backend.fail(forbidden);
      return backend;
    },
    act: (stage) => stage.until(() => find(stage, '[part=search]')),
  },
  empty: {
    ...entries,
    says: 'Nobody has used anything.',
    backend: () => project(0, 0),
    act: (stage) => stage.until(() => find(stage, '[part=message]')?.textContent?.includes('No calls')),
  },
  paused: {
    ...entries,
    says: 'New calls wait, and are counted.',
    states: ['live', 'paused'],
    async act(stage) {
      await row(stage);
      await stage.until(() => find(stage, '.end button'));
      find(stage, '.end button')!.click();
      await stage.until(() => stage.element.matches(':state(paused)'));
      (stage.project as ReturnType<typeof project>).add(7);
      await stage.until(() => find(stage, '[part=fresh]'));
    },
  },
  toast: {
    ...entries,
    says: 'Something new has come, and the table says so.',
    render: () => html`<usage-logs-table view="entries" notify></usage-logs-table>`,
    async act(stage) {
      await row(stage);
      (stage.project as ReturnType<typeof project>).add(3);
      await stage.until(() => find(stage, '[part=toast]'));
    },
  },
  detail: {
    ...entries,
    says: 'All that is known of one call; J and K go on.',
    async act(stage) {
      await row(stage);
      find(stage, '[aria-rowindex="4"] [part=cell]')!.click();
      await stage.until(() => find(stage, '[part=detail] pre'));
    },
  },
  'detail-user': {
    ...users,
    says: 'All that is known of one user.',
    async act(stage) {
      await row(stage);
      find(stage, '[aria-rowindex="3"] [part=cell]')!.click();
      await stage.until(() => find(stage, '[part=detail] dl'));
    },
  },
  menu: {
    ...users,
    says: 'Columns and downloads.',
    async act(stage) {
      await row(stage);
      find(stage, 'summary')!.click();
      await stage.until(() => find(stage, 'button.item'));
      stage.element.addEventListener('usage-logs-table-export', (event) => event.preventDefault());
      find(stage, 'button.item')!.click();
      await stage.until(() => find(stage, '[part=progress]')?.textContent?.includes('downloaded'));
    },
  },
  filtered: {
    ...entries,
    says: 'Calls of one user that failed.',
    async act(stage) {
      await row(stage);
      const change = (selector: string, value: string) => {
        const field = find(stage, selector) as HTMLSelectElement;
        field.value = value;
        field.dispatchEvent(new Event('change'));
      };
      find(stage, '[aria-rowindex="4"] [part=cell]')!.click();
      await stage.until(() => find(stage, '[part=detail]'));
      change('[aria-label=Status]', 'error');
      await stage.until(() => find(stage, '[part=count]')?.textContent?.length);
    },
  },
  'one-user': {
    ...users,
    says: 'From a user to their calls.',
    async act(stage) {
      await row(stage);
      find(stage, '[aria-rowindex="3"] [part=cell]')!.click();
      await stage.until(() => find(stage, '[part=detail] > [part=button]'));
      find(stage, '[part=detail] > [part=button]')!.click();
      await stage.until(() => find(stage, '[part=chip]') && find(stage, '[part~=row]'));
    },
  },
  estimated: {
    ...users,
    says: 'So many that nobody counts them.',
    render: () => html`<usage-logs-table estimate></usage-logs-table>`,
    backend: () => project(40_000),
  },
  narrow: { ...users, says: 'In a column.', render: () => html`<div class="narrow">${table()}</div>` },
  'right-to-left': {
    ...entries,
    says: 'Where text runs from right to left.',
    render: () => html`<div dir="rtl" lang="ar">${calls()}</div>`,
  },
  'dark-island': {
    ...users,
    says: 'In a dark place of a page.',
    render: () => html`<div class="island dark">${table()}</div>`,
  },
  branded: {
    ...users,
    says: 'In a page with a hand of its own.',
    render: () => html`<div class="branded">${table()}</div>`,
  },
};
