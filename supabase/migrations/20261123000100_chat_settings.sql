-- Module chat, further: who runs the site, and what they decide about its chat.

-- ---------------------------------------------------------------------------------------------------------------
-- Who runs the site
-- ---------------------------------------------------------------------------------------------------------------

-- Its owner, who pays, and every admin.
create function private.runs_site() returns boolean language sql stable security definer set search_path = '' as $$
    select private.is_admin()
        or (private.is_permanent() and exists (select from private.site where owner_id = (select auth.uid())))
$$;

-- The same of somebody else, as the database knows them now: for the Edge Functions, which know who calls.
create function private.user_runs_site(p_user_id uuid) returns boolean
language sql stable security definer set search_path = '' as $$
    select exists (select from private.site where owner_id = p_user_id) or exists (
        select from auth.users
        where id = p_user_id and raw_app_meta_data ->> 'role' = 'admin' and not coalesce(is_anonymous, false))
$$;

-- Ends the call: the HTTP status of a code, the sentence as the message, and the reason as the hint.
create function private.refuse(p_code text, p_reason text, p_sentence text) returns void
language plpgsql set search_path = '' as $$
begin
    raise exception '%', p_sentence using hint = p_reason, errcode = case p_code
        when 'forbidden' then 'PT403' when 'conflict' then 'PT409' when 'rate_limited' then 'PT429' else 'PT422' end;
end $$;

create function private.demand_site() returns void language plpgsql stable set search_path = '' as $$
begin
    if not private.runs_site() then
        perform private.refuse('forbidden', 'owner', 'Only who runs this site may do this.');
    end if;
end $$;

revoke execute on function private.runs_site(), private.user_runs_site(uuid), private.refuse(text, text, text),
    private.demand_site() from public;
grant execute on function private.runs_site() to authenticated, service_role;
grant execute on function private.user_runs_site(uuid) to service_role;

alter policy chat_sessions_select_own on public.chat_sessions
    using (user_id = (select auth.uid()) or (select private.runs_site()));
alter policy chat_messages_select_own on public.chat_messages
    using (user_id = (select auth.uid()) or (select private.runs_site()));

create or replace function private.can_receive_chat(p_rest text) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
    if p_rest !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
        return false;
    end if;
    return exists (
        select from public.chat_sessions as s
        where s.id = p_rest::uuid and (s.user_id = (select auth.uid()) or (select private.runs_site())));
end $$;

-- The module `logs` speaks on `admin:usage`; who installs this one alone has `admin:chat` all the same.
create or replace function private.can_receive_admin(p_rest text) returns boolean
language sql stable set search_path = '' as $$
    select case p_rest when 'chat' then (select private.runs_site()) when 'usage' then (select private.is_admin())
           else false end
$$;
revoke execute on function private.can_receive_admin(text) from public;

-- Tells whoever runs the site that something has changed, and not what.
create function private.ping_chat_admins(p_table text) returns void
language sql security definer set search_path = '' as $$
    select realtime.send(
        jsonb_build_object('table', p_table, 'op', 'UPDATE', 'n', 1, 'ids', null,
                           'at', (extract(epoch from clock_timestamp()) * 1000)::bigint),
        p_table, 'admin:chat', true)
$$;
revoke execute on function private.ping_chat_admins(text) from public;

-- ---------------------------------------------------------------------------------------------------------------
-- Settings
-- ---------------------------------------------------------------------------------------------------------------

create function private.suggestions_fit(p_suggestions text[]) returns boolean
language sql immutable set search_path = '' as $$
    select cardinality(p_suggestions) <= 6
        and coalesce(bool_and(each is not null and length(btrim(each)) > 0 and length(each) <= 120), true)
    from unnest(p_suggestions) as each
$$;

create table private.chat_settings (
    singleton boolean primary key default true check (singleton),
    revision bigint not null default 1,
    system_prompt text not null default ''
        constraint chat_settings_system_prompt_length check (length(system_prompt) <= 8000),
    model text constraint chat_settings_model_name check (model ~ '^[[:alnum:]][[:alnum:]._:/@-]{0,127}$'),
    temperature numeric(3, 2) constraint chat_settings_temperature_range check (temperature between 0 and 2),
    max_output_tokens integer not null default 600
        constraint chat_settings_max_output_tokens_range check (max_output_tokens between 16 and 4000),
    daily_cap_micro_usd bigint
        constraint chat_settings_daily_cap_micro_usd_range check (daily_cap_micro_usd between 0 and 1000000000),
    max_message_length integer not null default 2000
        constraint chat_settings_max_message_length_range check (max_message_length between 1 and 2000),
    cache_first_answers boolean not null default false,
    moderation boolean not null default false,
    retention_days integer not null default 30
        constraint chat_settings_retention_days_range check (retention_days between 1 and 3650),
    greeting text not null default '' constraint chat_settings_greeting_length check (length(greeting) <= 500),
    suggestions text[] not null default '{}' constraint chat_settings_suggestions_fit
        check (private.suggestions_fit(suggestions)),
    knowledge_language text not null default 'english'
        constraint chat_settings_knowledge_language_name check (knowledge_language ~ '^[a-z_]{1,63}$'),
    updated_at timestamptz not null default now()
);
comment on table private.chat_settings is 'One row: what the owner decides about the chat. Null in `model` and `daily_cap_micro_usd` means what the Edge Function''s secrets say.';
comment on column private.chat_settings.revision is 'Counts changes of the settings and of the knowledge: an answer that was given under another one is not given again.';
comment on column private.chat_settings.daily_cap_micro_usd is 'Micro-USD a UTC day.';
comment on column private.chat_settings.knowledge_language is 'A text search configuration of Postgres; one that this server lacks counts as `simple`.';
insert into private.chat_settings default values;

