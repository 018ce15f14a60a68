-- Module logs: every call of a model, one row each, and what people paid; who may see them, and who hears of them.
-- Further files of the module: the totals a user (rollup), how rows get in (write) and how pages read them (read).

create table public.usage_logs (
    id uuid primary key default gen_random_uuid(),
    owner_id uuid not null references auth.users (id) on delete cascade,
    user_id uuid references auth.users (id) on delete set null,
    key text not null default gen_random_uuid()::text
        constraint usage_logs_key_length check (length(key) between 1 and 200),
    at timestamptz not null default now() constraint usage_logs_at_finite check (isfinite(at)),
    app text not null constraint usage_logs_app_length check (length(app) between 1 and 64),
    feature text not null default '' constraint usage_logs_feature_length check (length(feature) <= 128),
    provider text not null default '' constraint usage_logs_provider_length check (length(provider) <= 64),
    model text not null constraint usage_logs_model_length check (length(model) between 1 and 128),
    project text not null default '' constraint usage_logs_project_length check (length(project) <= 128),
    context_tokens integer not null default 0 check (context_tokens >= 0),
    cached_tokens integer not null default 0 check (cached_tokens >= 0),
    generated_tokens integer not null default 0 check (generated_tokens >= 0),
    cost numeric(14, 6) check (cost >= 0),
    co2_grams numeric(14, 4) check (co2_grams >= 0),
    status text not null default 'ok' constraint usage_logs_status_known check (status in ('ok', 'stopped', 'error')),
    error text constraint usage_logs_error_length check (length(error) <= 500),
    latency_ms integer check (latency_ms >= 0),
    metadata jsonb not null default '{}'
        constraint usage_logs_metadata_small check (jsonb_typeof(metadata) = 'object' and length(metadata::text) <= 4096),
    constraint usage_logs_cached_of_context check (cached_tokens <= context_tokens),
    -- What is reported twice is one row.
    constraint usage_logs_reported_once unique (owner_id, key)
);
comment on table public.usage_logs is 'One row a call of a model: by the chat, or by another app of the owner (`log_usage`).';
comment on column public.usage_logs.owner_id is 'Who pays.';
comment on column public.usage_logs.user_id is 'The account that acted; null for visitors of the site, and for accounts that are gone.';
comment on column public.usage_logs.key is 'Made by whoever reports, one a call: reporting again changes nothing.';
comment on column public.usage_logs.context_tokens is 'Input tokens, the cached ones included.';
comment on column public.usage_logs.cost is 'USD; null = no price is known for the model ("unpriced"), never 0.';
comment on column public.usage_logs.co2_grams is 'Grams CO2e, the middle of the estimate; null = unknown.';
comment on column public.usage_logs.latency_ms is 'From the request to the last token.';
comment on column public.usage_logs.metadata is 'Whatever the app wants to find again. Its user reads it: no secrets.';
-- Everybody's rows in the order of time, and the few that failed; a user's, and the oldest and newest of them.
create index usage_logs_at on public.usage_logs (at, id);
create index usage_logs_failed on public.usage_logs (at, id) where status = 'error';
create index usage_logs_user_id on public.usage_logs (user_id, at, id);

create table public.credit_purchases (
    id uuid primary key default gen_random_uuid(),
    owner_id uuid not null references auth.users (id) on delete cascade,
    user_id uuid references auth.users (id) on delete set null,
    provider text not null default '' constraint credit_purchases_provider_length check (length(provider) <= 64),
    reference text constraint credit_purchases_reference_length check (length(reference) between 1 and 200),
    status text not null default 'pending' constraint credit_purchases_status_known
        check (status in ('pending', 'completed', 'failed', 'refunded')),
    amount numeric(14, 2) not null constraint credit_purchases_amount_positive check (amount > 0),
    currency text not null default 'USD' constraint credit_purchases_currency_code check (currency ~ '^[A-Z]{3}$'),
    usd_rate numeric(18, 8) constraint credit_purchases_usd_rate_positive check (usd_rate > 0),
    amount_usd numeric(14, 2) not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint credit_purchases_recorded_once unique (owner_id, provider, reference)
);
comment on table public.credit_purchases is 'What people paid, or tried to. Only `completed` ones are revenue.';
comment on column public.credit_purchases.user_id is 'Who paid; null once the account is gone.';
comment on column public.credit_purchases.reference is 'The payment provider''s id: recording the same payment again is an upsert on (owner_id, provider, reference).';
comment on column public.credit_purchases.usd_rate is 'USD for one unit of the currency when it was paid; needed unless it is USD.';
comment on column public.credit_purchases.amount_usd is 'By a trigger, from the amount and the rate.';
create index credit_purchases_user_id on public.credit_purchases (user_id, created_at);

alter table public.usage_logs enable row level security;
alter table public.credit_purchases enable row level security;

create policy usage_logs_select_own on public.usage_logs for select to authenticated
    using ((((select auth.uid()) in (user_id, owner_id)) and (select private.is_permanent())) or (select private.is_admin()));
create policy credit_purchases_select_own on public.credit_purchases for select to authenticated
    using ((((select auth.uid()) in (user_id, owner_id)) and (select private.is_permanent())) or (select private.is_admin()));

