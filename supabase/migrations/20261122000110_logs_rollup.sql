-- Module logs, further: one row a user with the sums of their log, so that a page of users costs the same however long
-- the log grows. Statement triggers keep it, in the transaction of each change.

alter table private.site add column internal_domains text[] not null default '{}';
comment on column private.site.internal_domains is 'Accounts with an address of one of these domains (lower case) are `internal`, as is the owner; everybody else is external. It is a label and grants nothing.';

create table private.user_usage_rollup (
    -- The user, or of all visitors together the nil UUID: a key may not be null.
    actor_id uuid not null,
    owner_id uuid not null,
    first_activity_at timestamptz not null default 'infinity',
    last_activity_at timestamptz not null default '-infinity',
    requests bigint not null default 0,
    errors bigint not null default 0,
    unpriced bigint not null default 0,
    context_tokens bigint not null default 0,
    cached_tokens bigint not null default 0,
    generated_tokens bigint not null default 0,
    completed_payments bigint not null default 0,
    internal boolean not null default false,
    -- What has no fixed width comes last: totals read every row, and find the columns before these without looking.
    cost numeric(20, 6) not null default 0,
    co2_grams numeric(20, 4) not null default 0,
    revenue numeric(20, 2) not null default 0,
    label text collate "C" not null default '',
    primary key (actor_id, owner_id)
);
comment on table private.user_usage_rollup is 'The sums of usage_logs and of the completed credit_purchases, by who pays and who acted. No foreign keys: when an account goes, the triggers move its sums to the visitors.';
comment on column private.user_usage_rollup.label is 'Address and name in small letters, by which users are searched and sorted.';
comment on column private.user_usage_rollup.last_activity_at is 'Of the log alone; -infinity (and the first one infinity) for who has only paid.';
-- One each for the orders in which pages are read; equals are many in the last alone.
create index user_usage_rollup_last_activity_at on private.user_usage_rollup (last_activity_at);
create index user_usage_rollup_requests on private.user_usage_rollup (requests);
create index user_usage_rollup_tokens on private.user_usage_rollup ((context_tokens + generated_tokens));
create index user_usage_rollup_cost on private.user_usage_rollup (cost);
create index user_usage_rollup_label on private.user_usage_rollup (label);
create index user_usage_rollup_revenue on private.user_usage_rollup (revenue, actor_id, owner_id);
create index user_usage_rollup_paying on private.user_usage_rollup (owner_id) include (revenue) where completed_payments > 0;

alter table private.user_usage_rollup enable row level security;
revoke all on private.user_usage_rollup from public;
grant select on private.user_usage_rollup to service_role;

-- ---------------------------------------------------------------------------------------------------------------
-- What it must be
-- ---------------------------------------------------------------------------------------------------------------

create view private.people as
select p.id, lower(p.email || ' ' || coalesce(p.full_name, '')) as label,
       coalesce(p.id = s.owner_id or lower(split_part(p.email, '@', 2)) = any (s.internal_domains), false) as internal
from public.profiles as p left join private.site as s on true
union all select '00000000-0000-0000-0000-000000000000', 'portfolio visitors', false;
comment on view private.people is 'How the users of the rollup are labelled, the visitors as one.';

create view private.user_usage_recomputed as
with logged as (
    select coalesce(user_id, '00000000-0000-0000-0000-000000000000') as actor_id, owner_id, count(*) as requests,
           count(*) filter (where status = 'error') as errors, count(*) filter (where cost is null) as unpriced,
           sum(context_tokens) as context_tokens, sum(cached_tokens) as cached_tokens,
           sum(generated_tokens) as generated_tokens, coalesce(sum(cost), 0) as cost,
           coalesce(sum(co2_grams), 0) as co2_grams, min(at) as first_activity_at, max(at) as last_activity_at
    from public.usage_logs group by 1, 2
), paid as (
    select coalesce(user_id, '00000000-0000-0000-0000-000000000000') as actor_id, owner_id,
           count(*) as completed_payments, sum(amount_usd) as revenue
    from public.credit_purchases where status = 'completed' group by 1, 2
)
select actor_id, owner_id, coalesce(p.label, '') as label, coalesce(p.internal, false) as internal,
       coalesce(l.requests, 0) as requests, coalesce(l.errors, 0) as errors, coalesce(l.unpriced, 0) as unpriced,
       coalesce(l.context_tokens, 0) as context_tokens, coalesce(l.cached_tokens, 0) as cached_tokens,
       coalesce(l.generated_tokens, 0) as generated_tokens, coalesce(l.cost, 0) as cost,
       coalesce(l.co2_grams, 0) as co2_grams, coalesce(l.first_activity_at, 'infinity') as first_activity_at,
       coalesce(l.last_activity_at, '-infinity') as last_activity_at,
       coalesce(b.completed_payments, 0) as completed_payments, coalesce(b.revenue, 0) as revenue
from logged as l full join paid as b using (actor_id, owner_id) left join private.people as p on p.id = actor_id;
comment on view private.user_usage_recomputed is 'What user_usage_rollup must be, added up from every row.';

