-- Module usage, further: when the next sync is due, and how the last ones went.

alter table public.sync_schedules add column idle integer not null default 0;
comment on column public.sync_schedules.idle is 'Complete runs in a row that brought nothing new.';

-- How long until the next run: half the interval after one that brought something, because usage that moves goes on
-- moving; twice and then four times after ones that brought nothing; doubled with each failure, up to seven times. Never
-- under 15 minutes, the shortest that may be chosen, and never over a day, unless a longer interval was chosen.
create function private.next_sync_in(p_every_minutes integer, p_idle integer, p_failures integer) returns interval
language sql immutable set search_path = '' as $$
    select make_interval(mins => least(greatest(p_every_minutes, 1440), greatest(15, p_every_minutes * case
        when p_failures > 0 then power(2, least(p_failures, 7))
        when p_idle = 0 then 0.5
        else power(2, least(p_idle - 1, 2)) end))::integer)
$$;

-- Ends a run: without a reason it was complete; otherwise partial when some days were saved. Answers the run's row.
create or replace function public.sync_end(p_run_id uuid, p_code text, p_reason text, p_retry_after_s integer)
returns jsonb language plpgsql set search_path = '' as $$
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
        idle = case when v_run.rows_changed > 0 then 0 when p_reason is null then s.idle + 1 else s.idle end
    where s.user_id = v_run.user_id;
    update public.sync_schedules as s
    set next_at = greatest(v_run.retry_at, now() + private.next_sync_in(s.every_minutes, s.idle, s.failures))
    where s.user_id = v_run.user_id;
    perform private.audit(case v_run.mode when 'user' then v_run.user_id end, v_run.user_id, 'usage.sync',
        jsonb_build_object('run_id', v_run.id, 'provider', v_run.provider, 'mode', v_run.mode, 'status', v_run.status,
                           'reason', p_reason, 'rows_changed', v_run.rows_changed));
    return to_jsonb(v_run);
end $$;

-- The providers that a user reads: those with a key. Without any it is OpenAI, for which the site may have one.
create function public.sync_providers(p_user_id uuid) returns jsonb language sql stable set search_path = '' as $$
    select coalesce(jsonb_agg(provider order by provider), '["openai"]')
    from private.user_api_keys where user_id = p_user_id
$$;

-- How the caller's usage gets in: { schedule: { every_minutes, enabled, next_at, failures } | null, running_until: when a
-- run that has not ended counts as lost | null, complete_at: when a run last brought all there is | null, last: the newest
-- run that has ended | null }.
create function public.sync_state() returns jsonb language sql stable set search_path = '' as $$
    select jsonb_build_object(
        'schedule', (select jsonb_build_object('every_minutes', every_minutes, 'enabled', enabled, 'next_at', next_at,
                                               'failures', failures)
                     from public.sync_schedules where user_id = auth.uid()),
        'running_until', (select max(leased_until) from public.sync_runs
                          where user_id = auth.uid() and status = 'running'),
        'complete_at', (select max(finished_at) from public.sync_runs where user_id = auth.uid() and status = 'ok'),
        'last', (select to_jsonb(r) from public.sync_runs as r
                 where user_id = auth.uid() and status in ('ok', 'partial', 'error')
                 order by created_at desc limit 1))
$$;

-- How the caller's runs of the last 30 days went: { ok, partial, failed: how many; average_ms: of those that ended | null;
-- last: the newest ten that have ended, newest first }.
create function public.sync_statistics() returns jsonb language sql stable set search_path = '' as $$
    with ended as (
        select * from public.sync_runs
        where user_id = auth.uid() and status in ('ok', 'partial', 'error') and created_at > now() - interval '30 days'
    )
    select jsonb_build_object(
        'ok', count(*) filter (where status = 'ok'), 'partial', count(*) filter (where status = 'partial'),
        'failed', count(*) filter (where status = 'error'), 'average_ms', round(avg(duration_ms))::integer,
        'last', (select coalesce(jsonb_agg(to_jsonb(l) order by created_at desc), '[]')
                 from (select * from ended order by created_at desc limit 10) as l))
    from ended
$$;

revoke execute on function private.next_sync_in(integer, integer, integer), public.sync_providers(uuid),
    public.sync_state(), public.sync_statistics() from public, anon, authenticated;
grant execute on function private.next_sync_in(integer, integer, integer), public.sync_providers(uuid) to service_role;
grant execute on function public.sync_state(), public.sync_statistics() to authenticated;
