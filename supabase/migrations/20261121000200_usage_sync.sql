-- Module usage, further: where usage comes from (runs and schedules of the sync), what it costs, and limits.

-- ---------------------------------------------------------------------------------------------------------------
-- Usage that a provider reports
-- ---------------------------------------------------------------------------------------------------------------

alter table public.usage_data drop constraint usage_data_source_known;
alter table public.usage_data add constraint usage_data_source_known
    check (source in ('openai', 'anthropic', 'chat', 'import', 'sample'));
alter table public.usage_data add column provisional boolean not null default false;
comment on column public.usage_data.provisional is 'The provider may still correct this day: it was today or yesterday (UTC) when it was read.';
create index usage_data_model on public.usage_data (user_id, model, date);

-- Makes a source's rows of a user equal to `p_rows` between two days, both included: writes what differs, deletes what
-- is not there any more, and leaves alone, unsignalled, what is the same. Without days it deletes nothing.
-- A row is { date, model, project, requests, context_tokens, cached_tokens, generated_tokens, cost, cost_source,
-- co2_grams, provisional }. Answers { read, inserted, updated, deleted }.
create function public.usage_apply(p_user_id uuid, p_source text, p_from date, p_to date, p_rows jsonb) returns jsonb
language plpgsql set search_path = '' as $$
declare
    v_inserted integer;
    v_updated integer;
    v_deleted integer := 0;
begin
    if exists (select from jsonb_to_recordset(p_rows) as r (date date) where r.date not between p_from and p_to) then
        raise exception 'A row lies outside of the days that are replaced.' using errcode = '22023';
    end if;

    with written as (
        insert into public.usage_data as u (user_id, source, date, model, project, requests, context_tokens,
                                            cached_tokens, generated_tokens, cost, cost_source, co2_grams, provisional)
        select p_user_id, p_source, r.date, r.model, r.project, r.requests, r.context_tokens, r.cached_tokens,
               r.generated_tokens, r.cost, r.cost_source, r.co2_grams, r.provisional
        from jsonb_to_recordset(p_rows) as r (
            date date, model text, project text, requests bigint, context_tokens bigint, cached_tokens bigint,
            generated_tokens bigint, cost numeric, cost_source text, co2_grams numeric, provisional boolean)
        -- In one order, so that two writers of the same rows wait for each other and never deadlock.
        order by r.date, r.model, r.project
        on conflict (user_id, date, model, project, source) do update
            set requests = excluded.requests, context_tokens = excluded.context_tokens,
                cached_tokens = excluded.cached_tokens, generated_tokens = excluded.generated_tokens,
                cost = excluded.cost, cost_source = excluded.cost_source, co2_grams = excluded.co2_grams,
                provisional = excluded.provisional
            where (u.requests, u.context_tokens, u.cached_tokens, u.generated_tokens, u.cost, u.cost_source,
                   u.co2_grams, u.provisional)
                is distinct from
                  (excluded.requests, excluded.context_tokens, excluded.cached_tokens, excluded.generated_tokens,
                   excluded.cost, excluded.cost_source, excluded.co2_grams, excluded.provisional)
        returning u.xmax = 0 as fresh
    )
    select count(*) filter (where fresh), count(*) filter (where not fresh) into v_inserted, v_updated from written;

    if p_from is not null and p_to is not null then
        delete from public.usage_data as u
        where u.user_id = p_user_id and u.source = p_source and u.date between p_from and p_to and not exists (
            select from jsonb_to_recordset(p_rows) as r (date date, model text, project text)
            where r.date = u.date and r.model = u.model and r.project = u.project);
        get diagnostics v_deleted = row_count;
    end if;
    return jsonb_build_object('read', jsonb_array_length(p_rows), 'inserted', v_inserted, 'updated', v_updated,
                              'deleted', v_deleted);
end $$;

create view public.usage_daily with (security_invoker = true) as
select user_id, date, source, sum(requests)::bigint as requests, sum(context_tokens)::bigint as context_tokens,
       sum(cached_tokens)::bigint as cached_tokens, sum(generated_tokens)::bigint as generated_tokens,
       sum(cost) as cost, bool_or(cost is null) as unpriced, sum(co2_grams) as co2_grams,
       bool_or(provisional) as provisional
from public.usage_data group by user_id, date, source;
comment on view public.usage_daily is 'Totals by UTC day and source. `unpriced`: the cost leaves out what has no price.';

