import { expect } from 'chai';
import { backoff } from '../../src/store/backoff.ts';

describe('backoff', () => {
  it('waits up to twice as long after each attempt, and never longer than the cap', () => {
    const longest = [0, 1, 2, 3, 10, 1_000].map((attempt) => backoff(attempt, 1_000, 30_000, () => 1));
    expect(longest).to.deep.equal([1_000, 2_000, 4_000, 8_000, 30_000, 30_000]);
  });

  it('spreads those who failed together over the whole time (pitfall 7)', () => {
    const waits = Array.from({ length: 1_000 }, () => backoff(3, 1_000, 30_000));
    for (let from = 0; from < 8_000; from += 1_000) {
      const within = waits.filter((wait) => wait >= from && wait < from + 1_000);
      // 125 of a thousand are expected in each eighth; fewer than 60 come once in 10^11 runs.
      expect(within.length).to.be.above(60);
    }
  });
});
