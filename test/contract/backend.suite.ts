import { expect } from 'chai';
import type { Backend, Query, TopicEvent, TopicState } from '../../src/store/backend.ts';
import { LivelitError } from '../../src/store/error.ts';
import { until } from '../support/browser/page.ts';

/** A backend with a member signed in, and hands to make things happen behind it. */
export interface Stage {
  readonly backend: Backend;
  readonly userId: string;
  /** Adds rows of usage, as a service would: the member's topic hears of it. */
  addUsage(rows: readonly UsageSeed[]): Promise<void>;
  /** Changes all rows of a model, and removes them. */
  changeUsage(model: string): Promise<void>;
  removeUsage(model: string): Promise<void>;
  /** A conversation of the member, and what a service does to its messages. */
  readonly sessionId: string;
  say(id: string, content: string): Promise<void>;
  edit(id: string, content: string): Promise<void>;
  unsay(id: string): Promise<void>;
  /** The code that was mailed to an address. */
  mailedCode(email: string): Promise<string>;
  /** Signs the member out and in again. */
  signInAgain(): Promise<unknown>;
  /** Cuts the connection; it comes back by itself. */
  cut(): Promise<void>;
  /** Takes away what the stage needed. */
  leave?(): Promise<void>;
}

export interface UsageSeed {
  readonly date: string;
  readonly model: string;
  readonly requests: number;
}

const forever = new AbortController().signal;

