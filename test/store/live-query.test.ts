import { expect } from 'chai';
import type { TopicEvent } from '../../src/store/backend.ts';
import { LivelitError } from '../../src/store/error.ts';
import type { Live } from '../../src/store/live.ts';
import type { LiveQueryOptions } from '../../src/store/query.ts';
import { shareRows } from '../../src/store/rows.ts';
import { store } from '../../src/store/store.ts';
import { TIMINGS } from '../../src/store/timings.ts';
import { connectMemory, leaveMemory, MEMBER, OTHER, record, switchTo, untilStatus } from '../support/browser/memory.ts';
import { nextFrame, until } from '../support/browser/page.ts';

interface Note {
  readonly id: string;
  readonly text: string;
}

const note = (id: string, text = id): Note => ({ id, text });
const added = (row: Note): TopicEvent => ({ event: 'added', payload: { row } });
const OFFLINE = new LivelitError('offline', 'No network.');

/** Of the present test: a query of the last one may still be lingering. */
let count: { fetches: number };
let test = 0;

/** Notes of a table `notes`, kept current by the topic `notes`, row by row. */
function notes(more: Partial<LiveQueryOptions<readonly Note[]>> = {}): Live<readonly Note[]> {
  const own = count;
  return store().live<readonly Note[]>({
    // A query lives on for a moment after its last reader, so each test has its own.
    key: `notes:${test}`,
    topics: () => ['notes'],
    fetch({ backend, signal }) {
      own.fetches += 1;
      return backend.fetch({ from: 'notes', order: ['id'] }, signal);
    },
    apply: (rows, { payload }) => [...rows.filter(({ id }) => id !== (payload.row as Note).id), payload.row as Note],
    ...more,
  });
}

const ids = (rows: readonly Note[] | undefined) => rows?.map(({ id }) => id);

