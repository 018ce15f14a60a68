import { expect } from 'chai';
import { html } from 'lit';
import { sendMessage, currentSession } from '../../src/services/chat.ts';
import { connectToBackend, fault, leaveBackend, noFaults, signInNewMember, sql } from '../support/browser/backend.ts';
import { clearPage, nextFrame, until } from '../support/browser/page.ts';
import {
  choose,
  column,
  find,
  grid,
  log,
  logMany,
  open,
  pay,
  rows,
  signInAdmin,
  signInOwner,
  someone,
  text,
  watchCalls,
} from '../support/browser/usage-logs-table.ts';

describe('<usage-logs-table>', () => {
  const leaves: (() => void)[] = [];

  const watched = (name: string) => {
    const { calls, leave } = watchCalls(name);
    leaves.push(leave);
    return calls;
  };

  /** So many people, each with a call a minute before the last one's. */
  async function manyUsers(count: number): Promise<void> {
    await sql(
      `insert into auth.users (id, email, raw_app_meta_data, raw_user_meta_data)
       select gen_random_uuid(), gen_random_uuid() || '@many.test.invalid', '{}', '{}' from generate_series(1, $1::int)`,
      [count],
    );
    await sql(
      `insert into usage_logs (owner_id, user_id, app, model, at)
       select owner_id, u.id, 'editor', 'm', now() - interval '1 minute' * row_number() over (order by u.email)
       from private.site, auth.users as u where u.email like '%@many.test.invalid'`,
    );
  }

  beforeEach(() => connectToBackend());

  afterEach(async () => {
    for (const leave of leaves.splice(0)) leave();
    await sql(`delete from auth.users where email like '%@many.test.invalid'`);
    clearPage();
    await noFaults();
    await leaveBackend();
  });

  describe('as the page of seed 001', () => {
    it('shows a new call within the sums, without a word of loading', async () => {
      await signInAdmin();
      const user = await someone('Uma User');
      await log([{ user_id: user.id }]);
      const table = await open();
      await until(() => column(table, 'requests').join() === '1');
      let full = false;
      let silent = false;
      const watching = () => {
        full ||= table.matches(':state(loading)') || grid(table).getAttribute('aria-busy') === 'true';
        silent ||= text(table, 'note') === 'Syncing…';
      };
      const observer = new MutationObserver(watching);
      observer.observe(table.shadowRoot!, { subtree: true, childList: true, attributes: true, characterData: true });
      await log([{ user_id: user.id }]);
      await until(() => column(table, 'requests').join() === '2');
      await until(() => text(table, 'note') === '');
      observer.disconnect();
      expect([full, silent]).to.deep.equal([false, true]);
    });

    it('gives who has paid a green dot, with words, and moves the revenue', async () => {
      await signInAdmin();
      const user = await someone('Uma User');
      await log([{ user_id: user.id }]);
      const table = await open();
      await until(() => column(table, 'user').length === 1);
      expect(find(table, '[part=payment]')).to.equal(null);
      await pay(user.id, 'pending', 7);
      await pay(user.id, 'completed', 20);
      await until(() => find(table, '[part=payment]'));
      expect(find(table, '[part=payment]')!.getAttribute('aria-label')).to.equal('Has paid');
      expect(text(table, 'revenue')).to.equal('Total revenue $20.00');
      expect(column(table, 'revenue')).to.deep.equal(['$20.00']);
      await sql('delete from credit_purchases');
      await until(() => !find(table, '[part=payment]'));
    });

    it('keeps page, scroll position and focus of somebody who reads', async () => {
      await signInAdmin();
      await manyUsers(60);
      const table = await open(html`<usage-logs-table size="25"></usage-logs-table>`);
      await until(() => rows(table).length >= 20);
      choose(table, 'Page 2', '', 'click');
      await until(() => rows(table)[0]?.getAttribute('aria-rowindex') === '27' && table.matches(':state(live)'));
      grid(table).scrollTop = 200;
      await nextFrame();
      const cell = rows(table)[8]!.querySelector<HTMLElement>('[data-column=tokens]')!;
      cell.focus();
      const place = () => cell.getBoundingClientRect().top;
      const before = { top: place(), key: cell.parentElement!.dataset.key, scroll: grid(table).scrollTop };
      await table.updateComplete;
      // Somebody who was not there is now the first on page 1: each row of page 2 goes one down.
      const [site] = await sql('select owner_id from private.site');
      await log([{ user_id: site!.owner_id }]);
      await until(() => text(table, 'count') === '61 users' && table.matches(':state(live)'));
      expect(find(table, '[aria-current=page]')!.textContent.trim()).to.equal('2');
      expect(grid(table).scrollTop).to.equal(before.scroll + 36);
      const focus = table.shadowRoot!.activeElement as HTMLElement;
      expect(focus.parentElement!.dataset.key).to.equal(before.key);
      expect(focus.dataset.column).to.equal('tokens');
      expect(Math.abs(focus.getBoundingClientRect().top - before.top)).to.be.lessThan(1);
    });

    it('shows in full that what somebody has asked for is being read, and what was there until then', async () => {
      await signInAdmin();
      await log([{}]);
      const table = await open();
      await until(() => rows(table).length === 1);
      await fault({ restDelayMs: 300 });
      table.refresh();
      await until(() => table.matches(':state(loading)'));
      expect(grid(table).getAttribute('aria-busy')).to.equal('true');
      expect(rows(table)).to.have.length(1);
      expect(find(table, '[part=spinner]')).not.to.equal(null);
      await until(() => table.matches(':state(live)'));
      expect(find(table, '[part=spinner]')).to.equal(null);
    });

    it('makes of 500 changes in a second at most one fetch a window, and stays on its page', async () => {
      await leaveBackend();
      await connectToBackend({ timings: { debounceMs: 500, maxWaitMs: 2_000 } });
      await signInAdmin();
      await manyUsers(60);
      const table = await open(html`<usage-logs-table size="25"></usage-logs-table>`);
      await until(() => rows(table).length >= 20);
      choose(table, 'Page 2', '', 'click');
      await until(() => rows(table)[0]?.getAttribute('aria-rowindex') === '27' && table.matches(':state(live)'));
      const requests = () => find(table, '.totals')!.children[2]!.textContent.trim();
      expect(requests()).to.equal('60');
      const calls = watched('usage_logs_page');
      let longest = 0;
      let last = performance.now();
      let frame = requestAnimationFrame(function watch(now) {
        longest = Math.max(longest, now - last);
        last = now;
        frame = requestAnimationFrame(watch);
      });
      const begun = performance.now();
      const one = `insert into public.usage_logs (owner_id, app, model) select owner_id, 'burst', 'm' from private.site`;
      await Promise.all(Array.from({ length: 500 }, () => sql(one)));
      await until(() => requests() === '560', undefined, 20_000);
      const seconds = (performance.now() - begun) / 1_000;
      cancelAnimationFrame(frame);
      // The first at once, then one each half a second.
      expect(calls.length).to.be.at.most(1 + Math.ceil(seconds / 0.5));
      expect(new Set(calls.map(({ p_page: page }) => page))).to.deep.equal(new Set([2]));
      expect(find(table, '[aria-current=page]')!.textContent.trim()).to.equal('2');
      expect(rows(table)[0]!.getAttribute('aria-rowindex')).to.equal('27');
      console.log(
        `500 changes: ${calls.length} fetches in ${seconds.toFixed(1)} s, longest frame ${longest.toFixed(0)} ms, page 2 stays`,
      );
    });

    it('has as many users on a page as somebody chooses, from the first on', async () => {
      await signInAdmin();
      await manyUsers(60);
      const table = await open(html`<usage-logs-table size="25"></usage-logs-table>`);
      await until(() => text(table, 'footer').startsWith('1–25 of 60'));
      choose(table, 'Page 2', '', 'click');
      await until(() => text(table, 'footer').startsWith('26–50 of 60'));
      const size = find(table, '[part=size]') as HTMLSelectElement;
      size.value = '100';
      size.dispatchEvent(new Event('change', { bubbles: true }));
      await until(() => text(table, 'footer').startsWith('1–60 of 60'));
      expect(table.size).to.equal(100);
    });
  });

  describe('shows', () => {
    it('a sample, labelled, while nobody is signed in', async () => {
      const table = await open();
      expect(text(table, 'badge')).to.equal('Sample data');
      expect(rows(table).length).to.be.greaterThan(5);
    });

    it('a sample on a page that never connects, and its calls', async () => {
      await leaveBackend();
      const table = await open(html`<usage-logs-table view="entries"></usage-logs-table>`);
      expect(text(table, 'badge')).to.equal('Sample data');
      expect(rows(table).length).to.be.greaterThan(5);
    });

    it('a member their own calls, as they come', async () => {
      await signInOwner();
      const stranger = await someone();
      await leaveBackend();
      await connectToBackend();
      const { userId } = await signInNewMember();
      await log([{ user_id: stranger.id, model: 'secret' }]);
      const table = await open(html`<usage-logs-table view="entries"></usage-logs-table>`);
      expect(rows(table)).to.have.length(0);
      await log([
        { user_id: userId, model: 'mine' },
        { user_id: stranger.id, model: 'secret' },
      ]);
      await until(() => column(table, 'model').join() === 'mine');
      expect(text(table, 'count')).to.equal('1 calls');
    });

    it('the refusal of a project in words', async () => {
      await signInAdmin();
      await sql('revoke execute on all functions in schema private from authenticated');
      try {
        const table = await open().catch(() => document.querySelector('usage-logs-table')!);
        await until(() => table.matches(':state(error)'));
        expect(text(table, 'message').length).to.be.greaterThan(10);
      } finally {
        await sql('grant execute on all functions in schema private to authenticated');
      }
    });
  });

  describe('filters', () => {
    it('by a part of an address or a name, when the writer pauses', async () => {
      await signInAdmin();
      const [ann, ben] = [await someone('Ann Apple'), await someone('Ben Birch')];
      await log([{ user_id: ann.id }, { user_id: ben.id }]);
      const table = await open();
      await until(() => rows(table).length === 2);
      const calls = watched('usage_logs_page');
      for (const letters of ['b', 'bi', 'bir', 'birc']) choose(table, 'Search by address or name', letters, 'input');
      await until(() => column(table, 'user').join() === 'Ben Birch');
      expect(calls.length).to.equal(1);
      expect(text(table, 'count')).to.equal('1 users');
      choose(table, 'Search by address or name', `%_'"; --`, 'input');
      await until(() => text(table, 'message').startsWith('Nothing matches'));
      find(table, '[part=message] button')!.click();
      await until(() => rows(table).length === 2);
    });

    it('by type of user and activity', async () => {
      const owner = await signInOwner();
      const ann = await someone('Ann Apple');
      await log([
        { user_id: ann.id, at: new Date(Date.now() - 3 * 86_400_000).toISOString() },
        { user_id: owner.userId },
      ]);
      const table = await open();
      await until(() => rows(table).length === 2);
      choose(table, 'Type of user', 'internal');
      await until(() => column(table, 'user').join() === 'Olga Owner');
      choose(table, 'Type of user', 'external');
      await until(() => column(table, 'user').join() === 'Ann Apple');
      choose(table, 'Activity', 'active_24h');
      await until(() => rows(table).length === 0);
    });

    const cases: readonly (readonly [label: string, value: string, left: string])[] = [
      ['Status', 'error', 'failing'],
      ['Model', 'old', 'old'],
      ['App', 'cli', 'app'],
      ['Time', '24h', 'failing,app'],
    ];
    for (const [label, value, left] of cases) {
      it(`calls by ${label.toLowerCase()}`, async () => {
        await signInOwner();
        await log([
          { model: 'failing', status: 'error' },
          { model: 'app', app: 'cli' },
          { model: 'old', at: new Date(Date.now() - 2 * 86_400_000).toISOString() },
        ]);
        const table = await open(html`<usage-logs-table view="entries"></usage-logs-table>`);
        await until(() => rows(table).length === 3);
        choose(table, label, value);
        await until(() => column(table, 'model').join() === left);
        expect(find(table, '.totals')!.textContent).to.contain(`$${(0.5 * left.split(',').length).toFixed(2)}`);
      });
    }

    it('from a user to their calls, and back to everybody’s', async () => {
      await signInOwner();
      const ann = await someone('Ann Apple');
      await log([{ model: 'hers', user_id: ann.id }, { model: 'other' }]);
      const table = await open();
      await until(() => rows(table).length === 2);
      rows(table)
        .find((row) => row.textContent.includes('Ann'))!
        .querySelector<HTMLElement>('[part=cell]')!
        .click();
      await until(() => find(table, '[part=detail] > [part=button]'));
      find(table, '[part=detail] > [part=button]')!.click();
      await until(() => table.view === 'entries' && column(table, 'model').join() === 'hers');
      expect(text(table, 'chip')).to.contain('Ann Apple');
      find(table, '[part=chip]')!.click();
      await until(() => rows(table).length === 2);
    });
  });

  describe('by call', () => {
    const entries = html`<usage-logs-table view="entries"></usage-logs-table>`;

    it('reads on as somebody scrolls, and has few rows in the page', async () => {
      await signInOwner();
      await logMany(650);
      const table = await open(entries);
      await until(() => rows(table).length > 10);
      expect(grid(table).getAttribute('aria-rowcount')).to.equal('651');
      await until(() => {
        grid(table).scrollTop = grid(table).scrollHeight;
        return column(table, 'model').at(-1) === 'model-650';
      });
      expect(rows(table).at(-1)!.getAttribute('aria-rowindex')).to.equal('651');
      expect(rows(table).length).to.be.at.most(100);
      expect(text(table, 'footer')).to.equal('650 calls');
    });

    it('lets new calls in at the top, each with its place', async () => {
      await signInOwner();
      await logMany(30);
      const table = await open(entries);
      await until(() => rows(table).length > 10);
      await log([{ model: 'new' }]);
      await until(() => column(table, 'model')[0] === 'new');
      expect(
        rows(table)
          .slice(0, 3)
          .map((row) => row.getAttribute('aria-rowindex')),
      ).to.deep.equal(['2', '3', '4']);
      expect(grid(table).getAttribute('aria-rowcount')).to.equal('32');
    });

    it('reads only the row that a signal names', async () => {
      const owner = await signInOwner();
      await logMany(300);
      const table = await open(entries);
      await until(() => rows(table).length > 10);
      const calls = watched('usage_log_entries');
      await log([{ model: 'new', user_id: owner.userId }]);
      await until(() => column(table, 'model')[0] === 'new');
      expect(calls).to.have.length(1);
      expect(calls[0]!.p_ids).to.have.length(1);
      await sql(`update usage_logs set model = 'changed' where key = 'n3'`);
      await until(() => column(table, 'model')[3] === 'changed');
      await sql(`delete from usage_logs where key = 'n2'`);
      await until(() => !column(table, 'model').includes('model-2'));
      expect(grid(table).getAttribute('aria-rowcount')).to.equal('301');
    });

    it('reads one page when a signal is of more rows than it names', async () => {
      await signInOwner();
      await logMany(300);
      const table = await open(entries);
      await until(() => rows(table).length > 10);
      const calls = watched('usage_log_entries');
      await sql(
        `insert into usage_logs (owner_id, user_id, key, app, model, at)
         select owner_id, owner_id, 'many' || n, 'editor', 'many-' || n, now() from private.site, generate_series(1, 60) as n`,
      );
      await until(() => text(table, 'count') === '360 calls');
      expect(calls.map(({ p_ids: ids, p_backward: backward }) => [ids, backward])).to.deep.equal([[undefined, true]]);
      expect(grid(table).getAttribute('aria-rowcount')).to.equal('361');
    });

    it('does not count what nobody wants counted, and says so', async () => {
      const exact = (rows: number) =>
        sql(`create or replace function private.exact_rows() returns integer language sql immutable
             set search_path = '' as $$ select ${rows} $$`);
      await exact(20);
      try {
        await signInAdmin();
        await logMany(30);
        const table = await open(html`<usage-logs-table view="entries" estimate></usage-logs-table>`);
        await until(() => rows(table).length > 10);
        // Of all calls the sums of the users know; of some, nobody.
        expect(grid(table).getAttribute('aria-rowcount')).to.equal('31');
        choose(table, 'Status', 'ok');
        await until(() => grid(table).getAttribute('aria-rowcount') === '-1');
        expect(text(table, 'count')).to.match(/^about \d+ calls$/);
        expect(find(table, '.totals')).to.equal(null);
        await log([{ model: 'new' }]);
        await until(() => column(table, 'model')[0] === 'new');
        expect(rows(table)[1]!.getAttribute('aria-rowindex')).to.equal('3');
        table.view = 'users';
        // The two are few enough to be counted.
        await until(() => text(table, 'count') === '2 users');
        expect(grid(table).getAttribute('aria-rowcount')).to.equal('3');
      } finally {
        await exact(10_000);
      }
    });

    it('tells an admin, whom signals name no rows, of rows that came, changed and went', async () => {
      await signInAdmin();
      await logMany(30);
      const table = await open(entries);
      await until(() => rows(table).length > 10);
      await log([{ model: 'new' }]);
      await until(() => column(table, 'model')[0] === 'new');
      await log([{ model: 'late', at: new Date(Date.now() - 62_500).toISOString() }]);
      await until(() => column(table, 'model').includes('late'));
      await sql(`update usage_logs set cost = 9 where key = 'n3'`);
      await until(() => column(table, 'cost').includes('$9.00'));
      await sql(`delete from usage_logs where key = 'n1'`);
      await until(() => !column(table, 'model').includes('model-1'));
      expect(grid(table).getAttribute('aria-rowcount')).to.equal('32');
    });

    it('lets new calls wait while somebody is not at the top, and moves nothing', async () => {
      await signInOwner();
      await logMany(100);
      const table = await open(entries);
      await until(() => rows(table).length > 10);
      grid(table).scrollTop = 720;
      await until(() => rows(table)[0]!.textContent.includes('model-13'));
      const marked = rows(table)[10]!;
      const { top } = marked.getBoundingClientRect();
      const shown = marked.textContent;
      const index = Number(marked.getAttribute('aria-rowindex'));
      await log([{ model: 'new' }, { model: 'newer' }]);
      await until(() => text(table, 'fresh') === '2 new');
      expect(marked.textContent).to.equal(shown);
      expect(marked.getBoundingClientRect().top).to.equal(top);
      expect(grid(table).scrollTop).to.equal(720);
      // In the whole of the log it has moved, and that is said.
      expect(Number(marked.getAttribute('aria-rowindex'))).to.equal(index + 2);
      expect(grid(table).getAttribute('aria-rowcount')).to.equal('103');
      find(table, '[part=fresh]')!.click();
      await until(() => grid(table).scrollTop === 0 && column(table, 'model')[0] === 'new');
      expect(find(table, '[part=fresh]')).to.equal(null);
    });

    it('lets them wait while it is paused', async () => {
      await signInOwner();
      await logMany(5);
      const table = await open(entries);
      await until(() => rows(table).length === 5);
      const button = () =>
        [...table.shadowRoot!.querySelectorAll('button')].find((each) => /Pause|Resume/.test(each.textContent))!;
      button().click();
      await log([{ model: 'new' }]);
      await until(() => text(table, 'fresh') === '1 new');
      expect(column(table, 'model')[0]).to.equal('model-1');
      expect(table.matches(':state(paused)')).to.equal(true);
      button().click();
      await until(() => column(table, 'model')[0] === 'new');
    });

    it('has the exchange of the page’s own chat as soon as its stream has told what it used', async () => {
      await signInOwner();
      const table = await open(entries);
      await until(() => text(table, 'message').startsWith('No calls'));
      const session = currentSession();
      leaves.push(session.subscribe(() => undefined));
      const id = await until(() => session.snapshot.data);
      // The log's own word comes late: the row is there without it.
      await fault({ restDelayMs: 600 });
      sendMessage(id, 'hello');
      await until(() => column(table, 'status').join() === 'Not in the log yet');
      await noFaults();
      await until(() => column(table, 'status').join() === 'OK');
      expect(rows(table)).to.have.length(1);
    });
  });
});