create view public.usage_by_model with (security_invoker = true) as
select user_id, date, model, source, sum(requests)::bigint as requests,
       sum(context_tokens)::bigint as context_tokens, sum(cached_tokens)::bigint as cached_tokens,
       sum(generated_tokens)::bigint as generated_tokens, sum(cost) as cost, bool_or(cost is null) as unpriced,
       sum(co2_grams) as co2_grams, bool_or(provisional) as provisional
from public.usage_data group by user_id, date, model, source;
comment on view public.usage_by_model is 'Totals by UTC day, model and source, projects added up.';

-- ---------------------------------------------------------------------------------------------------------------
-- Tables
-- ---------------------------------------------------------------------------------------------------------------

create table public.sync_runs (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references auth.users (id) on delete cascade,
    provider text not null constraint sync_runs_provider_known check (provider in ('openai', 'anthropic')),
    mode text not null constraint sync_runs_mode_known check (mode in ('user', 'due')),
    status text not null constraint sync_runs_status_known
        check (status in ('queued', 'running', 'ok', 'partial', 'error')),
    window_from date,
    window_to date,
    covered_to date,
    rows_read integer not null default 0,
    rows_changed integer not null default 0,
    error_code text,
    error_reason text,
    retry_at timestamptz,
    created_at timestamptz not null default now(),
    started_at timestamptz,
    leased_until timestamptz,
    finished_at timestamptz,
    duration_ms integer generated always as (extract(epoch from finished_at - started_at) * 1000) stored
);
comment on table public.sync_runs is 'One try to read a user''s usage from a provider, and how it went.';
comment on column public.sync_runs.covered_to is 'Up to this day all is there, by this run or one before it: where the next one resumes, less the days that may be corrected.';
comment on column public.sync_runs.leased_until is 'A running one that does not prolong this has lost its worker.';
comment on column public.sync_runs.retry_at is 'Before it the provider does not want to be asked.';
create index sync_runs_user_id on public.sync_runs (user_id, provider, created_at desc);
create index sync_runs_queue on public.sync_runs (created_at) where status = 'queued';
create index sync_runs_created_at on public.sync_runs (created_at);
-- Single flight.
create unique index sync_runs_one_active on public.sync_runs (user_id, provider) where status in ('queued', 'running');

create table public.sync_schedules (
    user_id uuid primary key default auth.uid() references auth.users (id) on delete cascade,
    every_minutes integer not null default 60
        constraint sync_schedules_every_minutes_range check (every_minutes between 15 and 10080),
    enabled boolean not null default true,
    next_at timestamptz not null default now(),
    failures integer not null default 0,
    updated_at timestamptz not null default now()
);
comment on table public.sync_schedules is 'Who wants to be synced by themselves, and when next. After failures it takes longer, up to a day.';
create index sync_schedules_next_at on public.sync_schedules (next_at) where enabled;

create table public.model_prices (
    provider text not null,
    model text not null,
    valid_from date not null,
    input_micro_usd bigint not null check (input_micro_usd >= 0),
    cached_micro_usd bigint not null check (cached_micro_usd >= 0),
    output_micro_usd bigint not null check (output_micro_usd >= 0),
    primary key (provider, model, valid_from)
);
comment on table public.model_prices is 'Micro-USD per million tokens, by model alias, from a UTC day on until the next row of the model.';

-- Source: https://developers.openai.com/api/docs/pricing, as _shared/pricing.ts; a day from which they held for certain.
insert into public.model_prices (provider, model, valid_from, input_micro_usd, cached_micro_usd, output_micro_usd) values
    ('openai', 'gpt-4o-mini', '2025-01-01', 150000, 75000, 600000),
    ('openai', 'gpt-4o', '2025-01-01', 2500000, 1250000, 10000000),
    ('openai', 'gpt-5-mini', '2025-08-07', 250000, 25000, 2000000);

create table public.usage_tracking (
    user_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
    metric text not null constraint usage_tracking_metric_known check (metric in ('tokens', 'requests', 'cost', 'co2')),
    period text not null constraint usage_tracking_period_known check (period in ('day', 'month')),
    limit_value numeric(18, 6) not null constraint usage_tracking_limit_positive check (limit_value > 0),
    used numeric(18, 6) not null default 0,
    period_start date not null default (now() at time zone 'utc')::date,
    crossed_at timestamptz,
    updated_at timestamptz not null default now(),
    primary key (user_id, metric, period)
);
comment on table public.usage_tracking is 'Limits that somebody sets themselves, and what is used of them: tokens, requests, USD or grams CO2e in the UTC day or month.';
comment on column public.usage_tracking.period_start is 'The period that `used` is about; when it is past, nothing of the new one is used yet.';

