import { expect } from 'chai';
import { connectionOf, type ConnectionFacts } from '../../src/store/connection.ts';
import { LivelitError } from '../../src/store/error.ts';
import type { OutboxEntry } from '../../src/store/lane.ts';

const READY: ConnectionFacts = {
  project: 'ready',
  online: true,
  sessionError: undefined,
  topics: [{ state: 'joined' }],
  entries: [],
  fetching: false,
  polling: false,
  link: undefined,
  lastSyncAt: undefined,
  errors: 0,
  syncsPerMinute: 0,
};

const error = new LivelitError('unavailable', 'A reason.');

const entry = (state: OutboxEntry['state']): OutboxEntry => ({
  id: state,
  lane: 'lane',
  target: 'target',
  userId: null,
  payload: {},
  tab: 'tab',
  createdAt: 0,
  state,
  attempts: 0,
  nextAt: 0,
});

describe('connectionOf', () => {
  const cases: readonly [string, Partial<ConnectionFacts>, string][] = [
    ['no project', { project: undefined }, 'idle'],
    ['a project that loads', { project: 'loading' }, 'connecting'],
    ['a project that cannot be loaded', { project: error }, 'failed'],
    ['a device that is offline', { online: false }, 'stale'],
    ['a session that has ended', { sessionError: error }, 'needs-auth'],
    [
      'a topic that is refused, whatever the others are',
      { topics: [{ state: 'joined' }, { state: 'refused', error }] },
      'failed',
    ],
    ['a topic that is lost', { topics: [{ state: 'joined' }, { state: 'lost', error }] }, 'stale'],
    [
      'a topic that is lost, while queries look by themselves',
      { topics: [{ state: 'lost', error }], polling: true },
      'polling',
    ],
    ['a topic that is being joined', { topics: [{ state: 'joined' }, { state: 'joining' }] }, 'connecting'],
    ['no topic', { topics: [] }, 'idle'],
    ['every topic joined', {}, 'live'],
  ];
  for (const [facts, changed, state] of cases) {
    it(`says ${state} of ${facts}`, () => {
      expect(connectionOf({ ...READY, ...changed }).state).to.equal(state);
    });
  }

  it('says why, in the words of the cause', () => {
    expect(connectionOf({ ...READY, topics: [{ state: 'lost', error }] }).reason).to.equal('A reason.');
  });

  it('counts what has not arrived apart from what was refused', () => {
    const entries = (['pending', 'sending', 'failed', 'delivered'] as const).map(entry);
    const { pending, failed } = connectionOf({ ...READY, entries });
    expect({ pending, failed }).to.deep.equal({ pending: 2, failed: 1 });
  });

  it('is busy while something is in flight', () => {
    expect(connectionOf(READY).busy).to.equal(false);
    expect(connectionOf({ ...READY, fetching: true }).busy).to.equal(true);
    expect(connectionOf({ ...READY, entries: [entry('sending')] }).busy).to.equal(true);
    expect(connectionOf({ ...READY, entries: [entry('pending')] }).busy).to.equal(false);
  });
});
