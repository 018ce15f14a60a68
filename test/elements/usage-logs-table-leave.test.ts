import { expect } from 'chai';
import { html } from 'lit';
import { UsageLogsTableExportEvent } from '../../src/elements/usage-logs-table.events.ts';
import type { UsageLogsTableElement } from '../../src/elements/usage-logs-table.ts';
import { signIn } from '../../src/services/account.ts';
import { connectToBackend, fault, leaveBackend, noFaults, sql } from '../support/browser/backend.ts';
import { clearPage, nextFrame, until } from '../support/browser/page.ts';
import {
  choose,
  column,
  find,
  heading,
  log,
  logMany,
  open,
  rows,
  signInAdmin,
  signInOwner,
  someone,
  text,
  watchCalls,
} from '../support/browser/usage-logs-table.ts';

const entries = html`<usage-logs-table view="entries" fragment="logs"></usage-logs-table>`;

/** The file that a table would have handed to the browser. */
async function fileOf(table: UsageLogsTableElement, format: 'csv' | 'json') {
  const made = new Promise<UsageLogsTableExportEvent>((resolve) =>
    table.addEventListener(
      'usage-logs-table-export',
      (event) => {
        event.preventDefault();
        if (event instanceof UsageLogsTableExportEvent) resolve(event);
      },
      { once: true },
    ),
  );
  const count = await table.download(format);
  const { blob, fileName } = await made;
  return { count, fileName, text: await blob.text(), type: blob.type };
}

