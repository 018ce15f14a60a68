import { expect } from 'chai';
import { coloursOf } from '../../src/elements/series-colours.ts';

const names = (count: number, prefix: string) => Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

describe('coloursOf', () => {
  it('gives fourteen names fourteen colours, none of them that of the rest', () => {
    const colours = coloursOf(names(14, 'first'));
    expect(new Set(colours).size).to.equal(14);
    expect(colours).not.to.include(8);
    for (const colour of colours) expect(colour).to.be.within(1, 15);
  });

  it('uses the strong seven only when the first seven are taken', () => {
    expect(coloursOf(names(14, 'first').slice(0, 7)).every((colour) => colour < 8)).to.equal(true);
  });

  it('leaves a name its colour, whatever stands beside it', () => {
    const [before] = coloursOf(['kept', ...names(3, 'second')]);
    expect(coloursOf(['another', 'kept'])[1]).to.equal(before);
  });

  it('tells names apart that are shown together, when the page has more than there are colours', () => {
    coloursOf(names(40, 'third'));
    const colours = coloursOf(names(6, 'fourth'));
    expect(new Set(colours).size).to.equal(6);
  });
});
