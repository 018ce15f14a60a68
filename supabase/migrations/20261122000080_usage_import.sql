-- Module usage, further: usage that is brought from elsewhere, such as a backup.

-- As before; and what was imported gives way to what counts of the same day, model and project by itself.
create or replace view public.usage_counted with (security_invoker = true) as
select id, user_id, date, model, project, source, requests, context_tokens, cached_tokens, generated_tokens, cost,
       cost_source, co2_grams, provisional, created_at, updated_at
from public.usage_data as u
where case source
    when 'chat' then private.counts(user_id, source)
    when 'import' then not exists (
        select from public.usage_data as r
        where r.user_id = u.user_id and r.date = u.date and r.model = u.model and r.project = u.project
          and r.source not in ('import', 'sample') and (r.source <> 'chat' or private.counts(r.user_id, r.source)))
    when 'sample' then not exists (
        select from public.usage_data as r
        where r.user_id = u.user_id and r.source <> 'sample'
          and (r.source <> 'chat' or private.counts(r.user_id, r.source)))
    else true end;

-- As before, of what counts.
create or replace function private.used_in(p_user_id uuid, p_metric text, p_from date) returns numeric
language sql stable security definer set search_path = '' as $$
    select coalesce(sum(case p_metric when 'tokens' then context_tokens + generated_tokens when 'requests' then requests
                                      when 'cost' then cost else co2_grams end), 0)
    from public.usage_counted
    where user_id = p_user_id and date >= p_from and source <> 'sample'
$$;

-- Makes the caller's imported rows of these days, models and projects say this. A row is { date, model, project?, requests?,
-- context_tokens?, cached_tokens?, generated_tokens?, cost?, co2_grams? }; at most 5,000 at once; all are taken or none.
-- Answers how many are new or have changed.
create function private.usage_import(p_rows jsonb) returns integer
language plpgsql security definer set search_path = '' as $$
declare
    v_changed integer;
begin
    if not private.is_permanent() then
        raise exception 'Usage needs an account.' using errcode = '42501';
    end if;
    if jsonb_typeof(p_rows) is distinct from 'array' or jsonb_array_length(p_rows) > 5000 then
        raise exception 'An import has at most 5,000 rows at once.' using errcode = '22023';
    end if;

    insert into public.usage_data as u (user_id, source, date, model, project, requests, context_tokens, cached_tokens,
                                        generated_tokens, cost, co2_grams)
    select auth.uid(), 'import', r.date, r.model, coalesce(r.project, ''), coalesce(r.requests, 0),
           coalesce(r.context_tokens, 0), coalesce(r.cached_tokens, 0), coalesce(r.generated_tokens, 0), r.cost,
           r.co2_grams
    from jsonb_to_recordset(p_rows) as r (
        date date, model text, project text, requests bigint, context_tokens bigint, cached_tokens bigint,
        generated_tokens bigint, cost numeric, co2_grams numeric)
    order by r.date, r.model, r.project
    on conflict (user_id, date, model, project, source) do update
        set requests = excluded.requests, context_tokens = excluded.context_tokens,
            cached_tokens = excluded.cached_tokens, generated_tokens = excluded.generated_tokens,
            cost = excluded.cost, co2_grams = excluded.co2_grams
        where (u.requests, u.context_tokens, u.cached_tokens, u.generated_tokens, u.cost, u.co2_grams)
            is distinct from (excluded.requests, excluded.context_tokens, excluded.cached_tokens,
                              excluded.generated_tokens, excluded.cost, excluded.co2_grams);
    get diagnostics v_changed = row_count;
    return v_changed;
end $$;

-- Takes the caller's imported rows away, or their samples. Answers how many there were.
create function private.usage_discard(p_source text) returns integer
language plpgsql security definer set search_path = '' as $$
declare
    v_deleted integer;
begin
    if p_source not in ('import', 'sample') then
        raise exception 'Only imports and samples can be discarded.' using errcode = '22023';
    end if;
    delete from public.usage_data where user_id = auth.uid() and source = p_source and private.is_permanent();
    get diagnostics v_deleted = row_count;
    return v_deleted;
end $$;

create function public.usage_import(p_rows jsonb) returns integer language sql set search_path = ''
begin atomic
    select private.usage_import(p_rows);
end;

create function public.usage_discard(p_source text) returns integer language sql set search_path = ''
begin atomic
    select private.usage_discard(p_source);
end;

revoke execute on function private.usage_import(jsonb), private.usage_discard(text), public.usage_import(jsonb),
    public.usage_discard(text) from public, anon, authenticated;
grant execute on function private.usage_import(jsonb), private.usage_discard(text), public.usage_import(jsonb),
    public.usage_discard(text) to authenticated;
