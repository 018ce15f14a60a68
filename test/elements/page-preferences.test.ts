/** One page with every element: each takes what somebody prefers, at once, and what it says of itself counts more. */
import { expect } from 'chai';
import { html } from 'lit';
import '../../src/define/chat-box.ts';
import '../../src/define/sync-status.ts';
import '../../src/define/usage-chart.ts';
import type { ChatBoxElement } from '../../src/elements/chat-box.ts';
import type { SyncStatusElement } from '../../src/elements/sync-status.ts';
import type { UsageChartElement } from '../../src/elements/usage-chart.ts';
import { signIn } from '../../src/services/account.ts';
import { saveSettings, settings } from '../../src/services/settings.ts';
import { connectToBackend, leaveBackend, sql } from '../support/browser/backend.ts';
import { connection } from '../../src/services/sync.ts';
import { clearPage, mount, until } from '../support/browser/page.ts';
import { choose, open, source, text, type } from '../support/browser/settings-panel.ts';
import { column, log, open as openTable, rows, signInOwner, someone } from '../support/browser/usage-logs-table.ts';

const DAY_MS = 86_400_000;

/** A moment so long ago that it is told by its day, which in India is the next one. */
const LATE = `${new Date(Date.now() - 10 * DAY_MS).toISOString().slice(0, 10)}T22:30:00Z`;

/** A day as an element writes it: that of the moment in UTC, or the next. */
const day = (options: Intl.DateTimeFormatOptions, later = 0, locale = 'de') =>
  new Intl.DateTimeFormat(locale, { timeZone: 'UTC', ...options }).format(Date.parse(LATE) + later * DAY_MS);
const SHORT = { day: 'numeric', month: 'short' } as const;

describe('what somebody prefers', () => {
  afterEach(async () => {
    saveSettings(Object.fromEntries(Object.keys(settings().snapshot.data!.fields).map((path) => [path, null])));
    clearPage();
    await leaveBackend();
  });

  /** What an element says in one of its parts. */
  const said = (element: Element, part: string) =>
    element.shadowRoot!.querySelector(`[part~="${part}"]`)?.textContent.replaceAll(/\s+/g, ' ').trim() ?? '';

  /** Somebody with a call in the log, a conversation behind them, and a page with everything on it. */
  async function page() {
    await connectToBackend();
    await signInOwner();
    const { id, ...login } = await someone();
    await log([{ user_id: id, cost: 1234.5, at: LATE }]);
    const session = crypto.randomUUID();
    await sql('insert into public.chat_sessions (id, user_id, last_message_at) values ($1, $2, $3)', [
      session,
      id,
      LATE,
    ]);
    await sql(
      `insert into public.chat_messages (session_id, user_id, role, author, content, client_id)
       values ($1, $2, 'user', 'visitor', 'Hello', gen_random_uuid())`,
      [session, id],
    );
    await signIn(login.email, login.password);
    const panel = await open('locale');
    const chart = mount<UsageChartElement>(html`<usage-chart></usage-chart>`);
    const own = mount<UsageChartElement>(html`<usage-chart metric="co2" days="7"></usage-chart>`);
    const status = mount<SyncStatusElement>(html`<sync-status variant="dot"></sync-status>`);
    const chat = mount<ChatBoxElement>(html`<chat-box session=${crypto.randomUUID()}></chat-box>`);
    const table = await openTable(html`<usage-logs-table view="entries"></usage-logs-table>`);
    await until(() => rows(table).length === 1);
    (await until(() => chat.shadowRoot!.querySelector<HTMLElement>('summary'))).click();
    await until(() => /\d/.test(said(chat, 'items')));
    await until(() => panel.matches(':state(live)'));
    return { panel, chart, own, status, chat, table };
  }

  it('counts in every element of the page, at once, and less than what an element says of itself', async () => {
    const { panel, chart, own, status, chat, table } = await page();
    const dot = () => status.shadowRoot!.querySelector<HTMLElement>('[part=dot]')!.title;

    await type(panel, 'locale.language', 'de');
    await until(() => said(chat, 'items').includes(day(SHORT)));
    await until(() => column(table, 'cost').join() === '1.234,50\u00a0$');

    await type(panel, 'locale.time_zone', 'Asia/Kolkata');
    await until(() => said(chat, 'items').includes(day(SHORT, 1)));
    await until(() => column(table, 'at').join() === day(SHORT, 1));
    // Half an hour beside most clocks, that of this machine among them.
    const clock = new Intl.DateTimeFormat('de', { timeZone: 'Asia/Kolkata', timeStyle: 'medium' });
    await until(() => {
      const time = clock.format(connection().snapshot.data!.lastSyncAt);
      return dot().includes(time) && text(panel, '[part=state]').includes(time);
    });

    await type(panel, 'locale.currency', 'EUR');
    await type(panel, 'locale.per_usd', '0,5');
    await until(() => column(table, 'cost').join() === '617,25\u00a0€');

    table.lang = 'fr';
    table.requestUpdate();
    await until(() => column(table, 'at').join() === day(SHORT, 1, 'fr'));

    panel.section = 'usage';
    await panel.updateComplete;
    choose(panel, 'usage.metric', 'cost');
    await until(() => said(chart, 'title') === 'Cost per day');
    choose(panel, 'usage.days', '90');
    await until(() => said(chart, 'footnote').includes('90'));
    expect(said(own, 'title')).to.equal('CO₂e per day');
    expect(said(own, 'footnote')).to.include('7');
    await until(() => source(panel, 'usage.metric') === 'Account · here <usage-chart metric="co2"> says otherwise');

    panel.section = 'appearance';
    await panel.updateComplete;
    const height = () => rows(table)[0]!.getBoundingClientRect().height;
    const before = height();
    choose(panel, 'appearance.density', 'compact');
    choose(panel, 'appearance.theme', 'dark');
    for (const element of [panel, chart, own, status, chat, table]) {
      const { colorScheme } = getComputedStyle(element);
      expect([element.localName, colorScheme]).to.deep.equal([element.localName, 'dark']);
    }
    expect(height()).to.be.below(before);
    // What scrolls knows how high its rows are now.
    await until(() => table.shadowRoot!.querySelector('.body')!.clientHeight === height());
  });
});
