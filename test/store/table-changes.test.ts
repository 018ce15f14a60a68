import { expect } from 'chai';
import type { TopicEvent, TopicState } from '../../src/store/backend.ts';
import { Channels } from '../../src/store/channels.ts';
import type { TopicTables } from '../../src/store/table-changes.ts';
import { TIMINGS } from '../../src/store/timings.ts';
import { fault, newMember, noFaults, sql, target } from '../support/browser/backend.ts';
import { until } from '../support/browser/page.ts';

const QUICK = { ...TIMINGS, retryBaseMs: 20, retryCapMs: 100 };
/** More than the longest change that Realtime sends whole. */
const TOO_LONG = 'x'.repeat(2 ** 20);
const TABLES: TopicTables = {
  'user:': [
    { table: 'pages', column: 'user_id', rowEvent: 'page' },
    { table: 'shelves', column: 'user_id' },
  ],
  'all:': [{ table: 'shelves' }],
};

describe('changes of tables', () => {
  const open: Channels[] = [];

  /** Listens as a new member, to their own topic unless said. */
  async function listen(late = Promise.resolve(), other?: string) {
    const { token, topic: own, userId } = await newMember();
    const topic = other ?? own;
    const channels = new Channels({
      ...(await target()),
      timings: QUICK,
      tables: TABLES,
      token: () => late.then(() => token),
    });
    open.push(channels);
    const events: TopicEvent[] = [];
    const states: TopicState['state'][] = [];
    channels.join(topic, {
      onEvent: (event) => events.push(event),
      onState: ({ state }) => states.push(state),
    });
    return { userId, events, states, joined: () => until(() => states.at(-1) === 'joined') };
  }

  const add = async (table: string, userId: string, body = ''): Promise<string> => {
    const [row] = await sql(`insert into ${table} (user_id, body) values ($1, $2) returning id`, [userId, body]);
    return row!.id as string;
  };

  before(async () => {
    for (const table of ['pages', 'shelves']) {
      await sql(`create table ${table} (id uuid primary key default gen_random_uuid(), user_id uuid, body text)`);
      await sql(`alter table ${table} enable row level security`);
      await sql(`alter table ${table} replica identity full`);
      await sql(`create policy own on ${table} for select to authenticated using (user_id = (select auth.uid()))`);
      await sql(`grant select on ${table} to authenticated`);
      await sql(`alter publication supabase_realtime add table ${table}`);
    }
  });

  afterEach(async () => {
    for (const channels of open.splice(0)) channels.close();
    await noFaults();
  });

  after(async () => {
    await sql('drop table pages, shelves');
  });

  it('are told as whole rows or as signals, whatever was asked for', async () => {
    const { userId, events, joined } = await listen();
    await joined();
    const page = await add('pages', userId, 'one');
    const shelf = await add('shelves', userId, 'two');
    await until(() => events.length === 2);
    expect(events[0]).to.deep.equal({
      event: 'page',
      payload: { op: 'INSERT', record: { id: page, user_id: userId, body: 'one' } },
    });
    expect(events[1]!.event).to.equal('shelves');
    expect(events[1]!.payload)
      .to.include({ op: 'INSERT', n: 1 })
      .and.to.deep.include({ ids: [shelf] });
  });

  it('come from the moment on that the topic counts as joined (pitfall 11)', async () => {
    await fault({ subscribeDelayMs: 300 });
    const { userId, events, joined } = await listen();
    await joined();
    await add('pages', userId);
    await until(() => events.length === 1);
  });

  it('of several tables are joined at once, as they were asked for (pitfall 13)', async () => {
    const { states, joined } = await listen();
    await joined();
    await fault({ dropSockets: true });
    await until(() => states.includes('lost'));
    await joined();
    expect(states.filter((state) => state === 'joined')).to.have.length(2);
  });

  it('are asked for as the member, also when the token comes late (pitfall 14)', async () => {
    let come = () => {};
    const one = await listen(new Promise((resolve) => (come = resolve)));
    const two = await listen();
    come();
    await one.joined();
    await two.joined();
    await add('pages', two.userId);
    await add('pages', one.userId);
    await until(() => one.events.length === 1);
    expect((one.events[0]!.payload.record as { user_id: string }).user_id).to.equal(one.userId);
  });

  it('of other people are not told, not even that a row is gone (pitfall 15)', async () => {
    const { userId, events, joined } = await listen();
    const other = await newMember();
    await joined();
    const theirs = await add('shelves', other.userId);
    const mine = await add('shelves', userId);
    await sql('delete from shelves where id = $1', [theirs]);
    await sql('delete from shelves where id = $1', [mine]);
    const gone = await until(() => events.find(({ payload }) => payload.op === 'DELETE'));
    expect(gone.payload).to.deep.include({ ids: [mine] });
    expect(events).to.have.length(2);
  });

  it('of a table that is asked for whole are told of the rows that the member may see', async () => {
    const [one, two] = [await listen(undefined, 'all:shelves'), await listen(undefined, 'all:shelves')];
    await Promise.all([one.joined(), two.joined()]);
    for (const { userId } of [one, two]) await add('shelves', userId);
    await until(() => one.events.length && two.events.length);
    const mine = await add('shelves', one.userId);
    const last = await until(() => one.events[1]);
    expect(last.payload).to.deep.include({ ids: [mine] });
    expect(two.events).to.have.length(1);
  });

  it('that are too long to be told count as a gap (pitfall 16)', async () => {
    const { userId, events, states, joined } = await listen();
    await joined();
    await add('pages', userId, TOO_LONG);
    await until(() => states.filter((state) => state === 'joined').length === 2);
    expect(events).to.deep.equal([]);
  });
});
