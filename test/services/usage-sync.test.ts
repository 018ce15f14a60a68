import { expect } from 'chai';
import { signIn, signOut } from '../../src/services/account.ts';
import { dailyUsage } from '../../src/services/usage.ts';
import {
  startAutoSync,
  stopAutoSync,
  syncNow,
  syncRunning,
  syncState,
  syncStatistics,
  syncSuccessRate,
} from '../../src/services/usage-sync.ts';
import type { LivelitError } from '../../src/store/error.ts';
import type { Live } from '../../src/store/live.ts';
import {
  connectToBackend,
  fault,
  giveKey,
  leaveBackend,
  noFaults,
  signInNewMember,
  signUp,
  sql,
} from '../support/browser/backend.ts';
import { until } from '../support/browser/page.ts';

describe('the sync of usage', () => {
  const leaves: (() => void)[] = [];

  const watch = <T>(live: Live<T>) => {
    leaves.push(live.subscribe(() => undefined));
    return until(() => live.snapshot.status === 'live' && live.snapshot.data);
  };
  const schedule = () => syncState().snapshot.data?.schedule;
  const scheduleOf = async (userId: string) =>
    (await sql('select every_minutes, enabled from sync_schedules where user_id = $1', [userId]))[0];

  beforeEach(() => connectToBackend());

  afterEach(async () => {
    for (const leave of leaves.splice(0)) leave();
    await noFaults();
    await leaveBackend();
  });

  it('brings usage to the screen, and tells how it went', async () => {
    await signInNewMember();
    await giveKey();
    expect(await watch(dailyUsage())).to.deep.equal([]);
    expect((await watch(syncState())).last).to.equal(null);
    await watch(syncStatistics());
    const [run] = await syncNow();
    expect(run).to.include({ provider: 'openai', mode: 'user', status: 'ok', error_reason: null });
    expect(run!.rows_changed).to.be.greaterThan(0);
    await until(() => dailyUsage().snapshot.data!.length > 0);
    await until(() => syncState().snapshot.data?.last?.id === run!.id);
    expect(syncState().snapshot.data!.complete_at).to.equal(syncState().snapshot.data!.last!.finished_at);
    await until(() => syncStatistics().snapshot.data?.ok === 1);
    expect(syncSuccessRate(syncStatistics().snapshot.data!)).to.equal(1);
    expect(syncStatistics().snapshot.data!.average_ms).to.be.greaterThan(0);
  });

  it('shows that it runs, to every page of the member', async () => {
    await signInNewMember();
    await giveKey();
    await watch(syncState());
    const ended = syncNow();
    await until(() => syncRunning(syncState().snapshot.data!));
    await ended;
    await until(() => !syncRunning(syncState().snapshot.data!));
  });

  it('says in the run that there is no key', async () => {
    await signInNewMember();
    const [run] = await syncNow();
    expect(run).to.include({ status: 'error', error_reason: 'no_key' });
  });

  it('is refused while it runs, without an account, and where the function cannot be reached', async () => {
    const code = () =>
      syncNow().then(
        () => '',
        (error: unknown) => (error as LivelitError).code,
      );
    expect(await code()).to.equal('unauthenticated');
    await signInNewMember();
    await giveKey();
    const codes = await Promise.all([code(), code()]);
    expect(codes.toSorted()).to.deep.equal(['', 'conflict']);
    await fault({ functionsDown: true });
    expect(await code()).to.equal('unavailable');
  });

  it('has a schedule, which is there at once and keeps its interval when it is switched off', async () => {
    const { userId } = await signInNewMember();
    expect((await watch(syncState())).schedule).to.equal(null);
    startAutoSync(30);
    expect(schedule()).to.include({ every_minutes: 30, enabled: true });
    await until(async () => (await scheduleOf(userId))?.enabled);
    stopAutoSync();
    expect(schedule()).to.include({ every_minutes: 30, enabled: false });
    await until(async () => (await scheduleOf(userId))?.enabled === false);
    expect(await scheduleOf(userId)).to.deep.equal({ every_minutes: 30, enabled: false });
    expect(schedule()).to.include({ every_minutes: 30, enabled: false });
  });

  it('remembers a schedule that is set while the project cannot be reached', async () => {
    const { userId } = await signInNewMember();
    await watch(syncState());
    await fault({ restStatus: 503 });
    startAutoSync(180);
    expect(schedule()).to.include({ every_minutes: 180 });
    await noFaults();
    await until(async () => (await scheduleOf(userId))?.every_minutes === 180);
  });

  for (const minutes of [14, 10_081, 30.5, NaN]) {
    it(`refuses an interval of ${minutes} minutes`, () => {
      expect(() => startAutoSync(minutes))
        .to.throw()
        .with.property('code', 'invalid');
    });
  }

  it('is each of several users their own', async () => {
    await signInNewMember();
    await watch(syncState());
    startAutoSync(15);
    await until(() => schedule()?.enabled);
    await signOut();
    await until(() => syncState().snapshot.data === undefined);
    const { email, password } = await signUp();
    await signIn(email, password);
    await until(() => syncState().snapshot.status === 'live');
    expect(schedule()).to.equal(null);
  });

  it('is begun by the page when it is due and nobody else does', async () => {
    const { userId } = await signInNewMember();
    await giveKey();
    await sql(
      `insert into sync_schedules (user_id, every_minutes, next_at) values ($1, 60, now() - interval '10 minutes')`,
      [userId],
    );
    expect(await watch(dailyUsage())).to.deep.equal([]);
    await until(() => dailyUsage().snapshot.data!.length > 0);
    const due = 'select next_at < now() as due from sync_schedules where user_id = $1';
    await until(async () => !(await sql(due, [userId]))[0]!.due);
  });

  it('is left to the timer of the project as long as that may still come', async () => {
    const { userId } = await signInNewMember();
    await giveKey();
    await sql(
      `insert into sync_schedules (user_id, every_minutes, next_at) values ($1, 60, now() - interval '1 minute')`,
      [userId],
    );
    await watch(dailyUsage());
    await watch(syncState());
    // Had the page begun one, this would be refused, or the second.
    await syncNow();
    expect(await sql('select mode from sync_runs where user_id = $1', [userId])).to.have.length(1);
  });
});
