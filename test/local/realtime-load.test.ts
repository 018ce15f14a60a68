import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { setInterval } from 'node:timers/promises';
import type { SupabaseClient } from '@supabase/supabase-js';
import type { LocalBackend } from '../../local/backend.ts';
import { signToken } from '../../local/keys.ts';
import { endBackend, newClient, startTestBackend } from '../support/node/backend.ts';
import { quantile } from '../support/node/commit-to-paint.ts';
import { listen } from '../support/node/listening.ts';
import { until } from '../support/node/until.ts';
import { watch } from '../support/node/watching.ts';

const SOCKETS = 200;
const COMMITS_PER_SECOND = 50;
/** `npm run test:full` asks for the whole of it. */
const SECONDS = process.env.LIVELIT_FULL ? 20 : 4;

/** Somebody with a socket, and when each thing that they were told of was committed and reached them, ms. */
interface Listener {
  readonly id: string;
  readonly client: SupabaseClient;
  readonly committed: number[];
  readonly heard: number[];
}

describe(`${SOCKETS} sockets, ${COMMITS_PER_SECOND} commits a second for ${SECONDS} s`, () => {
  let backend: LocalBackend;
  const listeners: Listener[] = [];
  before(async () => {
    backend = await startTestBackend({ limits: { messagesPerSecond: Infinity, joinsPerSecond: Infinity } });
    await backend.database.exec(`
      create table public.beats (id int generated always as identity primary key, user_id uuid not null);
      alter table public.beats enable row level security;
      create policy beats_select_own on public.beats for select to authenticated using (user_id = (select auth.uid()));
      grant select on public.beats to authenticated;
      alter publication supabase_realtime add table public.beats;`);
    const ids = Array.from({ length: SOCKETS }, () => randomUUID() as string);
    await backend.database.query(
      `insert into auth.users (id, email) select id, id || '@test.invalid' from unnest($1::uuid[]) as id`,
      [ids],
    );
    for (const id of ids) {
      const token = await signToken({ sub: id, role: 'authenticated', exp: 4e9 }, backend.keys.jwtSecret);
      listeners.push({ id, client: newClient(backend, () => token), committed: [], heard: [] });
    }
  });
  after(() => endBackend(backend));

  const everybody = (work: (listener: Listener) => Promise<unknown>) => Promise.all(listeners.map(work));

  /** Commits at the rate, for one listener after the other. @returns how long each commit took to reach them, sorted. */
  async function beat(commit: (id: string, index: number) => Promise<unknown>): Promise<number[]> {
    for (const { committed, heard } of listeners) committed.length = heard.length = 0;
    let all: Promise<unknown>[] = [];
    // The pace is what is tested; nothing is waited for here.
    for await (const commits of setInterval(1_000 / COMMITS_PER_SECOND, [] as Promise<unknown>[])) {
      const { id, committed } = listeners[commits.length % SOCKETS]!;
      commits.push(commit(id, commits.length).then(() => committed.push(performance.now())));
      all = commits;
      if (commits.length === SECONDS * COMMITS_PER_SECOND) break;
    }
    await Promise.all(all);
    await until(() => listeners.every(({ committed, heard }) => heard.length >= committed.length));
    // Nor is anybody told twice of what came before the last.
    assert.deepEqual(
      listeners.map(({ heard }) => heard.length),
      listeners.map(({ committed }) => committed.length),
    );
    return listeners
      .flatMap(({ committed, heard }) => heard.map((at, index) => at - committed[index]!))
      .toSorted((a, b) => a - b);
  }

  function report(latencies: readonly number[]): void {
    const [p50, p95] = [quantile(latencies, 0.5), quantile(latencies, 0.95)];
    console.log(`commit → client: p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms, ${latencies.length} events`);
    assert.ok(p95 < 1_000);
  }

  it('miss no broadcast', async () => {
    await everybody(async ({ id, client, heard }) => {
      const { channel, statuses } = await listen(client, `user:${id}`);
      channel.on('broadcast', { event: 'usage_data' }, () => void heard.push(performance.now()));
      await until(() => statuses.includes('SUBSCRIBED'), 30_000);
    });
    report(
      await beat((id, index) =>
        backend.database.query(
          `insert into public.usage_data (user_id, date, model, source) values ($1, current_date, $2, 'import')`,
          [id, `load-${index}`],
        ),
      ),
    );
    await everybody(({ client }) => client.removeAllChannels());
  });

  it('miss no change of a table', async () => {
    await everybody(async ({ id, client, heard }) => {
      const wish = { event: 'INSERT', table: 'beats', filter: `user_id=eq.${id}` };
      const { statuses } = await watch(client, [wish], { wait: true }, () => void heard.push(performance.now()));
      await until(() => statuses.includes('SUBSCRIBED'), 30_000);
    });
    report(await beat((id) => backend.database.query('insert into public.beats (user_id) values ($1)', [id])));
  });
});
