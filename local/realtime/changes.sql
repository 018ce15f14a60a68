-- What stands in for logical decoding, which PGlite lacks: row triggers on the published tables write an outbox, and a
-- notification says that there is something in it. Run at every start.

create table if not exists realtime.changes (
    id bigint generated always as identity primary key,
    schema_name text not null,
    table_name text not null,
    type text not null,
    record jsonb,
    old_record jsonb,
    commit_timestamp timestamptz not null default now()
);

-- Each row notifies: Postgres sends equal notifications of a transaction once.
create or replace function realtime.capture_change() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    insert into realtime.changes (schema_name, table_name, type, record, old_record)
    values (
        tg_table_schema, tg_table_name, tg_op,
        case when tg_op <> 'DELETE' then to_jsonb(new) end,
        case when tg_op <> 'INSERT' then to_jsonb(old) end
    );
    perform pg_notify('livelit_changes', '');
    return null;
end $$;

-- Puts the trigger on the tables of the publication `supabase_realtime`, and takes it off all others. Its name is the
-- first in the order in which triggers fire: a row comes before what its other triggers and foreign keys change.
create or replace function realtime.capture_published_tables() returns void
language plpgsql set search_path = '' as $$
declare
    v_table regclass;
begin
    for v_table in
        -- A publication of all tables has the outbox too.
        select format('%I.%I', schemaname, tablename)::regclass from pg_catalog.pg_publication_tables
        where pubname = 'supabase_realtime' and schemaname <> 'realtime'
        except
        select tgrelid::regclass from pg_catalog.pg_trigger where tgname = '0_livelit_capture_change'
    loop
        execute format('create trigger "0_livelit_capture_change" after insert or update or delete on %s
                        for each row execute function realtime.capture_change()', v_table);
    end loop;
    for v_table in
        select tgrelid::regclass from pg_catalog.pg_trigger where tgname = '0_livelit_capture_change'
        except
        select format('%I.%I', schemaname, tablename)::regclass from pg_catalog.pg_publication_tables
        where pubname = 'supabase_realtime'
    loop
        execute format('drop trigger "0_livelit_capture_change" on %s', v_table);
    end loop;
end $$;

create or replace function realtime.follow_publication() returns event_trigger
language plpgsql set search_path = '' as $$
begin
    perform realtime.capture_published_tables();
end $$;

drop event trigger if exists livelit_follow_publication;
create event trigger livelit_follow_publication on ddl_command_end
    when tag in ('CREATE PUBLICATION', 'ALTER PUBLICATION', 'DROP PUBLICATION', 'CREATE TABLE', 'CREATE TABLE AS')
    execute function realtime.follow_publication();

select realtime.capture_published_tables();
-- What was noted before nobody can be waiting for.
truncate realtime.changes;
