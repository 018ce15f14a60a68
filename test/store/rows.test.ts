import { expect } from 'chai';
import { shareRows } from '../../src/store/rows.ts';

const shown = [
  { id: 'a', value: 1 },
  { id: 'b', value: 2 },
];

describe('shareRows', () => {
  it('answers the same list when nothing has changed', () => {
    expect(shareRows(shown, structuredClone(shown))).to.equal(shown);
  });

  it('keeps the rows that have not changed', () => {
    const next = shareRows(shown, [
      { id: 'a', value: 1 },
      { id: 'b', value: 3 },
    ]);
    expect(next[0]).to.equal(shown[0]);
    expect(next[1]).to.deep.equal({ id: 'b', value: 3 });
  });

  it('answers a new list when rows were removed, added or moved', () => {
    expect(shareRows(shown, [shown[0]!])).to.have.length(1);
    expect(shareRows(shown, [...shown, { id: 'c', value: 3 }])).to.have.length(3);
    expect(shareRows(shown, shown.toReversed()).map(({ id }) => id)).to.deep.equal(['b', 'a']);
  });

  it('sees a column that came or went', () => {
    const rows: readonly { id: string; value?: number }[] = [{ id: 'a' }];
    expect(shareRows(rows, [{ id: 'a', value: 1 }])[0]).to.deep.equal({ id: 'a', value: 1 });
  });
});
