import { expect } from 'chai';
import type { TopicState } from '../../src/store/backend.ts';
import { Channels } from '../../src/store/channels.ts';
import { TIMINGS, type Timings } from '../../src/store/timings.ts';
import { fault, listeners, newMember, noFaults, sql, target } from '../support/browser/backend.ts';
import { nextFrame, until } from '../support/browser/page.ts';

const QUICK = { ...TIMINGS, retryBaseMs: 20, retryCapMs: 100 };

describe('Channels', () => {
  let channels: Channels;
  const states: TopicState[] = [];

  async function open(token: () => Promise<string | undefined>, more: Partial<Timings> = {}): Promise<void> {
    channels = new Channels({ ...(await target()), timings: { ...QUICK, ...more }, token });
    states.length = 0;
  }

  const join = (topic: string) =>
    channels.join(topic, { onEvent: () => undefined, onState: (state) => states.push(state) });

  const joined = async (topic: string) => (await listeners())[topic] ?? 0;

  const last = () => states.at(-1)?.state;

  afterEach(async () => {
    channels.close();
    await noFaults();
  });

  it('joins with the token, also when the library does not know it yet (pitfall 4)', async () => {
    const { token, topic } = await newMember();
    await open(() => Promise.resolve(token));
    join(topic);
    await until(() => last() === 'joined' || last() === 'refused');
    expect(last()).to.equal('joined');
  });

  it('does not go on asking for what is refused for good (pitfall 6)', async () => {
    const { token } = await newMember();
    await open(() => Promise.resolve(token));
    join('user:somebody-else');
    await until(() => last() === 'refused');
    const { length } = states;
    for (let frame = 0; frame < 30; frame += 1) await nextFrame();
    expect(states).to.have.length(length);
  });

  it('joins anew, on a new channel, when the server closes one (pitfall 3)', async () => {
    const { token, topic, userId } = await newMember();
    await open(() => Promise.resolve(token));
    const heard: unknown[] = [];
    channels.join(topic, { onEvent: (event) => heard.push(event), onState: (state) => states.push(state) });
    await until(() => last() === 'joined');
    await fault({ closeTopic: topic });
    await until(() => states.some(({ state }) => state === 'lost'));
    await until(() => last() === 'joined');
    await sql(`insert into usage_data (user_id, date, model, source) values ($1, '2026-01-01', 'a', 'import')`, [
      userId,
    ]);
    await until(() => heard.length === 1);
  });

  it('tells who comes second where the topic stands', async () => {
    const { token, topic } = await newMember();
    await open(() => Promise.resolve(token));
    join(topic);
    await until(() => last() === 'joined');
    const second: string[] = [];
    channels.join(topic, { onEvent: () => undefined, onState: ({ state }) => second.push(state) });
    await until(() => second.length);
    expect(second).to.deep.equal(['joined']);
  });

  it('lets a listener leave and come back from inside what it is told (pitfall 5)', async () => {
    const { token, topic } = await newMember();
    await open(() => Promise.resolve(token));
    let rounds = 0;
    const listen = () => {
      const leave = channels.join(topic, {
        onEvent: () => undefined,
        onState(state) {
          states.push(state);
          if (state.state !== 'joined' || rounds >= 10) return;
          rounds += 1;
          leave();
          listen();
        },
      });
    };
    listen();
    await until(() => rounds === 10 && last() === 'joined');
    expect(await joined(topic)).to.equal(1);
    expect(states.filter(({ state }) => state === 'lost')).to.deep.equal([]);
  });

  it('joins once for each close, however many come at once (pitfall 5)', async () => {
    const { token, topic } = await newMember();
    await open(() => Promise.resolve(token));
    join(topic);
    await until(() => last() === 'joined');
    await Promise.all(Array.from({ length: 10 }, () => fault({ closeTopic: topic })));
    await until(() => states.some(({ state }) => state === 'lost'));
    await until(async () => last() === 'joined' && (await joined(topic)) === 1);
    expect(states.filter(({ state }) => state === 'joined').length).to.be.at.most(11);
  });

  it('keeps one socket for several topics that are joined together', async () => {
    const { token, topic, userId } = await newMember();
    const chat = crypto.randomUUID();
    await sql('insert into chat_sessions (id, user_id) values ($1, $2)', [chat, userId]);
    await fault({ frameDelayMs: 50 });
    await open(() => Promise.resolve(token));
    join(topic);
    join(`chat:${chat}`);
    await until(() => channels.link.snapshot.data?.latencyMs !== undefined);
    await until(async () => (await joined(topic)) === 1 && (await joined(`chat:${chat}`)) === 1);
    expect(states.map(({ state }) => state)).not.to.contain('lost');
  });

  it('keeps a socket that answers more slowly than it is asked', async () => {
    const { token, topic } = await newMember();
    await open(() => Promise.resolve(token), { heartbeatMs: 20 });
    join(topic);
    await until(() => last() === 'joined');
    await fault({ frameDelayMs: 200 });
    for (let frame = 0; frame < 30; frame += 1) await nextFrame();
    expect(states.map(({ state }) => state)).not.to.contain('lost');
  });

  it('finds out by itself that a socket is open and dead (pitfall 1)', async () => {
    const { token, topic } = await newMember();
    await open(() => Promise.resolve(token), { heartbeatMs: 50, heartbeatPatienceMs: 100 });
    join(topic);
    await until(() => last() === 'joined');
    await fault({ halfOpen: true });
    await until(() => last() === 'lost');
  });

  it('keeps a socket that lives, however often it is woken', async () => {
    const { token, topic } = await newMember();
    await open(() => Promise.resolve(token));
    join(topic);
    await until(() => channels.link.snapshot.data?.latencyMs !== undefined);
    await fault({ frameDelayMs: 50 });
    // Coming back fires `visibilitychange`, `pageshow` and `online`, all at once.
    for (let times = 0; times < 3; times += 1) channels.wake();
    for (let frame = 0; frame < 10; frame += 1) await nextFrame();
    expect(states.map(({ state }) => state)).not.to.contain('lost');
  });

  it('leaves no channel behind', async () => {
    const { token, topic } = await newMember();
    await open(() => Promise.resolve(token));
    const leave = join(topic);
    await until(() => last() === 'joined');
    leave();
    await until(async () => (await joined(topic)) === 0);
  });
});
