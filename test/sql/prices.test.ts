import assert from 'node:assert/strict';
import { it } from 'node:test';
import { PRICES } from '../../supabase/functions/_shared/prices.ts';
import { onEachEngine } from '../support/node/engines.ts';
import { asUser, newMember, newVisitor } from '../support/node/sql.ts';

const ALL = `select provider, model, valid_from::text, input_micro_usd::int, cached_micro_usd::int,
  cache_write_micro_usd::int, cache_write_1h_micro_usd::int, output_micro_usd::int
  from public.model_prices order by provider collate "C", model collate "C", valid_from`;

onEachEngine('model_prices', (database) => {
  const rows = async () => (await database.query<Record<string, unknown>>(ALL)).map((row) => Object.values(row));

  it('say what the functions calculate with, no more and no less', async () => {
    assert.deepEqual(await rows(), PRICES);
  });

  it('can be read by members, and written by no one', async () => {
    const [member, visitor] = [await newMember(database), await newVisitor(database)];
    assert.equal((await asUser(database, member.claims, 'select 1 from public.model_prices')).length, PRICES.length);
    assert.deepEqual(await asUser(database, visitor.claims, 'select 1 from public.model_prices'), []);
    for (const sql of ['delete from public.model_prices', 'update public.model_prices set output_micro_usd = 0']) {
      await assert.rejects(asUser(database, member.claims, sql), { code: '42501' });
    }
  });
});
