import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { atOnce, times, whileOpen } from '../support/node/concurrency.ts';
import { onPostgres } from '../support/node/engines.ts';
import { logEntry, logUsage, ownSite, purchase, readLog, wrongSums } from '../support/node/log-sql.ts';
import { randomOf } from '../support/node/random.ts';
import { newAdmin, newMember, type Person, type SqlDatabase } from '../support/node/sql.ts';

const WRITERS = 30;
const CHANGES = process.env.LIVELIT_FULL ? 300 : 40;

onPostgres('the log in a crowd', (database) => {
  let admin: Person;
  let users: Person[];
  before(async () => {
    admin = await newAdmin(database);
    await ownSite(database, await newMember(database));
    users = await Promise.all(times(12, () => newMember(database)));
  });

  const span = async ({ id }: Person, from: SqlDatabase = database) =>
    (
      await from.query<{ first: string; last: string }>(
        `select first_activity_at as first, last_activity_at as last from private.user_usage_rollup where actor_id = $1`,
        [id],
      )
    )[0];
  const use = ({ id }: Person, at: string, key = randomUUID()) =>
    `insert into public.usage_logs (owner_id, user_id, key, app, model, at)
     select owner_id, '${id}', '${key}', 'a', 'm', '${at}' from private.site`;
  const day = (n: number) => `2026-11-0${n}T00:00:00+00:00`;

  it(`adds up after ${WRITERS} writers at once, and none of them fails or deadlocks`, async (t) => {
    const start = performance.now();
    await Promise.all(
      times(WRITERS, async (writer) => {
        const random = randomOf(writer + 1);
        const one = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
        const user = () => (random() < 0.2 ? null : one(users));
        const some = (table: string) => {
          const [part, of] = [Math.floor(random() * 16), `select id from public.${table}`];
          // In one order, as writers of many rows should.
          return `(${of} where hashtext(id::text) & 15 = ${part} order by id for update)`;
        };
        const at = () => new Date(Date.UTC(2026, 0, 1 + Math.floor(random() * 300))).toISOString();
        const changes: (() => Promise<unknown>)[] = [
          () =>
            logUsage(
              database,
              times(1 + Math.floor(random() * 8), () =>
                logEntry({ user_id: user()?.id ?? null, cost: one([null, 0.5]), at: at() }),
              ),
            ),
          () => logUsage(database, [logEntry({ user_id: user()?.id ?? null, at: at() })]),
          () =>
            database.query(`update public.usage_logs set user_id = $1 where id in ${some('usage_logs')}`, [
              user()?.id ?? null,
            ]),
          () =>
            database.query(`update public.usage_logs set at = $1, cost = 0.25 where id in ${some('usage_logs')}`, [
              at(),
            ]),
          () => database.query(`delete from public.usage_logs where id in ${some('usage_logs')}`),
          () => purchase(database, one(users), one(['pending', 'completed'])),
          () =>
            database.query(`update public.credit_purchases set status = $1 where id in ${some('credit_purchases')}`, [
              one(['completed', 'refunded']),
            ]),
          () => readLog(database, admin.claims, one(['usage_logs_page', 'usage_log_entries'] as const)),
          async () => {
            const gone = await newMember(database);
            await logUsage(database, [logEntry({ user_id: gone.id })]);
            await database.query('delete from auth.users where id = $1', [gone.id]);
          },
        ];
        for (let change = 0; change < CHANGES; change += 1) await one(changes)();
      }),
    );
    t.diagnostic(`${WRITERS * CHANGES} changes in ${Math.round(performance.now() - start)} ms`);
    assert.deepEqual(await wrongSums(database), []);
    const { totals } = await readLog(database, admin.claims, 'usage_logs_page');
    const [rows] = await database.query<{ rows: number }>('select count(*) as rows from public.usage_logs');
    assert.equal(totals!.requests, rows!.rows);
  });

  it('adds up while the log is checked and rebuilt', async () => {
    await Promise.all([
      ...times(20, () =>
        logUsage(
          database,
          users.map(({ id }) => logEntry({ user_id: id })),
        ),
      ),
      ...times(5, async () => assert.deepEqual(await wrongSums(database), [])),
      ...times(3, () => database.query('select private.rebuild_usage_rollup()')),
    ]);
    assert.deepEqual(await wrongSums(database), []);
  });

  it('writes a key once that eight report at once, among hundreds and in any order', async () => {
    const entries = times(500, () => logEntry({ cost: 1 }));
    const answers = await atOnce(
      database,
      'public.usage_logs',
      times(8, (index) => () => logUsage(database, index % 2 ? entries : entries.toReversed())),
    );
    const sum = (field: 'inserted' | 'repeated') => answers.reduce((all, answer) => all + answer[field], 0);
    assert.deepEqual([sum('inserted'), sum('repeated')], [500, 3_500]);
    assert.deepEqual(await wrongSums(database), []);
  });

  it('adds a new user up once whom many report at first', async () => {
    const user = await newMember(database);
    await atOnce(
      database,
      'public.usage_logs',
      times(50, () => () => logUsage(database, [logEntry({ user_id: user.id })])),
    );
    const { rows } = await readLog(database, user.claims, 'usage_logs_page');
    assert.deepEqual(
      rows.map(({ requests }) => requests),
      [50],
    );
  });

  describe('knows the last activity', () => {
    let user: Person;
    const remove = (from: SqlDatabase, at: string) =>
      from.query('delete from public.usage_logs where user_id = $1 and at = $2', [user.id, at]);
    const fresh = async (...days: number[]) => {
      user = await newMember(database);
      for (const each of days) await database.exec(use(user, day(each)));
    };

    it('when the newest row goes while a newer one comes', async () => {
      await fresh(1, 5);
      await whileOpen(
        database,
        (inside) => inside.exec(use(user, day(7))),
        () => remove(database, day(5)),
      );
      assert.deepEqual(await span(user), { first: day(1), last: day(7) });
    });

    it('when a newer one comes while the newest row goes', async () => {
      await fresh(1, 5);
      await whileOpen(
        database,
        (inside) => remove(inside, day(5)),
        () => database.exec(use(user, day(3))),
      );
      assert.deepEqual(await span(user), { first: day(1), last: day(3) });
    });

    it('when the two newest rows go at once', async () => {
      await fresh(1, 5, 7);
      await whileOpen(
        database,
        (inside) => remove(inside, day(7)),
        () => remove(database, day(5)),
      );
      assert.deepEqual(await span(user), { first: day(1), last: day(1) });
      await fresh(1, 5, 7);
      await whileOpen(
        database,
        (inside) => remove(inside, day(5)),
        () => remove(database, day(7)),
      );
      assert.deepEqual(await span(user), { first: day(1), last: day(1) });
    });

    it('when the last row goes while a first one comes', async () => {
      await fresh(5);
      await whileOpen(
        database,
        (inside) => remove(inside, day(5)),
        () => database.exec(use(user, day(2))),
      );
      assert.deepEqual(await span(user), { first: day(2), last: day(2) });
      assert.deepEqual(await wrongSums(database), []);
    });
  });

  it('takes an account for a visitor that goes while its use is reported', async () => {
    const user = await newMember(database);
    const entry = logEntry({ user_id: user.id });
    const [, answer] = await whileOpen(
      database,
      (inside) => inside.query('delete from auth.users where id = $1', [user.id]),
      () => logUsage(database, [entry]),
    );
    assert.deepEqual(answer, { inserted: 1, repeated: 0 });
    assert.deepEqual(await database.query('select user_id from public.usage_logs where key = $1', [entry.key]), [
      { user_id: null },
    ]);
    assert.deepEqual(await wrongSums(database), []);
  });
});
