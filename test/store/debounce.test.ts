import { expect } from 'chai';
import { useFakeTimers, type SinonFakeTimers } from 'sinon';
import { Debounce } from '../../src/store/debounce.ts';

describe('Debounce', () => {
  let clock: SinonFakeTimers;
  let runs: number[];
  let debounce: Debounce;

  beforeEach(() => {
    clock = useFakeTimers();
    runs = [];
    debounce = new Debounce(() => runs.push(clock.now), 500, 2_000);
  });

  afterEach(() => clock.restore());

  it('runs at once after a quiet spell', () => {
    debounce.signal();
    expect(runs).to.deep.equal([0]);
  });

  it('makes one run of all further signals, when they pause (pitfall 19)', () => {
    for (const at of [0, 100, 200, 300]) {
      clock.tick(at - clock.now);
      debounce.signal();
    }
    clock.tick(5_000);
    expect(runs).to.deep.equal([0, 800]);
  });

  it('runs at the latest two seconds after the first signal that waits', () => {
    for (let at = 0; at < 4_000; at += 100) {
      debounce.signal();
      clock.tick(100);
    }
    expect(runs.slice(0, 2)).to.deep.equal([0, 2_100]);
  });

  it('does not run again without a further signal', () => {
    debounce.signal();
    clock.tick(10_000);
    expect(runs).to.have.length(1);
  });

  it('counts as quiet again after the window', () => {
    debounce.signal();
    clock.tick(501);
    debounce.signal();
    expect(runs).to.deep.equal([0, 501]);
  });

  it('runs no more once it is cancelled', () => {
    debounce.signal();
    debounce.signal();
    debounce.cancel();
    clock.tick(10_000);
    expect(runs).to.have.length(1);
  });
});
