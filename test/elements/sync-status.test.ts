import { expect } from 'chai';
import { html } from 'lit';
import '../../src/define/sync-status.ts';
import { connect } from '../../src/connect.ts';
import type { SyncStatusElement } from '../../src/elements/sync-status.ts';
import { messages, sendMessage } from '../../src/services/chat.ts';
import { dailyUsage } from '../../src/services/usage.ts';
import { connectToBackend, fault, leaveBackend, noFaults, signInNewMember } from '../support/browser/backend.ts';
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
    // Refused too: the wait before an attempt is random, and may be shorter than a frame.
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
});
