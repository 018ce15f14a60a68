import { TOPIC_TABLES } from '../../src/services/schema.ts';
import { LivelitError } from '../../src/store/error.ts';
import { MEMORY_CODE, MemoryBackend } from '../../src/store/memory-backend.ts';
import { ownClient, SupabaseBackend, type SupabaseBackendOptions } from '../../src/store/supabase-backend.ts';
import { TIMINGS } from '../../src/store/timings.ts';
import { fault, mailedCode, publish, signUp, sql, target, unpublish } from '../support/browser/backend.ts';
import { MEMBER } from '../support/browser/memory.ts';
import { backendSuite, type Stage, type UsageSeed } from './backend.suite.ts';

const QUICK = { ...TIMINGS, retryBaseMs: 50, retryCapMs: 200 };

backendSuite('a project in memory', () => {
  const backend = new MemoryBackend({ session: MEMBER });
  const sessionId = crypto.randomUUID();
  let rows: (UsageSeed & { user_id: string })[] = [];
  const signal = (op: string, n: number) => {
    backend.fill('usage_data', rows);
    const payload = { table: 'usage_data', op, n, ids: null, at: Date.now() };
    backend.emit(`user:${MEMBER.userId}`, { event: 'usage_data', payload });
    return Promise.resolve();
  };
  const tell = (op: string, record: object) => {
    backend.emit(`chat:${sessionId}`, { event: 'message', payload: { op, record } });
    return Promise.resolve();
  };
  const message = (id: string, content: string) => ({
    id,
    content,
    session_id: sessionId,
    role: 'user',
    status: 'complete',
  });
  return Promise.resolve({
    backend,
    userId: MEMBER.userId,
    sessionId,
    addUsage(added) {
      rows = [...rows, ...added.map((row) => ({ ...row, user_id: MEMBER.userId }))];
      return signal('INSERT', added.length);
    },
    changeUsage: () => signal('UPDATE', 1),
    removeUsage(model) {
      rows = rows.filter((row) => row.model !== model);
      return signal('DELETE', 1);
    },
    say: (id, content) => tell('INSERT', message(id, content)),
    edit: (id, content) => tell('UPDATE', message(id, content)),
    unsay: (id) => tell('DELETE', { id }),
    mailedCode: () => Promise.resolve(MEMORY_CODE),
    async signInAgain() {
      await backend.signOut();
      backend.session.set({ status: 'live', data: MEMBER, sample: false });
    },
    cut() {
      backend.turn({ state: 'lost', error: new LivelitError('unavailable', 'Cut.') });
      backend.turn({ state: 'joined' });
      return Promise.resolve();
    },
  });
});

/** The local backend, with a new member signed in. */
async function project(more: Partial<SupabaseBackendOptions> = {}): Promise<Stage> {
  const login = await signUp();
  const address = await target();
  const backend = new SupabaseBackend(ownClient(address), { ...address, timings: QUICK, own: true, ...more });
  const { userId } = await backend.signIn(login);
  const sessionId = crypto.randomUUID();
  await sql('insert into chat_sessions (id, user_id) values ($1, $2)', [sessionId, userId]);
  const run = async (text: string, parameters: unknown[]) => void (await sql(text, parameters));
  return {
    backend,
    userId,
    sessionId,
    addUsage: (rows) =>
      run(
        `insert into usage_data (user_id, date, model, requests, source)
         select $1, (row ->> 'date')::date, row ->> 'model', (row ->> 'requests')::int, 'import'
         from jsonb_array_elements($2::jsonb) as row`,
        [userId, JSON.stringify(rows)],
      ),
    changeUsage: (model) =>
      run('update usage_data set requests = requests + 1 where user_id = $1 and model = $2', [userId, model]),
    removeUsage: (model) => run('delete from usage_data where user_id = $1 and model = $2', [userId, model]),
    say: (id, content) =>
      run(
        `insert into chat_messages (id, session_id, user_id, role, author, content)
         values ($1, $2, $3, 'user', 'visitor', $4)`,
        [id, sessionId, userId, content],
      ),
    edit: (id, content) => run('update chat_messages set content = $2 where id = $1', [id, content]),
    unsay: (id) => run('delete from chat_messages where id = $1', [id]),
    mailedCode,
    async signInAgain() {
      await backend.signOut();
      await backend.signIn(login);
    },
    async cut() {
      await fault({ dropSockets: true });
    },
  };
}

backendSuite('the local backend, by Broadcast', () => project());

backendSuite('the local backend, by changes of its tables', async () => {
  await publish();
  return { ...(await project({ tables: TOPIC_TABLES })), leave: async () => void (await unpublish()) };
});