revoke all on public.usage_logs, public.credit_purchases from anon, authenticated;
grant select on public.usage_logs, public.credit_purchases to authenticated;
grant select, insert, update, delete on public.usage_logs, public.credit_purchases to service_role;

-- Not a generated column: a table with one cannot be published whole, row by row, on every version of PostgreSQL.
create function private.value_purchase() returns trigger language plpgsql set search_path = '' as $$
begin
    new.amount_usd := case when new.currency = 'USD' then new.amount else round(new.amount * new.usd_rate, 2) end;
    new.updated_at := now();
    return new;
end $$;
create trigger credit_purchases_value before insert or update on public.credit_purchases
    for each row execute function private.value_purchase();

-- ---------------------------------------------------------------------------------------------------------------
-- The topic admin:usage, and user:<uid> for both who acted and who pays
-- ---------------------------------------------------------------------------------------------------------------

create function private.can_receive_admin(p_rest text) returns boolean
language sql stable set search_path = '' as $$
    select p_rest = 'usage' and (select private.is_admin())
$$;

create function private.send_signal(p_topic text, p_table text, p_op text, p_n bigint, p_ids jsonb) returns void
language sql security definer set search_path = '' as $$
    select realtime.send(
        jsonb_build_object('table', p_table, 'op', p_op, 'n', p_n, 'ids', p_ids,
                           'at', (extract(epoch from clock_timestamp()) * 1000)::bigint),
        p_table, p_topic, true)
$$;

-- As before, and the first argument may name several columns, separated by commas: who stands in more than one of them
-- hears of a row once.
create or replace function private.signal_owner() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
    v_owners text := (select string_agg(format('%I::text', c), ', ') from unnest(string_to_array(tg_argv[0], ',')) as c);
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
         from (select distinct owner, %s as key from (%s) as changed, unnest(array[%s]) as owner) as keys
         where owner is not null group by owner', v_key, v_changed, v_owners)
    loop
        perform private.send_signal('user:' || v_signal.owner, tg_table_name, tg_op, v_signal.n, v_signal.ids);
    end loop;
    return null;
end $$;

-- In the shape of every signal, without keys: `ids` is null, and `n` is always 1.
create function private.ping_admins() returns trigger language plpgsql security definer set search_path = '' as $$
begin
    if tg_op = 'DELETE' then
        perform private.send_signal('admin:usage', tg_table_name, 'UPDATE', 1, null) from old_rows limit 1;
    else
        perform private.send_signal('admin:usage', tg_table_name, 'UPDATE', 1, null) from new_rows limit 1;
    end if;
    return null;
end $$;

create trigger zz_signal_insert after insert on public.usage_logs referencing new table as new_rows
    for each statement execute function private.signal_owner('user_id,owner_id', 'id');
create trigger zz_signal_update after update on public.usage_logs referencing old table as old_rows new table as new_rows
    for each statement execute function private.signal_owner('user_id,owner_id', 'id');
create trigger zz_signal_delete after delete on public.usage_logs referencing old table as old_rows
    for each statement execute function private.signal_owner('user_id,owner_id', 'id');
create trigger zz_ping_insert after insert on public.usage_logs referencing new table as new_rows
    for each statement execute function private.ping_admins();
create trigger zz_ping_update after update on public.usage_logs referencing new table as new_rows
    for each statement execute function private.ping_admins();
create trigger zz_ping_delete after delete on public.usage_logs referencing old table as old_rows
    for each statement execute function private.ping_admins();

-- A payment that is tried, or fails, changes nothing that anybody is shown: only those that are completed, before or
-- after, are told of, and every one that is deleted. To its user, to the owner, and without content to the admins.
create function private.signal_purchases() returns trigger language plpgsql security definer set search_path = '' as $$
declare
    v_changed public.credit_purchases[];
begin
    if tg_op = 'INSERT' then
        v_changed := array(select n from new_rows as n where n.status = 'completed');
    elsif tg_op = 'DELETE' then
        v_changed := array(select o from old_rows as o);
    else
        v_changed := array(select o from old_rows as o join new_rows as n using (id) where 'completed' in (o.status, n.status))
            || array(select n from old_rows as o join new_rows as n using (id) where 'completed' in (o.status, n.status));
    end if;
    if cardinality(v_changed) = 0 then
        return null;
    end if;

    perform private.send_signal('user:' || listener, 'credit_purchases', tg_op, count(distinct c.id),
                                case when count(distinct c.id) <= 50 then jsonb_agg(distinct c.id) end)
    from unnest(v_changed) as c, unnest(array[c.user_id, c.owner_id]) as listener
    where listener is not null group by listener;
    perform private.send_signal('admin:usage', 'credit_purchases', 'UPDATE', 1, null);
    return null;
end $$;

create trigger zz_signal_insert after insert on public.credit_purchases referencing new table as new_rows
    for each statement execute function private.signal_purchases();
create trigger zz_signal_update after update on public.credit_purchases
    referencing old table as old_rows new table as new_rows
    for each statement execute function private.signal_purchases();
create trigger zz_signal_delete after delete on public.credit_purchases referencing old table as old_rows
    for each statement execute function private.signal_purchases();

revoke execute on function private.can_receive_admin(text), private.send_signal(text, text, text, bigint, jsonb),
    private.ping_admins(), private.value_purchase(), private.signal_purchases() from public;