alter table public.sync_runs enable row level security;
alter table public.sync_schedules enable row level security;
alter table public.model_prices enable row level security;
alter table public.usage_tracking enable row level security;

create policy sync_runs_select_own on public.sync_runs for select to authenticated
    using (user_id = (select auth.uid()) and (select private.is_permanent()));
create policy sync_schedules_select_own on public.sync_schedules for select to authenticated
    using (user_id = (select auth.uid()) and (select private.is_permanent()));
create policy sync_schedules_insert_own on public.sync_schedules for insert to authenticated
    with check (user_id = (select auth.uid()) and (select private.is_permanent()));
create policy sync_schedules_update_own on public.sync_schedules for update to authenticated
    using (user_id = (select auth.uid()) and (select private.is_permanent()))
    with check (user_id = (select auth.uid()) and (select private.is_permanent()));
create policy model_prices_select_members on public.model_prices for select to authenticated
    using ((select private.is_permanent()));
create policy usage_tracking_select_own on public.usage_tracking for select to authenticated
    using (user_id = (select auth.uid()) and (select private.is_permanent()));
create policy usage_tracking_insert_own on public.usage_tracking for insert to authenticated
    with check (user_id = (select auth.uid()) and (select private.is_permanent()));
create policy usage_tracking_update_own on public.usage_tracking for update to authenticated
    using (user_id = (select auth.uid()) and (select private.is_permanent()))
    with check (user_id = (select auth.uid()) and (select private.is_permanent()));
create policy usage_tracking_delete_own on public.usage_tracking for delete to authenticated
    using (user_id = (select auth.uid()) and (select private.is_permanent()));

revoke all on public.sync_runs, public.sync_schedules, public.model_prices, public.usage_tracking,
    public.usage_daily, public.usage_by_model from anon, authenticated;
grant select on public.sync_runs, public.sync_schedules, public.model_prices, public.usage_tracking,
    public.usage_daily, public.usage_by_model to authenticated;
-- Not `next_at`: nobody can be synced more often than every 15 minutes by moving it.
grant insert (every_minutes, enabled), update (every_minutes, enabled) on public.sync_schedules to authenticated;
grant insert (metric, period, limit_value), update (limit_value), delete on public.usage_tracking to authenticated;
grant select, insert, update, delete on public.sync_runs, public.sync_schedules, public.model_prices,
    public.usage_tracking to service_role;
grant select on public.usage_daily, public.usage_by_model to service_role;

create trigger zz_signal_insert after insert on public.sync_runs referencing new table as new_rows
    for each statement execute function private.signal_owner('user_id', 'id');
create trigger zz_signal_update after update on public.sync_runs referencing old table as old_rows new table as new_rows
    for each statement execute function private.signal_owner('user_id', 'id');
create trigger zz_signal_insert after insert on public.sync_schedules referencing new table as new_rows
    for each statement execute function private.signal_owner('user_id', 'user_id');
create trigger zz_signal_update after update on public.sync_schedules
    referencing old table as old_rows new table as new_rows
    for each statement execute function private.signal_owner('user_id', 'user_id');
create trigger zz_signal_insert after insert on public.usage_tracking referencing new table as new_rows
    for each statement execute function private.signal_owner('user_id', 'metric', 'period');
create trigger zz_signal_update after update on public.usage_tracking
    referencing old table as old_rows new table as new_rows
    for each statement execute function private.signal_owner('user_id', 'metric', 'period');
create trigger zz_signal_delete after delete on public.usage_tracking referencing old table as old_rows
    for each statement execute function private.signal_owner('user_id', 'metric', 'period');

-- ---------------------------------------------------------------------------------------------------------------
-- Schedules
-- ---------------------------------------------------------------------------------------------------------------

-- A shorter interval takes effect from now on, and never at once.
create function private.move_schedule() returns trigger language plpgsql set search_path = '' as $$
begin
    new.updated_at := now();
    if new.every_minutes <> old.every_minutes then
        new.next_at := least(new.next_at, now() + make_interval(mins => new.every_minutes));
    end if;
    return new;
end $$;
create trigger sync_schedules_move before update on public.sync_schedules
    for each row execute function private.move_schedule();

