import { LivelitError } from '../../src/store/error.ts';
import { MemoryBackend } from '../../src/store/memory-backend.ts';
import { ownClient, SupabaseBackend } from '../../src/store/supabase-backend.ts';
import { TIMINGS } from '../../src/store/timings.ts';
import { fault, signUp, sql, target } from '../support/browser/backend.ts';
import { MEMBER } from '../support/browser/memory.ts';
import { backendSuite, type UsageSeed } from './backend.suite.ts';

const QUICK = { ...TIMINGS, retryBaseMs: 50, retryCapMs: 200 };

backendSuite('a project in memory', () => {
  const backend = new MemoryBackend({ session: MEMBER });
  const rows: (UsageSeed & { user_id: string })[] = [];
  return Promise.resolve({
    backend,
    userId: MEMBER.userId,
    addUsage(added) {
      rows.push(...added.map((row) => ({ ...row, user_id: MEMBER.userId })));
      backend.fill('usage_data', rows);
      const payload = { table: 'usage_data', op: 'INSERT', n: added.length, ids: null, at: Date.now() };
      backend.emit(`user:${MEMBER.userId}`, { event: 'usage_data', payload });
      return Promise.resolve();
    },
    cut() {
      backend.turn({ state: 'lost', error: new LivelitError('unavailable', 'Cut.') });
      backend.turn({ state: 'joined' });
      return Promise.resolve();
    },
  });
});

backendSuite('the local backend, by Broadcast', async () => {
  const login = await signUp();
  const project = await target();
  const backend = new SupabaseBackend(ownClient(project), { ...project, timings: QUICK, own: true });
  const { userId } = await backend.signIn(login);
  return {
    backend,
    userId,
    async addUsage(rows) {
      await sql(
        `insert into usage_data (user_id, date, model, requests, source)
         select $1, (row ->> 'date')::date, row ->> 'model', (row ->> 'requests')::int, 'import'
         from jsonb_array_elements($2::jsonb) as row`,
        [userId, JSON.stringify(rows)],
      );
    },
    async cut() {
      await fault({ dropSockets: true });
    },
  };
});