describe('what leaves <usage-logs-table>', () => {
  beforeEach(() => connectToBackend());

  afterEach(async () => {
    clearPage();
    history.replaceState(null, '', location.pathname + location.search);
    await noFaults();
    await leaveBackend();
  });

  describe('as an address', () => {
    it('names what is shown, and leaves the rest of the address alone', async () => {
      await leaveBackend();
      location.hash = 'chapter&other=1';
      const table = await open(entries);
      choose(table, 'Status', 'error');
      await until(() => location.hash.includes('logs.status=error'));
      heading(table, 'cost').click();
      await until(() => location.hash.includes('logs.sort=-cost'));
      expect(location.hash).to.match(/^#chapter&other=1&logs\.by=entries&logs\.status=error&logs\.sort=-cost$/);
      find(table, '[part=tab]')!.click();
      choose(table, 'Status', '');
    });

    it('shows what it names', async () => {
      await leaveBackend();
      location.hash = 'logs.by=entries&logs.status=error&logs.sort=-cost&logs.period=30d';
      const table = await open(html`<usage-logs-table fragment="logs"></usage-logs-table>`);
      await until(() => column(table, 'status').length && column(table, 'status').every((word) => word === 'Failed'));
      expect(heading(table, 'cost').getAttribute('aria-sort')).to.equal('descending');
      location.hash = 'logs.by=users&logs.search=ada';
      await until(() => column(table, 'user').join() === 'Ada Example');
      expect(table.view).to.equal('users');
    });

    it('takes nothing from an address that says it wrongly', async () => {
      await leaveBackend();
      location.hash =
        'logs.by=x&logs.status=%00&logs.size=7&logs.page=-3&logs.sort=drop&logs.user=%27;--&logs.period=toString';
      const table = await open(html`<usage-logs-table fragment="logs"></usage-logs-table>`);
      expect(rows(table).length).to.be.greaterThan(5);
      expect(table.view).to.equal('users');
      expect(find(table, '[part=size]')).to.have.property('value', '50');
    });

    it('says nothing where the page does not want it', async () => {
      await leaveBackend();
      const table = await open(html`<usage-logs-table view="entries"></usage-logs-table>`);
      choose(table, 'Status', 'error');
      await until(() => column(table, 'status').every((word) => word === 'Failed'));
      expect(location.hash).to.equal('');
    });
  });

  describe('as a file', () => {
    it('is all that the filters leave, page by page, in the order of the table', async () => {
      await signInOwner();
      await logMany(2_300);
      await sql(`update usage_logs set status = 'error' where key like '%7'`);
      const table = await open(entries);
      choose(table, 'Status', 'error');
      await until(() => text(table, 'count') === '230 calls');
      const few = await fileOf(table, 'csv');
      expect(few.count).to.equal(230);
      choose(table, 'Status', '');
      await until(() => text(table, 'count').startsWith('2,300'));
      const { calls, leave } = watchCalls('usage_log_entries');
      const { count, text: csv, fileName, type } = await fileOf(table, 'csv');
      leave();
      expect(calls.map(({ p_limit: limit }) => limit)).to.deep.equal([1_000, 1_000, 1_000]);
      const lines = csv.trimEnd().split('\r\n');
      expect([count, lines.length]).to.deep.equal([2_300, 2_301]);
      expect(lines[0]).to.match(/^id,at,user_id,email,/);
      expect(lines[1]).to.contain('model-1,');
      expect(lines.at(-1)).to.contain('model-2300,');
      expect(fileName).to.match(/^usage-log-\d{4}-\d\d-\d\d\.csv$/);
      expect(type).to.contain('text/csv');
    });

    it('is harmless in a spreadsheet', async () => {
      await signInOwner();
      const user = await someone('=HYPERLINK("http://x","y")');
      await log([{ user_id: user.id, model: '+1,2' }]);
      const table = await open(entries);
      await until(() => rows(table).length === 1);
      const { text: csv } = await fileOf(table, 'csv');
      expect(csv).to.contain(`"'=HYPERLINK(""http://x"",""y"")"`);
      expect(csv).to.contain(`"'+1,2"`);
    });

    it('has every user once, as JSON, though one moves while it is read', async () => {
      await signInAdmin();
      await sql(
        `insert into auth.users (id, email, raw_app_meta_data, raw_user_meta_data)
         select gen_random_uuid(), lpad(n::text, 4, '0') || '@json.test.invalid', '{}', '{}' from generate_series(1, 450) as n`,
      );
      await sql(
        `insert into usage_logs (owner_id, user_id, app, model, at) select owner_id, u.id, 'a', 'm', now() - interval '1 day'
         from private.site, auth.users as u where email like '%@json.test.invalid'`,
      );
      const table = await open();
      await until(() => text(table, 'count') === '450 users');
      let told = 0;
      const { text: json } = await new Promise<{ text: string }>((resolve, reject) => {
        table.addEventListener('usage-logs-table-export', (event) => {
          event.preventDefault();
          if (!(event instanceof UsageLogsTableExportEvent)) return;
          void event.blob.text().then((words) => resolve({ text: words }));
        });
        table
          .download('json', undefined, (done, total) => {
            told += 1;
            expect([done <= total, total]).to.deep.equal([true, 450]);
            if (told === 1)
              void sql(`insert into usage_logs (owner_id, user_id, app, model)
                        select owner_id, u.id, 'a', 'm' from private.site, auth.users as u where email = '0440@json.test.invalid'`);
          })
          .catch(reject);
      });
      const people = JSON.parse(json) as { email: string; has_completed_payment: boolean }[];
      expect(new Set(people.map(({ email }) => email)).size).to.equal(450);
      expect(people).to.have.length(450);
      expect(told).to.equal(3);
      expect(people[0]).to.have.property('has_completed_payment', false);
      await sql(`delete from auth.users where email like '%@json.test.invalid'`);
    });

    it('says how far it is, and ends when it is cancelled', async () => {
      await signInOwner();
      await logMany(1_500);
      const table = await open(entries);
      await until(() => rows(table).length > 10);
      let handed = false;
      table.addEventListener('usage-logs-table-export', (event) => {
        handed = true;
        event.preventDefault();
      });
      await fault({ restDelayMs: 300 });
      find(table, 'summary')!.click();
      await until(() => find(table, '.items'));
      [...table.shadowRoot!.querySelectorAll<HTMLElement>('button.item')]
        .find((each) => each.textContent.includes('CSV'))!
        .click();
      await until(() => text(table, 'progress').includes('1,000 of 1,500'));
      find(table, '[part=progress] button')!.click();
      await until(() => !find(table, '[part=progress]'));
      await noFaults();
      for (let frames = 0; frames < 5; frames += 1) await nextFrame();
      expect(handed).to.equal(false);
    });
  });

  describe('as news', () => {
    it('is told to the page, and in a corner where that is wanted', async () => {
      await signInOwner();
      await logMany(3);
      const table = await open(html`<usage-logs-table view="entries" notify></usage-logs-table>`);
      await until(() => rows(table).length === 3);
      const counts: number[] = [];
      table.addEventListener('usage-logs-table-activity', (event) =>
        counts.push((event as never as { count: number }).count),
      );
      expect(find(table, '[part=toast]')).to.equal(null);
      await log([{ model: 'a' }, { model: 'b' }]);
      await until(() => find(table, '[part=toast]'));
      expect(text(table, 'toast')).to.equal('New activity: 2');
      expect(counts).to.deep.equal([2]);
    });

    it('is nothing that was there before somebody signed in', async () => {
      const ann = await someone('Ann Apple');
      await signInOwner();
      await log([{ user_id: ann.id }]);
      await leaveBackend();
      await connectToBackend();
      const table = await open(html`<usage-logs-table notify></usage-logs-table>`);
      expect(text(table, 'badge')).to.equal('Sample data');
      const counts: number[] = [];
      table.addEventListener('usage-logs-table-activity', ({ count }) => counts.push(count));
      await signIn(ann.email, ann.password);
      await until(() => column(table, 'requests').join() === '1' && table.matches(':state(live)'));
      await log([{ user_id: ann.id }]);
      await until(() => column(table, 'requests').join() === '2');
      await until(() => counts.length > 0);
      expect(counts).to.deep.equal([1]);
    });

    it('is not shown otherwise', async () => {
      await signInOwner();
      await logMany(3);
      const table = await open(entries);
      await until(() => rows(table).length === 3);
      await log([{ model: 'a' }]);
      await until(() => rows(table).length === 4);
      expect(find(table, '[part=toast]')).to.equal(null);
    });
  });

  it('is nothing of one user for the next', async () => {
    await signInOwner();
    await log([{ model: 'secret' }]);
    const table = await open(entries);
    await until(() => rows(table).length === 1);
    await leaveBackend();
    await until(() => !table.shadowRoot!.textContent.includes('secret'));
  });
});
