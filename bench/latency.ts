/** `npm run bench`: how long the dashboard takes from a commit to the paint, beside the floor of a bare client. */
import { createClient } from '@supabase/supabase-js';
import { MEMBER } from '../local/seed.ts';
import { commitToPaint, quantile } from '../test/support/node/commit-to-paint.ts';
import { raiseStage, type Stage } from '../test/support/node/stage.ts';

const ROUNDS = 40;

/** Commit → callback of an unmodified realtime-js in this process: nothing fetched, nothing drawn. */
async function floor({ backend }: Stage): Promise<number[]> {
  const client = createClient(backend.url, backend.keys.publishable, { auth: { persistSession: false } });
  const { data } = await client.auth.signInWithPassword(MEMBER);
  await client.realtime.setAuth();
  let heard = (): void => {};
  const channel = client
    .channel(`user:${data.user!.id}`, { config: { private: true } })
    .on('broadcast', { event: 'usage_data' }, () => heard());
  await new Promise<void>((resolve) => channel.subscribe((status: string) => status === 'SUBSCRIBED' && resolve()));
  const latencies: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const event = new Promise<void>((resolve) => (heard = resolve));
    await backend.database.query(
      `insert into usage_data (user_id, date, model, source) values ($1, current_date, $2, 'import')`,
      [data.user!.id, `floor-${round}`],
    );
    const committed = performance.now();
    await event;
    latencies.push(performance.now() - committed);
  }
  await client.removeAllChannels();
  await client.auth.signOut();
  return latencies.toSorted((a, b) => a - b);
}

const stage = await raiseStage();
const page = await (await stage.visitor()).newPage();
await page.goto(stage.url);
await page.locator('usage-chart:state(live)').first().waitFor();
const [member] = await stage.backend.database.query<{ id: string }>('select id from auth.users where email = $1', [
  MEMBER.email,
]);
const painted = await commitToPaint(page, stage.backend, member!.id, ROUNDS);
await page.close();
const heard = await floor(stage);
const show = (sorted: readonly number[]) =>
  `median ${quantile(sorted, 0.5).toFixed(1)} ms, p95 ${quantile(sorted, 0.95).toFixed(1)} ms`;
console.log(`commit → painted (3 charts):       ${show(painted)}`);
console.log(`commit → bare realtime-js (floor): ${show(heard)}`);
await stage.close();
process.exit(0);