describe('LiveQuery', () => {
  let leave: () => void = () => {};

  beforeEach(() => {
    count = { fetches: 0 };
    test += 1;
  });

  afterEach(() => {
    leave();
    leaveMemory();
  });

  it('shows what was fetched, and that it is live', async () => {
    connectMemory({ tables: { notes: [note('a')] } });
    const live = notes();
    const { seen, leave: end } = record(live);
    leave = end;
    await untilStatus(live, 'live');
    expect(seen.map(({ status }) => status)).to.deep.equal(['idle', 'loading', 'live']);
    expect(ids(live.snapshot.data)).to.deep.equal(['a']);
  });

  it('works when the page connects after the first reader came', async () => {
    const live = notes();
    leave = live.subscribe(() => undefined);
    connectMemory({ tables: { notes: [note('a')] } });
    await untilStatus(live, 'live');
  });

  it('keeps a change that lands while the first fetch is in flight (pitfall 18)', async () => {
    const backend = connectMemory({ tables: { notes: [note('a')] } });
    const release = backend.hold();
    const live = notes();
    leave = live.subscribe(() => undefined);
    await until(() => count.fetches === 1 && backend.topics.includes('notes'));
    backend.emit('notes', added(note('b')));
    release();
    await untilStatus(live, 'live');
    expect(ids(live.snapshot.data)).to.deep.equal(['a', 'b']);
  });

  it('joins before it fetches', async () => {
    const backend = connectMemory();
    let joinedAtFetch: readonly string[] = [];
    const live = notes({
      fetch: () => {
        joinedAtFetch = backend.topics;
        return Promise.resolve([]);
      },
    });
    leave = live.subscribe(() => undefined);
    await untilStatus(live, 'live');
    expect(joinedAtFetch).to.deep.equal(['notes']);
  });

  it('applies an event row by row, without a fetch', async () => {
    const backend = connectMemory({ tables: { notes: [note('a')] } });
    const live = notes();
    leave = live.subscribe(() => undefined);
    await untilStatus(live, 'live');
    backend.emit('notes', added(note('b')));
    expect(ids(live.snapshot.data)).to.deep.equal(['a', 'b']);
    expect(count.fetches).to.equal(1);
  });

  it('fetches when an event cannot be applied', async () => {
    const backend = connectMemory({ tables: { notes: [note('a')] } });
    const live = notes({ apply: () => undefined });
    leave = live.subscribe(() => undefined);
    await untilStatus(live, 'live');
    backend.fill('notes', [note('a'), note('b')]);
    backend.emit('notes', added(note('b')));
    await until(() => ids(live.snapshot.data)?.length === 2);
    expect(count.fetches).to.equal(2);
  });

  it('makes few fetches of many events, and ends with the newest rows (pitfall 19)', async () => {
    const backend = connectMemory({ tables: { notes: [] } });
    const live = notes({ apply: () => undefined });
    leave = live.subscribe(() => undefined);
    await untilStatus(live, 'live');
    for (let index = 0; index < 200; index += 1) {
      backend.fill('notes', [note(String(index))]);
      backend.emit('notes', added(note(String(index))));
    }
    await until(() => live.snapshot.data?.[0]?.id === '199');
    expect(count.fetches).to.be.at.most(4);
  });

  it('fetches once more for what changes while a fetch runs', async () => {
    const backend = connectMemory({ tables: { notes: [] } });
    const live = notes({ apply: () => undefined, topics: () => ['alone'] });
    leave = live.subscribe(() => undefined);
    await untilStatus(live, 'live');
    const answers: (() => void)[] = [];
    const original = backend.fetch.bind(backend);
    backend.fetch = async (query, signal) => {
      const rows = await original<never>(query, signal);
      await new Promise<void>((resolve) => answers.push(resolve));
      return rows;
    };
    backend.emit('alone', added(note('a')));
    await until(() => answers.length === 1);
    backend.fill('notes', [note('late')]);
    backend.emit('alone', added(note('late')));
    // The signal has to reach the debounce's end while the first answer is still out.
    for (let frame = 0; frame < 6; frame += 1) await nextFrame();
    answers[0]!();
    (await until(() => answers[1]))();
    await until(() => ids(live.snapshot.data)?.includes('late'));
  });

  it('runs one fetch at a time, and at most one more waits for it', async () => {
    const backend = connectMemory({ tables: { notes: [note('a')] } });
    let running = 0;
    let most = 0;
    const fetch = async (): Promise<readonly Note[]> => {
      count.fetches += 1;
      running += 1;
      most = Math.max(most, running);
      for (let frame = 0; frame < 4; frame += 1) await nextFrame();
      running -= 1;
      return [note(String(count.fetches))];
    };
    const live = notes({ fetch, apply: () => undefined });
    leave = live.subscribe(() => undefined);
    await untilStatus(live, 'live');
    const before = count.fetches;
    backend.emit('notes', added(note('b')));
    for (let round = 0; round < 50; round += 1) backend.turn({ state: 'joined' });
    await until(() => live.snapshot.status === 'live' && count.fetches > before);
    expect(most).to.equal(1);
    expect(count.fetches - before).to.equal(2);
    expect(ids(live.snapshot.data)).to.deep.equal([String(count.fetches)]);
  });

  it('fetches at once, then as often as the page allows while events go on, and once when they end', async () => {
    const backend = connectMemory({ tables: { notes: [] } }, { debounceMs: 100, maxWaitMs: 300 });
    const times: number[] = [];
    const fetch = () => {
      times.push(performance.now());
      return Promise.resolve([]);
    };
    const live = notes({ fetch, apply: () => undefined });
    leave = live.subscribe(() => undefined);
    await untilStatus(live, 'live');
    times.length = 0;
    const begun = performance.now();
    while (performance.now() - begun < 800) {
      backend.emit('notes', added(note('b')));
      await nextFrame();
    }
    const ended = performance.now();
    await until(() => times.at(-1)! > ended);
    expect(times[0]! - begun).to.be.below(50);
    const gaps = times.slice(1).map((time, index) => time - times[index]!);
    for (const gap of gaps.slice(0, -1)) expect(gap).to.be.within(250, 600);
    expect(times.length).to.be.within(3, 5);
  });

  it('has the intervals of the seed unless the page says otherwise', () => {
    expect(TIMINGS).to.include({ debounceMs: 500, maxWaitMs: 2_000 });
  });

  it('calls its fetch off when the user changes, and when nobody reads it any more', async () => {
    const backend = connectMemory();
    const signals: AbortSignal[] = [];
    const live = notes({
      fetch: ({ signal }) => {
        signals.push(signal);
        return new Promise(() => undefined);
      },
    });
    const end = live.subscribe(() => undefined);
    await until(() => signals.length === 1);
    switchTo(backend, OTHER);
    expect(signals[0]!.aborted).to.equal(true);
    await until(() => signals.length === 2);
    end();
    await until(() => signals[1]!.aborted);
  });

  it('keeps its page and its rows while it is silently fetched again', async () => {
    const pages = Array.from({ length: 6 }, (_, index) => note(`n${index}`));
    const backend = connectMemory({ tables: { notes: pages } });
    const page = (number: number) =>
      notes({
        key: `notes:${test}:page ${number}`,
        apply: () => undefined,
        reconcile: shareRows,
        async fetch({ backend: from, signal }) {
          const rows = await from.fetch<Note[]>({ from: 'notes', order: ['id'] }, signal);
          return rows.slice(2 * number, 2 * number + 2);
        },
      });
    const live = page(1);
    const { seen, leave: end } = record(live);
    leave = end;
    await untilStatus(live, 'live');
    const before = live.snapshot.data!;
    const since = seen.length;
    const release = backend.hold();
    const changed = pages.map((row) => (row.id === 'n3' ? note('n3', 'changed') : { ...row }));
    backend.fill('notes', changed);
    backend.emit('notes', added(note('n3')));
    await untilStatus(live, 'refreshing');
    expect(live.snapshot.data).to.equal(before);
    release();
    await untilStatus(live, 'live');
    expect(ids(live.snapshot.data)).to.deep.equal(['n2', 'n3']);
    expect(seen.slice(since).every(({ data }) => ids(data)?.join() === 'n2,n3')).to.equal(true);
    // The row that has not changed is still the same object.
    expect(live.snapshot.data![0]).to.equal(before[0]);
    expect(live.snapshot.data![1]!.text).to.equal('changed');
  });

  it('keeps the very list when a fetch brings nothing new', async () => {
    const backend = connectMemory({ tables: { notes: [note('a')] } });
    const live = notes({ apply: () => undefined, reconcile: shareRows });
    leave = live.subscribe(() => undefined);
    await untilStatus(live, 'live');
    const before = live.snapshot.data;
    backend.fill('notes', [note('a')]);
    backend.emit('notes', added(note('a')));
    await until(() => count.fetches === 2 && live.snapshot.status === 'live');
    expect(live.snapshot.data).to.equal(before);
  });

  it('leaves events alone that do not concern it', async () => {
    const backend = connectMemory({ tables: { notes: [] } });
    const live = notes({ relevant: ({ event }) => event !== 'added' });
    leave = live.subscribe(() => undefined);
    await untilStatus(live, 'live');
    backend.emit('notes', added(note('b')));
    expect(live.snapshot.data).to.deep.equal([]);
  });

  it('hears of its table, and of no other', async () => {
    const backend = connectMemory({ tables: { notes: [note('a')] } });
    const live = notes({ table: 'added' });
    leave = live.subscribe(() => undefined);
    await untilStatus(live, 'live');
    backend.emit('notes', { event: 'removed', payload: { row: note('b') } });
    expect(ids(live.snapshot.data)).to.deep.equal(['a']);
    backend.emit('notes', added(note('c')));
    expect(ids(live.snapshot.data)).to.deep.equal(['a', 'c']);
  });

  it('looks by itself, as long as it is read, where its table is never told of', async () => {
    const backend = connectMemory({ tables: { notes: [note('a')] } }, { pollMs: 10 });
    Object.assign(backend, { deafTo: (table: string) => table === 'notes' });
    const live = notes({ table: 'notes' });
    leave = live.subscribe(() => undefined);
    await untilStatus(live, 'live');
    backend.fill('notes', [note('a'), note('b')]);
    await until(() => live.snapshot.data?.length === 2);
    const heard = notes({ key: `heard:${test}`, table: 'others' });
    const quit = heard.subscribe(() => undefined);
    await untilStatus(heard, 'live');
    backend.fill('notes', [note('c')]);
    await until(() => live.snapshot.data?.length === 1);
    expect(heard.snapshot.data).to.have.length(2);
    quit();
  });

  it('is stale while its topic is lost, keeps its rows, and fetches what it missed (pitfall 12)', async () => {
    const backend = connectMemory({ tables: { notes: [note('a')] } });
    const live = notes();
    leave = live.subscribe(() => undefined);
    await untilStatus(live, 'live');
    backend.turn({ state: 'lost', error: OFFLINE });
    expect(live.snapshot.status).to.equal('stale');
    expect(ids(live.snapshot.data)).to.deep.equal(['a']);
    backend.fill('notes', [note('a'), note('missed')]);
    backend.turn({ state: 'joined' });
    await untilStatus(live, 'live');
    expect(ids(live.snapshot.data)).to.deep.equal(['a', 'missed']);
  });

  it('looks by itself only when it began to look while nobody told it what changes', async () => {
    const backend = connectMemory({ tables: { notes: [note('a')] } });
    const state = () => store().connection.snapshot.data?.state;
    const live = notes();
    leave = live.subscribe(() => undefined);
    await untilStatus(live, 'live');
    const release = backend.hold();
    live.refresh!();
    await untilStatus(live, 'refreshing');
    backend.turn({ state: 'lost', error: OFFLINE });
    backend.fill('notes', [note('a'), note('b')]);
    release();
    await until(() => live.snapshot.data?.length === 2);
    expect(state()).to.equal('stale');
    live.refresh!();
    await until(() => state() === 'polling');
  });

  it('shows data although its topic cannot be joined', async () => {
    const backend = connectMemory({ tables: { notes: [note('a')] } });
    backend.turn({ state: 'lost', error: OFFLINE });
    const live = notes();
    leave = live.subscribe(() => undefined);
    await untilStatus(live, 'stale');
    expect(ids(live.snapshot.data)).to.deep.equal(['a']);
  });

  it('shows data although its topic is refused, and does not call it live (pitfalls 6 and 14)', async () => {
    const backend = connectMemory({ tables: { notes: [note('a')] } });
    backend.turn({ state: 'refused', error: new LivelitError('forbidden', 'No.') });
    const live = notes();
    leave = live.subscribe(() => undefined);
    await untilStatus(live, 'stale');
    expect(ids(live.snapshot.data)).to.deep.equal(['a']);
  });

  it('tries a failed fetch again, and says meanwhile what is wrong', async () => {
    const backend = connectMemory({ tables: { notes: [note('a')] } });
    backend.fail(OFFLINE);
    const live = notes();
    leave = live.subscribe(() => undefined);
    await untilStatus(live, 'error');
    expect(live.snapshot.error).to.equal(OFFLINE);
    backend.fail();
    await untilStatus(live, 'live');
    expect(live.snapshot.error).to.equal(undefined);
  });

  it('does not try again what was refused for good', async () => {
    const backend = connectMemory();
    backend.fail(new LivelitError('forbidden', 'No.'));
    const live = notes();
    leave = live.subscribe(() => undefined);
    await untilStatus(live, 'error');
    const before = count.fetches;
    for (let frame = 0; frame < 10; frame += 1) await nextFrame();
    expect(count.fetches).to.equal(before);
  });

  it('keeps its rows when a later fetch fails', async () => {
    const backend = connectMemory({ tables: { notes: [note('a')] } });
    const live = notes({ apply: () => undefined });
    leave = live.subscribe(() => undefined);
    await untilStatus(live, 'live');
    backend.fail(OFFLINE);
    backend.emit('notes', added(note('b')));
    await untilStatus(live, 'stale');
    expect(ids(live.snapshot.data)).to.deep.equal(['a']);
  });

  it('tries to learn its topics again when that fails', async () => {
    connectMemory({ tables: { notes: [note('a')] } });
    let asked = 0;
    const live = notes({
      topics: () => {
        asked += 1;
        if (asked < 3) throw OFFLINE;
        return ['notes'];
      },
    });
    leave = live.subscribe(() => undefined);
    await untilStatus(live, 'live');
    expect(asked).to.equal(3);
  });

  it('is one query for all who ask by the same key', async () => {
    connectMemory({ tables: { notes: [note('a')] } });
    const first = notes();
    const second = notes();
    const ends = [first.subscribe(() => undefined), second.subscribe(() => undefined)];
    leave = () => ends.forEach((end) => end());
    await untilStatus(second, 'live');
    expect(second).to.equal(first);
    expect(count.fetches).to.equal(1);
  });

  it('goes on when one of two readers leaves, even twice', async () => {
    const backend = connectMemory({ tables: { notes: [] } });
    const live = notes();
    const one = live.subscribe(() => undefined);
    leave = live.subscribe(() => undefined);
    await untilStatus(live, 'live');
    one();
    one();
    for (let frame = 0; frame < 6; frame += 1) await nextFrame();
    backend.emit('notes', added(note('b')));
    expect(ids(live.snapshot.data)).to.deep.equal(['b']);
  });

  it('leaves its topic a while after its last reader', async () => {
    const backend = connectMemory();
    const live = notes();
    const end = live.subscribe(() => undefined);
    await untilStatus(live, 'live');
    end();
    expect(backend.topics).to.deep.equal(['notes']);
    await until(() => backend.topics.length === 0);
  });

  it('costs nothing to leave and come back (pitfall 9)', async () => {
    connectMemory({ tables: { notes: [note('a')] } });
    const live = notes();
    live.subscribe(() => undefined)();
    leave = live.subscribe(() => undefined);
    await untilStatus(live, 'live');
    live.subscribe(() => undefined)();
    expect(count.fetches).to.equal(1);
  });

  it('goes on for a reader that came back during the linger', async () => {
    const backend = connectMemory({ tables: { notes: [] } });
    const live = notes();
    live.subscribe(() => undefined)();
    leave = live.subscribe(() => undefined);
    await untilStatus(live, 'live');
    for (let frame = 0; frame < 6; frame += 1) await nextFrame();
    backend.emit('notes', added(note('b')));
    expect(ids(live.snapshot.data)).to.deep.equal(['b']);
  });

  it('fetches nothing for a reader that has left, and what was missed when one comes back', async () => {
    const backend = connectMemory({ tables: { notes: [] } });
    const live = notes({ apply: () => undefined });
    const leaveFirst = live.subscribe(() => undefined);
    await untilStatus(live, 'live');
    leaveFirst();
    const { fetches } = count;
    backend.fill('notes', [note('b')]);
    for (let sent = 0; sent < 3; sent += 1) backend.emit('notes', added(note('b')));
    expect(count.fetches).to.equal(fetches);
    leave = live.subscribe(() => undefined);
    await until(() => live.snapshot.data?.length === 1);
    expect(count.fetches).to.equal(fetches + 1);
  });

  it('follows the session again when it is read after it was let go of', async () => {
    const backend = connectMemory({ tables: { notes: [note('a')] } });
    const live = notes();
    live.subscribe(() => undefined)();
    await until(() => backend.topics.length === 0);
    leave = live.subscribe(() => undefined);
    await untilStatus(live, 'live');
    switchTo(backend, null);
    await untilStatus(live, 'idle');
  });

  it('shows its placeholder while nobody is signed in', async () => {
    connectMemory({ session: null });
    const live = notes({ placeholder: () => ({ data: [note('sample')], sample: true }) });
    leave = live.subscribe(() => undefined);
    await until(() => live.snapshot.sample);
    expect(live.snapshot.status).to.equal('idle');
    expect(count.fetches).to.equal(0);
  });

  it('shows its placeholder on a page that does not connect, but not at once', async () => {
    const live = notes({ placeholder: () => ({ data: [note('sample')], sample: true }) });
    leave = live.subscribe(() => undefined);
    expect(live.snapshot.data).to.equal(undefined);
    await until(() => live.snapshot.sample, 'a sample', 3_000);
  });

  it('never shows one user the rows of another', async () => {
    const backend = connectMemory({ tables: { notes: [note('mine')] } });
    const live = notes();
    const { seen, leave: end } = record(live);
    leave = end;
    await untilStatus(live, 'live');
    const release = backend.hold();
    backend.fill('notes', [note('theirs')]);
    switchTo(backend, OTHER);
    const since = seen.length;
    expect(live.snapshot.data).to.equal(undefined);
    release();
    await untilStatus(live, 'live');
    expect(seen.slice(since).flatMap(({ data }) => ids(data) ?? [])).not.to.contain('mine');
  });

  it('drops the fetch of a user who has left meanwhile (pitfall 18)', async () => {
    const backend = connectMemory({ tables: { notes: [note('mine')] } });
    let session = '';
    const live = notes({
      async fetch(context) {
        const owner = context.session!.userId;
        await until(() => session === owner || context.signal.aborted);
        return [note(owner)];
      },
    });
    leave = live.subscribe(() => undefined);
    await until(() => backend.topics.length > 0);
    switchTo(backend, OTHER);
    session = OTHER.userId;
    await untilStatus(live, 'live');
    session = MEMBER.userId;
    await nextFrame();
    expect(ids(live.snapshot.data)).to.deep.equal(['u2']);
  });

  it('says that what was fetched is invented, as long as it is', async () => {
    const backend = connectMemory({ tables: { notes: [note('sample')] } });
    const live = notes({ sampled: (rows) => rows[0]?.id === 'sample', apply: () => undefined });
    leave = live.subscribe(() => undefined);
    expect((await untilStatus(live, 'live')).sample).to.equal(true);
    backend.fill('notes', [note('a')]);
    backend.emit('notes', added(note('a')));
    await until(() => ids(live.snapshot.data)?.[0] === 'a');
    expect(live.snapshot.sample).to.equal(false);
  });

  it('leaves a topic that may be refused, asks once more, and is live', async () => {
    const backend = connectMemory({ tables: { notes: [note('a')] } });
    const live = notes({ revocable: true });
    leave = live.subscribe(() => undefined);
    await untilStatus(live, 'live');
    const before = count.fetches;
    backend.fill('notes', []);
    backend.turn({ state: 'refused', error: new LivelitError('forbidden', 'No.') });
    await until(() => live.snapshot.data?.length === 0);
    await untilStatus(live, 'live');
    expect(count.fetches).to.equal(before + 1);
    expect(backend.topics).to.deep.equal([]);
    expect(store().connection.snapshot.data!.state).to.equal('idle');
  });

  it('puts what was fetched through reconcile', async () => {
    const backend = connectMemory({ tables: { notes: [note('a')] } });
    const live = notes({ apply: () => undefined, reconcile: (shown, fetched) => (fetched.length ? fetched : shown) });
    leave = live.subscribe(() => undefined);
    await untilStatus(live, 'live');
    backend.fill('notes', []);
    backend.emit('notes', added(note('b')));
    await until(() => count.fetches === 2 && live.snapshot.status === 'live');
    expect(ids(live.snapshot.data)).to.deep.equal(['a']);
  });
});
