import { expect } from 'chai';
import type { Session } from '../../src/store/backend.ts';
import { LivelitError } from '../../src/store/error.ts';
import { MemoryBackend } from '../../src/store/memory-backend.ts';
import type { Lane, OutboxEntry } from '../../src/store/lane.ts';
import { Outbox, type OutboxHost } from '../../src/store/outbox.ts';
import { TIMINGS } from '../../src/store/timings.ts';
import { MEMBER, OTHER, switchTo } from '../support/browser/memory.ts';
import { nextFrame, until } from '../support/browser/page.ts';

const VISITOR: Session = { userId: 'v1', anonymous: true, email: '' };
const BUSY = new LivelitError('unavailable', 'Busy.');
const REFUSED = new LivelitError('forbidden', 'Not allowed.', { reason: 'policy' });

/** A page: an outbox over a backend in memory, and what it has delivered. */
class Page implements OutboxHost {
  readonly timings = { ...TIMINGS, retryBaseMs: 5, retryCapMs: 20 };
  readonly backend: MemoryBackend;
  readonly outbox = new Outbox(this);
  readonly sent: string[] = [];
  target = '';
  /** What deliveries do instead of arriving, in order; afterwards they arrive. */
  readonly troubles: (LivelitError | Promise<void>)[] = [];

  constructor(session: Session | null = MEMBER) {
    this.backend = new MemoryBackend({ session });
  }

  emit(): void {}
  kept(): void {}
  failed(): void {}

  /** What to do when something has arrived. */
  arrived: () => void = () => undefined;

  /** A query watches, and does not show yet what has arrived. */
  watched = false;

  /** No query watches: what has arrived is forgotten at once. */
  delivered(): boolean {
    this.arrived();
    return this.watched;
  }

  lane(name = 'lane', anonymous = false): Lane<string> {
    return {
      name,
      anonymous,
      deliver: async ({ payload }, { signal }) => {
        const trouble = this.troubles.shift();
        if (trouble instanceof Promise) await Promise.race([trouble, aborted(signal)]);
        else if (trouble) throw trouble;
        this.sent.push(payload);
      },
    };
  }

  say(text: string, lane = this.lane()): void {
    this.outbox.add(lane, text, crypto.randomUUID());
  }

  get shown(): readonly OutboxEntry[] {
    return this.outbox.entries.snapshot.data ?? [];
  }

  states() {
    return this.shown.map(({ payload, state }) => `${String(payload)} ${state}`);
  }
}

const aborted = (signal: AbortSignal) =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });

/** The next turn of the event loop: IndexedDB and locks answer in turns of their own. */
const nextTask = () =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = resolve;
    port2.postMessage(0);
  });

