import assert from 'node:assert/strict';
import { it } from 'node:test';
import { onEachEngine } from '../support/node/engines.ts';

/** The arguments of what reads the log. */
const PAGE = 'text,text,text,text,boolean,integer,integer,text,text';
const ENTRIES =
  'text,text,text,uuid,boolean,text,text,text,timestamp with time zone,timestamp with time zone,text,boolean,integer,text,boolean,uuid[],text[],text';

const OURS = `('public', 'private')`;

onEachEngine('the schemas public and private', (database) => {
  const names = async (sql: string, parameters: unknown[] = []) =>
    (await database.query<{ name: string }>(sql, parameters)).map(({ name }) => name);

  const executableBy = (role: string) =>
    names(
      `select oid::regprocedure::text as name from pg_proc
       where pronamespace::regnamespace::text in ${OURS} and has_function_privilege($1, oid, 'execute')
       order by proname, name`,
      [role],
    );

  /** `schema.table: verbs` for each table that the role may touch at all, columns included. */
  const tablesOf = (role: string) =>
    names(
      `select name || ': ' || string_agg(verb, ' ' order by verb) as name
       from (select oid, relnamespace::regnamespace || '.' || relname as name from pg_class
             where relkind in ('r', 'p', 'v', 'm', 'f') and relnamespace::regnamespace::text in ${OURS}) as tables,
            unnest('{select,insert,update,references,delete,truncate,trigger}'::text[]) as verb
       where case when verb in ('delete', 'truncate', 'trigger') then has_table_privilege($1, oid, verb)
             else has_any_column_privilege($1, oid, verb) end
       group by name order by name`,
      [role],
    );

  it('have five functions that whoever has only the key can execute: what an owner shares, and how the chat greets', async () => {
    assert.deepEqual(await executableBy('anon'), [
      'private.can_receive(text)',
      'chat_info()',
      'private.chat_info()',
      'private.usage_share_daily(uuid,date,date)',
      'usage_share_daily(uuid,date,date)',
    ]);
  });

  it('have functions that a user can execute: those that policies need, and what a page calls', async () => {
    /** Each is a thin wrapper in `public` around the one in `private` that looks who calls. */
    const both = (...functions: string[]) => functions.flatMap((each) => [each, `private.${each}`]);
    assert.deepEqual(await executableBy('authenticated'), [
      'api_keys()',
      'private.can_receive(text)',
      ...both(
        'chat_feedback(uuid,text,text)',
        'chat_info()',
        'chat_knowledge_delete(uuid)',
        'chat_knowledge_list()',
        'chat_knowledge_set(uuid,text,text,text)',
        'chat_owner_here(uuid,boolean)',
        'chat_session_close(uuid,boolean)',
        'chat_session_delete(uuid)',
        'chat_session_list(text,integer,timestamp with time zone,uuid)',
        'chat_session_name(uuid,text)',
        'chat_session_read(uuid)',
      ),
      'chat_settings()',
      ...both('chat_settings_set(jsonb)', 'chat_typing(uuid)'),
      'private.counts(uuid,text)',
      'private.is_admin()',
      'private.is_permanent()',
      'merge_preferences(jsonb)',
      'private.merge_preferences(jsonb)',
      'private.own_api_keys()',
      'private.read_chat_settings()',
      'private.runs_site()',
      'runs_site()',
      'sync_schedule_set(integer,boolean)',
      'sync_state()',
      'sync_statistics()',
      'private.usage_discard(text)',
      'usage_discard(text)',
      'private.usage_import(jsonb)',
      'usage_import(jsonb)',
      'usage_limit_set(text,text,numeric)',
      `private.usage_log_entries(${ENTRIES})`,
      `usage_log_entries(${ENTRIES})`,
      `private.usage_logs_page(${PAGE})`,
      `usage_logs_page(${PAGE})`,
      'usage_share_create(text)',
      'private.usage_share_daily(uuid,date,date)',
      'usage_share_daily(uuid,date,date)',
    ]);
  });

  it('let the service execute what the Edge Functions call', async () => {
    const executable = await executableBy('service_role');
    for (const name of [
      'chat_admit',
      'chat_progress',
      'chat_finish',
      'chat_stop',
      'chat_owner_reply',
      'chat_passages_near',
      'chat_vectors_missing',
      'chat_vectors_save',
      'api_key_get',
      'log_usage',
      'private.add_usage',
    ]) {
      assert.ok(
        executable.some((each) => each.startsWith(`${name}(`)),
        name,
      );
    }
  });

  it('have no table that whoever has only the key can touch', async () => {
    assert.deepEqual(await tablesOf('anon'), []);
  });

  it('have tables that a user can read, and columns of some that they can write', async () => {
    assert.deepEqual(await tablesOf('authenticated'), [
      'public.chat_knowledge: select',
      'public.chat_messages: select',
      'public.chat_sessions: select',
      'public.credit_purchases: select',
      'public.model_prices: select',
      'public.profiles: select update',
      'public.sync_runs: select',
      'public.sync_schedules: insert select update',
      'public.usage_by_model: select',
      'public.usage_counted: select',
      'public.usage_daily: select',
      'public.usage_data: select',
      'public.usage_logs: select',
      'public.usage_shares: delete insert select update',
      'public.usage_tracking: delete insert select update',
      'public.user_preferences: select',
    ]);
  });

  it('have no sequence that a browser can touch', async () => {
    const sequences = await names(
      `select oid::regclass || ' ' || role as name from pg_class, unnest('{anon,authenticated}'::text[]) as role
       where relkind = 'S' and relnamespace::regnamespace::text in ${OURS}
         and has_sequence_privilege(role, oid, 'usage, select, update')`,
    );
    assert.deepEqual(sequences, []);
  });

  it('keep whoever has only the key out of private', async () => {
    const [row] = await database.query(`select has_schema_privilege('anon', 'private', 'usage') as usage`);
    assert.deepEqual(row, { usage: false });
  });

  it('let no browser make anything in them', async () => {
    const makers = await names(
      `select role || ' ' || schema as name
       from unnest('{anon,authenticated}'::text[]) as role, unnest('{public,private}'::text[]) as schema
       where has_schema_privilege(role, schema, 'create')`,
    );
    assert.deepEqual(makers, []);
  });

  it('have no table without row-level security', async () => {
    const open = await names(
      `select oid::regclass::text as name from pg_class
       where relkind in ('r', 'p') and relnamespace::regnamespace::text in ${OURS} and not relrowsecurity`,
    );
    assert.deepEqual(open, []);
  });

  it('have no policy for a role that has no right to its table', async () => {
    const idle = await names(
      `select format('%I on %I.%I for %s', policyname, schemaname, tablename, role) as name
       from pg_policies, unnest(roles) as role
       where schemaname in ${OURS}
         and not case cmd when 'DELETE' then has_table_privilege(role, format('%I.%I', schemaname, tablename)::regclass, cmd)
                          else has_any_column_privilege(role, format('%I.%I', schemaname, tablename)::regclass, cmd) end`,
    );
    assert.deepEqual(idle, []);
  });

  it('have one permissive policy a verb and role', async () => {
    const several = await names(
      `select format('%I %s %s', tablename, cmd, role) as name from pg_policies, unnest(roles) as role
       where schemaname in ${OURS} or tablename = 'messages'
       group by schemaname, tablename, cmd, role having count(*) > 1`,
    );
    assert.deepEqual(several, []);
  });

  it('have an index for every foreign key', async () => {
    const missing = await names(
      `select conrelid::regclass || ' ' || conname as name from pg_constraint
       where contype = 'f' and connamespace::regnamespace::text in ${OURS} and not exists (
         select from pg_index where indrelid = conrelid and indpred is null
           and (string_to_array(indkey::text, ' ')::int2[])[1:cardinality(conkey)] @> conkey)`,
    );
    assert.deepEqual(missing, []);
  });

  it('have no function without its own search path', async () => {
    const loose = await names(
      `select oid::regprocedure::text as name from pg_proc
       where pronamespace::regnamespace::text in ${OURS}
         and not coalesce(proconfig, '{}') @> array['search_path=""']`,
    );
    assert.deepEqual(loose, []);
  });

  it('have no function of the definer that browsers can call in public', async () => {
    const definers = await names(
      `select oid::regprocedure::text as name from pg_proc
       where pronamespace = 'public'::regnamespace and prosecdef`,
    );
    assert.deepEqual(definers, []);
  });
});
