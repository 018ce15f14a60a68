-- Module core: who somebody is, who owns the site, what may be heard, and the limits that guard what costs money.

create schema if not exists private;
comment on schema private is 'livelit: tables and function bodies that no browser reaches. Never add it to the exposed schemas.';
revoke all on schema private from public;
grant usage on schema private to authenticated, service_role;

-- ---------------------------------------------------------------------------------------------------------------
-- Who is asking
-- ---------------------------------------------------------------------------------------------------------------

-- Anonymous visitors carry the role `authenticated` too, so "signed in" is never enough outside one's own chat.
create function private.is_permanent() returns boolean language sql stable set search_path = '' as $$
    select auth.uid() is not null and not coalesce((auth.jwt() ->> 'is_anonymous')::boolean, false)
$$;

-- `app_metadata` is written by the server alone; `user_metadata` is the user's own and decides nothing.
create function private.is_admin() returns boolean language sql stable set search_path = '' as $$
    select coalesce(auth.jwt() -> 'app_metadata' ->> 'role' = 'admin', false) and private.is_permanent()
$$;

revoke execute on function private.is_permanent(), private.is_admin() from public;
grant execute on function private.is_permanent(), private.is_admin() to authenticated, service_role;

create function private.touch_updated_at() returns trigger language plpgsql set search_path = '' as $$
begin
    new.updated_at := now();
    return new;
end $$;
revoke execute on function private.touch_updated_at() from public;

-- ---------------------------------------------------------------------------------------------------------------
-- Tables
-- ---------------------------------------------------------------------------------------------------------------

