-- Module logs, further: what a page reads. Both functions decide in one place whose rows the caller may see, and every
-- other argument can only narrow that. Conditions are put together as text, because each combination of filters wants a
-- plan of its own; whatever comes from outside goes in as a quoted literal or is looked up in a list.

-- Past so many rows a count becomes an estimate.
create function private.exact_rows() returns integer language sql immutable set search_path = '' as $$ select 10000 $$;

-- How many rows the planner expects a query to have. Volatile, because `explain` may not run in a stable function. Its
-- statistics are of everybody's rows: never for who may see only their own.
create function private.estimated_rows(p_query text) returns bigint language plpgsql set search_path = '' as $$
declare
    v_plan json;
begin
    execute 'explain (format json) ' || p_query into v_plan;
    return (v_plan -> 0 -> 'Plan' ->> 'Plan Rows')::bigint;
end $$;

-- Refuses an argument: for a page 400, and which one is in the detail.
create function private.refuse(p_argument text, p_message text) returns void
language plpgsql immutable set search_path = '' as $$
begin
    raise exception '%', p_message using errcode = '22023', detail = p_argument;
end $$;

-- Whose rows the caller sees: `all` for an admin, `owner` for who pays for some (and their own), `own` for everybody else
-- with an account.
create function private.usage_scope() returns text language plpgsql stable security definer set search_path = '' as $$
begin
    if not private.is_permanent() then
        raise exception 'The log is for people with an account.' using errcode = '42501';
    end if;
    return case when private.is_admin() then 'all'
                when exists (select from public.usage_logs where owner_id = auth.uid())
                  or exists (select from public.credit_purchases where owner_id = auth.uid()) then 'owner'
                else 'own' end;
end $$;

-- The condition under which the caller sees a row of `x`, which has an owner_id and the user in a column that is named.
create function private.visible_rows(p_scope text, p_user_column text) returns text
language sql stable set search_path = '' as $$
    select case p_scope when 'all' then 'true'
                        when 'owner' then format('(x.owner_id = %1$L or x.%2$I = %1$L)', auth.uid(), p_user_column)
                        else format('x.%2$I = %1$L', auth.uid(), p_user_column) end
$$;

-- What a search looks for in labels; null for everything. LIKE's own signs are letters like any other.
create function private.search_pattern(p_search text) returns text language plpgsql immutable set search_path = '' as $$
begin
    if length(p_search) > 200 then
        perform private.refuse('p_search', 'A search has at most 200 characters.');
    end if;
    return '%' || regexp_replace(lower(nullif(p_search, '')), '([\\%_])', '\\\1', 'g') || '%';
end $$;

-- The condition on a row of the rollup that its user is found, of a type, and active or not; null for everybody.
create function private.people_like(p_search text, p_user_type text, p_activity text) returns text
language plpgsql stable set search_path = '' as $$
declare
    v_pattern text := private.search_pattern(p_search);
    v_type text := case p_user_type when 'all' then '' when 'internal' then 'internal' when 'external' then 'not internal' end;
    v_activity text := case p_activity when 'all' then ''
        when 'active_24h' then format('last_activity_at > %L', now() - interval '24 hours')
        when 'active_7d' then format('last_activity_at > %L', now() - interval '7 days')
        when 'active_30d' then format('last_activity_at > %L', now() - interval '30 days')
        when 'inactive_30d' then format('last_activity_at <= %L', now() - interval '30 days') end;
begin
    if v_type is null then
        perform private.refuse('p_user_type', 'A type of user is all, internal or external.');
    end if;
    if v_activity is null then
        perform private.refuse('p_activity', 'An activity is all, active_24h, active_7d, active_30d or inactive_30d.');
    end if;
    return nullif(concat_ws(' and ', case when v_pattern is not null then format('label like %L', v_pattern) end,
                            nullif(v_type, ''), nullif(v_activity, '')), '');
end $$;

-- Whom a search finds, the visitors by the nil UUID, where an index knows: three letters and more, and a thousand people
-- at most. Null otherwise: then it is cheaper to look at everybody.
create function private.found_people(p_search text) returns uuid[]
language plpgsql stable security definer set search_path = '' as $$
declare
    v_pattern text := private.search_pattern(p_search);
    v_found uuid[];
begin
    if coalesce(length(p_search), 0) < 3 or to_regclass('public.profiles_search') is null then
        return null;
    end if;
    execute format($sql$
        select array(select id from public.profiles where lower(email || ' ' || coalesce(full_name, '')) like %L limit 1001)$sql$,
        v_pattern) into v_found;
    return case when cardinality(v_found) <= 1000 then v_found || case when 'portfolio visitors' like v_pattern
        then array['00000000-0000-0000-0000-000000000000'::uuid] else '{}' end end;
end $$;