-- Sets the own schedule; the first makes it due at once.
create function public.sync_schedule_set(p_every_minutes integer, p_enabled boolean) returns void
language sql set search_path = '' as $$
    insert into public.sync_schedules as s (every_minutes, enabled) values (p_every_minutes, p_enabled)
    on conflict (user_id) do update set every_minutes = excluded.every_minutes, enabled = excluded.enabled
        where (s.every_minutes, s.enabled) is distinct from (excluded.every_minutes, excluded.enabled)
$$;

-- ---------------------------------------------------------------------------------------------------------------
-- Limits
-- ---------------------------------------------------------------------------------------------------------------

-- Whether rows of a source count for a user: samples never, the chat's not where the sync brings them as well.
create function private.counts(p_user_id uuid, p_source text) returns boolean
language sql stable security definer set search_path = '' as $$
    select p_source <> 'sample' and (p_source <> 'chat' or not exists (
        select from private.site where owner_id = p_user_id and chat_in_synced_org))
$$;

create function private.period_start(p_period text) returns date language sql stable set search_path = '' as $$
    select date_trunc(p_period, now() at time zone 'utc')::date
$$;

create function private.used_in(p_user_id uuid, p_metric text, p_from date) returns numeric
language sql stable security definer set search_path = '' as $$
    select coalesce(sum(case p_metric when 'tokens' then context_tokens + generated_tokens when 'requests' then requests
                                      when 'cost' then cost else co2_grams end), 0)
    from public.usage_data
    where user_id = p_user_id and date >= p_from and private.counts(p_user_id, source)
$$;

create function private.measure_limit() returns trigger language plpgsql security definer set search_path = '' as $$
declare
    v_start date := private.period_start(new.period);
begin
    new.updated_at := now();
    new.used := private.used_in(new.user_id, new.metric, v_start);
    new.crossed_at := case when new.used >= new.limit_value then
        case when new.period_start = v_start then coalesce(new.crossed_at, now()) else now() end end;
    new.period_start := v_start;
    return new;
end $$;
create trigger usage_tracking_measure before insert or update on public.usage_tracking
    for each row execute function private.measure_limit();

-- Measures the limits of those whose usage has changed; writes only where that moves something.
create function private.track_usage() returns trigger language plpgsql security definer set search_path = '' as $$
declare
    v_users uuid[];
begin
    if tg_op = 'DELETE' then
        select array_agg(distinct user_id) into v_users from old_rows;
    else
        select array_agg(distinct user_id) into v_users from new_rows;
    end if;
    update public.usage_tracking as t set updated_at = now()
    where t.user_id = any (v_users)
      and (t.used, t.period_start) is distinct from
          (private.used_in(t.user_id, t.metric, private.period_start(t.period))::numeric(18, 6),
           private.period_start(t.period));
    return null;
end $$;
create trigger track_insert after insert on public.usage_data referencing new table as new_rows
    for each statement execute function private.track_usage();
create trigger track_update after update on public.usage_data referencing new table as new_rows
    for each statement execute function private.track_usage();
create trigger track_delete after delete on public.usage_data referencing old table as old_rows
    for each statement execute function private.track_usage();

-- Sets the own limit of a metric and period; null takes it away.
create function public.usage_limit_set(p_metric text, p_period text, p_limit_value numeric) returns void
language plpgsql set search_path = '' as $$
begin
    if p_limit_value is null then
        delete from public.usage_tracking where user_id = auth.uid() and metric = p_metric and period = p_period;
    else
        insert into public.usage_tracking (metric, period, limit_value) values (p_metric, p_period, p_limit_value)
        on conflict (user_id, metric, period) do update set limit_value = excluded.limit_value;
    end if;
end $$;

-- ---------------------------------------------------------------------------------------------------------------
-- What the Edge Function calls
-- ---------------------------------------------------------------------------------------------------------------

-- Begins a run, unless one runs, the provider wants to be left alone, or the user asks too often. Answers
--   { ok: false, code, reason, retry_after_s? }
--   { ok: true, run_id, from, to, owner }        the days to read, both included; whether the site is this user's
create function public.sync_begin(p_user_id uuid, p_provider text, p_mode text) returns jsonb
language plpgsql set search_path = '' as $$
declare
    v_today date := (now() at time zone 'utc')::date;
    v_run uuid;
    v_covered date;
    v_retry_at timestamptz;
    v_wait integer;
    v_from date;
