-- Module core, further: the API keys that users leave with us, and an audit log that cannot be rewritten.

-- ---------------------------------------------------------------------------------------------------------------
-- Audit
-- ---------------------------------------------------------------------------------------------------------------

-- Nobody edits what happened, the service included. What is older than a year may be cleaned up.
create function private.keep_audit() returns trigger language plpgsql set search_path = '' as $$
begin
    if tg_op = 'DELETE' and old.at < now() - interval '365 days' then
        return old;
    end if;
    raise exception 'The audit log is append-only.' using errcode = '42501';
end $$;
revoke execute on function private.keep_audit() from public;

revoke update, delete, truncate on private.audit_log from service_role;
create trigger audit_log_keep before update or delete on private.audit_log
    for each row execute function private.keep_audit();
create trigger audit_log_keep_all before truncate on private.audit_log
    for each statement execute function private.keep_audit();

create function private.audit(p_actor_id uuid, p_subject_id uuid, p_action text, p_detail jsonb) returns void
language sql security definer set search_path = '' as $$
    insert into private.audit_log (actor_id, subject_id, action, detail)
    values (p_actor_id, p_subject_id, p_action, jsonb_strip_nulls(p_detail))
$$;
revoke execute on function private.audit(uuid, uuid, text, jsonb) from public;
grant execute on function private.audit(uuid, uuid, text, jsonb) to service_role;

-- ---------------------------------------------------------------------------------------------------------------
-- Keys
-- ---------------------------------------------------------------------------------------------------------------

create table private.user_api_keys (
    user_id uuid not null references auth.users (id) on delete cascade,
    provider text not null constraint user_api_keys_provider_known check (provider in ('openai', 'anthropic')),
    envelope text not null constraint user_api_keys_envelope_sealed check (envelope like 'v1.%'),
    kid text not null,
    last4 text not null constraint user_api_keys_last4_length check (length(last4) = 4),
    fingerprint text not null,
    status text not null default 'unchecked'
        constraint user_api_keys_status_known check (status in ('unchecked', 'valid', 'invalid')),
    checked_at timestamptz,
    set_at timestamptz not null default now(),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    primary key (user_id, provider)
);
comment on table private.user_api_keys is 'One key a user and provider, sealed by the Edge Functions; the database cannot open it. Nothing but last4, status and times ever leaves.';
comment on column private.user_api_keys.kid is 'Which key of the functions'' KEYRING sealed it; after a rotation the old ones are found by it.';
comment on column private.user_api_keys.set_at is 'When this key took the place of another: syncs of before may have read another organisation.';
comment on column private.user_api_keys.fingerprint is 'A keyed hash: tells whether a key is set again, and nothing without the key ring.';
create index user_api_keys_kid on private.user_api_keys (kid);

alter table private.user_api_keys enable row level security;
grant select, insert, update, delete on private.user_api_keys to service_role;

create trigger user_api_keys_touch before update on private.user_api_keys
    for each row execute function private.touch_updated_at();
create trigger zz_signal_insert after insert on private.user_api_keys referencing new table as new_rows
    for each statement execute function private.signal_owner('user_id', 'provider');
create trigger zz_signal_update after update on private.user_api_keys
    referencing old table as old_rows new table as new_rows
    for each statement execute function private.signal_owner('user_id', 'provider');
create trigger zz_signal_delete after delete on private.user_api_keys referencing old table as old_rows
    for each statement execute function private.signal_owner('user_id', 'provider');

-- What may be seen of a key, by its owner and nobody else.
create function private.api_key_metadata(p_user_id uuid) returns jsonb
language sql stable security definer set search_path = '' as $$
    select coalesce(jsonb_agg(jsonb_build_object('provider', provider, 'last4', last4, 'status', status,
                                                 'checked_at', checked_at, 'updated_at', updated_at)
                              order by provider), '[]')
    from private.user_api_keys where user_id = p_user_id
$$;

create function private.own_api_keys() returns jsonb
language sql stable security definer set search_path = '' as $$
    select case when private.is_permanent() then private.api_key_metadata(auth.uid()) else '[]' end
