import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { atOnce, times } from '../support/node/concurrency.ts';
import { onEachEngine, onPostgres } from '../support/node/engines.ts';
import { ANON, asUser, newAdmin, newMember, newVisitor, type Person } from '../support/node/sql.ts';
import { begin, callService, daysAgo, end, progress, signalsOf, usageRow } from '../support/node/usage-sql.ts';

onEachEngine('a run of the sync', (database) => {
  const runsOf = ({ id }: Person) =>
    database.query<Record<string, unknown>>(
      `select status, error_reason, rows_read, rows_changed, covered_to::text as covered_to
       from public.sync_runs where user_id = $1 order by created_at`,
      [id],
    );
  const due = (limit = 10) =>
    callService<{ user_id: string; provider: string }[]>(database, 'public.sync_due($1)', [limit]);
  const schedule = ({ claims }: Person, minutes = 60, enabled = true) =>
    asUser(database, claims, 'select public.sync_schedule_set($1, $2)', [minutes, enabled]);
  const scheduleOf = async ({ id }: Person) =>
    (
      await database.query<{ every_minutes: number; enabled: boolean; failures: number; in_minutes: number }>(
        `select every_minutes, enabled, failures,
                round(extract(epoch from next_at - now()) / 60)::int as in_minutes
         from public.sync_schedules where user_id = $1`,
        [id],
      )
    )[0];
  const makeDue = ({ id }: Person) =>
    database.query(`update public.sync_schedules set next_at = now() - interval '1 minute' where user_id = $1`, [id]);

  describe('reads', () => {
    it('ninety days at first', async () => {
      const begun = await begin(database, await newMember(database));
      assert.partialDeepStrictEqual(begun, { ok: true, from: daysAgo(89), to: daysAgo(0), owner: false });
    });

    it('the last three days after that', async () => {
      const member = await newMember(database);
      const first = await begin(database, member);
      await progress(database, first, first.from, first.to);
      await end(database, first);
      assert.partialDeepStrictEqual(await begin(database, member), { from: daysAgo(2), to: daysAgo(0) });
    });

    it('from where it was broken off, less the days that may be corrected', async () => {
      const member = await newMember(database);
      const first = await begin(database, member);
      await progress(database, first, first.from, daysAgo(45));
      assert.partialDeepStrictEqual(await end(database, first, 'provider'), { status: 'partial' });
      const second = await begin(database, member);
      assert.equal(second.from, daysAgo(47));
      // One that gets nowhere keeps the place.
      assert.partialDeepStrictEqual(await end(database, second, 'provider'), { status: 'error' });
      assert.equal((await begin(database, member)).from, daysAgo(47));
    });

    it('all of it again once there is another key', async () => {
      const member = await newMember(database);
      const first = await begin(database, member);
      await progress(database, first, first.from, first.to);
      await end(database, first);
      await callService(database, `public.api_key_set($1, 'openai', 'v1.x', 'k', 'wxyz', 'print', 'valid')`, [
        member.id,
      ]);
      assert.equal((await begin(database, member)).from, daysAgo(89));
    });
  });

  it('is the only one of its user and provider', async () => {
    const [member, other] = [await newMember(database), await newMember(database)];
    const first = await begin(database, member);
    assert.deepEqual(await begin(database, member), { ok: false, code: 'conflict', reason: 'running' });
    assert.equal((await begin(database, other)).ok, true);
    assert.equal((await begin(database, member, 'user', 'anthropic')).ok, true);
    await end(database, first);
    assert.equal((await begin(database, member)).ok, true);
  });

  it('is given up when its worker is gone, and cannot write after that', async () => {
    const member = await newMember(database);
    const first = await begin(database, member);
    await database.query(`update public.sync_runs set leased_until = now() - interval '1 second' where id = $1`, [
      first.run_id,
    ]);
    assert.equal((await begin(database, member)).ok, true);
    assert.partialDeepStrictEqual(await runsOf(member), [
      { status: 'error', error_reason: 'stale' },
      { status: 'running' },
    ]);
    assert.equal(await progress(database, first, first.from, first.to), false);
    assert.equal(await end(database, first), null);
    assert.deepEqual(await database.query('select 1 from public.usage_data where user_id = $1', [member.id]), []);
  });

  it('counts what was read and what that changed', async () => {
    const member = await newMember(database);
    const begun = await begin(database, member);
    await progress(database, begun, daysAgo(1), daysAgo(0), [usageRow(daysAgo(1)), usageRow(daysAgo(0))]);
    await progress(database, begun, daysAgo(1), daysAgo(0), [usageRow(daysAgo(1), { requests: 9 })]);
    await end(database, begun);
    assert.deepEqual(await runsOf(member), [
      { status: 'ok', error_reason: null, rows_read: 3, rows_changed: 4, covered_to: daysAgo(0) },
    ]);
  });

  it('leaves an audit row', async () => {
    const member = await newMember(database);
    await end(database, await begin(database, member), 'provider');
    assert.partialDeepStrictEqual(
      await database.query('select actor_id, action, detail from private.audit_log where subject_id = $1', [member.id]),
      [{ actor_id: member.id, action: 'usage.sync', detail: { status: 'error', reason: 'provider', mode: 'user' } }],
    );
  });

  it('signals its user at each step', async () => {
    const member = await newMember(database);
    const begun = await begin(database, member);
    assert.equal(await signalsOf(database, member, 'sync_runs'), 1);
    await end(database, begun);
    assert.equal(await signalsOf(database, member, 'sync_runs'), 2);
  });

  it('waits as long as the provider has asked for', async () => {
    const member = await newMember(database);
    await end(database, await begin(database, member), 'provider_busy', 90);
    const refused = await begin(database, member);
    assert.partialDeepStrictEqual(refused, { ok: false, code: 'rate_limited', reason: 'provider_busy' });
    assert.ok(refused.retry_after_s! > 80 && refused.retry_after_s! <= 90);
  });

  it('is not asked for more than ten times at once', async () => {
    const member = await newMember(database);
    for (let run = 0; run < 10; run += 1) await end(database, await begin(database, member));
    assert.partialDeepStrictEqual(await begin(database, member), { ok: false, reason: 'too_many_syncs' });
  });

  describe('on schedule', () => {
    it('is queued once it is due, in turn', async () => {
      const member = await newMember(database);
      await schedule(member);
      assert.deepEqual(await due(), [{ user_id: member.id, provider: 'openai' }]);
      assert.equal((await scheduleOf(member))!.in_minutes, 60);
      // Still in the queue, because nobody has begun it, and not twice.
      await makeDue(member);
      assert.equal((await due()).length, 1);
      const begun = await begin(database, member, 'due');
      assert.deepEqual(await due(), []);
      assert.deepEqual(await begin(database, member, 'due'), { ok: false, code: 'conflict', reason: 'running' });
      await end(database, begun);
      assert.deepEqual(await due(), []);
    });

    it('takes so many at a time; the others keep their place', async () => {
      const members = [await newMember(database), await newMember(database), await newMember(database)];
      for (const each of members) await schedule(each);
      const [first] = await due(1);
      await end(database, await begin(database, { id: first!.user_id }, 'due'));
      assert.equal((await due()).length, 2);
      for (const { user_id } of await due()) await end(database, await begin(database, { id: user_id }, 'due'));
      assert.deepEqual(await due(), []);
    });

    it('is for every provider of which there is a key', async () => {
      const member = await newMember(database);
      for (const provider of ['openai', 'anthropic']) {
        await callService(database, `public.api_key_set($1, $2, 'v1.x', 'k', 'wxyz', 'print', 'valid')`, [
          member.id,
          provider,
        ]);
      }
      await schedule(member);
      assert.deepEqual((await due()).map(({ provider }) => provider).sort(), ['anthropic', 'openai']);
      for (const provider of ['openai', 'anthropic']) {
        await end(database, await begin(database, member, 'due', provider));
      }
    });

    it('comes later and later while it fails, and as before once it succeeds', async () => {
      const member = await newMember(database);
      await schedule(member, 60);
      const waits: number[] = [];
      for (const reason of ['provider', 'provider', 'provider', 'provider', 'provider', null]) {
        await makeDue(member);
        await due();
        await end(database, await begin(database, member, 'due'), reason);
        waits.push((await scheduleOf(member))!.in_minutes);
      }
      assert.deepEqual(waits, [120, 240, 480, 960, 1440, 60]);
    });

    it('comes sooner while there is something new, and later while there is nothing', async () => {
      const member = await newMember(database);
      await schedule(member, 60);
      const waits: number[] = [];
      for (const requests of [1, 1, 1, 1, 1, 2]) {
        await makeDue(member);
        await due();
        const begun = await begin(database, member, 'due');
        await progress(database, begun, begun.to, begun.to, [usageRow(begun.to, { requests })]);
        await end(database, begun);
        waits.push((await scheduleOf(member))!.in_minutes);
      }
      assert.deepEqual(waits, [30, 60, 120, 240, 240, 30]);
    });

    it('is never sooner than 15 minutes, and as late as was chosen', async () => {
      const minutes = async (every: number, idle: number, failures: number) =>
        (
          await database.query<{ minutes: number }>(
            'select extract(epoch from private.next_sync_in($1, $2, $3))::int / 60 as minutes',
            [every, idle, failures],
          )
        )[0]!.minutes;
      assert.equal(await minutes(15, 0, 0), 15);
      assert.equal(await minutes(720, 3, 0), 1_440);
      assert.equal(await minutes(10_080, 0, 0), 5_040);
      assert.equal(await minutes(10_080, 1, 0), 10_080);
      assert.equal(await minutes(10_080, 0, 9), 10_080);
    });

    it('is not for who has switched it off', async () => {
      const member = await newMember(database);
      await schedule(member, 60, false);
      assert.deepEqual(await due(), []);
    });

    it('is never more often than every 15 minutes', async () => {
      const member = await newMember(database);
      await assert.rejects(schedule(member, 14), { code: '23514' });
      await schedule(member, 60);
      await due();
      await schedule(member, 15);
      assert.equal((await scheduleOf(member))!.in_minutes, 15);
      await end(database, await begin(database, member, 'due'));
    });
  });

  describe('and its schedule', () => {
    it("are a member's own to read", async () => {
      const [member, other, admin] = [await newMember(database), await newMember(database), await newAdmin(database)];
      for (const each of [member, other]) {
        await begin(database, each);
        await schedule(each);
      }
      for (const table of ['sync_runs', 'sync_schedules']) {
        const sql = `select user_id from public.${table}`;
        assert.deepEqual(await asUser(database, member.claims, sql), [{ user_id: member.id }]);
        assert.deepEqual(await asUser(database, admin.claims, sql), []);
        await assert.rejects(asUser(database, ANON, sql), { code: '42501' });
      }
      await database.query('update public.sync_schedules set enabled = false');
    });

    it("are told of in one answer each, of a member's own runs only", async () => {
      const [member, other] = [await newMember(database), await newMember(database)];
      const ask = async <T>({ claims }: Person, name: string) =>
        (await asUser<{ answer: T }>(database, claims, `select public.${name}() as answer`))[0]!.answer;
      assert.deepEqual(await ask(member, 'sync_state'), {
        schedule: null,
        running_until: null,
        complete_at: null,
        last: null,
      });
      await schedule(member, 30);
      await begin(database, other);
      for (const reason of [null, 'provider', null]) {
        const begun = await begin(database, member);
        const { running_until: until } = await ask<{ running_until: string }>(member, 'sync_state');
        assert.ok(Date.parse(until) > Date.now());
        if (reason) await progress(database, begun, begun.to, begun.to);
        await end(database, begun, reason);
      }
      const state = await ask<{ last: { status: string }; complete_at: string }>(member, 'sync_state');
      assert.partialDeepStrictEqual(state, {
        schedule: { every_minutes: 30, enabled: true, failures: 0 },
        running_until: null,
        last: { status: 'ok' },
      });
      const statistics = await ask<{ average_ms: number; last: { status: string }[] }>(member, 'sync_statistics');
      assert.partialDeepStrictEqual(statistics, { ok: 2, partial: 1, failed: 0 });
      assert.deepEqual(
        statistics.last.map(({ status }) => status),
        ['ok', 'partial', 'ok'],
      );
      assert.ok(Number.isInteger(statistics.average_ms));
      assert.partialDeepStrictEqual(await ask(other, 'sync_statistics'), { ok: 0, average_ms: null, last: [] });
    });

    it('are nothing for a visitor, who can make none', async () => {
      const visitor = await newVisitor(database);
      await begin(database, visitor);
      assert.deepEqual(await asUser(database, visitor.claims, 'select 1 from public.sync_runs'), []);
      await assert.rejects(schedule(visitor), { code: '42501' });
    });

    const FORBIDDEN = {
      "another's schedule": 'insert into public.sync_schedules (user_id) values ($1)',
      'the time of the next': 'update public.sync_schedules set next_at = now() where user_id = $1',
      'an invented run': `insert into public.sync_runs (user_id, provider, mode, status) values ($1, 'openai', 'due', 'ok')`,
      'a changed run': `update public.sync_runs set status = 'ok' where user_id = $1`,
      begin: `select public.sync_begin($1, 'openai', 'user')`,
      progress: `select public.sync_progress($1, null, null, '[]')`,
      end: 'select public.sync_end($1, null, null, null)',
      due: 'select public.sync_due(1), $1::uuid',
      cleanup: 'select private.cleanup_usage(), $1::uuid',
    };
    for (const [what, sql] of Object.entries(FORBIDDEN)) {
      it(`refuse ${what} to members and admins`, async () => {
        const [member, admin] = [await newMember(database), await newAdmin(database)];
        for (const { claims } of [member, admin]) {
          await assert.rejects(asUser(database, claims, sql, [member.id]), { code: '42501' });
        }
      });
    }

    it("do not let a member change another's", async () => {
      const [member, other] = [await newMember(database), await newMember(database)];
      await schedule(other, 60, false);
      await asUser(database, member.claims, 'update public.sync_schedules set enabled = true');
      assert.equal((await scheduleOf(other))!.enabled, false);
    });
  });

  it('is forgotten after 90 days, but for the newest of its user', async () => {
    const member = await newMember(database);
    for (let run = 0; run < 3; run += 1) await end(database, await begin(database, member));
    await database.query(
      `update public.sync_runs set created_at = created_at - interval '91 days' where user_id = $1`,
      [member.id],
    );
    await callService(database, 'private.cleanup_usage()');
    assert.equal((await runsOf(member)).length, 1);
  });
});

onPostgres('runs of the sync at once', (database) => {
  it('become one for fifty callers of one user', async () => {
    const member = await newMember(database);
    const answers = await atOnce(
      database,
      'public.sync_runs',
      times(50, () => () => begin(database, member)),
    );
    assert.equal(answers.filter(({ ok }) => ok).length, 1);
    assert.ok(answers.every(({ ok, reason }) => ok || reason === 'running' || reason === 'too_many_syncs'));
    assert.equal((await database.query('select 1 from public.sync_runs where user_id = $1', [member.id])).length, 1);
  });

  it('are queued once each when twenty timers go off together', async () => {
    const members = await Promise.all(times(10, () => newMember(database)));
    for (const { claims } of members) await asUser(database, claims, 'select public.sync_schedule_set(60, true)');
    await Promise.all(times(20, () => callService(database, 'public.sync_due(100)')));
    const queued = await database.query(
      `select user_id from public.sync_runs where status = 'queued' and user_id = any($1)`,
      [members.map(({ id }) => id)],
    );
    assert.equal(queued.length, 10);
  });
});
