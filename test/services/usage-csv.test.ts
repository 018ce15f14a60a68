import { expect } from 'chai';
import { usageCsv } from '../../src/services/usage-csv.ts';
import type { UsageRow } from '../../src/services/usage-series.ts';

const ROW: UsageRow = {
  id: '1',
  date: '2026-11-20',
  model: 'gpt-4o',
  project: 'site',
  source: 'openai',
  requests: 2,
  context_tokens: 1000,
  cached_tokens: 40,
  generated_tokens: 10,
  cost: 0.5,
  co2_grams: null,
};

const HEAD = 'date_utc,model,project,source,requests,input_tokens,cached_tokens,output_tokens,cost_usd,co2_grams\r\n';

/** The cell of the project. */
const cellOf = (project: string) =>
  /^[^,]*,[^,]*,(.*),openai,/s.exec(usageCsv([{ ...ROW, project }]).slice(HEAD.length))?.[1];

describe('usageCsv', () => {
  it('has a line of names, and one for each row, with nothing where nothing is known', () => {
    expect(usageCsv([ROW])).to.equal(`${HEAD}2026-11-20,gpt-4o,site,openai,2,1000,40,10,0.5,\r\n`);
  });

  it('has its names when there is no row', () => expect(usageCsv([])).to.equal(HEAD));

  const cells = [
    ['plain', 'plain'],
    ['a,b', '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ['two\nlines', '"two\nlines"'],
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@sum', "'@sum"],
    ['\t=1', "'\t=1"],
    ['\r=1', `"'\r=1"`],
    ['=HYPERLINK("http://x","y")', `"'=HYPERLINK(""http://x"",""y"")"`],
    ['a=1', 'a=1'],
  ] as const;
  for (const [project, cell] of cells) {
    it(`writes ${JSON.stringify(project)} as ${JSON.stringify(cell)}`, () => expect(cellOf(project)).to.equal(cell));
  }
});