begin
    update public.sync_runs set status = case when rows_read > 0 then 'partial' else 'error' end,
        error_code = 'unavailable', error_reason = 'stale', finished_at = now()
    where user_id = p_user_id and provider = p_provider and status = 'running' and leased_until < now();

    select r.covered_to, r.retry_at into v_covered, v_retry_at from public.sync_runs as r
    where r.user_id = p_user_id and r.provider = p_provider and r.status in ('ok', 'partial', 'error')
      -- Another key may be of another organisation: all is read anew then.
      and r.created_at >= coalesce((select k.set_at from private.user_api_keys as k
                                    where k.user_id = p_user_id and k.provider = p_provider), '-infinity')
    order by r.created_at desc limit 1;

    if p_mode = 'user' then
        if exists (select from public.sync_runs
                   where user_id = p_user_id and provider = p_provider and status = 'running') then
            return jsonb_build_object('ok', false, 'code', 'conflict', 'reason', 'running');
        end if;
        v_wait := ceil(extract(epoch from v_retry_at - now()));
        if v_wait > 0 then
            return jsonb_build_object('ok', false, 'code', 'rate_limited', 'reason', 'provider_busy',
                                      'retry_after_s', v_wait);
        end if;
        v_wait := private.take_token('sync:user:' || p_user_id, 10, 1.0 / 60);
        if v_wait > 0 then
            return jsonb_build_object('ok', false, 'code', 'rate_limited', 'reason', 'too_many_syncs',
                                      'retry_after_s', v_wait);
        end if;
    end if;

    -- Ninety days at first; then from three days before the end of what is there, which providers still correct.
    v_from := greatest(coalesce(v_covered - 2, v_today - 89), v_today - 364);
    update public.sync_runs
    set status = 'running', mode = p_mode, started_at = clock_timestamp(), window_from = v_from, window_to = v_today,
        covered_to = v_covered, leased_until = now() + interval '2 minutes'
    where user_id = p_user_id and provider = p_provider and status = 'queued' returning id into v_run;
    if v_run is null and p_mode = 'user' then
        insert into public.sync_runs (user_id, provider, mode, status, started_at, window_from, window_to, covered_to,
                                      leased_until)
        values (p_user_id, p_provider, p_mode, 'running', clock_timestamp(), v_from, v_today, v_covered,
                now() + interval '2 minutes')
        on conflict (user_id, provider) where status in ('queued', 'running') do nothing returning id into v_run;
    end if;
    -- Somebody else was faster.
    if v_run is null then
        return jsonb_build_object('ok', false, 'code', 'conflict', 'reason', 'running');
    end if;
    return jsonb_build_object('ok', true, 'run_id', v_run, 'from', v_from, 'to', v_today, 'owner', exists (
        select from private.site where owner_id = p_user_id));
end $$;

-- Saves some days of a run and prolongs its lease; false when the run is not the caller's any more.
create function public.sync_progress(p_run_id uuid, p_from date, p_to date, p_rows jsonb) returns boolean
language plpgsql set search_path = '' as $$
declare
    v_run public.sync_runs;
    v_done jsonb;
begin
    select * into v_run from public.sync_runs where id = p_run_id and status = 'running' for update;
    if not found then
        return false;
    end if;
    v_done := public.usage_apply(v_run.user_id, v_run.provider, p_from, p_to, p_rows);
    update public.sync_runs
    set rows_read = rows_read + (v_done ->> 'read')::integer,
        rows_changed = rows_changed + (v_done ->> 'inserted')::integer + (v_done ->> 'updated')::integer
            + (v_done ->> 'deleted')::integer,
        covered_to = greatest(covered_to, p_to), leased_until = now() + interval '2 minutes'
    where id = p_run_id;
    return true;
end $$;

-- Ends a run: without a reason it was complete; otherwise partial when some days were saved. Answers the run's row.
create function public.sync_end(p_run_id uuid, p_code text, p_reason text, p_retry_after_s integer) returns jsonb
language plpgsql set search_path = '' as $$
declare
    v_run public.sync_runs;
