-- Module usage, further: in one place, what counts; whoever shows usage reads it through here.

-- Finds at once whether somebody has used anything for real.
create index usage_data_real on public.usage_data (user_id) where source <> 'sample';

-- ---------------------------------------------------------------------------------------------------------------
-- Views
-- ---------------------------------------------------------------------------------------------------------------

-- Asked for rows of the chat only: a function of the definer is too slow to be asked for each of a year's rows.
create view public.usage_counted with (security_invoker = true) as
select id, user_id, date, model, project, source, requests, context_tokens, cached_tokens, generated_tokens, cost,
       cost_source, co2_grams, provisional, created_at, updated_at
from public.usage_data as u
where case source
    when 'chat' then private.counts(user_id, source)
    when 'sample' then not exists (
        select from public.usage_data as r
        where r.user_id = u.user_id and r.source <> 'sample'
          and (r.source <> 'chat' or private.counts(r.user_id, r.source)))
    else true end;
comment on view public.usage_counted is 'The rows of usage_data that count: not the chat''s where the sync brings them as well, and samples only while there is nothing else.';

create or replace view public.usage_daily with (security_invoker = true) as
select user_id, date, source, sum(requests)::bigint as requests, sum(context_tokens)::bigint as context_tokens,
       sum(cached_tokens)::bigint as cached_tokens, sum(generated_tokens)::bigint as generated_tokens,
       sum(cost) as cost, bool_or(cost is null) as unpriced, sum(co2_grams) as co2_grams,
       bool_or(provisional) as provisional
from public.usage_counted group by user_id, date, source;
comment on view public.usage_daily is 'Totals of what counts, by UTC day and source. `unpriced`: the cost leaves out what has no price.';

create or replace view public.usage_by_model with (security_invoker = true) as
select user_id, date, model, source, sum(requests)::bigint as requests,
       sum(context_tokens)::bigint as context_tokens, sum(cached_tokens)::bigint as cached_tokens,
       sum(generated_tokens)::bigint as generated_tokens, sum(cost) as cost, bool_or(cost is null) as unpriced,
       sum(co2_grams) as co2_grams, bool_or(provisional) as provisional
from public.usage_counted group by user_id, date, model, source;
comment on view public.usage_by_model is 'Totals of what counts, by UTC day, model and source, projects added up.';

-- ---------------------------------------------------------------------------------------------------------------
-- Shares
-- ---------------------------------------------------------------------------------------------------------------

-- As before, of the same rows as its owner's own charts; and two years at most, of which a chart shows the second and
-- compares it with the first.
create or replace function private.usage_share_daily(p_share_id uuid, p_from date, p_to date) returns jsonb
language sql stable security definer set search_path = '' as $$
    with share as (
        select user_id, label from public.usage_shares where id = p_share_id and enabled
    ), days as (
        select date, sum(requests) as requests, sum(context_tokens) as context_tokens,
               sum(cached_tokens) as cached_tokens, sum(generated_tokens) as generated_tokens, sum(cost) as cost,
               bool_or(cost is null) as unpriced, sum(co2_grams) as co2_grams, bool_or(provisional) as provisional,
               bool_or(source = 'sample') as sample
        from public.usage_counted join share using (user_id)
        where date between greatest(p_from, p_to - 731) and p_to
        group by date
    )
    select jsonb_build_object('label', label, 'days', (select coalesce(jsonb_agg(days order by date), '[]') from days))
    from share
$$;

-- Makes a share, switched on, and answers its id, which the server chooses.
create function public.usage_share_create(p_label text) returns uuid language sql set search_path = '' as $$
    insert into public.usage_shares (label) values (p_label) returning id
$$;

revoke all on public.usage_counted from anon, authenticated;
revoke execute on function public.usage_share_create(text) from public, anon, authenticated;
grant select on public.usage_counted to authenticated, service_role;
-- The views ask it on behalf of whoever reads them; it is in no exposed schema.
grant execute on function private.counts(uuid, text) to authenticated, service_role;
grant execute on function public.usage_share_create(text) to authenticated;

-- Also whoever still listens to one that is switched on again.
drop trigger zz_share_change on public.usage_shares;
create trigger zz_share_change after update on public.usage_shares for each row
    when (old.enabled or new.enabled) execute function private.ping_revoked_share();

-- Triggers run by name: what was used is told first, and then what that makes of the limits.
alter trigger track_insert on public.usage_data rename to zz_track_insert;
alter trigger track_update on public.usage_data rename to zz_track_update;
alter trigger track_delete on public.usage_data rename to zz_track_delete;
