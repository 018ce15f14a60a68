import { expect } from 'chai';
import { html } from 'lit';
import { useFakeTimers } from 'sinon';
import '../../src/define/sync-status.ts';
import { connect } from '../../src/connect.ts';
import { SyncStatusSyncedEvent } from '../../src/elements/sync-status.events.ts';
import type { SyncStatusElement } from '../../src/elements/sync-status.ts';
import { messages, sendMessage } from '../../src/services/chat.ts';
import { dailyUsage } from '../../src/services/usage.ts';
import {
  connectToBackend,
  fault,
  giveKey,
  leaveBackend,
  noFaults,
  signInNewMember,
  sql,
} from '../support/browser/backend.ts';
import { LivelitError } from '../../src/store/error.ts';
import { connectMemory, MEMBER } from '../support/browser/memory.ts';
import { clearPage, mount, until } from '../support/browser/page.ts';

const text = (status: SyncStatusElement, part: string) =>
  status.shadowRoot!.querySelector(`[part="${part}"]`)?.textContent.trim() ?? '';

const colour = (status: SyncStatusElement) =>
  ['green', 'orange', 'red'].find((name) => status.shadowRoot!.querySelector(`.dot.${name}`)) ?? 'grey';

describe('<sync-status>', () => {
  const leaves: (() => void)[] = [];
  const open = async () => {
    const status = mount<SyncStatusElement>(html`<sync-status></sync-status>`);
    await status.updateComplete;
    return status;
  };

  afterEach(async () => {
    for (const leave of leaves.splice(0)) leave();
    clearPage();
    await noFaults();
    await leaveBackend();
  });

  it('is grey and idle on a page that is not connected', async () => {
    const status = await open();
    expect(text(status, 'label')).to.equal('Idle');
    expect(colour(status)).to.equal('grey');
    expect(status.matches(':state(idle)')).to.equal(true);
  });

  it('is green when what is shown is live, and not before', async () => {
    await connectToBackend();
    const status = await open();
    await signInNewMember();
    const seen: string[] = [];
    leaves.push(dailyUsage().subscribe(() => seen.push(`${dailyUsage().snapshot.status} ${colour(status)}`)));
    await until(() => colour(status) === 'green');
    expect(text(status, 'label')).to.equal('Live');
    expect(status.matches(':state(live)')).to.equal(true);
    expect(seen.filter((each) => each.startsWith('loading')).every((each) => each === 'loading grey')).to.equal(true);
  });

  it('is red while the connection is down, says why, and green again after', async () => {
    await connectToBackend({ timings: { retryBaseMs: 400, retryCapMs: 800 } });
    const status = await open();
    await signInNewMember();
    leaves.push(dailyUsage().subscribe(() => undefined));
    await until(() => colour(status) === 'green');
    await fault({ refuseSockets: true, dropSockets: true });
    await until(() => colour(status) === 'red');
    expect(text(status, 'label')).to.equal('Reconnecting…');
    expect(text(status, 'reason')).to.equal('· The connection was lost. It is being restored.');
    await noFaults();
    await until(() => colour(status) === 'green');
    expect(text(status, 'reason')).to.equal('');
  });

  it('is orange while something is unsent', async () => {
    await connectToBackend();
    await fault({ functionsDown: true });
    const status = await open();
    const session = crypto.randomUUID();
    leaves.push(messages(session).subscribe(() => undefined));
    sendMessage(session, 'wait for me');
    await until(() => colour(status) === 'orange');
    expect(text(status, 'count')).to.equal('· 1 unsent');
    await noFaults();
    await until(() => colour(status) !== 'orange');
    expect(text(status, 'count')).to.equal('');
  });

  it('turns while something is in flight', async () => {
    await connectToBackend();
    const status = await open();
    await signInNewMember();
    let turned = false;
    const observer = new MutationObserver(() => (turned ||= status.matches(':state(busy)')));
    observer.observe(status.shadowRoot!, { subtree: true, attributes: true });
    leaves.push(dailyUsage().subscribe(() => undefined));
    await until(() => colour(status) === 'green' && !status.matches(':state(busy)'));
    observer.disconnect();
    expect(turned).to.equal(true);
  });

  it('is not green for a project that does not exist', async () => {
    connect({ url: 'http://127.0.0.1:9', key: 'sb_publishable_nobody', timings: { retryBaseMs: 20, retryCapMs: 40 } });
    const status = await open();
    const session = crypto.randomUUID();
    leaves.push(messages(session).subscribe(() => undefined));
    sendMessage(session, 'anybody?');
    await until(() => colour(status) === 'orange');
    expect(status.matches(':state(live)')).to.equal(false);
  });

  describe('as a panel', () => {
    const panel = async () => {
      const status = mount<SyncStatusElement>(html`<sync-status variant="panel"></sync-status>`);
      await status.updateComplete;
      return status;
    };
    const facts = (status: SyncStatusElement) =>
      [...status.shadowRoot!.querySelectorAll('.panel > dl dt')].map((term) => [
        term.textContent,
        term.nextElementSibling!.textContent,
      ]);
    const button = (status: SyncStatusElement, part: string) =>
      status.shadowRoot!.querySelector<HTMLButtonElement>(`[part="${part}"]`);

    /** A member of their own: what one test leaves in the outbox is not another one's. */
    const somebody = () => ({ ...MEMBER, userId: crypto.randomUUID() });

    /** A page whose message the project has refused. */
    async function refuse(status: SyncStatusElement) {
      const backend = connectMemory({
        functions: { chat: () => Promise.reject(new LivelitError('forbidden', 'Not here.')) },
      });
      leaves.push(messages('c1').subscribe(() => undefined));
      sendMessage('c1', 'A secret text');
      await until(() => button(status, 'retry'));
      return backend;
    }

    it('tells the round trip, and that another tab holds the socket', async () => {
      const status = await panel();
      const backend = connectMemory();
      await until(() => facts(status).some(([, value]) => value === 'Of this tab'));
      backend.link.set({
        status: 'live',
        data: { role: 'follower', latencyMs: 41.7, nextRetryAt: undefined },
        sample: false,
      });
      await until(() => facts(status).some(([, value]) => value === 'Live via another tab'));
      expect(facts(status)).to.deep.include(['Round trip', '42 ms']);
    });

    it('gives up a refused write', async () => {
      const status = await panel();
      await refuse(status);
      expect(text(status, 'write')).to.contain('Not here.');
      button(status, 'discard')!.click();
      await until(() => !button(status, 'retry'));
    });

    it('tries a refused write again', async () => {
      const status = await panel();
      let tries = 0;
      connectMemory({
        session: somebody(),
        functions: {
          chat: () => {
            tries += 1;
            return Promise.reject(new LivelitError('forbidden', 'Not here.'));
          },
        },
      });
      leaves.push(messages('c1').subscribe(() => undefined));
      sendMessage('c1', 'Hello');
      await until(() => button(status, 'retry'));
      button(status, 'retry')!.click();
      await until(() => tries === 2);
    });

    it('reports what helps to help, and no text', async () => {
      const status = await panel();
      await refuse(status);
      await until(() => status.matches(':state(live)'));
      const report = status.report;
      expect(JSON.parse(report)).to.include({ state: 'live', role: 'alone' });
      expect((JSON.parse(report) as { refused: string[] }).refused).not.to.deep.equal([]);
      expect(report).not.to.contain('secret text');
    });
  });

  describe('as a panel, about usage', () => {
    const part = <T extends HTMLElement>(status: SyncStatusElement, name: string) =>
      status.shadowRoot!.querySelector<T>(`[part="${name}"]`)!;
    const fact = (status: SyncStatusElement, term: string) =>
      [...status.shadowRoot!.querySelectorAll('.usage dt')].find((each) => each.textContent === term)!
        .nextElementSibling!.textContent;
    const open = async () => {
      const status = mount<SyncStatusElement>(html`<sync-status variant="panel"></sync-status>`);
      await connectToBackend();
      return status;
    };
    const ready = (status: SyncStatusElement) =>
      until(() => !part<HTMLButtonElement>(status, 'sync')?.disabled && fact(status, 'Last sync') !== '');

    it('asks for somebody to sign in, and takes the same room before and after', async () => {
      const status = await open();
      await status.updateComplete;
      const before = part(status, 'usage').offsetHeight;
      await until(() => text(status, 'problem'));
      expect(part(status, 'usage').offsetHeight).to.equal(before);
      expect(text(status, 'problem')).to.equal('Sign in to have usage read.');
      expect(part<HTMLButtonElement>(status, 'sync').disabled).to.equal(true);
      await signInNewMember();
      await ready(status);
      expect(part(status, 'usage').offsetHeight).to.equal(before);
    });

    it('reads usage when it is told to, and says what came and when', async () => {
      const status = await open();
      await signInNewMember();
      await giveKey();
      await ready(status);
      const runs: SyncStatusSyncedEvent['runs'][] = [];
      let said = '';
      status.addEventListener('sync-status-synced', (event) => {
        if (!(event instanceof SyncStatusSyncedEvent)) return;
        runs.push(event.runs);
        void status.updateComplete.then(
          () => (said = status.shadowRoot!.querySelector('[role="status"]')!.textContent),
        );
      });
      part(status, 'sync').click();
      await until(() => fact(status, 'Last sync') === 'Running…' && status.matches(':state(busy)'));
      await until(() => runs.length === 1);
      await until(() => fact(status, 'Last sync').includes('complete'));
      const changed = `${runs[0]![0]!.rows_changed} rows changed`;
      expect(fact(status, 'Last sync')).to.contain(changed);
      expect(text(status, 'problem')).to.equal('All there was has been read.');
      expect(said).to.equal(`Synced: ${changed}.`);
      await until(() => part(status, 'history')?.textContent.includes('100% of 1 complete'));
      expect(part(status, 'runs').querySelectorAll('tbody tr')).to.have.length(1);
    });

    it('says why it failed and what to do, to who looks and to who listens', async () => {
      const status = await open();
      await signInNewMember();
      await ready(status);
      part(status, 'sync').click();
      await until(() => text(status, 'problem') !== 'Nothing has been read yet.');
      const sentence = 'There is no key to read usage with. Add an admin key in the settings.';
      expect(text(status, 'problem')).to.equal(sentence);
      await until(() => status.shadowRoot!.querySelector('[role="status"]')!.textContent === sentence);
      expect((JSON.parse(status.report) as { usage: object }).usage).to.deep.include({
        last: { status: 'error', reason: 'no_key' },
      });
    });

    it('says why it cannot even begin', async () => {
      const status = await open();
      await signInNewMember();
      await ready(status);
      await fault({ functionsDown: true });
      part(status, 'sync').click();
      await until(() => text(status, 'problem') === 'The server does not answer properly at the moment.');
    });

    it('is read by itself when it is switched on, as often as is chosen, until it is switched off', async () => {
      const status = await open();
      const { userId } = await signInNewMember();
      await ready(status);
      const stored = async () =>
        (await sql('select every_minutes, enabled from sync_schedules where user_id = $1', [userId]))[0];
      const [toggle, interval] = [
        part<HTMLInputElement>(status, 'automatic'),
        part<HTMLSelectElement>(status, 'interval'),
      ];
      expect([toggle.checked, interval.disabled, fact(status, 'Next sync')]).to.deep.equal([
        false,
        true,
        'When asked for',
      ]);
      toggle.click();
      await until(() => !interval.disabled);
      interval.value = '360';
      interval.dispatchEvent(new Event('change'));
      await until(async () => (await stored())?.every_minutes === 360);
      expect(interval.selectedOptions[0]!.textContent).to.equal('6 hours');
      toggle.click();
      await until(async () => (await stored())?.enabled === false);
      await until(() => interval.disabled && fact(status, 'Next sync') === 'When asked for');
    });
  });

  it('as a banner is not there while all is well', async () => {
    const status = mount<SyncStatusElement>(html`<sync-status variant="banner"></sync-status>`);
    const backend = connectMemory();
    leaves.push(dailyUsage().subscribe(() => undefined));
    await until(() => status.matches(':state(live)'));
    expect(text(status, 'label')).to.equal('');
    backend.turn({ state: 'lost', error: new LivelitError('unavailable', 'Cut.') });
    await until(() => text(status, 'reason') === '· Cut.');
  });

  it('says only what lasts to whoever listens', async () => {
    const status = await open();
    const spoken = () => status.shadowRoot!.querySelector('[role="status"]')!.textContent;
    const backend = connectMemory();
    leaves.push(dailyUsage().subscribe(() => undefined));
    await until(() => status.matches(':state(live)'));
    const cut = () => backend.turn({ state: 'lost', error: new LivelitError('unavailable', 'Cut.') });
    const clock = useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      cut();
      await until(() => status.matches(':state(stale)'));
      await clock.tickAsync(500);
      backend.turn({ state: 'joined' });
      await until(() => status.matches(':state(live)'));
      await clock.tickAsync(5_000);
      await status.updateComplete;
      expect(spoken()).not.to.contain('Cut.');
      cut();
      await until(() => status.matches(':state(stale)'));
      await clock.tickAsync(2_500);
      await status.updateComplete;
      expect(spoken()).to.contain('Cut.');
    } finally {
      clock.restore();
    }
  });
});
