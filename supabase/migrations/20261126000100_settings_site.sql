-- Module settings, further: who runs the site is answered by one function. `runs_site` came with the module chat, and is
-- said here once more, so that neither module needs the other.

create or replace function private.runs_site() returns boolean
language sql stable security definer set search_path = '' as $$
    select private.is_admin()
        or (private.is_permanent() and exists (select from private.site where owner_id = (select auth.uid())))
$$;

-- Whether whoever asks is the site's owner, who pays, or an admin: theirs are the settings of its chat.
create function public.runs_site() returns boolean language sql stable set search_path = '' as $$
    select private.runs_site()
$$;

drop function public.owns_site();
drop function private.owns_site();

revoke execute on function private.runs_site(), public.runs_site() from public, anon, authenticated;
grant execute on function private.runs_site() to authenticated, service_role;
grant execute on function public.runs_site() to authenticated;