-- The place of a cursor as a row of literals, to compare with the columns that are sorted by. A cursor is
-- [sort, ascending, value, id…]; it says where to go on and nothing else, so that a forged one shows nobody more.
create function private.place_of(p_cursor text, p_sort text, p_ascending boolean, p_type regtype, p_ids integer)
returns text language plpgsql stable set search_path = '' as $$
declare
    v_cursor jsonb;
    v_place text;
begin
    begin
        v_cursor := p_cursor::jsonb;
        if v_cursor ->> 0 = p_sort and (v_cursor ->> 1)::boolean = p_ascending
                and jsonb_array_length(v_cursor) = 3 + p_ids then
            execute format('select %L::%s::text', v_cursor ->> 2, p_type) into v_place;
            v_place := format('%L::%s', v_place, p_type);
            for i in 3 .. 2 + p_ids loop
                v_place := v_place || format(', %L::uuid', (v_cursor ->> i)::uuid);
            end loop;
            return v_place;
        end if;
    exception when data_exception then
        null;
    end;
    perform private.refuse('p_cursor', 'This is no cursor of this order.');
end $$;

-- ---------------------------------------------------------------------------------------------------------------
-- By user
-- ---------------------------------------------------------------------------------------------------------------

create function private.usage_logs_page(
    p_search text, p_user_type text, p_activity text, p_sort text, p_ascending boolean, p_limit integer,
    p_page integer, p_cursor text, p_summary text
) returns jsonb language plpgsql stable security definer set search_path = '' as $$
declare
    v_scope text := private.usage_scope();
    v_visible text := private.visible_rows(v_scope, 'actor_id');
    v_found uuid[] := case when v_scope <> 'own' then private.found_people(p_search) end;
    v_where text := concat_ws(' and ', v_visible, private.people_like(p_search, p_user_type, p_activity),
        case when v_found is not null then format('x.actor_id = any (%L::uuid[])', v_found) end);
    v_sorted text := case
        when p_sort in ('last_activity_at', 'first_activity_at', 'requests', 'cost', 'co2_grams', 'revenue') then 'x.' || p_sort
        when p_sort = 'tokens' then '(x.context_tokens + x.generated_tokens)'
        when p_sort = 'email' then 'x.label' end;
    v_type regtype := case when p_sort in ('last_activity_at', 'first_activity_at') then 'timestamptz'
                           when p_sort = 'email' then 'text' else 'numeric' end;
    v_order text := case when p_ascending then 'asc' else 'desc' end;
    v_sums text := $sums$jsonb_build_object(
        'users', count(*), 'requests', coalesce(sum(x.requests), 0), 'errors', coalesce(sum(x.errors), 0),
        'context_tokens', coalesce(sum(x.context_tokens), 0), 'cached_tokens', coalesce(sum(x.cached_tokens), 0),
        'generated_tokens', coalesce(sum(x.generated_tokens), 0), 'tokens', coalesce(sum(x.context_tokens) + sum(x.generated_tokens), 0),
        'cost', coalesce(sum(x.cost), 0), 'unpriced', coalesce(sum(x.unpriced), 0),
        'co2_grams', coalesce(sum(x.co2_grams), 0), 'revenue', coalesce(sum(x.revenue), 0))$sums$;
    v_from text := '';
    v_answer jsonb;
    v_totals jsonb;
    v_total bigint;
    v_estimated boolean := false;
    v_revenue numeric;
