-- What hosted has before a project's first migration and local/platform.sql does not bring, because on PGlite
-- @supabase/lite does: the users, with the columns that we use, and the list of migrations. Run as a superuser, once,
-- before platform.sql.

create role anon nologin noinherit;
create role authenticated nologin noinherit;
create role service_role nologin noinherit bypassrls;

-- Older projects hand out whatever is made in `public` to everybody; migrations have to take it back.
alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
alter default privileges in schema public grant all on sequences to anon, authenticated, service_role;
alter default privileges in schema public grant all on functions to anon, authenticated, service_role;

create schema auth;

create table auth.users (
    id uuid primary key,
    email varchar(255),
    encrypted_password varchar(255),
    is_anonymous boolean not null default false,
    raw_app_meta_data jsonb,
    raw_user_meta_data jsonb,
    last_sign_in_at timestamptz,
    created_at timestamptz default now(),
    updated_at timestamptz default now()
);
create unique index users_email_partial_key on auth.users (email);

create schema supabase_migrations;

create table supabase_migrations.schema_migrations (version text primary key, statements text[], name text);