$$;

-- [{ provider, last4, status, checked_at, updated_at }] of whoever asks.
create function public.api_keys() returns jsonb language sql stable set search_path = '' as $$
    select private.own_api_keys()
$$;

-- ---------------------------------------------------------------------------------------------------------------
-- What the Edge Functions call
-- ---------------------------------------------------------------------------------------------------------------

-- Takes one of ten tokens, of which one comes back each minute; answers the seconds to wait, 0 = go on.
create function public.api_key_admit(p_user_id uuid) returns integer language sql set search_path = '' as $$
    select private.take_token('api-keys:user:' || p_user_id, 10, 1.0 / 60)
$$;

create function public.api_key_set(
    p_user_id uuid, p_provider text, p_envelope text, p_kid text, p_last4 text, p_fingerprint text, p_status text
) returns void language plpgsql set search_path = '' as $$
begin
    insert into private.user_api_keys as k (user_id, provider, envelope, kid, last4, fingerprint, status, checked_at)
    values (p_user_id, p_provider, p_envelope, p_kid, p_last4, p_fingerprint, p_status,
            case when p_status <> 'unchecked' then now() end)
    on conflict (user_id, provider) do update
        set envelope = excluded.envelope, kid = excluded.kid, last4 = excluded.last4,
            fingerprint = excluded.fingerprint, status = excluded.status, checked_at = excluded.checked_at, set_at = now();
    perform private.audit(p_user_id, p_user_id, 'api_key.set',
                          jsonb_build_object('provider', p_provider, 'last4', p_last4, 'status', p_status, 'kid', p_kid));
end $$;

-- The sealed key, for a function that holds the key ring; null when there is none.
create function public.api_key_get(p_user_id uuid, p_provider text) returns jsonb
language sql stable set search_path = '' as $$
    select jsonb_build_object('envelope', envelope, 'kid', kid, 'fingerprint', fingerprint, 'status', status)
    from private.user_api_keys where user_id = p_user_id and provider = p_provider
$$;

-- Notes what a check has shown, unless the key was replaced meanwhile; false then.
create function public.api_key_mark(p_user_id uuid, p_provider text, p_fingerprint text, p_status text)
returns boolean language plpgsql set search_path = '' as $$
begin
    update private.user_api_keys set status = p_status, checked_at = now()
    where user_id = p_user_id and provider = p_provider and fingerprint = p_fingerprint;
    if not found then
        return false;
    end if;
    perform private.audit(p_user_id, p_user_id, 'api_key.validate',
                          jsonb_build_object('provider', p_provider, 'status', p_status));
    return true;
end $$;

create function public.api_key_delete(p_user_id uuid, p_provider text) returns boolean
language plpgsql set search_path = '' as $$
begin
    delete from private.user_api_keys where user_id = p_user_id and provider = p_provider;
    if found then
        perform private.audit(p_user_id, p_user_id, 'api_key.delete', jsonb_build_object('provider', p_provider));
    end if;
    return found;
end $$;

create function public.api_key_list(p_user_id uuid) returns jsonb language sql stable set search_path = '' as $$
    select private.api_key_metadata(p_user_id)
$$;

revoke execute on function private.api_key_metadata(uuid), private.own_api_keys(), public.api_keys(),
    public.api_key_admit(uuid), public.api_key_set(uuid, text, text, text, text, text, text),
    public.api_key_get(uuid, text), public.api_key_mark(uuid, text, text, text),
    public.api_key_delete(uuid, text), public.api_key_list(uuid)
    from public, anon, authenticated;
grant execute on function private.own_api_keys(), public.api_keys() to authenticated, service_role;
grant execute on function private.api_key_metadata(uuid), public.api_key_admit(uuid),
    public.api_key_set(uuid, text, text, text, text, text, text), public.api_key_get(uuid, text),
    public.api_key_mark(uuid, text, text, text), public.api_key_delete(uuid, text), public.api_key_list(uuid)
    to service_role;
