-- Module usage: what was used, by day, model, project and source.

create table public.usage_data (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references auth.users (id) on delete cascade,
    date date not null,
    model text not null constraint usage_data_model_length check (length(model) between 1 and 128),
    project text not null default '' constraint usage_data_project_length check (length(project) <= 128),
    source text not null constraint usage_data_source_known check (source in ('openai', 'chat', 'import', 'sample')),
    requests bigint not null default 0 check (requests >= 0),
    context_tokens bigint not null default 0 check (context_tokens >= 0),
    cached_tokens bigint not null default 0 check (cached_tokens >= 0),
    generated_tokens bigint not null default 0 check (generated_tokens >= 0),
    cost numeric(14, 6) check (cost >= 0),
    cost_source text not null default 'estimated'
        constraint usage_data_cost_source_known check (cost_source in ('estimated', 'billed')),
    co2_grams numeric(14, 4) check (co2_grams >= 0),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    -- Also the index of every read: one user, a range of days.
    constraint usage_data_key unique (user_id, date, model, project, source)
);
comment on table public.usage_data is 'Usage by UTC day. The chat adds to its own rows; a sync writes absolute values to its own.';
comment on column public.usage_data.context_tokens is 'Input tokens, the cached ones included.';
comment on column public.usage_data.cost is 'USD; null = no price is known for the model ("unpriced"), never 0.';
comment on column public.usage_data.co2_grams is 'Grams CO2e, the middle of the estimate; null = unknown.';

alter table public.usage_data enable row level security;
create policy usage_data_select_own on public.usage_data for select to authenticated
    using (user_id = (select auth.uid()) and (select private.is_permanent()));

revoke all on public.usage_data from anon, authenticated;
grant select on public.usage_data to authenticated;
grant select, insert, update, delete on public.usage_data to service_role;

create trigger usage_data_touch before update on public.usage_data
    for each row execute function private.touch_updated_at();
create trigger zz_signal_insert after insert on public.usage_data referencing new table as new_rows
    for each statement execute function private.signal_owner('user_id', 'id');
create trigger zz_signal_update after update on public.usage_data referencing old table as old_rows new table as new_rows
    for each statement execute function private.signal_owner('user_id', 'id');
create trigger zz_signal_delete after delete on public.usage_data referencing old table as old_rows
    for each statement execute function private.signal_owner('user_id', 'id');

-- Adds to today's (UTC) row of a user, model, project and source. An unpriced addition leaves the row unpriced.
create function private.add_usage(
    p_user_id uuid, p_model text, p_project text, p_source text,
    p_context_tokens bigint, p_cached_tokens bigint, p_generated_tokens bigint, p_cost numeric, p_co2_grams numeric
) returns void language sql security definer set search_path = '' as $$
    insert into public.usage_data as u (user_id, date, model, project, source, requests,
                                        context_tokens, cached_tokens, generated_tokens, cost, co2_grams)
    values (p_user_id, (now() at time zone 'utc')::date, p_model, p_project, p_source, 1,
            p_context_tokens, p_cached_tokens, p_generated_tokens, p_cost, p_co2_grams)
    on conflict (user_id, date, model, project, source) do update set
        requests = u.requests + 1,
        context_tokens = u.context_tokens + excluded.context_tokens,
        cached_tokens = u.cached_tokens + excluded.cached_tokens,
        generated_tokens = u.generated_tokens + excluded.generated_tokens,
        cost = u.cost + excluded.cost,
        co2_grams = u.co2_grams + excluded.co2_grams
$$;
revoke execute on function private.add_usage(uuid, text, text, text, bigint, bigint, bigint, numeric, numeric) from public;
grant execute on function private.add_usage(uuid, text, text, text, bigint, bigint, bigint, numeric, numeric) to service_role;
