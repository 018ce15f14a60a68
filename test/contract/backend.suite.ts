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
  /** Cuts the connection; it comes back by itself. */
  cut(): Promise<void>;
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

    /** Listens to the member's topic; resolves when it is joined. */
    async function listen() {
      const events: TopicEvent[] = [];
      const states: TopicState['state'][] = [];
      const leave = stage.backend.join(`user:${stage.userId}`, {
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

    it('lets two listen to one topic, and one of them leave', async () => {
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

    it('survives leaving and joining in one breath', async () => {
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

    it('signs a visitor in, one for two who ask at once', async () => {
      const [one, two] = await Promise.all([stage.backend.signIn('anonymous'), stage.backend.signIn('anonymous')]);
      expect(one.anonymous).to.equal(true);
      expect(two.userId).to.equal(one.userId);
    });
  });
}