alter table private.chat_settings enable row level security;
grant select, update on private.chat_settings to service_role;

-- What a setting may be, as a sentence; null when there is no such setting.
create function private.chat_setting_rule(p_name text) returns text language sql immutable set search_path = '' as $$
    select case p_name
        when 'system_prompt' then 'The instructions have at most 8,000 characters.'
        when 'model' then 'The model is a name of up to 128 letters, digits and . _ : / @ -, or empty for the usual one.'
        when 'temperature' then 'The temperature is a number from 0 to 2, or empty.'
        when 'max_output_tokens' then 'A reply has 16 to 4,000 tokens at most.'
        when 'daily_cap_micro_usd' then 'The daily cap is 0 to 1,000,000,000 micro-USD (USD 1,000), or empty for the usual one.'
        when 'max_message_length' then 'A message has 1 to 2,000 characters at most.'
        when 'cache_first_answers' then 'Giving an earlier answer again is switched on or off.'
        when 'moderation' then 'Moderation is switched on or off.'
        when 'retention_days' then 'Conversations are kept 1 to 3,650 days.'
        when 'greeting' then 'The greeting has at most 500 characters.'
        when 'suggestions' then 'There are at most six suggestions, each with 1 to 120 characters.'
        when 'knowledge_language' then 'The language is one that this database can search in, as "english" or "simple".'
    end
$$;

create function private.read_chat_settings() returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
    perform private.demand_site();
    return (select to_jsonb(s) - 'singleton' || jsonb_build_object('spent_today_micro_usd', coalesce((
                select micro_usd from private.spend_daily
                where day = (now() at time zone 'utc')::date and scope = 'chat'), 0))
            from private.chat_settings as s);
end $$;

create function private.chat_settings_set(p_patch jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
    v_before private.chat_settings;
    v_after private.chat_settings;
    v_name text;
    v_value jsonb;
begin
    perform private.demand_site();
    if jsonb_typeof(p_patch) is distinct from 'object' then
        perform private.refuse('invalid', 'patch', 'The settings are an object.');
    end if;
    select * into v_before from private.chat_settings for update;

    -- One after the other, so that the one that does not fit is known by name.
    for v_name, v_value in select * from jsonb_each(p_patch) loop
        if private.chat_setting_rule(v_name) is null then
            perform private.refuse('invalid', v_name, format('There is no setting "%s".', left(v_name, 60)));
        end if;
        begin
            execute format('update private.chat_settings set %1$I = ($1).%1$I', v_name)
                using jsonb_populate_record(null::private.chat_settings, jsonb_build_object(v_name, v_value));
        exception when data_exception or integrity_constraint_violation or numeric_value_out_of_range then
            perform private.refuse('invalid', v_name, private.chat_setting_rule(v_name));
        end;
    end loop;
    select * into v_after from private.chat_settings;
    if not exists (select from pg_catalog.pg_ts_config where cfgname = v_after.knowledge_language) then
        perform private.refuse('invalid', 'knowledge_language', private.chat_setting_rule('knowledge_language'));
    end if;

    if v_after is distinct from v_before then
        update private.chat_settings set revision = revision + 1, updated_at = now();
        -- The names alone: an audit log is no place for texts.
        perform private.audit(auth.uid(), null, 'chat_settings.set', jsonb_build_object('settings', (
            select jsonb_agg(a.key order by a.key) from jsonb_each(to_jsonb(v_after)) as a
            where a.value is distinct from to_jsonb(v_before) -> a.key)));
        perform private.ping_chat_admins('chat_settings');
    end if;
    return private.read_chat_settings();
end $$;

create function public.chat_settings() returns jsonb language sql stable set search_path = '' as $$
    select private.read_chat_settings()
$$;
comment on function public.chat_settings is 'The chat''s settings, for who runs the site.';

create function public.chat_settings_set(p_patch jsonb) returns jsonb language sql set search_path = '' as $$
    select private.chat_settings_set(p_patch)
$$;
comment on function public.chat_settings_set is 'Changes settings of the chat, for who runs the site; what is left out stays. Answers all of them.';

-- ---------------------------------------------------------------------------------------------------------------
-- What visitors may know
-- ---------------------------------------------------------------------------------------------------------------

create function private.chat_info() returns jsonb language sql stable security definer set search_path = '' as $$
    select jsonb_build_object('greeting', greeting, 'suggestions', suggestions, 'max_message_length', max_message_length)
    from private.chat_settings
$$;

-- The body is parsed here and now: who has only the key may not name anything in `private`.
create function public.chat_info() returns jsonb language sql stable set search_path = ''
begin atomic
    select private.chat_info();
end;
comment on function public.chat_info is 'The chat''s greeting and suggestions, for everybody.';

revoke execute on function private.suggestions_fit(text[]), private.chat_setting_rule(text),
    private.read_chat_settings(), private.chat_settings_set(jsonb), private.chat_info(),
    public.chat_settings(), public.chat_settings_set(jsonb), public.chat_info()
    from public, anon, authenticated;
grant execute on function private.suggestions_fit(text[]) to service_role;
grant execute on function private.read_chat_settings(), private.chat_settings_set(jsonb), public.chat_settings(),
    public.chat_settings_set(jsonb) to authenticated;
grant execute on function private.chat_info(), public.chat_info() to anon, authenticated, service_role;