-- The rows in which the rollup differs from the log; none unless something went wrong. One snapshot sees both, so
-- writers need not be held back. Reads the whole log: for the night, or a doubt.
create function private.check_usage_rollup()
returns table (owner_id uuid, user_id uuid, stored jsonb, recomputed jsonb)
language sql stable security definer set search_path = '' as $$
    with stored as (
        select r.actor_id, r.owner_id, to_jsonb(r) as sums from private.user_usage_rollup as r
    ), recomputed as (
        select r.actor_id, r.owner_id, to_jsonb(r) as sums from private.user_usage_recomputed as r
    )
    select coalesce(s.owner_id, r.owner_id),
           nullif(coalesce(s.actor_id, r.actor_id), '00000000-0000-0000-0000-000000000000'), s.sums, r.sums
    from stored as s full join recomputed as r using (actor_id, owner_id)
    where s.sums is distinct from r.sums
$$;

-- Makes the rollup what it must be, and answers how many rows differed. Writers wait.
create function private.rebuild_usage_rollup() returns integer
language plpgsql security definer set search_path = '' as $$
declare
    v_differing integer;
begin
    lock table public.usage_logs, public.credit_purchases in share row exclusive mode;
    create temporary table differing on commit drop as
        select owner_id, coalesce(user_id, '00000000-0000-0000-0000-000000000000') as actor_id
        from private.check_usage_rollup();
    get diagnostics v_differing = row_count;
    delete from private.user_usage_rollup as r using differing as d
    where r.actor_id = d.actor_id and r.owner_id = d.owner_id;
    insert into private.user_usage_rollup (
        actor_id, owner_id, label, internal, requests, errors, unpriced, context_tokens, cached_tokens,
        generated_tokens, cost, co2_grams, first_activity_at, last_activity_at, completed_payments, revenue)
    select r.* from private.user_usage_recomputed as r join differing as d using (actor_id, owner_id);
    drop table differing;
    return v_differing;
end $$;

-- ---------------------------------------------------------------------------------------------------------------
-- What keeps it so
-- ---------------------------------------------------------------------------------------------------------------

-- The oldest and the newest row of a user (null: of the visitors), each by one look into an index.
create function private.activity_of(p_owner_id uuid, p_user_id uuid, out first_at timestamptz, out last_at timestamptz)
language plpgsql stable security definer set search_path = '' as $$
begin
    if p_user_id is null then
        select min(at), max(at) into first_at, last_at from public.usage_logs
        where user_id is null and owner_id = p_owner_id;
    else
        select min(at), max(at) into first_at, last_at from public.usage_logs
        where user_id = p_user_id and owner_id = p_owner_id;
    end if;
    first_at := coalesce(first_at, 'infinity');
    last_at := coalesce(last_at, '-infinity');
end $$;

