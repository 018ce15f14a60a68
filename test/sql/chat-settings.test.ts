import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { admit, firstMessage } from '../support/node/chat-sql.ts';
import { whileOpen } from '../support/node/concurrency.ts';
import { onEachEngine, onPostgres } from '../support/node/engines.ts';
import {
  ANON,
  asUser,
  newAdmin,
  newMember,
  newVisitor,
  sentOn,
  type Person,
  type SqlDatabase,
} from '../support/node/sql.ts';

interface Settings {
  readonly revision: number;
  readonly [name: string]: unknown;
}

const set = async (database: SqlDatabase, { claims }: Pick<Person, 'claims'>, patch: unknown) => {
  const sql = 'select public.chat_settings_set($1) as answer';
  const [row] = await asUser<{ answer: Settings }>(database, claims, sql, [JSON.stringify(patch)]);
  return row!.answer;
};
const read = async (database: SqlDatabase, claims: Person['claims']) => {
  const [row] = await asUser<{ answer: Settings }>(database, claims, 'select public.chat_settings() as answer');
  return row!.answer;
};
const startOver = (database: SqlDatabase) =>
  database.exec(`delete from private.chat_settings; insert into private.chat_settings default values;
                 delete from private.site; delete from realtime.messages`);

onEachEngine('the settings of the chat', (database) => {
  let admin: Person;
  beforeEach(async () => {
    await startOver(database);
    admin = await newAdmin(database);
  });

  it('have defaults that are safe', async () => {
    const { updated_at, ...settings } = await read(database, admin.claims);
    assert.ok(updated_at);
    assert.deepEqual(settings, {
      revision: 1,
      system_prompt: '',
      model: null,
      temperature: null,
      max_output_tokens: 600,
      daily_cap_micro_usd: null,
      max_message_length: 2_000,
      cache_first_answers: false,
      moderation: false,
      semantic_search: false,
      retention_days: 30,
      greeting: '',
      suggestions: [],
      knowledge_language: 'english',
      spent_today_micro_usd: 0,
    });
  });

  it('say what is reserved and spent today', async () => {
    await database.exec('delete from private.spend_daily; delete from private.rate_buckets');
    await admit(database, firstMessage((await newVisitor(database)).id));
    assert.equal((await read(database, admin.claims)).spent_today_micro_usd, 1_000);
  });

  describe('are read and changed', () => {
    const owner = async () => {
      const member = await newMember(database);
      await database.query('insert into private.site (owner_id) values ($1)', [member.id]);
      return member;
    };
    for (const [who, make] of [
      ['an admin', () => Promise.resolve(admin)],
      ['the owner', owner],
    ] as const) {
      it(`by ${who}`, async () => {
        const { claims } = await make();
        assert.equal((await set(database, { claims }, { greeting: 'Hi!' })).greeting, 'Hi!');
        assert.equal((await read(database, claims)).greeting, 'Hi!');
      });
    }

    const OTHERS: Record<string, () => Promise<Person['claims']>> = {
      'a member': async () => (await newMember(database)).claims,
      'a visitor': async () => (await newVisitor(database)).claims,
      'an anonymous admin': () => Promise.resolve({ ...admin.claims, is_anonymous: true }),
      'who says so in user_metadata': async () => ({
        ...(await newMember(database)).claims,
        user_metadata: { role: 'admin' },
      }),
    };
    for (const [who, claims] of Object.entries(OTHERS)) {
      it(`by no ${who}`, async () => {
        const refused = { code: 'PT403', hint: 'owner', message: 'Only who runs this site may do this.' };
        await assert.rejects(read(database, await claims()), refused);
        await assert.rejects(set(database, { claims: await claims() }, { greeting: 'Mine' }), refused);
        assert.equal((await read(database, admin.claims)).greeting, '');
      });
    }

    it('by nobody who has only the key', async () => {
      await assert.rejects(set(database, { claims: ANON as Person['claims'] }, {}), { code: '42501' });
    });
  });

  it('change where they are named, and stay where they are not', async () => {
    await set(database, admin, { model: 'gpt-4o', temperature: 0.7, suggestions: ['Who are you?'] });
    const after = await set(database, admin, { model: null, moderation: true });
    assert.partialDeepStrictEqual(after, {
      model: null,
      temperature: 0.7,
      moderation: true,
      suggestions: ['Who are you?'],
    });
  });

  const INVALID: Record<string, readonly unknown[]> = {
    system_prompt: [null, 'x'.repeat(8_001)],
    model: ['', 'two words', 'x'.repeat(129), '-x'],
    temperature: [-0.1, 2.1, 'warm', {}],
    max_output_tokens: [15, 4_001, 1e12, null, 'many'],
    daily_cap_micro_usd: [-1, 1_000_000_001, 'all'],
    max_message_length: [0, 2_001],
    cache_first_answers: [null, 'perhaps'],
    moderation: [7],
    semantic_search: [null, 'perhaps'],
    retention_days: [0, 3_651, null],
    greeting: [null, 'x'.repeat(501)],
    suggestions: [null, 'one', ['x'.repeat(121)], [' '], [null], ['1', '2', '3', '4', '5', '6', '7']],
    knowledge_language: [null, 'klingon', 'english; drop table x', '../english'],
    revision: [9],
    singleton: [false],
    'no such': [1],
  };
  for (const [name, values] of Object.entries(INVALID)) {
    it(`take no wrong ${name}, and say so in a sentence`, async () => {
      for (const value of values) {
        const refused = set(database, admin, { greeting: 'New', [name]: value });
        await assert.rejects(
          refused,
          ({ code, hint, message }: Record<string, string>) => {
            assert.deepEqual([code, hint], ['PT422', name]);
            assert.match(message!, /^\S+( \S+){2,}.*\.$/);
            return true;
          },
          JSON.stringify(value),
        );
      }
      assert.equal((await read(database, admin.claims)).greeting, '');
    });
  }

  it('come as an object', async () => {
    for (const patch of [null, [], 'x', 1]) {
      await assert.rejects(set(database, admin, patch), { code: 'PT422', hint: 'patch' });
    }
  });

  it('switch search by meaning on only where the database has the extension for it', async () => {
    const [row] = await database.query<{ available: boolean }>(
      `select exists (select from pg_available_extensions where name = 'vector') as available`,
    );
    const switched = set(database, admin, { semantic_search: true });
    if (row!.available) assert.partialDeepStrictEqual(await switched, { semantic_search: true });
    else await assert.rejects(switched, { code: 'PT422', hint: 'semantic_search', message: /the extension "vector"/ });
  });

  it('are of another revision when they change, and only then', async () => {
    const { revision } = await set(database, admin, { greeting: 'Hi!' });
    assert.equal(revision, 2);
    assert.equal((await set(database, admin, { greeting: 'Hi!', moderation: false })).revision, 2);
    assert.equal((await set(database, admin, {})).revision, 2);
  });

  it('leave the names of what changed in the audit log, and no text', async () => {
    await set(database, admin, { greeting: 'A secret', moderation: true });
    const rows = await database.query('select action, detail from private.audit_log where actor_id = $1', [admin.id]);
    assert.deepEqual(rows, [{ action: 'chat_settings.set', detail: { settings: ['greeting', 'moderation'] } }]);
  });

  it('tell who runs the site that they changed, and not what', async () => {
    await set(database, admin, { greeting: 'A secret' });
    await set(database, admin, { greeting: 'A secret' });
    const sent = await sentOn(database, 'admin:chat');
    assert.partialDeepStrictEqual(sent, [{ event: 'chat_settings', payload: { table: 'chat_settings', ids: null } }]);
    assert.doesNotMatch(JSON.stringify(sent), /secret/);
  });

  it('show everybody the greeting, the suggestions and the length, and nothing else', async () => {
    await set(database, admin, { greeting: 'Hi!', suggestions: ['Why?'], max_message_length: 500, system_prompt: 'x' });
    for (const { claims } of [{ claims: ANON }, await newVisitor(database)]) {
      const [row] = await asUser<{ info: unknown }>(database, claims, 'select public.chat_info() as info');
      assert.deepEqual(row?.info, { greeting: 'Hi!', suggestions: ['Why?'], max_message_length: 500 });
    }
  });

  it('put off or bring forward when conversations expire', async () => {
    const asked = firstMessage((await newVisitor(database)).id);
    await admit(database, asked);
    const days = async () => {
      const [row] = await database.query<{ days: number }>(
        `select extract(day from expires_at - last_message_at)::int as days from public.chat_sessions where id = $1`,
        [asked.session],
      );
      return row?.days;
    };
    assert.equal(await days(), 30);
    await set(database, admin, { retention_days: 7 });
    assert.equal(await days(), 7);
    await set(database, admin, { retention_days: 90 });
    assert.equal(await days(), 90);
  });
});

onPostgres('the settings of the chat, changed by two at once', (database) => {
  it('keep what both changed', async () => {
    await startOver(database);
    const [one, two] = [await newAdmin(database), await newAdmin(database)];
    await whileOpen(
      database,
      (inside) => set(inside, one, { greeting: 'Hi!' }),
      () => set(database, two, { moderation: true }),
    );
    assert.partialDeepStrictEqual(await read(database, one.claims), { greeting: 'Hi!', moderation: true, revision: 3 });
  });
});
