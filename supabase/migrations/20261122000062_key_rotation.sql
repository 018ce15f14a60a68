-- Module core, further: users' keys can be sealed anew by a younger key of the functions' ring, without their noticing.

-- When somebody sets or checks a key is shown to them; that it was sealed anew is not.
drop trigger user_api_keys_touch on private.user_api_keys;
create trigger user_api_keys_touch before update on private.user_api_keys
    for each row when ((old.set_at, old.status, old.checked_at) is distinct from (new.set_at, new.status, new.checked_at))
    execute function private.touch_updated_at();

-- The keys that another one of the ring has sealed than this, after a given one, in an order that they keep:
-- [{ user_id, provider, envelope, kid, fingerprint }].
create function public.api_keys_outdated(p_kid text, p_after_user_id uuid, p_after_provider text, p_limit integer)
returns jsonb language sql stable set search_path = '' as $$
    select coalesce(jsonb_agg(to_jsonb(k) order by k.user_id, k.provider), '[]') from (
        select user_id, provider, envelope, kid, fingerprint from private.user_api_keys
        where kid <> p_kid and (p_after_user_id is null or (user_id, provider) > (p_after_user_id, p_after_provider))
        order by user_id, provider limit p_limit) as k
$$;

create function public.api_keys_outdated_count(p_kid text) returns bigint
language sql stable set search_path = '' as $$
    select count(*) from private.user_api_keys where kid <> p_kid
$$;

-- Puts a new envelope around the same key; false when the old one is not there any more, because its user has replaced
-- or deleted the key, or because somebody else was faster. An envelope is never the same twice.
create function public.api_key_reseal(
    p_user_id uuid, p_provider text, p_old_envelope text, p_envelope text, p_kid text, p_fingerprint text
) returns boolean language plpgsql set search_path = '' as $$
declare
    v_old_kid text;
begin
    select kid into v_old_kid from private.user_api_keys
    where user_id = p_user_id and provider = p_provider and envelope = p_old_envelope for update;
    if not found then
        return false;
    end if;
    update private.user_api_keys set envelope = p_envelope, kid = p_kid, fingerprint = p_fingerprint
    where user_id = p_user_id and provider = p_provider;
    perform private.audit(null, p_user_id, 'api_key.rotate',
                          jsonb_build_object('provider', p_provider, 'from_kid', v_old_kid, 'kid', p_kid));
    return true;
end $$;

revoke execute on function public.api_keys_outdated(text, uuid, text, integer), public.api_keys_outdated_count(text),
    public.api_key_reseal(uuid, text, text, text, text, text)
    from public, anon, authenticated;
grant execute on function public.api_keys_outdated(text, uuid, text, integer), public.api_keys_outdated_count(text),
    public.api_key_reseal(uuid, text, text, text, text, text)
    to service_role;
