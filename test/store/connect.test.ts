import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import { expect } from 'chai';
import { connect, disconnect } from '../../src/connect.ts';
import { session, signIn } from '../../src/services/account.ts';
import { dailyUsage } from '../../src/services/usage.ts';
import { LivelitError } from '../../src/store/error.ts';
import { store } from '../../src/store/store.ts';
import {
  connectToBackend,
  fault,
  leaveBackend,
  listeners,
  newMember,
  noFaults,
  sql,
  target,
} from '../support/browser/backend.ts';
import { Leftovers } from '../support/browser/leftovers.ts';
import { until } from '../support/browser/page.ts';

const errorOf = async (attempt: () => unknown): Promise<LivelitError> => {
  try {
    await attempt();
  } catch (error) {
    return error as LivelitError;
  }
  throw new Error('Nothing was thrown.');
};

const addUsage = (userId: string, model: string) =>
  sql(`insert into usage_data (user_id, date, model, source) values ($1, current_date, $2, 'import')`, [userId, model]);

const shown = () => dailyUsage().snapshot.data?.map(({ model }) => model) ?? [];

describe('connect', () => {
  let leave: () => void = () => {};
  const watch = () => (leave = dailyUsage().subscribe(() => undefined));

  afterEach(async () => {
    leave();
    await noFaults();
    await leaveBackend();
  });

  it('does nothing the second time', async () => {
    const { login } = await newMember();
    await connectToBackend();
    const backend = await store().connection.backend();
    await signIn(login.email, login.password);
    watch();
    await until(() => dailyUsage().snapshot.status === 'live');
    const sockets = (await listeners())[''];
    await connectToBackend();
    expect(await store().connection.backend()).to.equal(backend);
    expect((await listeners())['']).to.equal(sockets);
  });

  it('refuses a second project, and keeps the first', async () => {
    await connectToBackend();
    const { url, key } = await target();
    const error = await errorOf(() => connect({ url: 'https://elsewhere.test', key }));
    expect(error).to.include({ code: 'conflict', reason: 'connected' });
    expect(store().connection.target).to.equal(url);
  });

  it('keeps its session under a name of its own, and leaves the page’s address alone (pitfall 22)', async () => {
    const { login, token } = await newMember();
    const hash = `#access_token=${token}&refresh_token=r&expires_in=3600&token_type=bearer&type=recovery`;
    location.hash = hash;
    await connectToBackend();
    const live = session();
    leave = live.subscribe(() => undefined);
    await until(() => live.snapshot.status === 'live');
    expect(location.hash).to.equal(hash);
    expect(live.snapshot.data).to.equal(null);
    await signIn(login.email, login.password);
    expect(Object.keys(localStorage).filter((name) => /auth|^sb-/.test(name))).to.deep.equal([
      `livelit-auth-${new URL((await target()).url).host}`,
    ]);
    history.replaceState(null, '', location.pathname + location.search);
  });

  it('takes how long to wait from an answer that says so', async () => {
    const { login } = await newMember();
    await connectToBackend();
    await signIn(login.email, login.password);
    const backend = await store().connection.backend();
    const write = () => backend.write({ rpc: 'anything' }, new AbortController().signal);
    for (const restStatus of [429, 503]) {
      await fault({ restStatus, restRetryAfter: 7 });
      expect((await errorOf(write)).retryAfterMs).to.equal(7_000);
    }
    await fault({ restStatus: 429, restRetryAfter: 0 });
    expect(await errorOf(write)).to.include({ code: 'rate_limited', retryAfterMs: undefined });
  });

  it('renews a token once, also when an answer to the old one comes late', async () => {
    const { login } = await newMember();
    await connectToBackend();
    await signIn(login.email, login.password);
    const backend = await store().connection.backend();
    let renewals = 0;
    let late = true;
    const original = globalThis.fetch;
    globalThis.fetch = async (input, init) => {
      const url = String(input instanceof Request ? input.url : input);
      const answer = await original(input, init);
      if (url.includes('grant_type=refresh_token')) renewals += 1;
      if (!url.includes('/rest/') || !late) return answer;
      late = false;
      await until(() => renewals === 1);
      return answer;
    };
    try {
      await fault({ expireTokens: true });
      const ask = () =>
        backend.fetch({ from: 'usage_data', order: ['id'], limit: 1 }, new AbortController().signal).then(
          () => true,
          () => false,
        );
      const first = ask();
      await until(() => !late);
      await until(ask);
      await first;
      await until(ask);
      expect(renewals).to.equal(1);
    } finally {
      globalThis.fetch = original;
    }
  });

  describe('with a client of the page', () => {
    let client: SupabaseClient;
    let heard: number;
    let userId: string;

    beforeEach(async () => {
      const member = await newMember();
      const { url, key } = await target();
      userId = member.userId;
      client = createClient(url, key, { auth: { storageKey: 'page' } }) as SupabaseClient;
      await client.auth.signInWithPassword(member.login);
      await client.realtime.setAuth();
      heard = 0;
      let joined = false;
      client
        .channel(member.topic, { config: { private: true } })
        .on('broadcast', { event: '*' }, () => (heard += 1))
        .subscribe((status: string) => (joined = status === 'SUBSCRIBED'));
      await until(() => joined);
      connect({ client, timings: { debounceMs: 20, maxWaitMs: 80, lingerMs: 20 } });
      watch();
      await until(() => dailyUsage().snapshot.status === 'live');
    });

    afterEach(async () => {
      disconnect();
      await client.removeAllChannels();
      await client.auth.signOut();
      await client.auth.dispose();
    });

    it('is whoever the client is', async () => {
      const live = session();
      const end = live.subscribe(() => undefined);
      expect((await until(() => live.snapshot.data)).userId).to.equal(userId);
      end();
    });

    it('hears on the topic that the page listens to as well, and so does the page (pitfall 8)', async () => {
      await addUsage(userId, 'both');
      await until(() => shown().includes('both') && heard === 1);
    });

    it('leaves the page its channels, its socket and its session when it goes (pitfall 10)', async () => {
      leave();
      disconnect();
      await until(async () => (await listeners())[`user:${userId}`] === 1);
      await addUsage(userId, 'alone');
      await until(() => heard === 1);
      expect(client.getChannels()).to.have.length(1);
      expect(client.realtime.isConnected()).to.equal(true);
      expect((await client.auth.getSession()).data.session?.user.id).to.equal(userId);
    });

    it('goes on when the page lets go of its channel', async () => {
      await client.removeAllChannels();
      await addUsage(userId, 'still');
      await until(() => shown().includes('still'));
    });

    it('follows the page when it signs out', async () => {
      await client.auth.signOut();
      await until(() => dailyUsage().snapshot.sample);
      await until(async () => (await listeners())[`user:${userId}`] === 1);
    });

    it('may be called again with the same client', async () => {
      connect({ client });
      await addUsage(userId, 'again');
      await until(() => shown().includes('again'));
    });
  });

  it('leaves nothing behind when the page disconnects (pitfall 25)', async () => {
    const { login } = await newMember();
    const before = (await listeners())[''];
    const leftovers = new Leftovers();
    try {
      await connectToBackend({ timings: { connectPatienceMs: 50 } });
      await signIn(login.email, login.password);
      watch();
      await until(() => dailyUsage().snapshot.status === 'live');
      expect(leftovers.now).not.to.deep.equal([]);
      disconnect();
      await until(() => leftovers.now.length === 0, 'nothing left').catch(() => undefined);
      expect(leftovers.now).to.deep.equal([]);
      await until(async () => (await listeners())[''] === before);
      const { held, pending } = await navigator.locks.query();
      expect([...held!, ...pending!].filter(({ name }) => name!.startsWith('livelit'))).to.deep.equal([]);
    } finally {
      leftovers.stop();
    }
  });
});
