/**
 * `npm run bench:logs`: what a page of the usage log costs on a real PostgreSQL as the log grows and as the users do, and
 * what the triggers cost who writes. Medians in ms, from the call to its answer: elapsed, and beside it the server's own
 * processor time (Linux), which a busy machine does not change. It prints, and fails nothing. `SMALL=1` leaves out the
 * largest sizes, `ONLY=writes` (or `logs`, `users`) the rest.
 */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Session } from '../local/database.ts';
import type { Claims } from '../local/keys.ts';
import { actAs } from '../local/realtime/authorization.ts';
import { insertLog, makeLog, makeUsers } from '../test/support/node/large-log.ts';
import { PostgresDatabase } from '../test/support/node/postgres-database.ts';

const RUNS = 15;

const PAGES = {
  'first page, with totals': '',
  'first page, with a count': `p_summary => 'count'`,
  'first page, rows alone': `p_summary => 'none'`,
  'page 30, with totals': 'p_page => 30',
  'internal, with totals': `p_user_type => 'internal'`,
  'active in 7 days, with totals': `p_activity => 'active_7d'`,
  'by cost, with totals': `p_sort => 'cost'`,
  'by revenue, with totals': `p_sort => 'revenue'`,
  'by address, with totals': `p_sort => 'email', p_ascending => true`,
  'search that finds eleven': `p_search => 'user-100'`,
  'search that finds nobody': `p_search => 'nobody@'`,
  'two letters that nobody has': `p_search => 'qz'`,
  'search that finds all, with a count': `p_search => 'test', p_summary => 'count'`,
  'search that finds all, with totals': `p_search => 'test'`,
};

const ENTRIES = {
  'first page, with a count': '',
  'first page, rows alone': `p_summary => 'none'`,
  'one model of four': `p_model => 'model-2'`,
  'errors, one in a hundred': `p_status => 'error'`,
  'a model that nobody used': `p_model => 'nothing'`,
  'a day': `p_from => now() - interval '1 day'`,
  'a day, with totals': `p_from => now() - interval '1 day', p_summary => 'totals'`,
  'internal users': `p_user_type => 'internal'`,
  'search that finds eleven users': `p_search => 'user-100'`,
  'by cost': `p_sort => 'cost'`,
  'by cost, of a day': `p_sort => 'cost', p_from => now() - interval '1 day'`,
};

const LARGEST = process.env.SMALL === '1' ? 2 : 3;
const ONLY = process.env.ONLY ?? 'logs users writes';
const LOGS = [10_000, 100_000, 1_000_000].slice(0, LARGEST);
const USERS = [2_000, 20_000, 200_000].slice(0, LARGEST);

const owner = randomUUID();
const admin: Claims = { sub: randomUUID(), role: 'authenticated', app_metadata: { role: 'admin' } };

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** A call's time: elapsed, and of the processor; ms. */
type Took = readonly [elapsed: number, processor: number];
const show = ([elapsed, processor]: Took) => `${elapsed.toFixed(1)} (${processor.toFixed(1)})`;

const line = (first: string, rest: readonly (string | number)[]) =>
  console.log(
    first.padEnd(38) + rest.map((cell) => (typeof cell === 'number' ? cell.toFixed(1) : cell).padStart(19)).join(''),
  );

const pidOf = async (session: Session) =>
  (await session.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]!.pid;