create table public.profiles (
    id uuid primary key references auth.users (id) on delete cascade,
    email text not null,
    full_name text constraint profiles_full_name_length check (length(full_name) <= 200),
    company text constraint profiles_company_length check (length(company) <= 200),
    role text constraint profiles_role_length check (length(role) <= 200),
    industry text constraint profiles_industry_length check (length(industry) <= 200),
    team_size text constraint profiles_team_size_length check (length(team_size) <= 50),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table public.profiles is 'One row a permanent user, made by a trigger on sign-up. `role` is a job title and grants nothing.';

create table private.site (
    singleton boolean primary key default true check (singleton),
    owner_id uuid references auth.users (id) on delete set null,
    chat_in_synced_org boolean not null default false,
    updated_at timestamptz not null default now()
);
comment on table private.site is 'One row: who pays for this site''s chat, and whether the chat''s API key belongs to the organisation whose usage is synced.';
create index site_owner_id on private.site (owner_id);

create table private.audit_log (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    actor_id uuid,
    subject_id uuid,
    action text not null,
    detail jsonb not null default '{}'
);
comment on table private.audit_log is 'Append-only. Ids carry no foreign key on purpose: the record outlives the account.';
create index audit_log_subject on private.audit_log (subject_id, at desc);

create unlogged table private.rate_buckets (
    key text primary key,
    tokens double precision not null,
    updated_at timestamptz not null
);
comment on table private.rate_buckets is 'Token buckets. Unlogged: a crash forgives, it does not lock anybody out.';

create table private.spend_daily (
    day date not null,
    scope text not null,
    micro_usd bigint not null default 0 check (micro_usd >= 0),
    primary key (day, scope)
);
comment on table private.spend_daily is 'What was reserved and spent, in micro-USD a UTC day and scope. Logged: a crash must not raise a cap.';

alter table public.profiles enable row level security;
alter table private.site enable row level security;
alter table private.audit_log enable row level security;
alter table private.rate_buckets enable row level security;
alter table private.spend_daily enable row level security;

create policy profiles_select_own on public.profiles for select to authenticated
    using ((id = (select auth.uid()) and (select private.is_permanent())) or (select private.is_admin()));
create policy profiles_update_own on public.profiles for update to authenticated
    using (id = (select auth.uid()) and (select private.is_permanent()))
    with check (id = (select auth.uid()) and (select private.is_permanent()));

-- Older projects still hand out everything in `public` by default: take it back before giving the little that is meant.
revoke all on public.profiles from anon, authenticated;
grant select on public.profiles to authenticated;
grant update (full_name, company, role, industry, team_size) on public.profiles to authenticated;
grant select, insert, update, delete on public.profiles to service_role;
grant select, insert, update, delete on all tables in schema private to service_role;
grant usage on all sequences in schema private to service_role;

create trigger profiles_touch before update on public.profiles
    for each row execute function private.touch_updated_at();

create function private.create_profile() returns trigger language plpgsql security definer set search_path = '' as $$
begin
    if not new.is_anonymous then
        insert into public.profiles (id, email, full_name)
        values (new.id, coalesce(new.email, ''), left(new.raw_user_meta_data ->> 'full_name', 200))
        on conflict (id) do update set email = excluded.email;
    end if;
    return null;
end $$;
revoke execute on function private.create_profile() from public;

-- Also when an anonymous visitor upgrades to an account, and when an address changes.
create trigger livelit_create_profile after insert or update of is_anonymous, email on auth.users
    for each row execute function private.create_profile();

-- ---------------------------------------------------------------------------------------------------------------
-- What may be heard: private Broadcast topics `<kind>:<rest>`
-- ---------------------------------------------------------------------------------------------------------------

-- Each module brings `private.can_receive_<kind>(rest text)`; a kind without one is refused. One policy asks them
-- all, because several permissive policies on one table would each be evaluated at every join.
create function private.can_receive(p_topic text) returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
    v_kind text := split_part(p_topic, ':', 1);
    v_allowed boolean;
begin
    if v_kind !~ '^[a-z_]{1,32}$' or to_regprocedure('private.can_receive_' || v_kind || '(text)') is null then
        return false;
    end if;
    execute format('select private.can_receive_%s($1)', v_kind)
        using substr(p_topic, length(v_kind) + 2) into v_allowed;
    return coalesce(v_allowed, false);
end $$;

create function private.can_receive_user(p_rest text) returns boolean
language sql stable set search_path = '' as $$
    select p_rest = (select auth.uid())::text and (select private.is_permanent())
$$;

revoke execute on function private.can_receive(text), private.can_receive_user(text) from public;
grant execute on function private.can_receive(text) to authenticated;

-- There is no INSERT policy: browsers listen and cannot speak, so nobody can forge an event.
create policy livelit_receive on realtime.messages for select to authenticated
    using (extension = 'broadcast' and (select private.can_receive((select realtime.topic()))));

-- Signals the owners of changed rows on `user:<uid>`: one message a statement and owner, event = table name,
-- payload { table, op, n, ids (null past 50), at (ms) }. Keys only, so no column ever leaks.
-- Arguments: the owner's column, then the key column or columns (several make each id an object).
create function private.signal_owner() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
    v_key text := case when tg_nargs = 2
        then format('to_jsonb(%I)', tg_argv[1])
        else 'jsonb_build_object(' || (select string_agg(format('%L, %I', k, k), ', ')
                                       from unnest(tg_argv[1:]) as k) || ')' end;
    v_changed text := case tg_op
        when 'INSERT' then 'select * from new_rows'
        when 'DELETE' then 'select * from old_rows'
        else 'select * from new_rows union all select * from old_rows' end;
    v_signal record;
begin
    for v_signal in execute format(
        'select owner, count(*) as n, case when count(*) <= 50 then jsonb_agg(key) end as ids
         from (select distinct %I::text as owner, %s as key from (%s) as changed) as keys
         where owner is not null group by owner', tg_argv[0], v_key, v_changed)
    loop
        perform realtime.send(
            jsonb_build_object('table', tg_table_name, 'op', tg_op, 'n', v_signal.n, 'ids', v_signal.ids,
                               'at', (extract(epoch from clock_timestamp()) * 1000)::bigint),
            tg_table_name, 'user:' || v_signal.owner, true);
    end loop;
    return null;
end $$;
revoke execute on function private.signal_owner() from public;

create trigger zz_signal_insert after insert on public.profiles referencing new table as new_rows
    for each statement execute function private.signal_owner('id', 'id');
create trigger zz_signal_update after update on public.profiles referencing old table as old_rows new table as new_rows
    for each statement execute function private.signal_owner('id', 'id');
create trigger zz_signal_delete after delete on public.profiles referencing old table as old_rows
    for each statement execute function private.signal_owner('id', 'id');

-- ---------------------------------------------------------------------------------------------------------------
-- Limits
-- ---------------------------------------------------------------------------------------------------------------

-- Takes one token and answers 0, or takes nothing and answers the seconds to wait. The row lock of the upsert makes
-- concurrent callers queue, so a bucket never goes below zero. Who has queued read the clock before those who went
-- first: for a bucket no time passes then, and never less than none.
create function private.take_token(p_key text, p_capacity double precision, p_per_second double precision)
returns integer language plpgsql security definer set search_path = '' as $$
declare
    v_now timestamptz := clock_timestamp();
    v_tokens double precision;
begin
    insert into private.rate_buckets as b (key, tokens, updated_at)
    values (p_key, p_capacity - 1, v_now)
    on conflict (key) do update
        set tokens = least(p_capacity, b.tokens
                + greatest(0, extract(epoch from v_now - b.updated_at)) * p_per_second) - 1,
            updated_at = greatest(b.updated_at, v_now)
        where least(p_capacity, b.tokens + greatest(0, extract(epoch from v_now - b.updated_at)) * p_per_second) >= 1;
    if found then
        return 0;
    end if;
    select b.tokens + greatest(0, extract(epoch from v_now - b.updated_at)) * p_per_second into v_tokens
    from private.rate_buckets as b where b.key = p_key;
    return greatest(1, ceil((1 - v_tokens) / p_per_second));
end $$;

-- Reserves micro-USD of today's (UTC) budget; false when that would pass the cap, and nothing is reserved then.
create function private.reserve_spend(p_scope text, p_micro_usd bigint, p_cap_micro_usd bigint) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
    if p_micro_usd > p_cap_micro_usd then
        return false;
    end if;
    insert into private.spend_daily as s (day, scope, micro_usd)
    values ((now() at time zone 'utc')::date, p_scope, p_micro_usd)
    on conflict (day, scope) do update set micro_usd = s.micro_usd + excluded.micro_usd
        where s.micro_usd + excluded.micro_usd <= p_cap_micro_usd;
    return found;
end $$;

-- Replaces a reservation by what was really spent, on the day it was reserved.
create function private.settle_spend(p_scope text, p_day date, p_reserved bigint, p_spent bigint) returns void
language sql security definer set search_path = '' as $$
    update private.spend_daily set micro_usd = greatest(0, micro_usd - p_reserved + p_spent)
    where day = p_day and scope = p_scope
$$;

revoke execute on function private.take_token(text, double precision, double precision),
    private.reserve_spend(text, bigint, bigint), private.settle_spend(text, date, bigint, bigint) from public;
grant execute on function private.take_token(text, double precision, double precision),
    private.reserve_spend(text, bigint, bigint), private.settle_spend(text, date, bigint, bigint) to service_role;