/** What every implementation of the port does; run over each of them. */
export function backendSuite(name: string, raise: () => Promise<Stage>): void {
  describe(`the port, over ${name}`, () => {
    let stage: Stage;
    const leaves: (() => void)[] = [];

    const own = (more: Partial<Extract<Query, { from: string }>> = {}): Query => ({
      from: 'usage_data',
      columns: 'date,model,requests',
      where: [['user_id', 'eq', stage.userId]],
      order: ['date', 'model'],
      ...more,
    });

    /** Listens to a topic, the member's own; resolves when it is joined. */
    async function listen(topic = `user:${stage.userId}`) {
      const events: TopicEvent[] = [];
      const states: TopicState['state'][] = [];
      const leave = stage.backend.join(topic, {
        onEvent: (event) => events.push(event),
        onState: ({ state }) => states.push(state),
      });
      leaves.push(leave);
      await until(() => states.includes('joined'));
      return { events, states, leave };
    }

    before(async () => {
      stage = await raise();
      await stage.addUsage([
        { date: '2026-01-01', model: 'a', requests: 1 },
        { date: '2026-01-02', model: 'a', requests: 2 },
        { date: '2026-01-02', model: 'b', requests: 3 },
      ]);
    });

    afterEach(() => {
      for (const leave of leaves.splice(0)) leave();
    });

    after(async () => {
      stage.backend.close();
      await stage.leave?.();
    });

    const told = (events: readonly TopicEvent[], op: string, id?: string) =>
      events.find(({ payload }) => payload.op === op && (!id || (payload.record as { id: string }).id === id));

    it('knows who is signed in', () => {
      const { status, data } = stage.backend.session.snapshot;
      expect(status).to.equal('live');
      expect(data?.userId).to.equal(stage.userId);
    });

    it('fetches rows in the order that is asked for', async () => {
      const rows = await stage.backend.fetch<UsageSeed[]>(own({ order: ['-date', 'model'] }), forever);
      expect(rows.map(({ date, model }) => `${date} ${model}`)).to.deep.equal([
        '2026-01-02 a',
        '2026-01-02 b',
        '2026-01-01 a',
      ]);
    });

    const filters: readonly [NonNullable<Extract<Query, { from: string }>['where']>[number], number][] = [
      [['model', 'eq', 'a'], 2],
      [['model', 'neq', 'a'], 1],
      [['requests', 'gt', 1], 2],
      [['requests', 'gte', 1], 3],
      [['requests', 'lt', 3], 2],
      [['requests', 'lte', 1], 1],
      [['date', 'in', ['2026-01-01', '2026-01-03']], 1],
    ];
    for (const [filter, count] of filters) {
      it(`filters by ${filter[1]}`, async () => {
        const where = [['user_id', 'eq', stage.userId] as const, filter];
        expect(await stage.backend.fetch<UsageSeed[]>(own({ where }), forever)).to.have.length(count);
      });
    }

    it('fetches no more than the limit', async () => {
      expect(await stage.backend.fetch<UsageSeed[]>(own({ limit: 2 }), forever)).to.have.length(2);
    });

    it('fetches all rows, also when they are more than one answer holds', async () => {
      const rows = Array.from({ length: 1_200 }, (_, index) => ({
        date: '2025-01-01',
        model: `m${index}`,
        requests: 1,
      }));
      await stage.addUsage(rows);
      const where = [['user_id', 'eq', stage.userId] as const, ['date', 'eq', '2025-01-01'] as const];
      const fetched = await stage.backend.fetch<UsageSeed[]>(own({ where, order: ['model'] }), forever);
      expect(new Set(fetched.map(({ model }) => model)).size).to.equal(1_200);
    });

    it('says in one kind of error that the project lacks a function', async () => {
      const error: unknown = await stage.backend
        .fetch({ rpc: 'no_such_function' }, forever)
        .catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(LivelitError);
      expect(error).to.include({ code: 'invalid', reason: 'PGRST202' });
    });

    it('ends a fetch that is called off', async () => {
      const controller = new AbortController();
      const fetching = stage.backend.fetch(own(), controller.signal);
      controller.abort();
      const outcome = await fetching.then(
        () => 'arrived',
        () => 'ended',
      );
      expect(outcome).to.equal('ended');
    });

    it('hears on a topic of what has changed', async () => {
      const { events } = await listen();
      await stage.addUsage([{ date: '2026-02-01', model: 'heard', requests: 1 }]);
      const event = await until(() => events[0]);
      expect(event.event).to.equal('usage_data');
      expect(event.payload).to.include({ table: 'usage_data', op: 'INSERT', n: 1 });
    });

    it('hears of a row that is changed, and of one that is removed', async () => {
      const { events } = await listen();
      await stage.addUsage([{ date: '2026-02-06', model: 'short-lived', requests: 1 }]);
      await stage.changeUsage('short-lived');
      await stage.removeUsage('short-lived');
      for (const op of ['INSERT', 'UPDATE', 'DELETE']) {
        const { event, payload } = await until(() => told(events, op), op);
        expect(event).to.equal('usage_data');
        expect(payload).to.include({ table: 'usage_data', n: 1 });
      }
    });

    it('is told of an account’s rows which ones changed, and nothing that stands in them (pitfall 17)', async () => {
      const { events } = await listen();
      await stage.addUsage([{ date: '2026-02-07', model: 'numbers', requests: 1 }]);
      const { payload } = await until(() => events[0]);
      expect(payload).to.include.keys('table', 'op', 'n', 'ids', 'at');
      expect(payload).not.to.have.any.keys('user_id', 'date', 'model', 'requests', 'cost');
    });

    it('is told a conversation’s messages whole, and of a removed one the id', async () => {
      const { events } = await listen(`chat:${stage.sessionId}`);
      const id = crypto.randomUUID();
      await stage.say(id, 'one');
      const added = await until(() => told(events, 'INSERT', id));
      expect(added.event).to.equal('message');
      expect(added.payload.record).to.include({ session_id: stage.sessionId, content: 'one', role: 'user' });
      await stage.edit(id, 'two');
      const changed = await until(() => told(events, 'UPDATE', id));
      expect(changed.payload.record).to.include({ content: 'two', status: 'complete' });
      await stage.unsay(id);
      const removed = await until(() => told(events, 'DELETE', id));
      expect(removed.payload.record).to.deep.equal({ id });
    });

    it('lets two listen to one topic, and one of them leave (pitfall 8)', async () => {
      const one = await listen();
      const two = await listen();
      one.leave();
      one.leave();
      await stage.addUsage([{ date: '2026-02-02', model: 'heard', requests: 1 }]);
      await until(() => two.events.length === 1);
      expect(one.events).to.deep.equal([]);
    });

    it('listens again after everybody had left', async () => {
      const one = await listen();
      one.leave();
      const two = await listen();
      await stage.addUsage([{ date: '2026-02-03', model: 'heard', requests: 1 }]);
      await until(() => two.events.length === 1);
    });

    it('survives leaving and joining in one breath (pitfall 10)', async () => {
      for (let index = 0; index < 20; index += 1) {
        stage.backend.join(`user:${stage.userId}`, { onEvent: () => undefined, onState: () => undefined })();
      }
      const { events } = await listen();
      await stage.addUsage([{ date: '2026-02-05', model: 'breath', requests: 1 }]);
      await until(() => events.length === 1);
    });

    it('says that a topic was lost, and that it is back', async () => {
      const { states, events } = await listen();
      await stage.cut();
      await until(() => states.includes('lost'));
      await until(() => states.lastIndexOf('joined') > states.indexOf('lost'), 'joined again', 9_000);
      await stage.addUsage([{ date: '2026-02-04', model: 'after', requests: 1 }]);
      await until(() => events.length > 0);
    });

    it('hears nothing while it sleeps, and joins its topics again when it wakes', async () => {
      const { states, events } = await listen();
      stage.backend.sleep();
      await until(() => states.at(-1) === 'lost');
      await stage.addUsage([{ date: '2026-02-08', model: 'asleep', requests: 1 }]);
      stage.backend.wake();
      await until(() => states.at(-1) === 'joined');
      const { length } = events;
      await stage.addUsage([{ date: '2026-02-09', model: 'awake', requests: 1 }]);
      await until(() => events.length > length);
    });

    it('takes a topic that is asked for while it sleeps, once it wakes', async () => {
      stage.backend.sleep();
      stage.backend.sleep();
      const listening = listen();
      stage.backend.wake();
      stage.backend.wake();
      const { events } = await listening;
      await stage.addUsage([{ date: '2026-02-10', model: 'awake', requests: 1 }]);
      await until(() => events.length > 0);
    });

    it('does not lose a topic by being woken while it is awake', async () => {
      const { states } = await listen();
      const { length } = states;
      stage.backend.wake();
      const other = await listen();
      expect(other.states.at(-1)).to.equal('joined');
      expect(states.slice(length)).to.deep.equal([]);
    });

    it('says how it hears: by itself, or for the other tabs', async () => {
      await listen();
      expect(stage.backend.link.snapshot.data!.role).to.be.oneOf(['alone', 'leader']);
      expect(stage.backend.link.snapshot.data!.nextRetryAt).to.equal(undefined);
    });

    it('lets whoever follows the session call it at once (pitfall 20)', async () => {
      const asked: Promise<unknown>[] = [];
      const ask = () => asked.push(stage.backend.fetch(own(), forever).catch(() => 'refused'));
      leaves.push(stage.backend.session.subscribe(ask));
      await stage.signInAgain();
      expect(asked).not.to.have.length(0);
      await Promise.all(asked);
    });

    it('refuses to call a function that does not exist', async () => {
      const error: unknown = await stage.backend
        .invoke('no-such-function', {}, forever)
        .catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(LivelitError);
    });

    it('forgets the user who signs out', async () => {
      await stage.backend.signOut();
      expect(stage.backend.session.snapshot).to.include({ status: 'live', data: null });
      expect(stage.backend.session.snapshot.error).to.equal(undefined);
    });

    describe('an account', () => {
      const newAddress = () => `${crypto.randomUUID()}@test.invalid`;
      const failure = (attempt: Promise<unknown>) => attempt.then(() => undefined).catch((reason: unknown) => reason);
      beforeEach(() => stage.backend.signOut());

      it('is opened by a code that was mailed', async () => {
        const email = newAddress();
        expect(await stage.backend.authenticate({ step: 'send-code', email })).to.equal(null);
        expect(stage.backend.session.snapshot.data).to.equal(null);
        const code = await stage.mailedCode(email);
        const session = await stage.backend.authenticate({ step: 'enter-code', email, code });
        expect(session).to.include({ anonymous: false, email });
        expect(stage.backend.session.snapshot.data).to.deep.equal(session);
      });

      it('is not opened by another code', async () => {
        const email = newAddress();
        await stage.backend.authenticate({ step: 'send-code', email });
        const code = (await stage.mailedCode(email)).replace(/^./, (digit) => String((Number(digit) + 1) % 10));
        const error = await failure(stage.backend.authenticate({ step: 'enter-code', email, code }));
        expect(error).to.be.instanceOf(LivelitError);
        expect(error).to.include({ reason: 'otp_expired' });
        expect(stage.backend.session.snapshot.data).to.equal(null);
      });

      it('is made with a password', async () => {
        const email = newAddress();
        const session = await stage.backend.authenticate({ step: 'sign-up', email, password: 'correct horse' });
        expect(session).to.include({ anonymous: false, email });
      });

      it('is made for a visitor, who stays the same user', async () => {
        const { userId } = await stage.backend.signIn('anonymous');
        const email = newAddress();
        await stage.backend.authenticate({ step: 'send-code', email });
        const code = await stage.mailedCode(email);
        const session = await stage.backend.authenticate({ step: 'enter-code', email, code });
        expect(session).to.deep.equal({ userId, anonymous: false, email });
      });

      it('gets a new password, when whoever it belongs to is there', async () => {
        const nobody = await failure(stage.backend.authenticate({ step: 'set-password', password: 'battery staple' }));
        expect(nobody).to.include({ code: 'unauthenticated' });
        const email = newAddress();
        await stage.backend.authenticate({ step: 'sign-up', email, password: 'correct horse' });
        await stage.backend.authenticate({ step: 'recover', email });
        await stage.backend.signOut();
        const code = await stage.mailedCode(email);
        await stage.backend.authenticate({ step: 'enter-code', email, code });
        await stage.backend.authenticate({ step: 'set-password', password: 'battery staple' });
        await stage.backend.signOut();
        expect(await stage.backend.signIn({ email, password: 'battery staple' })).to.include({ email });
      });
    });

    it('signs a visitor in, one for two who ask at once', async () => {
      const [one, two] = await Promise.all([stage.backend.signIn('anonymous'), stage.backend.signIn('anonymous')]);
      expect(one.anonymous).to.equal(true);
      expect(two.userId).to.equal(one.userId);
    });
  });
}