/** What a session of the server has had of the processor, ms; not a number where the system does not say. */
async function processorOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/schedstat`, 'utf8').catch(() => '');
  return Number(text.split(' ')[0] || NaN) / 1e6;
}

/** Makes a call as the bearer of the claims, again and again. */
async function time(session: Session, claims: Claims, call: string): Promise<Took> {
  const pid = await pidOf(session);
  return session.transaction(async (transaction) => {
    // One process a call, as where many ask at once.
    await transaction.exec('set local max_parallel_workers_per_gather = 0');
    await actAs(transaction, claims);
    const elapsed: number[] = [];
    const processor: number[] = [];
    for (let run = 0; run < RUNS; run += 1) {
      const before = await processorOf(pid);
      const start = performance.now();
      await transaction.query(`select public.${call}`);
      elapsed.push(performance.now() - start);
      processor.push((await processorOf(pid)) - before);
    }
    return [median(elapsed), median(processor)];
  });
}

/** Every kind of page at every size: `grow` makes the database that large. */
async function timePages(session: Session, sizes: readonly number[], grow: (size: number) => Promise<void>) {
  const taken = new Map<string, Took[]>(Object.keys(PAGES).map((name) => [name, []]));
  for (const size of sizes) {
    await grow(size);
    for (const [name, call] of Object.entries(PAGES)) {
      taken.get(name)!.push(await time(session, admin, `usage_logs_page(${call})`));
    }
  }
  return taken;
}

const database = await PostgresDatabase.open();
if (ONLY.includes('logs'))
  await database.exclusive(async (session) => {
    await makeUsers(session, owner, 20_000);
    const pages = await timePages(session, LOGS, (rows) => makeLog(session, owner, rows));
    line('usage_logs_page, 20,000 users', [...LOGS.map((rows) => `${rows / 1_000}k rows`), 'ratio (processor)']);
    for (const [name, taken] of pages) line(name, [...taken.map(show), taken.at(-1)![1] / taken[0]![1]]);

    line('\nusage_log_entries, 20,000 users', [`${LOGS.at(-1)! / 1_000}k rows`]);
    for (const [name, call] of Object.entries(ENTRIES)) {
      line(name, [show(await time(session, admin, `usage_log_entries(${call})`))]);
    }
    const [cursor] = (
      await session.query<{ cursor: string }>(
        `select jsonb_build_array('at', false, at::text, id)::text as cursor from public.usage_logs
       order by at desc offset ${LOGS.at(-1)! / 2} limit 1`,
      )
    ).rows;
    for (const backward of [false, true]) {
      const call = `p_cursor => '${cursor!.cursor}', p_backward => ${backward}, p_summary => 'none'`;
      line(`half-way down, ${backward ? 'up' : 'down'}wards`, [
        show(await time(session, admin, `usage_log_entries(${call})`)),
      ]);
    }
    const [user] = (await session.query<{ id: string }>('select id from auth.users where id <> $1 limit 1', [owner]))
      .rows;
    const member: Claims = { ...admin, sub: user!.id, app_metadata: {} };
    line("a member's own", [show(await time(session, member, 'usage_log_entries()'))]);
    line("a member's own sums", [show(await time(session, member, 'usage_logs_page()'))]);
  });

if (ONLY.includes('users'))
  await database.exclusive(async (session) => {
    const pages = await timePages(session, USERS, async (users) => {
      await makeUsers(session, owner, users);
      await makeLog(session, owner, USERS.at(-1)!);
    });
    line(
      `\nusage_logs_page, ${USERS.at(-1)! / 1_000}k rows`,
      USERS.map((users) => `${users / 1_000}k users`),
    );
    for (const [name, taken] of pages) line(name, taken.map(show));
  });

if (ONLY.includes('writes'))
  await database.exclusive(async (session) => {
    const rows = 100_000;
    const batches = 100;
    await makeUsers(session, owner, 20_000);
    const write = async (statements: number): Promise<Took> => {
      await session.exec('truncate public.usage_logs, private.user_usage_rollup, realtime.messages');
      const each = rows / statements;
      const pid = await pidOf(session);
      const [start, before] = [performance.now(), await processorOf(pid)];
      for (let at = 0; at < statements; at += 1) await session.exec(insertLog(owner, each, at * each));
      return [performance.now() - start, (await processorOf(pid)) - before];
    };
    /** All in one statement, and in batches. */
    const timed = async (): Promise<Took[]> => {
      const runs: [Took, Took][] = [];
      for (let run = 0; run < 3; run += 1) runs.push([await write(1), await write(batches)]);
      return [0, 1].map((way) => [
        median(runs.map((took) => took[way]![0])),
        median(runs.map((took) => took[way]![1])),
      ]);
    };
    const full = await timed();
    await session.exec('alter table public.usage_logs disable trigger user');
    const bare = await timed();
    await session.exec(`alter table public.usage_logs enable trigger user;
    alter table public.usage_logs disable trigger zz_signal_insert`);
    const silent = await timed();
    line('\n100,000 rows of 20,000 users', ['1 statement', `${batches} of them`]);
    line('without triggers', bare.map(show));
    line('with the sums, without signals', silent.map(show));
    line('with sums and signals', full.map(show));
    line(
      'ratio of the sums (processor)',
      silent.map((took, at) => took[1] / bare[at]![1]),
    );
    line(
      'ratio of all (processor)',
      full.map((took, at) => took[1] / bare[at]![1]),
    );
  });
await database.close();
