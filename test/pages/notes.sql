-- What the harness page shows and writes: notes of a member, told to their topic, and a sum that counts each write once.

create table public.notes (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null references auth.users (id) on delete cascade,
    shelf int not null,
    n int not null default 0
);
create table public.sums (
    user_id uuid primary key references auth.users (id) on delete cascade,
    total int not null default 0
);
create table public.bumps (id uuid primary key, user_id uuid not null, by int not null, seen int not null default 1);
alter table public.notes enable row level security;
alter table public.sums enable row level security;
alter table public.bumps enable row level security;
create policy notes_select_own on public.notes for select to authenticated using (user_id = (select auth.uid()));
grant select on public.notes to authenticated;

create trigger zz_signal_insert after insert on public.notes referencing new table as new_rows
    for each statement execute function private.signal_owner('user_id', 'id');
create trigger zz_signal_update after update on public.notes referencing old table as old_rows new table as new_rows
    for each statement execute function private.signal_owner('user_id', 'id');
create trigger zz_signal_delete after delete on public.notes referencing old table as old_rows
    for each statement execute function private.signal_owner('user_id', 'id');

create function public.bump(p_id uuid, p_by int) returns void language plpgsql security definer set search_path = '' as $$
begin
    insert into public.bumps (id, user_id, by) values (p_id, auth.uid(), p_by)
    on conflict (id) do update set seen = public.bumps.seen + 1;
    if (select seen from public.bumps where id = p_id) = 1 then
        insert into public.sums (user_id, total) values (auth.uid(), p_by)
        on conflict (user_id) do update set total = public.sums.total + p_by;
    end if;
end $$;
grant execute on function public.bump(uuid, int) to authenticated;