-- Adds what is new and takes off what is gone, a user at a time in one order, so that two statements wait for each other
-- and never deadlock. What an update leaves alone cancels out before any row is locked.
create function private.roll_up_logs() returns trigger language plpgsql security definer set search_path = '' as $$
declare
    v_columns text := $columns$owner_id, coalesce(user_id, '00000000-0000-0000-0000-000000000000') as actor_id, at, status,
        cost, co2_grams, context_tokens, cached_tokens, generated_tokens$columns$;
    v_new text := format('select %s from new_rows', v_columns);
    v_old text := format('select %s from old_rows', v_columns);
    v_changed text := case tg_op
        when 'INSERT' then format('select 1 as sign, n.* from (%s) as n', v_new)
        when 'DELETE' then format('select -1 as sign, o.* from (%s) as o', v_old)
        else format('select 1 as sign, n.* from (%1$s except all %2$s) as n union all
                     select -1, o.* from (%2$s except all %1$s) as o', v_new, v_old) end;
begin
    execute format($sql$
        insert into private.user_usage_rollup as r (
            actor_id, owner_id, label, internal, requests, errors, unpriced, context_tokens, cached_tokens,
            generated_tokens, cost, co2_grams, first_activity_at, last_activity_at)
        select c.actor_id, c.owner_id, coalesce(min(p.label), ''), coalesce(bool_or(p.internal), false), sum(sign),
               sum(sign * (status = 'error')::integer), sum(sign * (cost is null)::integer), sum(sign * context_tokens),
               sum(sign * cached_tokens), sum(sign * generated_tokens), coalesce(sum(sign * cost), 0),
               coalesce(sum(sign * co2_grams), 0), coalesce(min(at) filter (where sign > 0), 'infinity'),
               coalesce(max(at) filter (where sign > 0), '-infinity')
        from (%s) as c left join private.people as p on p.id = c.actor_id
        group by c.actor_id, c.owner_id order by c.actor_id, c.owner_id
        on conflict (actor_id, owner_id) do update set
            requests = r.requests + excluded.requests, errors = r.errors + excluded.errors,
            unpriced = r.unpriced + excluded.unpriced, context_tokens = r.context_tokens + excluded.context_tokens,
            cached_tokens = r.cached_tokens + excluded.cached_tokens,
            generated_tokens = r.generated_tokens + excluded.generated_tokens, cost = r.cost + excluded.cost,
            co2_grams = r.co2_grams + excluded.co2_grams,
            first_activity_at = least(r.first_activity_at, excluded.first_activity_at),
            last_activity_at = greatest(r.last_activity_at, excluded.last_activity_at)$sql$, v_changed);
    if tg_op = 'INSERT' then
        return null;
    end if;

    -- A statement of its own, once the users' rows are locked: it sees what whoever held the locks before has committed.
    update private.user_usage_rollup as r set (first_activity_at, last_activity_at) =
        (select first_at, last_at
         from private.activity_of(r.owner_id, nullif(r.actor_id, '00000000-0000-0000-0000-000000000000')))
    from (select owner_id, user_id, min(at) as first_at, max(at) as last_at from old_rows group by 1, 2) as o
    where r.actor_id = coalesce(o.user_id, '00000000-0000-0000-0000-000000000000') and r.owner_id = o.owner_id
      and (o.first_at <= r.first_activity_at or o.last_at >= r.last_activity_at);
    delete from private.user_usage_rollup as r using (select distinct owner_id, user_id from old_rows) as o
    where r.actor_id = coalesce(o.user_id, '00000000-0000-0000-0000-000000000000') and r.owner_id = o.owner_id
      and r.requests = 0 and r.completed_payments = 0;
    return null;
end $$;

create function private.roll_up_purchases() returns trigger language plpgsql security definer set search_path = '' as $$
declare
    v_columns text := $columns$owner_id, coalesce(user_id, '00000000-0000-0000-0000-000000000000') as actor_id, amount_usd$columns$;
    v_new text := format($sql$select 1 as sign, %s from new_rows where status = 'completed'$sql$, v_columns);
    v_old text := format($sql$select -1 as sign, %s from old_rows where status = 'completed'$sql$, v_columns);
    v_changed text := case tg_op when 'INSERT' then v_new when 'DELETE' then v_old
        else v_new || ' union all ' || v_old end;
begin
    execute format($sql$
        insert into private.user_usage_rollup as r (actor_id, owner_id, label, internal, completed_payments, revenue)
        select c.actor_id, c.owner_id, coalesce(min(p.label), ''), coalesce(bool_or(p.internal), false), sum(sign),
               sum(sign * amount_usd)
        from (%s) as c left join private.people as p on p.id = c.actor_id
        group by c.actor_id, c.owner_id order by c.actor_id, c.owner_id
        on conflict (actor_id, owner_id) do update set
            completed_payments = r.completed_payments + excluded.completed_payments,
            revenue = r.revenue + excluded.revenue$sql$, v_changed);
    if tg_op <> 'INSERT' then
        delete from private.user_usage_rollup as r using (select distinct owner_id, user_id from old_rows) as o
        where r.actor_id = coalesce(o.user_id, '00000000-0000-0000-0000-000000000000') and r.owner_id = o.owner_id
          and r.requests = 0 and r.completed_payments = 0;
    end if;
    return null;
end $$;

create trigger roll_up_insert after insert on public.usage_logs referencing new table as new_rows
    for each statement execute function private.roll_up_logs();
create trigger roll_up_update after update on public.usage_logs referencing old table as old_rows new table as new_rows
    for each statement execute function private.roll_up_logs();
create trigger roll_up_delete after delete on public.usage_logs referencing old table as old_rows
    for each statement execute function private.roll_up_logs();
create trigger roll_up_insert after insert on public.credit_purchases referencing new table as new_rows
    for each statement execute function private.roll_up_purchases();
create trigger roll_up_update after update on public.credit_purchases
    referencing old table as old_rows new table as new_rows
    for each statement execute function private.roll_up_purchases();
create trigger roll_up_delete after delete on public.credit_purchases referencing old table as old_rows
    for each statement execute function private.roll_up_purchases();

-- Somebody's address or name has changed, or who counts as internal.
create function private.relabel_rollup() returns trigger language plpgsql security definer set search_path = '' as $$
declare
    v_whom uuid[];
begin
    if tg_table_name = 'profiles' then
        v_whom := array(select id from new_rows);
    end if;
    update private.user_usage_rollup as r set label = p.label, internal = p.internal
    from private.people as p
    where p.id = r.actor_id and (r.label, r.internal) is distinct from (p.label, p.internal)
      and (v_whom is null or r.actor_id = any (v_whom));
    return null;
end $$;
create trigger relabel_insert after insert on public.profiles referencing new table as new_rows
    for each statement execute function private.relabel_rollup();
create trigger relabel_update after update on public.profiles referencing new table as new_rows
    for each statement execute function private.relabel_rollup();
create trigger relabel_change after insert or update or delete on private.site
    for each statement execute function private.relabel_rollup();

revoke execute on function private.check_usage_rollup(), private.rebuild_usage_rollup(), private.activity_of(uuid, uuid),
    private.roll_up_logs(), private.roll_up_purchases(), private.relabel_rollup() from public;
grant execute on function private.check_usage_rollup(), private.rebuild_usage_rollup() to service_role;
