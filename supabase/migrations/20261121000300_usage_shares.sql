-- Module usage, further: charts that their owner shows to everybody.

create table public.usage_shares (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
    enabled boolean not null default true,
    label text not null default '' constraint usage_shares_label_length check (length(label) <= 200),
    created_at timestamptz not null default now(),
    revoked_at timestamptz
);
comment on table public.usage_shares is 'Whoever knows the id of an enabled one sees its owner''s daily totals, and nothing else.';
comment on column public.usage_shares.revoked_at is 'When it was last switched off; null while it is on.';
create index usage_shares_user_id on public.usage_shares (user_id);

alter table public.usage_shares enable row level security;
create policy usage_shares_select_own on public.usage_shares for select to authenticated
    using (user_id = (select auth.uid()) and (select private.is_permanent()));
create policy usage_shares_insert_own on public.usage_shares for insert to authenticated
    with check (user_id = (select auth.uid()) and (select private.is_permanent()));
create policy usage_shares_update_own on public.usage_shares for update to authenticated
    using (user_id = (select auth.uid()) and (select private.is_permanent()))
    with check (user_id = (select auth.uid()) and (select private.is_permanent()));
create policy usage_shares_delete_own on public.usage_shares for delete to authenticated
    using (user_id = (select auth.uid()) and (select private.is_permanent()));

revoke all on public.usage_shares from anon, authenticated;
-- Not `id`: one that is chosen could be guessed.
grant select, insert (label, enabled), update (label, enabled), delete on public.usage_shares to authenticated;
grant select, insert, update, delete on public.usage_shares to service_role;

create trigger zz_signal_insert after insert on public.usage_shares referencing new table as new_rows
    for each statement execute function private.signal_owner('user_id', 'id');
create trigger zz_signal_update after update on public.usage_shares referencing old table as old_rows new table as new_rows
    for each statement execute function private.signal_owner('user_id', 'id');
create trigger zz_signal_delete after delete on public.usage_shares referencing old table as old_rows
    for each statement execute function private.signal_owner('user_id', 'id');

-- ---------------------------------------------------------------------------------------------------------------
-- What visitors see
-- ---------------------------------------------------------------------------------------------------------------

-- Totals count what the owner's own do: not the chat's rows where the sync brings them as well, and samples only
-- while there is nothing else.
create function private.usage_share_daily(p_share_id uuid, p_from date, p_to date) returns jsonb
language sql stable security definer set search_path = '' as $$
    with share as (
        select user_id, label from public.usage_shares where id = p_share_id and enabled
    ), rows as (
        select u.* from public.usage_data as u join share using (user_id)
        -- Whoever asks for more than a year gets its end.
        where u.date between greatest(p_from, p_to - 366) and p_to
          and (u.source = 'sample' or private.counts(u.user_id, u.source))
    ), counted as (
        select * from rows where source <> 'sample' or not exists (select from rows where source <> 'sample')
    ), days as (
        select date, sum(requests) as requests, sum(context_tokens) as context_tokens,
               sum(cached_tokens) as cached_tokens, sum(generated_tokens) as generated_tokens, sum(cost) as cost,
               bool_or(cost is null) as unpriced, sum(co2_grams) as co2_grams, bool_or(provisional) as provisional,
               bool_or(source = 'sample') as sample
        from counted group by date
    )
    select jsonb_build_object('label', label, 'days', (select coalesce(jsonb_agg(days order by date), '[]') from days))
    from share
$$;

-- { label, days: [{ date, requests, context_tokens, cached_tokens, generated_tokens, cost, unpriced, co2_grams,
-- provisional, sample }] }; null when there is no such share, or it is switched off.
-- The body is parsed here and now: who has only the key may not name anything in `private`.
create function public.usage_share_daily(p_share_id uuid, p_from date, p_to date) returns jsonb
language sql stable set search_path = ''
begin atomic
    select private.usage_share_daily(p_share_id, p_from, p_to);
end;

create function private.can_receive_share(p_rest text) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
    if p_rest !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
        return false;
    end if;
    return exists (select from public.usage_shares where id = p_rest::uuid and enabled);
end $$;

-- Visitors who never signed in may listen too; every kind of topic but this one refuses them.
alter policy livelit_receive on realtime.messages to anon, authenticated;

revoke execute on function private.usage_share_daily(uuid, date, date), private.can_receive_share(text),
    public.usage_share_daily(uuid, date, date) from public, anon, authenticated;
grant execute on function private.can_receive(text) to anon;
grant execute on function private.usage_share_daily(uuid, date, date), public.usage_share_daily(uuid, date, date)
    to anon, authenticated, service_role;

-- ---------------------------------------------------------------------------------------------------------------
-- The topic share:<id>
-- ---------------------------------------------------------------------------------------------------------------

-- In the shape of the owner's signals, without keys: `ids` is null, and `n` is always 1.
create function private.ping_share(p_share_id uuid, p_table text) returns void
language sql security definer set search_path = '' as $$
    select realtime.send(
        jsonb_build_object('table', p_table, 'op', 'UPDATE', 'n', 1, 'ids', null,
                           'at', (extract(epoch from clock_timestamp()) * 1000)::bigint),
        p_table, 'share:' || p_share_id, true)
$$;

create function private.ping_shares() returns trigger language plpgsql security definer set search_path = '' as $$
begin
    if tg_op = 'DELETE' then
        perform private.ping_share(s.id, 'usage_data') from public.usage_shares as s
        where s.enabled and s.user_id in (select user_id from old_rows);
    else
        perform private.ping_share(s.id, 'usage_data') from public.usage_shares as s
        where s.enabled and s.user_id in (select user_id from new_rows);
    end if;
    return null;
end $$;

create trigger zz_share_insert after insert on public.usage_data referencing new table as new_rows
    for each statement execute function private.ping_shares();
create trigger zz_share_update after update on public.usage_data referencing new table as new_rows
    for each statement execute function private.ping_shares();
create trigger zz_share_delete after delete on public.usage_data referencing old table as old_rows
    for each statement execute function private.ping_shares();

create function private.note_revocation() returns trigger language plpgsql set search_path = '' as $$
begin
    new.revoked_at := case when new.enabled then null else coalesce(new.revoked_at, now()) end;
    return new;
end $$;
create trigger usage_shares_revoke before insert or update on public.usage_shares
    for each row execute function private.note_revocation();

-- Who still listens is told, and finds nothing any more; also when the share, or its owner, is deleted.
create function private.ping_revoked_share() returns trigger language plpgsql security definer set search_path = '' as $$
begin
    perform private.ping_share(old.id, 'usage_shares');
    return null;
end $$;
create trigger zz_share_change after update on public.usage_shares for each row
    when (old.enabled) execute function private.ping_revoked_share();
create trigger zz_share_gone after delete on public.usage_shares for each row
    when (old.enabled) execute function private.ping_revoked_share();

revoke execute on function private.ping_share(uuid, text), private.ping_shares(), private.note_revocation(),
    private.ping_revoked_share() from public;
