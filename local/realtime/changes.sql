-- What stands in for logical decoding, which PGlite lacks: row triggers on the published tables write an outbox, and a
-- notification says how far it reaches. Run at every start.

create table if not exists realtime.changes (
    id bigint generated always as identity primary key,
    schema_name text not null,
    table_name text not null,
    type text not null,
    record jsonb,
    old_record jsonb,
    commit_timestamp timestamptz not null default now()
);

create or replace function realtime.capture_change() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    insert into realtime.changes (schema_name, table_name, type, record, old_record)
    values (
        tg_table_schema, tg_table_name, tg_op,
        case when tg_op <> 'DELETE' then to_jsonb(new) end,
        case when tg_op <> 'INSERT' then to_jsonb(old) end
    );
    return null;
end $$;

-- Once a statement, after its rows: a notification for each of 10,000 rows would say no more than the last one.
create or replace function realtime.announce_changes() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    perform pg_notify('livelit_changes', (select max(id) from realtime.changes)::text);
    return null;
end $$;

-- Puts the triggers on the tables of the publication `supabase_realtime`, and takes them off all others.
create or replace function realtime.capture_published_tables() returns void
language plpgsql set search_path = '' as $$
declare
    v_table regclass;
begin
    for v_table in
        select format('%I.%I', schemaname, tablename)::regclass from pg_catalog.pg_publication_tables
        where pubname = 'supabase_realtime'
        except
        select tgrelid::regclass from pg_catalog.pg_trigger where tgname = 'livelit_capture_change'
    loop
        execute format('create trigger livelit_capture_change after insert or update or delete on %s
                        for each row execute function realtime.capture_change()', v_table);
        execute format('create trigger livelit_capture_changes after insert or update or delete on %s
                        for each statement execute function realtime.announce_changes()', v_table);
    end loop;
    for v_table in
        select tgrelid::regclass from pg_catalog.pg_trigger where tgname = 'livelit_capture_change'
        except
        select format('%I.%I', schemaname, tablename)::regclass from pg_catalog.pg_publication_tables
        where pubname = 'supabase_realtime'
    loop
        execute format('drop trigger livelit_capture_change on %s', v_table);
        execute format('drop trigger livelit_capture_changes on %s', v_table);
    end loop;
end $$;
