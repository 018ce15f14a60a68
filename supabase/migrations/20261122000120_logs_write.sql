-- Module logs, further: how rows get in. The owner's apps report by `log_usage`, the chat by the end of each reply.

-- Whether a field of an entry is what a column takes; null stands for a field that is left out.
create function private.is_text(p_value jsonb, p_from integer, p_to integer) returns boolean
language sql immutable set search_path = '' as $$
    select p_value is not distinct from 'null'
        or (jsonb_typeof(p_value) = 'string' and length(p_value #>> '{}') between p_from and p_to)
$$;

create function private.is_number(p_value jsonb, p_below numeric, p_whole boolean) returns boolean
language sql immutable set search_path = '' as $$
    select case jsonb_typeof(p_value) when 'null' then true when 'number' then
        p_value::numeric >= 0 and p_value::numeric < p_below and (not p_whole or p_value::numeric % 1 = 0)
        else false end
$$;

-- A time with its zone, as ISO 8601 writes it; null when it is none.
create function private.time_of(p_text text) returns timestamptz language plpgsql stable set search_path = '' as $$
begin
    if p_text !~ '^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d(:?\d\d)?)$' then
        return null;
    end if;
    return p_text::timestamptz;
exception when datetime_field_overflow or invalid_datetime_format or invalid_time_zone_displacement_value then
    return null;
end $$;

-- Writes what apps report: an array of at most 1,000 entries
--   { key, app, model, user_id?, at?, feature?, provider?, project?, context_tokens?, cached_tokens?, generated_tokens?,
--     cost?, co2_grams?, status?, error?, latency_ms?, metadata? }
-- all of them or, when one is no entry, none: errcode 22023, whose detail is { index, field }, index from 0. A key that
-- is known is not written again, whatever else its entry says. Answers { inserted, repeated }.
create function public.log_usage(p_entries jsonb) returns jsonb language plpgsql set search_path = '' as $$
declare
    v_owner_id uuid := (select owner_id from private.site);
    v_wrong record;
    v_inserted integer;
begin
    if v_owner_id is null then
        raise exception 'The site has no owner yet who could pay.' using errcode = '55000', hint = 'livelit setup --owner <email>';
    end if;
    if jsonb_typeof(p_entries) is distinct from 'array' or jsonb_array_length(p_entries) > 1000 then
        raise exception 'Entries are an array of at most 1,000.' using errcode = '22023', detail = '{"index": null, "field": null}';
    end if;

    select n - 1 as index, field, must into v_wrong
    from jsonb_array_elements(p_entries) with ordinality as entries (e, n)
    cross join lateral (
        select field, must from (values
            ('key', e ? 'key' and e -> 'key' <> 'null' and private.is_text(e -> 'key', 1, 200), 'has 1 to 200 characters'),
            ('app', e ? 'app' and e -> 'app' <> 'null' and private.is_text(e -> 'app', 1, 64), 'has 1 to 64 characters'),
            ('model', e ? 'model' and e -> 'model' <> 'null' and private.is_text(e -> 'model', 1, 128),
                'has 1 to 128 characters'),
            ('user_id', coalesce(e -> 'user_id', 'null') = 'null' or coalesce(e ->> 'user_id'
                ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$', false), 'is the id of an account, or null'),
            ('at', coalesce(e -> 'at', 'null') = 'null' or (jsonb_typeof(e -> 'at') = 'string' and coalesce(
                private.time_of(e ->> 'at') < now() + interval '5 minutes', false)),
                'is a time with its zone (ISO 8601), not in the future'),
            ('feature', private.is_text(coalesce(e -> 'feature', 'null'), 0, 128), 'has at most 128 characters'),
            ('provider', private.is_text(coalesce(e -> 'provider', 'null'), 0, 64), 'has at most 64 characters'),
            ('project', private.is_text(coalesce(e -> 'project', 'null'), 0, 128), 'has at most 128 characters'),
            ('context_tokens', private.is_number(coalesce(e -> 'context_tokens', 'null'), 2147483648, true),
                'is a whole number from 0'),
            ('cached_tokens', private.is_number(coalesce(e -> 'cached_tokens', 'null'), 2147483648, true),
                'is a whole number from 0'),
            ('generated_tokens', private.is_number(coalesce(e -> 'generated_tokens', 'null'), 2147483648, true),
                'is a whole number from 0'),
            ('cached_tokens', case when jsonb_typeof(e -> 'cached_tokens') = 'number' then
                coalesce((e ->> 'cached_tokens')::numeric <= case when jsonb_typeof(e -> 'context_tokens') = 'number'
                    then (e ->> 'context_tokens')::numeric else 0 end, true) else true end,
                'is not more than context_tokens, of which it is a part'),
            ('cost', private.is_number(coalesce(e -> 'cost', 'null'), 99999999, false), 'is USD from 0, or null: unpriced'),
            ('co2_grams', private.is_number(coalesce(e -> 'co2_grams', 'null'), 9999999999, false),
                'is grams from 0, or null: unknown'),
            ('status', coalesce(e -> 'status', 'null') in ('null', '"ok"', '"stopped"', '"error"'),
                'is ok, stopped or error'),
            ('error', private.is_text(coalesce(e -> 'error', 'null'), 0, 500), 'has at most 500 characters'),
            ('latency_ms', private.is_number(coalesce(e -> 'latency_ms', 'null'), 2147483648, true),
                'is a whole number of ms from 0'),
            ('metadata', coalesce(e -> 'metadata', 'null') = 'null' or (jsonb_typeof(e -> 'metadata') = 'object'
                and length((e -> 'metadata')::text) <= 4096), 'is an object of at most 4,096 characters')
        ) as rules (field, kept, must)
        where jsonb_typeof(e) = 'object' and not kept
        union all
        select null, 'is an object' where jsonb_typeof(e) <> 'object'
        union all
        select field, 'is not known' from jsonb_object_keys(case jsonb_typeof(e) when 'object' then e else '{}' end) as field
        where field not in ('key', 'app', 'model', 'user_id', 'at', 'feature', 'provider', 'project', 'context_tokens',
                            'cached_tokens', 'generated_tokens', 'cost', 'co2_grams', 'status', 'error', 'latency_ms',
                            'metadata')
    ) as wrong
    order by n limit 1;
    if found then
        raise exception 'Entry %: % %.', v_wrong.index, coalesce(v_wrong.field, 'an entry'), v_wrong.must
            using errcode = '22023', detail = jsonb_build_object('index', v_wrong.index, 'field', v_wrong.field)::text;
    end if;

    begin
        insert into public.usage_logs (owner_id, user_id, key, at, app, feature, provider, model, project, context_tokens,
                                       cached_tokens, generated_tokens, cost, co2_grams, status, error, latency_ms, metadata)
        -- Visitors without an account have no profile, nor has who deleted theirs: both count among the visitors.
        select v_owner_id, p.id, e ->> 'key', coalesce(private.time_of(e ->> 'at'), now()), e ->> 'app',
               coalesce(e ->> 'feature', ''), coalesce(e ->> 'provider', ''), e ->> 'model', coalesce(e ->> 'project', ''),
               coalesce((e ->> 'context_tokens')::numeric, 0), coalesce((e ->> 'cached_tokens')::numeric, 0),
               coalesce((e ->> 'generated_tokens')::numeric, 0), (e ->> 'cost')::numeric, (e ->> 'co2_grams')::numeric,
               coalesce(e ->> 'status', 'ok'), e ->> 'error', (e ->> 'latency_ms')::numeric,
               coalesce(nullif(e -> 'metadata', 'null'), '{}')
        from jsonb_array_elements(p_entries) as e left join public.profiles as p on p.id = (e ->> 'user_id')::uuid
        -- In one order, so that two reports of the same keys wait for each other and never deadlock.
        order by e ->> 'key'
        on conflict (owner_id, key) do nothing;
        get diagnostics v_inserted = row_count;
    -- An account has gone at this moment: it is a visitor from now on.
    exception when foreign_key_violation then
        return public.log_usage(p_entries);
    end;
    return jsonb_build_object('inserted', v_inserted, 'repeated', jsonb_array_length(p_entries) - v_inserted);
end $$;
comment on function public.log_usage is 'Service only: writes calls of models that the owner''s apps report, each key once.';

revoke execute on function private.is_text(jsonb, integer, integer), private.is_number(jsonb, numeric, boolean),
    private.time_of(text), public.log_usage(jsonb) from public, anon, authenticated;
grant execute on function private.is_text(jsonb, integer, integer), private.is_number(jsonb, numeric, boolean),
    private.time_of(text), public.log_usage(jsonb) to service_role;

-- ---------------------------------------------------------------------------------------------------------------
-- The chat
-- ---------------------------------------------------------------------------------------------------------------

alter table private.chat_runs add column started_at timestamptz not null default clock_timestamp();
comment on column private.chat_runs.started_at is 'When this worker began; one that takes over begins anew.';

create function private.restart_chat_run() returns trigger language plpgsql set search_path = '' as $$
begin
    new.started_at := clock_timestamp();
    return new;
end $$;
create trigger chat_runs_restart before update on private.chat_runs
    for each row when (new.id <> old.id) execute function private.restart_chat_run();
revoke execute on function private.restart_chat_run() from public;

-- As before, and the exchange is written to the log as well: in the same transaction, once a worker's run, whatever its
-- end, so that failures are seen too.
create or replace function public.chat_finish(
    p_message_id uuid, p_run_id uuid, p_status text, p_content text, p_model text,
    p_input_tokens integer, p_cached_tokens integer, p_output_tokens integer,
    p_cost_micro_usd bigint, p_co2_grams numeric
) returns boolean language plpgsql set search_path = '' as $$
declare
    v_run private.chat_runs;
    v_owner_id uuid;
begin
    -- The message before the run, as everywhere: two that lock in opposite orders would wait for each other.
    perform from public.chat_messages where id = p_message_id for update;
    delete from private.chat_runs where message_id = p_message_id and id = p_run_id returning * into v_run;
    if v_run.id is null then
        return false;
    end if;
    update public.chat_messages set status = p_status, content = left(p_content, 16000), model = p_model
    where id = p_message_id;
    -- Without a price the reservation stands: the cap must hold for unpriced models too.
    if p_cost_micro_usd is not null then
        perform private.settle_spend('chat', v_run.reserved_on, v_run.reserved_micro_usd, p_cost_micro_usd);
    end if;
    select owner_id into v_owner_id from private.site;
    if v_owner_id is null then
        return true;
    end if;
    -- The module usage may not be installed.
    if p_input_tokens + p_output_tokens > 0 and to_regclass('public.usage_data') is not null then
        perform private.add_usage(v_owner_id, p_model, '', 'chat', p_input_tokens, p_cached_tokens, p_output_tokens,
                                  p_cost_micro_usd / 1000000.0, p_co2_grams);
    end if;
    insert into public.usage_logs (owner_id, user_id, key, app, model, context_tokens, cached_tokens, generated_tokens,
                                   cost, co2_grams, status, latency_ms, metadata)
    -- Who has no account has no profile: a visitor.
    select v_owner_id, p.id, 'chat:' || p_message_id || ':' || p_run_id, 'chat', p_model, p_input_tokens,
           least(p_cached_tokens, p_input_tokens), p_output_tokens, p_cost_micro_usd / 1000000.0, p_co2_grams,
           case p_status when 'complete' then 'ok' else p_status end,
           greatest(0, extract(epoch from clock_timestamp() - v_run.started_at) * 1000),
           jsonb_build_object('session_id', m.session_id)
    from public.chat_messages as m left join public.profiles as p on p.id = m.user_id
    where m.id = p_message_id
    on conflict (owner_id, key) do nothing;
    return true;
end $$;