begin
    update public.sync_runs
    set status = case when p_reason is null then 'ok' when rows_read > 0 then 'partial' else 'error' end,
        error_code = p_code, error_reason = p_reason, finished_at = clock_timestamp(), leased_until = null,
        retry_at = now() + make_interval(secs => p_retry_after_s)
    where id = p_run_id and status = 'running' returning * into v_run;
    if not found then
        return null;
    end if;
    update public.sync_schedules as s
    set failures = case when p_reason is null then 0 else s.failures + 1 end,
        next_at = greatest(v_run.retry_at, now() + least(interval '1 day', make_interval(mins => s.every_minutes)
            * power(2, case when p_reason is null then 0 else least(s.failures + 1, 7) end)))
    where s.user_id = v_run.user_id;
    perform private.audit(case v_run.mode when 'user' then v_run.user_id end, v_run.user_id, 'usage.sync',
        jsonb_build_object('run_id', v_run.id, 'provider', v_run.provider, 'mode', v_run.mode, 'status', v_run.status,
                           'reason', p_reason, 'rows_changed', v_run.rows_changed));
    return to_jsonb(v_run);
end $$;

-- Queues who is due, and answers the head of the queue: [{ user_id, provider }].
create function public.sync_due(p_limit integer) returns jsonb language plpgsql set search_path = '' as $$
begin
    with due as (
        select user_id from public.sync_schedules where enabled and next_at <= now()
        order by next_at for update skip locked
    ), moved as (
        update public.sync_schedules as s set next_at = now() + make_interval(mins => s.every_minutes)
        from due where s.user_id = due.user_id returning s.user_id
    )
    insert into public.sync_runs (user_id, provider, mode, status)
    -- Who has no key is queued too: the run says so, and they can see why nothing comes.
    select moved.user_id, coalesce(k.provider, 'openai'), 'due', 'queued'
    from moved left join private.user_api_keys as k on k.user_id = moved.user_id
    on conflict (user_id, provider) where status in ('queued', 'running') do nothing;

    return (select coalesce(jsonb_agg(jsonb_build_object('user_id', user_id, 'provider', provider)
                                      order by created_at), '[]')
            from (select user_id, provider, created_at from public.sync_runs where status = 'queued'
                  order by created_at limit p_limit) as head);
end $$;

-- What is too old to be of use: runs after 90 days, usage after three years, audit rows after one.
create function private.cleanup_usage() returns jsonb language plpgsql security definer set search_path = '' as $$
declare
    v_runs integer;
    v_usage integer;
    v_audit integer;
begin
    update public.sync_runs set status = case when rows_read > 0 then 'partial' else 'error' end,
        error_code = 'unavailable', error_reason = 'stale', finished_at = now()
    where status = 'running' and leased_until < now();
    -- The newest of each user stays: it knows how far all is there.
    delete from public.sync_runs as r
    where r.created_at < now() - interval '90 days' and r.status not in ('queued', 'running') and exists (
        select from public.sync_runs as n
        where n.user_id = r.user_id and n.provider = r.provider and n.created_at > r.created_at);
    get diagnostics v_runs = row_count;
    delete from public.usage_data where date < (now() at time zone 'utc')::date - 1096;
    get diagnostics v_usage = row_count;
    delete from private.audit_log where at < now() - interval '365 days';
    get diagnostics v_audit = row_count;
    delete from private.rate_buckets where updated_at < now() - interval '1 day';
    return jsonb_build_object('sync_runs', v_runs, 'usage_data', v_usage, 'audit_log', v_audit);
end $$;

revoke execute on function public.usage_apply(uuid, text, date, date, jsonb), private.move_schedule(),
    public.sync_schedule_set(integer, boolean), private.counts(uuid, text), private.period_start(text),
    private.used_in(uuid, text, date), private.measure_limit(), private.track_usage(),
    public.usage_limit_set(text, text, numeric), public.sync_begin(uuid, text, text),
    public.sync_progress(uuid, date, date, jsonb), public.sync_end(uuid, text, text, integer),
    public.sync_due(integer), private.cleanup_usage()
    from public, anon, authenticated;
grant execute on function public.sync_schedule_set(integer, boolean), public.usage_limit_set(text, text, numeric)
    to authenticated;
grant execute on function public.usage_apply(uuid, text, date, date, jsonb), public.sync_begin(uuid, text, text),
    public.sync_progress(uuid, date, date, jsonb), public.sync_end(uuid, text, text, integer),
    public.sync_due(integer), private.cleanup_usage() to service_role;

-- Where there is no pg_cron (locally a timer does it), nothing is scheduled.
do $$
begin
    if exists (select from pg_extension where extname = 'pg_cron') then
        perform cron.schedule('livelit-cleanup-usage', '17 3 * * *', 'select private.cleanup_usage()');
    end if;
end $$;