describe('Outbox', () => {
  const pages: Page[] = [];
  let target: string;

  /** Opens a page on the present test's project; a second one stands for a reload or another tab. */
  async function open(session: Session | null = MEMBER): Promise<Page> {
    const page = new Page(session);
    pages.push(page);
    page.target = target;
    await page.outbox.open();
    return page;
  }

  beforeEach(() => {
    target = `https://${crypto.randomUUID()}.test`;
  });

  afterEach(() => {
    for (const { outbox } of pages.splice(0)) outbox.close();
  });

  it('shows a write at once, and lets go of it when it has arrived', async () => {
    const page = await open();
    page.say('one');
    expect(page.states()).to.deep.equal(['one pending']);
    await until(() => page.shown.length === 0);
    expect(page.sent).to.deep.equal(['one']);
  });

  it('keeps the order of a lane, also through a retry', async () => {
    const page = await open();
    page.troubles.push(BUSY);
    for (const text of ['one', 'two', 'three']) page.say(text);
    await until(() => page.sent.length === 3);
    expect(page.sent).to.deep.equal(['one', 'two', 'three']);
  });

  it('does not let one lane wait for another', async () => {
    const page = await open();
    page.troubles.push(new Promise(() => undefined));
    page.say('slow', page.lane('slow'));
    await until(() => page.states()[0] === 'slow sending');
    page.say('quick', page.lane('quick'));
    await until(() => page.sent.includes('quick'));
  });

  it('says why it waits, and counts its attempts', async () => {
    const page = await open();
    page.troubles.push(new LivelitError('rate_limited', 'Slower.', { retryAfterMs: 60_000 }));
    page.say('one');
    const [entry] = await until(() => page.shown[0]?.error && page.shown);
    expect(entry).to.include({ state: 'pending', attempts: 1 });
    expect(entry!.error).to.include({ code: 'rate_limited', message: 'Slower.' });
  });

  it('waits as long as the server asks for', async () => {
    const page = await open();
    page.troubles.push(new LivelitError('rate_limited', 'Slower.', { retryAfterMs: 60_000 }));
    page.say('one');
    await until(() => page.shown[0]?.error);
    expect(page.shown[0]!.nextAt - Date.now()).to.be.within(55_000, 60_000);
  });

  it('sends again at once what waited for the network, when it is back', async () => {
    const page = await open();
    page.troubles.push(new LivelitError('offline', 'No network.', { retryAfterMs: 60_000 }));
    page.say('one');
    await until(() => page.shown[0]?.error);
    page.outbox.flush(true);
    await until(() => page.sent.length === 1);
  });

  it('keeps a write that was refused, with the reason, and lets the next one pass', async () => {
    const page = await open();
    page.troubles.push(REFUSED);
    page.say('bad');
    page.say('good');
    await until(() => page.sent.includes('good'));
    expect(page.states()).to.deep.equal(['bad failed']);
    expect(page.shown[0]!.error).to.deep.equal({ code: 'forbidden', reason: 'policy', message: 'Not allowed.' });
  });

  it('sends a refused write when somebody retries it', async () => {
    const page = await open();
    page.troubles.push(REFUSED);
    page.say('one');
    await until(() => page.shown[0]?.state === 'failed');
    page.outbox.retry(page.shown[0]!.id);
    await until(() => page.shown.length === 0);
    expect(page.sent).to.deep.equal(['one']);
  });

  it('drops a refused write when somebody discards it, for good', async () => {
    const page = await open();
    page.troubles.push(REFUSED);
    page.say('one');
    await until(() => page.shown[0]?.state === 'failed');
    page.outbox.discard(page.shown[0]!.id);
    expect(page.shown).to.deep.equal([]);
    await until(async () => (await open()).shown.length === 0);
  });

  it('keeps the order of a lane through a reload', async () => {
    const before = await open();
    before.troubles.push(new LivelitError('rate_limited', 'Slower.', { retryAfterMs: 60_000 }));
    const texts = Array.from({ length: 8 }, (_, index) => `write ${index}`);
    for (const text of texts) before.say(text);
    await until(() => before.shown[0]?.error);
    await until(async () => (await open()).shown.length === texts.length);
    before.outbox.close();
    expect((await open()).shown.map(({ payload }) => payload)).to.deep.equal(texts);
  });

  it('sends after a reload what was not sent before it', async () => {
    const before = await open();
    before.troubles.push(new LivelitError('offline', 'No network.', { retryAfterMs: 60_000 }));
    before.say('kept');
    await until(() => before.shown[0]?.error);
    before.outbox.close();
    const after = await open();
    expect(after.shown.map(({ payload }) => payload)).to.deep.equal(['kept']);
    after.outbox.register(after.lane() as Lane);
    await until(() => {
      // As when the network comes back: it does not wait for the next attempt.
      after.outbox.flush(true);
      return after.sent.includes('kept');
    });
  });

  it('sends again what was on its way when the page ended', async () => {
    const before = await open();
    before.troubles.push(new Promise(() => undefined));
    before.say('halfway');
    await until(() => before.states()[0] === 'halfway sending');
    before.outbox.close();
    const after = await open();
    after.outbox.register(after.lane() as Lane);
    await until(() => after.sent.includes('halfway'));
  });

  it('takes a write before the page is connected', async () => {
    const page = new Page();
    pages.push(page);
    page.say('early');
    page.target = target;
    await page.outbox.open();
    await until(() => page.sent.includes('early'));
  });

  it('does not send to one project what was written for another that it left before it was there', async () => {
    const page = new Page();
    pages.push(page);
    page.target = target;
    page.say('for the first');
    page.target = '';
    page.outbox.close();
    page.target = `${target}/other`;
    await page.outbox.open();
    page.say('for the second');
    await until(() => page.sent.length > 0);
    expect(page.sent).to.deep.equal(['for the second']);
    page.outbox.close();
    page.target = target;
    await page.outbox.open();
    await until(() => page.sent.includes('for the first'));
  });

  it('does not overlook a write that comes just when the lane is done', async () => {
    const page = await open();
    const rounds = 30;
    let round = 0;
    page.arrived = () => {
      // A few microtasks later each time: one of them meets the moment between the last look and the end.
      let moment = Promise.resolve();
      for (let step = 0; step < round; step += 1) moment = moment.then(() => undefined);
      round += 1;
      if (round <= rounds) void moment.then(() => page.say(`write ${round}`));
    };
    page.say('write 0');
    await until(() => page.sent.length === rounds + 1);
  });

  it('never brings back what is given up while storage is read, and sends in the order of writing', async () => {
    const page = await open();
    let release = () => {};
    page.troubles.push(new Promise<void>((resolve) => (release = resolve)));
    page.say('first');
    page.say('given up');
    await until(() => page.states().join() === 'first sending,given up pending');
    const { getAll } = IDBObjectStore.prototype;
    const read = new Promise<void>((resolve) => {
      IDBObjectStore.prototype.getAll = function (this: IDBObjectStore, ...query) {
        IDBObjectStore.prototype.getAll = getAll;
        const request = getAll.apply(this, query);
        // What is being read is as it was before this.
        page.outbox.discard(page.shown[1]!.id);
        page.say('last');
        request.addEventListener('success', () => resolve());
        return request;
      };
    });
    new BroadcastChannel(`livelit:outbox:${page.target}`).postMessage(0);
    await read;
    release();
    await until(() => page.shown.length === 0);
    expect(page.sent).to.deep.equal(['first', 'last']);
  });

  it('sends once from two tabs that both know of a write', async () => {
    const one = await open();
    const release: (() => void)[] = [];
    one.troubles.push(new Promise<void>((resolve) => release.push(resolve)));
    one.say('once');
    await until(() => one.states()[0] === 'once sending');
    const two = await open();
    two.outbox.register(two.lane() as Lane);
    release[0]!();
    await until(() => one.shown.length === 0 && two.shown.length === 0);
    expect([...one.sent, ...two.sent]).to.deep.equal(['once']);
  });

  it('waits in every tab as long as the server has told one of them', async () => {
    const one = await open();
    const two = await open();
    const three = await open();
    let refuse = () => {};
    const slower = new LivelitError('rate_limited', 'Slower.', { retryAfterMs: 60_000 });
    one.troubles.push(new Promise<void>((_, reject) => (refuse = () => reject(slower))));
    one.say('patient');
    await until(() => one.troubles.length === 0);
    for (const other of [two, three]) other.outbox.register(other.lane() as Lane);
    await until(() => [two, three].every(({ shown }) => shown.length === 1));
    refuse();
    await until(() => pages.every(({ shown }) => (shown[0]?.nextAt ?? 0) > Date.now()));
    expect([...one.sent, ...two.sent, ...three.sent]).to.deep.equal([]);
  });

  it('does not send again what another tab has sent and not yet seen in its data', async () => {
    const one = await open();
    one.watched = true;
    one.say('arrived');
    await until(() => one.states()[0] === 'arrived delivered');
    const two = await open();
    two.outbox.register(two.lane() as Lane);
    await until(() => two.shown.length === 0);
    expect([...one.sent, ...two.sent]).to.deep.equal(['arrived']);
  });

  it('shows what another tab has sent until its own data does, though the other is done with it', async () => {
    const one = await open();
    const two = await open();
    two.watched = true;
    one.say('seen');
    await until(() => two.shown.length === 1);
    const [{ id }] = two.shown as [OutboxEntry];
    await until(() => two.states()[0] === 'seen delivered');
    await until(() => one.shown.length === 0);
    // Whatever is told of it from now on.
    one.say('next');
    await until(() => two.states().includes('next delivered'));
    expect(two.states()).to.include('seen delivered');
    two.outbox.forget(id);
    expect(two.states()).not.to.include('seen delivered');
    expect([...one.sent, ...two.sent]).to.deep.equal(['seen', 'next']);
  });

  it('gives up in every tab what one gives up', async () => {
    const one = await open();
    const two = await open();
    two.watched = true;
    one.troubles.push(new LivelitError('rate_limited', 'Slower.', { retryAfterMs: 60_000 }));
    one.say('never mind');
    await until(() => two.shown[0]?.attempts === 1 && two.shown[0].state === 'pending');
    one.outbox.discard(one.shown[0]!.id);
    await until(() => two.shown.length === 0);
    expect([...one.sent, ...two.sent]).to.deep.equal([]);
  });

  it('never sends as the next user what the last one wrote, whenever the user changes', async () => {
    for (let moment = 0; moment < 30; moment += 1) {
      const page = await open();
      const users: string[] = [];
      const lane: Lane<string> = {
        name: 'lane',
        deliver: () => Promise.resolve(void users.push(page.backend.session.snapshot.data!.userId)),
      };
      page.say('private', lane);
      for (let step = 0; step < moment; step += 1) await nextTask();
      switchTo(page.backend, OTHER);
      page.outbox.flush();
      for (let frame = 0; frame < 2; frame += 1) await nextFrame();
      expect(users).not.to.contain(OTHER.userId);
      page.outbox.close();
    }
  });

  it('calls off what is on its way when the user changes, and sends it when they are back', async () => {
    const page = await open();
    page.troubles.push(new Promise(() => undefined));
    page.say('mine');
    await until(() => page.troubles.length === 0);
    switchTo(page.backend, OTHER);
    page.outbox.flush();
    await until(() => page.shown.length === 0);
    switchTo(page.backend, MEMBER);
    await until(() => {
      page.outbox.flush();
      return page.sent.includes('mine');
    });
  });

  it('does not make a visitor’s of what a member wrote, when their session ends on the way', async () => {
    const page = await open();
    page.backend.signIn = () => Promise.reject(new Error('nobody asked for a visitor'));
    let refuse: (error: Error) => void = () => undefined;
    page.troubles.push(new Promise<void>((_, reject) => (refuse = reject)));
    page.say('mine', page.lane('lane', true));
    await until(() => page.troubles.length === 0);
    switchTo(page.backend, null);
    refuse(new LivelitError('unauthenticated', 'Please sign in again.'));
    for (let frame = 0; frame < 5; frame += 1) await nextFrame();
    expect(page.shown).to.deep.equal([]);
    switchTo(page.backend, MEMBER);
    page.outbox.flush();
    await until(() => page.sent.includes('mine'));
  });

  describe('of somebody who has to sign in again', () => {
    const ENDED = new LivelitError('unauthenticated', 'Please sign in again.', { reason: 'session_ended' });
    const end = (page: Page) => {
      page.backend.session.set({ status: 'error', data: null, error: ENDED, sample: false });
      page.outbox.flush();
    };

    it('shows and takes writes, and sends them when they have', async () => {
      const page = await open();
      end(page);
      page.say('mine', page.lane('lane', true));
      expect(page.shown).to.have.length(1);
      expect(page.shown[0]).to.include({ userId: MEMBER.userId, state: 'pending' });
      for (let frame = 0; frame < 5; frame += 1) await nextFrame();
      expect(page.sent).to.deep.equal([]);
      switchTo(page.backend, MEMBER);
      page.outbox.flush();
      await until(() => page.sent.includes('mine'));
    });

    it('sends nothing as a visitor, nor as the next one', async () => {
      const page = await open();
      page.backend.signIn = () => Promise.reject(new Error('nobody asked for a visitor'));
      end(page);
      page.say('mine', page.lane('lane', true));
      switchTo(page.backend, OTHER);
      page.outbox.flush();
      expect(page.shown).to.deep.equal([]);
      for (let frame = 0; frame < 5; frame += 1) await nextFrame();
      expect(page.sent).to.deep.equal([]);
    });

    it('hides writes when they sign out instead', async () => {
      const page = await open();
      end(page);
      page.say('mine');
      switchTo(page.backend, null);
      page.outbox.flush();
      expect(page.shown).to.deep.equal([]);
    });
  });

  it('says of a write that it was refused before, when somebody asks for it again', async () => {
    const page = await open();
    const asked: (boolean | undefined)[] = [];
    const lane: Lane<string> = {
      name: 'lane',
      deliver({ insisted }) {
        asked.push(insisted);
        const error = asked.length < 3 ? REFUSED : undefined;
        return error ? Promise.reject(error) : Promise.resolve();
      },
    };
    page.say('again', lane);
    for (const attempts of [1, 2]) {
      await until(() => page.shown[0]?.state === 'failed' && asked.length === attempts);
      page.outbox.retry(page.shown[0]!.id);
    }
    await until(() => page.shown.length === 0);
    expect(asked).to.deep.equal([undefined, true, true]);
  });

  it('sends as a new visitor what an old one could not, whose session has ended', async () => {
    const page = await open(VISITOR);
    page.troubles.push(new Promise(() => undefined));
    page.say('kept', page.lane('lane', true));
    await until(() => page.troubles.length === 0);
    switchTo(page.backend, null);
    page.outbox.flush();
    await until(() => page.sent.includes('kept'));
  });

  it('never sends or shows as one user what another one wrote', async () => {
    const page = await open();
    page.troubles.push(new LivelitError('offline', 'No network.', { retryAfterMs: 60_000 }));
    page.say('private');
    await until(() => page.shown[0]?.error);
    switchTo(page.backend, OTHER);
    page.outbox.flush(true);
    expect(page.shown).to.deep.equal([]);
    for (let frame = 0; frame < 5; frame += 1) await nextFrame();
    expect(page.sent).to.deep.equal([]);
    switchTo(page.backend, MEMBER);
    page.outbox.flush(true);
    await until(() => page.sent.includes('private'));
  });

  it('lets writes wait for somebody to sign in', async () => {
    const page = await open(null);
    page.say('later');
    for (let frame = 0; frame < 5; frame += 1) await nextFrame();
    expect(page.states()).to.deep.equal(['later pending']);
    switchTo(page.backend, MEMBER);
    page.outbox.flush();
    await until(() => page.sent.includes('later'));
  });

  it('sends as the next visitor what the last one left waiting', async () => {
    const page = await open({ userId: 'old', anonymous: true, email: '' });
    page.troubles.push(new LivelitError('offline', 'No network.', { retryAfterMs: 60_000 }));
    page.say('waiting', page.lane('lane', true));
    await until(() => page.shown[0]?.error);
    switchTo(page.backend, null);
    page.outbox.disown('old');
    await until(() => {
      page.outbox.flush(true);
      return page.sent.includes('waiting');
    });
  });

  it('signs a visitor in for the first write, and only once', async () => {
    const page = await open(null);
    let visits = 0;
    const signIn = page.backend.signIn.bind(page.backend);
    page.backend.signIn = (credentials) => {
      visits += 1;
      return signIn(credentials);
    };
    page.say('one', page.lane('lane', true));
    page.say('two', page.lane('lane', true));
    await until(() => page.sent.length === 2);
    expect(visits).to.equal(1);
  });

  it('tries again when a visitor cannot be signed in at first', async () => {
    const page = await open(null);
    const signIn = page.backend.signIn.bind(page.backend);
    let attempts = 0;
    page.backend.signIn = (credentials) => {
      attempts += 1;
      return attempts < 3 ? Promise.reject(BUSY) : signIn(credentials);
    };
    page.say('one', page.lane('lane', true));
    await until(() => page.sent.includes('one'));
  });

  it('works in memory where the browser refuses to store (pitfall 23)', async () => {
    const original = Object.getOwnPropertyDescriptor(globalThis, 'indexedDB')!;
    Object.defineProperty(globalThis, 'indexedDB', {
      configurable: true,
      get() {
        throw new DOMException('Blocked.', 'SecurityError');
      },
    });
    try {
      const page = await open();
      page.say('one');
      await until(() => page.sent.includes('one'));
    } finally {
      Object.defineProperty(globalThis, 'indexedDB', original);
    }
  });
});
