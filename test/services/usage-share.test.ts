import { expect } from 'chai';
import { lastDays } from '../../src/services/usage-series.ts';
import { usageShare, type UsageShare } from '../../src/services/usage-share.ts';
import { createShare, revokeShare, usageShares } from '../../src/services/usage-shares.ts';
import { signIn, signOut } from '../../src/services/account.ts';
import { connection } from '../../src/services/sync.ts';
import type { LivelitError } from '../../src/store/error.ts';
import type { Live } from '../../src/store/live.ts';
import { connectToBackend, leaveBackend, newMember, signInNewMember, sql } from '../support/browser/backend.ts';
import { until } from '../support/browser/page.ts';

const [YESTERDAY, TODAY = ''] = lastDays(2);

const addUsage = (userId: string, day: string | undefined, requests: number, source = 'import', model = 'secret') =>
  sql('insert into usage_data (user_id, date, model, source, requests, cost) values ($1, $2, $3, $4, $5, null)', [
    userId,
    day,
    model,
    source,
    requests,
  ]);

/** Somebody who is not on this page, and shares. */
async function newOwner() {
  const { userId, login } = await newMember();
  const [row] = await sql(`insert into usage_shares (user_id, label) values ($1, 'Theirs') returning id`, [userId]);
  return { userId, login, id: row!.id as string };
}

const setEnabled = (id: string, enabled: boolean) =>
  sql('update usage_shares set enabled = $2 where id = $1', [id, enabled]);

describe('a share of usage', () => {
  const leaves: (() => void)[] = [];

  const watch = (id: string, range?: object) => {
    const share = usageShare(id, range);
    leaves.push(share.subscribe(() => undefined));
    return share;
  };
  const untilLive = <T>(live: Live<T>) => until(() => live.snapshot.status === 'live' && live.snapshot);
  const requests = ({ snapshot }: Live<UsageShare | null>) => snapshot.data?.rows.map((row) => row.requests);

  beforeEach(() => connectToBackend());

  afterEach(async () => {
    for (const leave of leaves.splice(0)) leave();
    await leaveBackend();
  });

  describe('for a visitor', () => {
    it('is a row for each day of the range and the time before it, of no model', async () => {
      const { userId, id } = await newOwner();
      for (const model of ['secret', 'hidden']) await addUsage(userId, TODAY, 2, 'import', model);
      await addUsage(userId, YESTERDAY, 3);
      await addUsage(userId, lastDays(3)[0], 9);
      const { data, sample } = await untilLive(watch(id, { days: 1 }));
      expect(data!.label).to.equal('Theirs');
      expect(data!.rows.map(({ date, requests, model }) => [date, requests, model])).to.deep.equal([
        [YESTERDAY, 3, ''],
        [TODAY, 4, ''],
      ]);
      expect(data!.rows[0]).to.include({ cost: null, unpriced: true, source: 'share' });
      expect(sample).to.equal(false);
    });

    it('moves when its owner has used something', async () => {
      const { userId, id } = await newOwner();
      const share = watch(id);
      await untilLive(share);
      expect(requests(share)).to.deep.equal([]);
      await addUsage(userId, TODAY, 5);
      await until(() => requests(share)?.[0] === 5);
    });

    it('says that it is samples, while it is', async () => {
      const { userId, id } = await newOwner();
      await addUsage(userId, TODAY, 5, 'sample');
      expect((await untilLive(watch(id))).sample).to.equal(true);
    });

    it('is nothing from the moment on when it is revoked, and something when it is switched on again', async () => {
      const { userId, id } = await newOwner();
      await addUsage(userId, TODAY, 5);
      const share = watch(id);
      await untilLive(share);
      await setEnabled(id, false);
      await until(() => share.snapshot.data === null);
      await setEnabled(id, true);
      await until(() => requests(share)?.[0] === 5);
    });

    it('is nothing when it was revoked before, and the page has nothing to complain about', async () => {
      const { id } = await newOwner();
      await setEnabled(id, false);
      const share = watch(id);
      await until(() => share.snapshot.status === 'live' && share.snapshot.data === null);
      await until(() => connection().snapshot.data!.state === 'idle');
    });

    for (const id of ['', 'nonsense', '11111111-1111-4111-8111-111111111111']) {
      it(`is nothing for the id "${id}"`, async () => {
        const share = watch(id);
        await until(() => share.snapshot.status === 'live' && share.snapshot.data === null);
      });
    }

    it('is kept nowhere in the browser', async () => {
      const { userId, id } = await newOwner();
      await addUsage(userId, TODAY, 987_654_321);
      await signInNewMember();
      await untilLive(watch(id));
      expect(await stored()).not.to.contain('987654321');
    });

    it('is refused for what is no range', () => {
      expect(() => usageShare('', { days: 0 }))
        .to.throw()
        .with.property('code', 'invalid' satisfies LivelitError['code']);
    });
  });

  describe('for its owner', () => {
    it('is made, listed and revoked', async () => {
      await signInNewMember();
      const shares = usageShares();
      leaves.push(shares.subscribe(() => undefined));
      const id = await createShare(' My site ');
      await until(() => shares.snapshot.data?.length === 1);
      expect(shares.snapshot.data![0]).to.include({ id, label: 'My site', enabled: true, status: 'saved' });
      const shown = watch(id);
      await untilLive(shown);
      revokeShare(id);
      expect(shares.snapshot.data![0]).to.include({ enabled: false, status: 'pending' });
      await until(() => shares.snapshot.data![0]!.status === 'saved');
      expect(shares.snapshot.data![0]!.revoked_at).not.to.equal(null);
      await until(() => shown.snapshot.data === null);
    });

    it('is theirs alone: who revokes another one changes nothing', async () => {
      const { id, login } = await newOwner();
      await signInNewMember();
      const shares = usageShares();
      leaves.push(shares.subscribe(() => undefined));
      expect((await untilLive(shares)).data).to.deep.equal([]);
      revokeShare(id);
      await until(() => connection().snapshot.data!.pending === 0);
      await signOut();
      await signIn(login.email, login.password);
      await until(() => shares.snapshot.data?.[0]?.enabled === true);
    });

    it('has a label of 200 characters at most', async () => {
      await signInNewMember();
      const refused = await createShare('x'.repeat(201)).catch((error: unknown) => error);
      expect(refused).to.have.property('code', 'invalid');
    });

    it('is refused to whoever is not signed in', async () => {
      const refused = await createShare().catch((error: unknown) => error);
      expect(refused).to.have.property('name', 'LivelitError');
    });
  });
});

/** Everything that the kit keeps in IndexedDB, as text. */
async function stored(): Promise<string> {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open('livelit');
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error!);
  });
  const texts: string[] = [];
  for (const name of database.objectStoreNames) {
    const rows = await new Promise((resolve) => {
      const request = database.transaction(name).objectStore(name).getAll();
      request.onsuccess = () => resolve(request.result);
    });
    texts.push(JSON.stringify(rows));
  }
  database.close();
  return texts.join() + JSON.stringify(localStorage);
}
