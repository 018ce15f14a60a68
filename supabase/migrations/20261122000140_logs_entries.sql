-- Module logs, further: the log itself, a row a call, under the filters of the users and its own.

create function private.usage_log_entries(
    p_search text, p_user_type text, p_activity text, p_user_id uuid, p_visitors boolean, p_model text, p_app text,
    p_status text, p_from timestamptz, p_to timestamptz, p_sort text, p_ascending boolean, p_limit integer,
    p_cursor text, p_backward boolean, p_ids uuid[], p_columns text[], p_summary text
) returns jsonb language plpgsql stable security definer set search_path = '' as $$
declare
    v_scope text := private.usage_scope();
    v_found uuid[] := case when v_scope <> 'own' then private.found_people(p_search) end;
    v_people text := private.people_like(p_search, p_user_type, p_activity);
    v_nobody uuid := '00000000-0000-0000-0000-000000000000';
    -- The users asked for, as rows of the rollup, and the calls, as rows of the log.
    v_users text := concat_ws(' and ', private.visible_rows(v_scope, 'actor_id'), v_people,
        case when v_found is not null then format('x.actor_id = any (%L::uuid[])', v_found) end,
        case when p_user_id is not null then format('x.actor_id = %L and x.actor_id <> %L', p_user_id, v_nobody) end,
        case when p_visitors then format('x.actor_id = %L', v_nobody) end);
    v_which text := concat_ws(' and ', case when p_model is not null then format('x.model = %L', p_model) end,
        case when p_app is not null then format('x.app = %L', p_app) end,
        case when p_status is not null then format('x.status = %L', p_status) end,
        case when p_from is not null then format('x.at >= %L', p_from) end,
        case when p_to is not null then format('x.at < %L', p_to) end);
    v_where text := concat_ws(' and ', private.visible_rows(v_scope, 'user_id'), nullif(v_which, ''),
        case when v_found is not null then format('(x.user_id = any (%L::uuid[])%s)', v_found,
            case when v_nobody = any (v_found) then ' or x.user_id is null' end) end,
        case when p_user_id is not null then format('x.user_id = %L', p_user_id) end,
        case when p_visitors then 'x.user_id is null' end,
        -- Whom the search has found by itself need not be looked at again.
        case when v_people is not null and (v_found is null or p_user_type <> 'all' or p_activity <> 'all') then
            format('exists (select from private.user_usage_rollup as r where r.owner_id = x.owner_id
                            and r.actor_id = coalesce(x.user_id, %L) and %s)', v_nobody, v_people) end);
    v_known text[] := '{id,owner_id,user_id,email,full_name,at,app,feature,provider,model,project,context_tokens,cached_tokens,generated_tokens,tokens,cost,co2_grams,status,error,latency_ms,key,metadata}';
    v_columns text[] := coalesce(p_columns, array_remove(v_known, 'metadata'));
    v_sorted text := case p_sort when 'at' then 'x.at' when 'cost' then 'coalesce(x.cost, -1)'
                                 when 'tokens' then '(x.context_tokens + x.generated_tokens)'
                                 when 'latency_ms' then 'coalesce(x.latency_ms, -1)' end;
    v_type regtype := case p_sort when 'at' then 'timestamptz' else 'numeric' end;
    v_rising boolean := p_ascending <> p_backward;
    v_order text;
    v_from text := '';
    v_selected text;
    v_answer jsonb;
    v_total bigint;
    v_estimated boolean := false;
    v_totals jsonb;
begin
    if v_sorted is null then
        perform private.refuse('p_sort', 'Entries are sorted by at, cost, tokens or latency_ms.');
    end if;
    if p_limit is null or p_limit not between 1 and 1000 then
        perform private.refuse('p_limit', 'A page has 1 to 1,000 entries.');
    end if;
    if cardinality(p_ids) > 1000 then
        perform private.refuse('p_ids', 'At most 1,000 entries are asked for by their ids.');
    end if;
    if p_summary is null or p_summary not in ('none', 'count', 'totals') then
        perform private.refuse('p_summary', 'A summary is none, count or totals.');
    end if;
    if not v_columns <@ v_known then
        perform private.refuse('p_columns', 'Columns are ' || array_to_string(v_known, ', ') || '.');
    end if;
    if p_cursor is not null then
        v_from := format(' and (%s, x.id) %s (%s)', v_sorted, case when v_rising then '>' else '<' end,
                         private.place_of(p_cursor, p_sort, p_ascending, v_type, 1));
    end if;
    if p_ids is not null then
        v_from := v_from || format(' and x.id = any (%L::uuid[])', p_ids);
    end if;
    select string_agg(format('%L, %s', c, case c
        when 'email' then 'p.email' when 'tokens' then 'x.context_tokens + x.generated_tokens'
        when 'full_name' then 'case when x.user_id is null then ''Portfolio visitors'' else p.full_name end'
        else 'x.' || c end), ', ') into v_selected from unnest(v_columns) as c;

    v_order := case when v_rising then 'asc' else 'desc' end;
    execute format($sql$
        with page as (
            select x.*, (%1$s)::text as place, row_number() over (order by %1$s %2$s, x.id %2$s) as n
            from (select * from public.usage_logs as x where %3$s%4$s order by %1$s %2$s, x.id %2$s limit %5$s + 1) as x
        ), shown as (
            select jsonb_build_object(%6$s) as row, jsonb_build_array(%7$L, %8$L::boolean, x.place, x.id)::text as cursor, n
            from page as x left join public.profiles as p on p.id = x.user_id
        )
        select jsonb_build_object(
            'rows', coalesce(jsonb_agg(row order by n %9$s) filter (where n <= %5$s), '[]'),
            'first', (array_agg(cursor order by n %9$s) filter (where n <= %5$s))[1],
            'last', (array_agg(cursor order by n %10$s) filter (where n <= %5$s))[1],
            'more', count(*) > %5$s)
        from shown$sql$,
        v_sorted, v_order, v_where, v_from, p_limit, v_selected, p_sort, p_ascending,
        case when p_backward then 'desc' else 'asc' end, case when p_backward then 'asc' else 'desc' end)
    into v_answer;

    if p_summary <> 'none' then
        if v_which = '' then
            execute format($sql$
                select coalesce(sum(requests), 0), jsonb_build_object(
                    'requests', coalesce(sum(requests), 0), 'errors', coalesce(sum(errors), 0),
                    'context_tokens', coalesce(sum(context_tokens), 0), 'cached_tokens', coalesce(sum(cached_tokens), 0),
                    'generated_tokens', coalesce(sum(generated_tokens), 0), 'tokens', coalesce(sum(context_tokens) + sum(generated_tokens), 0),
                    'cost', coalesce(sum(cost), 0), 'unpriced', coalesce(sum(unpriced), 0),
                    'co2_grams', coalesce(sum(co2_grams), 0))
                from private.user_usage_rollup as x where %s$sql$, v_users) into v_total, v_totals;
        elsif p_summary = 'totals' then
            execute format($sql$
                select count(*), jsonb_build_object(
                    'requests', count(*), 'errors', count(*) filter (where status = 'error'),
                    'context_tokens', coalesce(sum(context_tokens), 0), 'cached_tokens', coalesce(sum(cached_tokens), 0),
                    'generated_tokens', coalesce(sum(generated_tokens), 0),
                    'tokens', coalesce(sum(context_tokens) + sum(generated_tokens), 0),
                    'cost', coalesce(sum(cost), 0), 'unpriced', count(*) filter (where cost is null),
                    'co2_grams', coalesce(sum(co2_grams), 0))
                from public.usage_logs as x where %s$sql$, v_where) into v_total, v_totals;
        else
            -- Who sees only their own gets a count of only their own: an estimate knows of everybody's.
            execute format('select count(*) from (select from public.usage_logs as x where %s limit %s) as counted',
                           v_where, case when v_scope = 'own' then 'all' else (private.exact_rows() + 1)::text end)
            into v_total;
            if v_total > private.exact_rows() and v_scope <> 'own' then
                v_estimated := true;
                v_total := greatest(v_total, private.estimated_rows('select from public.usage_logs as x where ' || v_where));
            end if;
        end if;
    end if;
    return jsonb_build_object(
        'rows', v_answer -> 'rows', 'more', v_answer -> 'more', 'prev_cursor', v_answer -> 'first',
        'next_cursor', case when p_backward or (v_answer ->> 'more')::boolean then v_answer -> 'last' end,
        'total', v_total, 'total_estimated', v_estimated, 'totals', case p_summary when 'totals' then v_totals end);
end $$;

-- One row a call, of those whom `usage_logs_page` shows, under its filters and a user (or the visitors), model, app,
-- status and time (from inclusive, to exclusive). Answers
--   { rows, more, next_cursor, prev_cursor, total, total_estimated, totals }
-- `p_cursor` goes on after a row, with `p_backward` before it; `rows` are always in the order of p_sort. prev_cursor is of
-- the first row, so that what came since can be asked for; next_cursor is null at the end. `p_ids` reads only those of
-- these rows that the filters leave; `p_columns` answers only those, everything but metadata unless said. `p_summary`:
-- none; count (past 10,000 an estimate, where a filter of calls is set); totals (exact).
create function public.usage_log_entries(
    p_search text default null, p_user_type text default 'all', p_activity text default 'all',
    p_user_id uuid default null, p_visitors boolean default false, p_model text default null, p_app text default null,
    p_status text default null, p_from timestamptz default null, p_to timestamptz default null,
    p_sort text default 'at', p_ascending boolean default false, p_limit integer default 100,
    p_cursor text default null, p_backward boolean default false, p_ids uuid[] default null,
    p_columns text[] default null, p_summary text default 'count'
) returns jsonb language sql stable set search_path = '' as $$
    select private.usage_log_entries(p_search, p_user_type, p_activity, p_user_id, p_visitors, p_model, p_app, p_status,
                                     p_from, p_to, p_sort, coalesce(p_ascending, false), p_limit, p_cursor,
                                     coalesce(p_backward, false), p_ids, p_columns, p_summary)
$$;

revoke execute on function
    private.usage_log_entries(text, text, text, uuid, boolean, text, text, text, timestamptz, timestamptz, text, boolean,
                              integer, text, boolean, uuid[], text[], text),
    public.usage_log_entries(text, text, text, uuid, boolean, text, text, text, timestamptz, timestamptz, text, boolean,
                             integer, text, boolean, uuid[], text[], text)
    from public, anon, authenticated;
grant execute on function
    private.usage_log_entries(text, text, text, uuid, boolean, text, text, text, timestamptz, timestamptz, text, boolean,
                              integer, text, boolean, uuid[], text[], text),
    public.usage_log_entries(text, text, text, uuid, boolean, text, text, text, timestamptz, timestamptz, text, boolean,
                             integer, text, boolean, uuid[], text[], text)
    to authenticated;
