import { expect } from 'chai';
import { signOut } from '../../src/services/account.ts';
import {
  discardImport,
  exportUsage,
  importUsage,
  migrateUsage,
  type MigrationProgress,
} from '../../src/services/migration.ts';
import { lastDays } from '../../src/services/usage-series.ts';
import { dailyUsage } from '../../src/services/usage.ts';
import type { LivelitError } from '../../src/store/error.ts';
import { connectToBackend, giveKey, leaveBackend, signInNewMember, sql } from '../support/browser/backend.ts';
import { until } from '../support/browser/page.ts';

const [yesterday, today] = lastDays(2) as [string, string];

const row = (fields: object = {}) => ({
  date: yesterday,
  model: 'gpt-4o',
  project: '',
  source: 'openai',
  requests: 2,
  context_tokens: 100,
  cached_tokens: 10,
  generated_tokens: 20,
  cost: 0.25,
  co2_grams: null,
  ...fields,
});
const backup = (...rows: unknown[]) => ({ version: 1, exported_at: new Date().toISOString(), rows });

const addUsage = (userId: string, source: string, requests: number, date = yesterday) =>
  sql(`insert into usage_data (user_id, date, model, source, requests) values ($1, $2, 'gpt-4o', $3, $4)`, [
    userId,
    date,
    source,
    requests,
  ]);

describe('the migration of usage', () => {
  const leaves: (() => void)[] = [];
  const shown = () => dailyUsage().snapshot.data?.map(({ source, requests }) => `${source} ${requests}`);
  const refusal = async (work: Promise<unknown>) => {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason as LivelitError,
    );
    return error && `${error.code} ${error.reason}`;
  };

  beforeEach(() => connectToBackend());

  afterEach(async () => {
    for (const leave of leaves.splice(0)) leave();
    await leaveBackend();
  });

  it('goes from samples to what is real, and says where it stands', async () => {
    const { userId } = await signInNewMember();
    await giveKey();
    await addUsage(userId, 'sample', 5);
    leaves.push(dailyUsage().subscribe(() => undefined));
    await until(() => shown()?.join() === 'sample 5');
    expect(dailyUsage().snapshot.sample).to.equal(true);
    const steps: MigrationProgress[] = [];
    await migrateUsage((step) => steps.push(step));
    expect(steps.map(({ step }) => step)).to.deep.equal(['key', 'sync', 'samples', 'done']);
    expect(steps.at(-1)!.progress).to.equal(100);
    await until(() => dailyUsage().snapshot.data!.some(({ source }) => source === 'openai'));
    expect(dailyUsage().snapshot.sample).to.equal(false);
    expect(await sql(`select 1 from usage_data where user_id = $1 and source = 'sample'`, [userId])).to.deep.equal([]);
  });

  it('keeps the samples when there is no key', async () => {
    const { userId } = await signInNewMember();
    await addUsage(userId, 'sample', 5);
    expect(await refusal(migrateUsage())).to.equal('invalid no_key');
    expect(await sql(`select 1 from usage_data where user_id = $1`, [userId])).to.have.length(1);
  });

  it('brings a backup of one account into another, once, however often', async () => {
    const { userId } = await signInNewMember();
    await addUsage(userId, 'openai', 3);
    await addUsage(userId, 'chat', 4);
    const kept = await exportUsage();
    expect(kept.rows.map(({ source }) => source)).to.deep.equal(['chat', 'openai']);
    await signOut();
    await signInNewMember();
    leaves.push(dailyUsage().subscribe(() => undefined));
    const plain: unknown = JSON.parse(JSON.stringify(kept));
    await importUsage(plain);
    await importUsage(plain);
    // The two sources of one model on one day are one row here.
    await until(() => shown()?.join() === 'import 7');
    await discardImport();
    await until(() => shown()?.length === 0);
  });

  it('lets an import give way to what comes by itself', async () => {
    const { userId } = await signInNewMember();
    leaves.push(dailyUsage().subscribe(() => undefined));
    await importUsage(backup(row({ requests: 2 }), row({ requests: 3, date: today })));
    await until(() => shown()?.join() === 'import 2,import 3');
    await addUsage(userId, 'openai', 9);
    await until(() => shown()?.join() === 'openai 9,import 3');
  });

  for (const [what, made, reason] of [
    ['something else', { hello: 1 }, 'format'],
    ['nothing', undefined, 'format'],
    ['no day', backup(row(), row({ date: '2026-13-01' })), 'date'],
    ['no model', backup(row({ model: '' })), 'model'],
    ['a negative count', backup(row({ requests: -1 })), 'requests'],
    ['a cost that is no number', backup(row({ cost: 'much' })), 'cost'],
  ] as const) {
    it(`refuses ${what}, and takes nothing in`, async () => {
      const { userId } = await signInNewMember();
      expect(await refusal(importUsage(made))).to.equal(`invalid ${reason}`);
      expect(await sql(`select 1 from usage_data where user_id = $1`, [userId])).to.deep.equal([]);
    });
  }

  it('is for members only', async () => {
    const refused = await refusal(exportUsage());
    expect(refused).to.equal('unauthenticated account');
    expect(await refusal(importUsage(backup(row())))).to.match(/^(unauthenticated|forbidden)/);
  });
});