begin
    if v_sorted is null then
        perform private.refuse('p_sort', 'Users are sorted by last_activity_at, first_activity_at, requests, tokens, cost, co2_grams, revenue or email.');
    end if;
    if p_limit is null or p_limit not between 1 and 200 then
        perform private.refuse('p_limit', 'A page has 1 to 200 users.');
    end if;
    if p_page < 1 or (p_page is not null and p_cursor is not null) then
        perform private.refuse('p_page', 'Pages count from 1, and go without a cursor.');
    end if;
    if p_summary is null or p_summary not in ('none', 'count', 'totals') then
        perform private.refuse('p_summary', 'A summary is none, count or totals.');
    end if;
    if p_cursor is not null then
        v_from := format(' and (%s, x.actor_id, x.owner_id) %s (%s)', v_sorted, case when p_ascending then '>' else '<' end,
                         private.place_of(p_cursor, p_sort, p_ascending, v_type, 2));
    end if;

    execute format($sql$
        with page as (
            select x.*, (%1$s)::text as place, row_number() over (order by %1$s %2$s, x.actor_id %2$s, x.owner_id %2$s) as n
            from (select * from private.user_usage_rollup as x where %3$s%4$s
                  order by %1$s %2$s, x.actor_id %2$s, x.owner_id %2$s limit %5$s + 1 offset %6$s) as x
        )
        select jsonb_build_object(
            'rows', coalesce(jsonb_agg(jsonb_build_object(
                'owner_id', x.owner_id, 'user_id', nullif(x.actor_id, %10$L), 'email', p.email,
                'full_name', case x.actor_id when %10$L then 'Portfolio visitors' else p.full_name end,
                'user_type', case when x.internal then 'internal' else 'external' end,
                'requests', x.requests, 'errors', x.errors, 'context_tokens', x.context_tokens,
                'cached_tokens', x.cached_tokens, 'generated_tokens', x.generated_tokens,
                'tokens', x.context_tokens + x.generated_tokens,
                'cost', case when x.unpriced < x.requests or x.requests = 0 then x.cost end, 'unpriced', x.unpriced,
                'co2_grams', x.co2_grams, 'first_activity_at', nullif(x.first_activity_at, 'infinity'),
                'last_activity_at', nullif(x.last_activity_at, '-infinity'),
                'has_completed_payment', x.completed_payments > 0, 'revenue', x.revenue) order by n)
                filter (where n <= %5$s), '[]'),
            'next_cursor', case when count(*) > %5$s then
                (jsonb_agg(jsonb_build_array(%7$L, %8$L::boolean, x.place, x.actor_id, x.owner_id)) filter (where n = %5$s) -> 0)::text
                end), %9$s
        from page as x left join public.profiles as p on p.id = x.actor_id$sql$,
        v_sorted, v_order, v_where, v_from, p_limit, (coalesce(p_page, 1) - 1)::bigint * p_limit, p_sort, p_ascending, v_sums,
        '00000000-0000-0000-0000-000000000000')
    into v_answer, v_totals;

    -- Unless the first page has them all.
    if p_summary = 'totals' and (p_cursor is not null or p_page > 1 or v_answer -> 'next_cursor' <> 'null') then
        execute format('select %s from private.user_usage_rollup as x where %s', v_sums, v_where) into v_totals;
    end if;
    if p_summary = 'totals' then
        v_total := v_totals -> 'users';
    elsif p_summary = 'count' then
        execute format('select count(*) from (select from private.user_usage_rollup as x where %s limit %s) as counted',
                       v_where, private.exact_rows() + 1) into v_total;
        if v_total > private.exact_rows() then
            v_estimated := true;
            v_total := greatest(v_total, private.estimated_rows(
                'select from private.user_usage_rollup as x where ' || v_where));
        end if;
    end if;
    if v_where = v_visible and p_summary = 'totals' then
        v_revenue := v_totals -> 'revenue';
    elsif p_summary <> 'none' then
        execute format('select coalesce(sum(revenue), 0) from private.user_usage_rollup as x
                        where completed_payments > 0 and %s', v_visible) into v_revenue;
    end if;
    return v_answer || jsonb_build_object(
        'total', v_total, 'total_estimated', v_estimated, 'totals', case p_summary when 'totals' then v_totals end,
        'revenue_total', v_revenue);
end $$;

-- One row a user: an admin sees all, an owner those they pay for, everybody else their own. Answers
--   { rows: [{ owner_id, user_id, email, full_name, user_type, requests, errors, context_tokens, cached_tokens,
--       generated_tokens, tokens, cost, unpriced, co2_grams, first_activity_at, last_activity_at,
--       has_completed_payment, revenue }],
--     next_cursor, total, total_estimated, totals, revenue_total }
-- user_id is null in the row of all visitors. `p_summary`: none; count (past 10,000 an estimate); totals (of all that the
-- filters leave, exact). revenue_total is of everybody whom the caller sees, whatever the filters; null without a summary.
create function public.usage_logs_page(
    p_search text default null, p_user_type text default 'all', p_activity text default 'all',
    p_sort text default 'last_activity_at', p_ascending boolean default false, p_limit integer default 50,
    p_page integer default null, p_cursor text default null, p_summary text default 'totals'
) returns jsonb language sql stable set search_path = '' as $$
    select private.usage_logs_page(p_search, p_user_type, p_activity, p_sort, coalesce(p_ascending, false), p_limit, p_page,
                                   p_cursor, p_summary)
$$;

revoke execute on function private.exact_rows(), private.estimated_rows(text), private.refuse(text, text),
    private.usage_scope(), private.visible_rows(text, text), private.search_pattern(text), private.people_like(text, text, text),
    private.found_people(text), private.place_of(text, text, boolean, regtype, integer),
    private.usage_logs_page(text, text, text, text, boolean, integer, integer, text, text),
    public.usage_logs_page(text, text, text, text, boolean, integer, integer, text, text) from public, anon, authenticated;
grant execute on function private.usage_logs_page(text, text, text, text, boolean, integer, integer, text, text),
    public.usage_logs_page(text, text, text, text, boolean, integer, integer, text, text) to authenticated;

-- Where there is pg_trgm, it finds three letters and more in any place of an address or a name.
do $$
declare
    v_schema text;
begin
    if exists (select from pg_available_extensions where name = 'pg_trgm') then
        create extension if not exists pg_trgm with schema extensions;
        select extnamespace::regnamespace::text into v_schema from pg_extension where extname = 'pg_trgm';
        execute format('create index profiles_search on public.profiles
            using gin (lower(email || '' '' || coalesce(full_name, '''')) %s.gin_trgm_ops)', v_schema);
    end if;
end $$;
