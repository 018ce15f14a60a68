-- What hosted Supabase ships and a bare Postgres lacks: roles, auth helpers, realtime.messages / send / topic.
-- Run before the migrations at every start, so each statement may run twice.
-- `auth.users` itself comes from @supabase/lite (PGlite) or from test/support (a real Postgres).

do $$
begin
    if not exists (select from pg_roles where rolname = 'anon') then
        create role anon nologin noinherit;
    end if;
    if not exists (select from pg_roles where rolname = 'authenticated') then
        create role authenticated nologin noinherit;
    end if;
    if not exists (select from pg_roles where rolname = 'service_role') then
        create role service_role nologin noinherit bypassrls;
    end if;
end $$;

create schema if not exists auth;
create schema if not exists realtime;
create schema if not exists extensions;
grant usage on schema public, auth, realtime, extensions to anon, authenticated, service_role;

-- Hosted reads both the single claim and the claims document; @supabase/lite's own versions read only the first.
create or replace function auth.jwt() returns jsonb language sql stable set search_path = '' as $$
    select coalesce(nullif(current_setting('request.jwt.claims', true), ''), '{}')::jsonb
$$;

create or replace function auth.uid() returns uuid language sql stable set search_path = '' as $$
    select coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''), auth.jwt() ->> 'sub')::uuid
$$;

create or replace function auth.role() returns text language sql stable set search_path = '' as $$
    select coalesce(nullif(current_setting('request.jwt.claim.role', true), ''), auth.jwt() ->> 'role')
$$;

grant execute on function auth.jwt(), auth.uid(), auth.role() to anon, authenticated, service_role;

-- @supabase/lite cannot make anonymous users; local/auth.ts signs them up under a throw-away address, and this
-- trigger turns the row into what GoTrue would have written, before any other trigger sees it. What lite notes about
-- the address in the metadata, at once and later, goes too.
create or replace function auth.mark_anonymous() returns trigger language plpgsql set search_path = '' as $$
begin
    if new.email like '%@anonymous.invalid' then
        new.is_anonymous := true;
        new.email := null;
    elsif new.email is not null then
        -- A visitor who confirms an address has an account from then on.
        new.is_anonymous := false;
    end if;
    if new.is_anonymous then
        new.raw_app_meta_data := new.raw_app_meta_data - '{provider,providers}'::text[];
        new.raw_user_meta_data := new.raw_user_meta_data - '{sub,email,email_verified,phone_verified}'::text[];
    end if;
    return new;
end $$;

do $$
begin
    if to_regclass('auth.users') is not null then
        drop trigger if exists a_mark_anonymous on auth.users;
        create trigger a_mark_anonymous before insert or update on auth.users
            for each row execute function auth.mark_anonymous();
    end if;
end $$;

create table if not exists realtime.messages (
    id uuid not null default gen_random_uuid(),
    topic text not null,
    extension text not null,
    event text,
    payload jsonb,
    private boolean default false,
    inserted_at timestamp not null default now(),
    updated_at timestamp not null default now(),
    primary key (id, inserted_at)
);
alter table realtime.messages enable row level security;
grant select, insert on realtime.messages to anon, authenticated, service_role;

create or replace function realtime.topic() returns text language sql stable set search_path = '' as $$
    select nullif(current_setting('realtime.topic', true), '')
$$;

-- As hosted: adds an id to a payload without one, and never lets a broadcast fail the write that caused it.
create or replace function realtime.send(payload jsonb, event text, topic text, private boolean default true)
returns void language plpgsql set search_path = '' as $$
declare
    v_id uuid := gen_random_uuid();
begin
    begin
        perform set_config('realtime.topic', topic, true);
        insert into realtime.messages (id, payload, event, topic, private, extension)
        values (
            v_id,
            case when payload ? 'id' then payload else payload || jsonb_build_object('id', v_id) end,
            event, topic, private, 'broadcast'
        );
    exception when others then
        raise warning 'ErrorSendingBroadcastMessage: %', sqlerrm;
    end;
end $$;

grant execute on function realtime.topic(), realtime.send(jsonb, text, text, boolean)
    to anon, authenticated, service_role;

-- The local Realtime server listens to this channel. The id alone travels: a notification holds 8 kB at most.
create or replace function realtime.announce() returns trigger language plpgsql set search_path = '' as $$
begin
    perform pg_notify('livelit_broadcast', new.id::text);
    return null;
end $$;

drop trigger if exists announce on realtime.messages;
create trigger announce after insert on realtime.messages
    for each row when (new.extension = 'broadcast') execute function realtime.announce();

do $$
begin
    if not exists (select from pg_publication where pubname = 'supabase_realtime') then
        create publication supabase_realtime;
    end if;
end $$;
