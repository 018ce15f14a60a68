-- Module settings: what somebody prefers, the same on all their devices. Nobody writes the row: edits are handed to
-- `merge_preferences`, one leaf each, and the later edit of a leaf counts.

-- ---------------------------------------------------------------------------------------------------------------
-- Tables
-- ---------------------------------------------------------------------------------------------------------------

create table public.user_preferences (
    user_id uuid primary key references auth.users (id) on delete cascade,
    preferences jsonb not null default '{}'
        constraint user_preferences_preferences_object check (jsonb_typeof(preferences) = 'object'),
    ai_providers jsonb not null default '{}'
        constraint user_preferences_ai_providers_object check (jsonb_typeof(ai_providers) = 'object'),
    theme text generated always as (preferences #>> '{appearance,theme}') stored,
    language text generated always as (preferences #>> '{locale,language}') stored,
    clocks jsonb not null default '{}',
    revision bigint not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table public.user_preferences is 'One row a permanent user, made by a trigger on sign-up. Only what somebody has set stands in it: defaults belong to the page, so a new field needs no new rows.';
comment on column public.user_preferences.ai_providers is 'The settings whose paths begin with `ai_providers.`.';
comment on column public.user_preferences.theme is 'Null: never set, the page decides.';
comment on column public.user_preferences.clocks is 'By path: [revision, when it was edited in ms, id of the edit]; also of leaves that were set back.';
comment on column public.user_preferences.revision is 'Grows with each call that has an edit taken.';

create table private.preference_ops (
    user_id uuid not null references auth.users (id) on delete cascade,
    id uuid not null,
    accepted boolean not null,
    at timestamptz not null default now(),
    primary key (user_id, id)
);
comment on table private.preference_ops is 'Which edits have been decided: one that is sent again is not decided again. Forgotten after 90 days.';
create index preference_ops_at on private.preference_ops (user_id, at);

alter table public.user_preferences enable row level security;
alter table private.preference_ops enable row level security;

create policy user_preferences_select_own on public.user_preferences for select to authenticated
    using (user_id = (select auth.uid()) and (select private.is_permanent()));

revoke all on public.user_preferences from anon, authenticated, service_role;
grant select on public.user_preferences to authenticated, service_role;

-- ---------------------------------------------------------------------------------------------------------------
-- Rows come with accounts
-- ---------------------------------------------------------------------------------------------------------------

create function private.create_preferences() returns trigger language plpgsql security definer set search_path = '' as $$
begin
    if not new.is_anonymous then
        insert into public.user_preferences (user_id) values (new.id) on conflict (user_id) do nothing;
    end if;
    return null;
end $$;

-- Also when an anonymous visitor upgrades to an account.
create trigger livelit_create_preferences after insert or update of is_anonymous on auth.users
    for each row execute function private.create_preferences();

insert into public.user_preferences (user_id) select id from auth.users where not is_anonymous;

-- ---------------------------------------------------------------------------------------------------------------
-- Edits
-- ---------------------------------------------------------------------------------------------------------------

-- Ends the call: 422 with the sentence, `details` the path and `hint` the reason as a word.
create function private.refuse_setting(p_path text, p_reason text, p_sentence text) returns void
language plpgsql set search_path = '' as $$
begin
    raise exception '%', p_sentence using errcode = 'PT422', detail = coalesce(left(p_path, 200), ''), hint = p_reason;
end $$;

-- A leaf is at depth 2 or 3, and holds a text, a number, a truth value, or a list of these.
create function private.check_setting(p_document jsonb, p_path text, p_value jsonb) returns void
language plpgsql set search_path = '' as $$
declare
    v_names text[] := string_to_array(p_path, '.');
    v_deep boolean := case jsonb_typeof(p_value) when 'array' then exists (
        select from jsonb_array_elements(p_value) as e where jsonb_typeof(e.value) in ('object', 'array')) end;
begin
    if p_path is null or p_path !~ '^[a-z0-9_]{1,40}(\.[a-z0-9_]{1,40}){0,2}$' then
        perform private.refuse_setting(p_path, 'path', format(
            '"%s" is no path of a setting: one to three names of a-z, 0-9 and _, with dots between.', left(p_path, 200)));
    end if;
    if cardinality(v_names) = 1 or jsonb_typeof(p_document #> v_names) = 'object' or jsonb_typeof(p_value) = 'object' then
        perform private.refuse_setting(p_path, 'parent', format(
            '"%s" is a group of settings: set what is in it, one by one.', p_path));
    end if;
    if coalesce(jsonb_typeof(p_document #> v_names[1:cardinality(v_names) - 1]), 'object') <> 'object' then
        perform private.refuse_setting(p_path, 'leaf', format(
            '"%s" lies in a setting that has a value of its own.', p_path));
    end if;
    if v_deep then
        perform private.refuse_setting(p_path, 'value', format(
            '"%s" takes a list of texts and numbers, and nothing deeper.', p_path));
    end if;
    if octet_length(p_value::text) > 16384 then
        perform private.refuse_setting(p_path, 'size', format('"%s" takes no more than 16 kB.', p_path));
    end if;
end $$;

-- The document with a leaf in it, or without it where the value is null.
create function private.put_setting(p_document jsonb, p_names text[], p_value jsonb) returns jsonb
language plpgsql immutable set search_path = '' as $$
declare
    v_document jsonb := p_document;
begin
    if p_value is null or p_value = 'null' then
        return v_document #- p_names;
    end if;
    for v_depth in 1 .. cardinality(p_names) - 1 loop
        if v_document #> p_names[1:v_depth] is null then
            v_document := jsonb_set(v_document, p_names[1:v_depth], '{}');
        end if;
    end loop;
    return jsonb_set(v_document, p_names, p_value);
end $$;

-- An edit is { id, path, value, base, after, age_ms, insist }. `base` is the revision that whoever made it was looking at,
-- `after` the ids of edits that were still on their way then: an edit of a leaf whose value its maker knew is taken.
-- Otherwise two people edited at the same time, and the later edit counts. When it was made is said as its age: so no
-- clock has to be right, and none can reach into the future. An edit that somebody insists on, having seen that it was
-- not taken, is taken.
create function private.merge_preferences(p_ops jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
    v_user_id uuid := auth.uid();
    -- Before the lock: how long an edit queues here does not make it later.
    v_now bigint := extract(epoch from clock_timestamp()) * 1000;
    v_row public.user_preferences;
    v_document jsonb;
    v_clocks jsonb;
    v_revision bigint;
    v_op jsonb;
    v_id uuid;
    v_path text;
    v_at bigint;
    v_clock jsonb;
    v_accepted boolean;
    v_rejected jsonb := '[]';
begin
    if not private.is_permanent() then
        raise exception 'Settings of this kind need an account.' using errcode = '42501';
    end if;
    if jsonb_typeof(p_ops) is distinct from 'array' or jsonb_array_length(p_ops) > 100 then
        perform private.refuse_setting('', 'ops', 'Edits come as a list of 100 at most.');
    end if;
    insert into public.user_preferences (user_id) values (v_user_id) on conflict (user_id) do nothing;
    -- Merges of one user queue here, whatever device they come from.
    select * into v_row from public.user_preferences where user_id = v_user_id for update;
    v_document := v_row.preferences || jsonb_build_object('ai_providers', v_row.ai_providers);
    v_clocks := v_row.clocks;
    v_revision := v_row.revision;

    for v_op in select value from jsonb_array_elements(p_ops) loop
        v_id := (v_op ->> 'id')::uuid;
        v_path := v_op ->> 'path';
        if v_id is null then
            perform private.refuse_setting(v_path, 'id', 'Every edit has an id, a UUID that whoever made it has chosen.');
        end if;
        perform private.check_setting(v_document, v_path, v_op -> 'value');
        v_clock := v_clocks -> v_path;
        -- Never in the future, and within what a sum can hold: a century.
        v_at := v_now - least(greatest(coalesce((v_op ->> 'age_ms')::numeric, 0), 0), 3.2e12)::bigint;

        select accepted into v_accepted from private.preference_ops where user_id = v_user_id and id = v_id;
        if v_accepted is null or (not v_accepted and coalesce((v_op ->> 'insist')::boolean, false)) then
            v_accepted := v_clock is null
                or coalesce((v_op ->> 'insist')::boolean, false)
                or coalesce((v_op ->> 'base')::bigint, -1) >= (v_clock ->> 0)::bigint
                or coalesce(v_op -> 'after' ? (v_clock ->> 2), false)
                or (v_at, v_id::text) > ((v_clock ->> 1)::bigint, v_clock ->> 2);
            insert into private.preference_ops as o (user_id, id, accepted) values (v_user_id, v_id, v_accepted)
            on conflict (user_id, id) do update set accepted = excluded.accepted;
            if v_accepted then
                v_document := private.put_setting(v_document, string_to_array(v_path, '.'), v_op -> 'value');
                -- Also where the value stays the same: who has not heard of the edit has not seen it.
                v_revision := v_row.revision + 1;
                -- Later than what it replaces, also where it knew of that and a clock went backwards.
                v_at := greatest(v_at, coalesce((v_clock ->> 1)::bigint + 1, v_at));
                v_clocks := v_clocks || jsonb_build_object(v_path, jsonb_build_array(v_revision, v_at, v_id));
            end if;
        end if;
        if not v_accepted then
            v_rejected := v_rejected || jsonb_build_object(
                'id', v_id, 'path', v_path, 'value', v_document #> string_to_array(v_path, '.'));
        end if;
    end loop;

    if (select count(*) from jsonb_object_keys(v_clocks)) > 500 or octet_length(v_document::text) > 65536 then
        perform private.refuse_setting('', 'document', 'All settings together are at most 500, and 64 kB.');
    end if;
    if v_revision > v_row.revision then
        update public.user_preferences
        set preferences = v_document - 'ai_providers', ai_providers = v_document -> 'ai_providers',
            clocks = v_clocks, revision = v_revision, updated_at = now()
        where user_id = v_user_id;
        delete from private.preference_ops where user_id = v_user_id and at < now() - interval '90 days';
    end if;
    return jsonb_build_object('revision', v_revision, 'preferences', v_document - 'ai_providers',
                              'ai_providers', v_document -> 'ai_providers', 'rejected', v_rejected);
end $$;

-- { revision, preferences, ai_providers, rejected: [{ id, path, value }] }, after the edits. Sending them again is
-- harmless.
create function public.merge_preferences(p_ops jsonb) returns jsonb language sql set search_path = '' as $$
    select private.merge_preferences(p_ops)
$$;

-- ---------------------------------------------------------------------------------------------------------------
-- Signals
-- ---------------------------------------------------------------------------------------------------------------

-- As `signal_owner` tells it, with the revision: whoever has it already need not fetch.
create function private.signal_preferences() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    perform realtime.send(
        jsonb_build_object('table', tg_table_name, 'op', tg_op, 'n', 1, 'ids', jsonb_build_array(new.user_id),
                           'revision', new.revision, 'at', (extract(epoch from clock_timestamp()) * 1000)::bigint),
        tg_table_name, 'user:' || new.user_id, true);
    return null;
end $$;

-- Neither an empty row nor an edit that says what is there already changes anything that anybody shows.
create trigger zz_signal_update after update on public.user_preferences
    for each row when (old.preferences <> new.preferences or old.ai_providers <> new.ai_providers)
    execute function private.signal_preferences();

-- ---------------------------------------------------------------------------------------------------------------
-- The owner of the site
-- ---------------------------------------------------------------------------------------------------------------

create function private.owns_site() returns boolean language sql stable security definer set search_path = '' as $$
    select private.is_permanent() and exists (select from private.site where owner_id = auth.uid())
$$;

-- Whether whoever asks owns the site, and with it the settings of its chat.
create function public.owns_site() returns boolean language sql stable set search_path = '' as $$
    select private.owns_site()
$$;

revoke execute on function private.create_preferences(), private.refuse_setting(text, text, text),
    private.check_setting(jsonb, text, jsonb), private.put_setting(jsonb, text[], jsonb),
    private.merge_preferences(jsonb), private.signal_preferences(), private.owns_site(),
    public.merge_preferences(jsonb), public.owns_site()
    from public, anon, authenticated;
grant execute on function private.merge_preferences(jsonb), public.merge_preferences(jsonb), private.owns_site(),
    public.owns_site() to authenticated;
