-- Module chat: conversations of visitors with the site's model. Visitors read their own and write nothing; the Edge
-- Function `chat` writes both roles through the functions below, which only the service role may call.

create table public.chat_sessions (
    id uuid primary key,
    user_id uuid not null references auth.users (id) on delete cascade,
    created_at timestamptz not null default now(),
    last_message_at timestamptz not null default now(),
    expires_at timestamptz not null default now() + interval '30 days'
);
comment on table public.chat_sessions is 'One conversation. The id is made by the client, so that a first message sent twice is one session.';
create index chat_sessions_user_id on public.chat_sessions (user_id, last_message_at desc);
create index chat_sessions_expires_at on public.chat_sessions (expires_at);

create table public.chat_messages (
    id uuid primary key default gen_random_uuid(),
    seq bigint generated always as identity,
    session_id uuid not null references public.chat_sessions (id) on delete cascade,
    user_id uuid not null references auth.users (id) on delete cascade,
    client_id uuid,
    role text not null constraint chat_messages_role_known check (role in ('user', 'assistant')),
    author text not null constraint chat_messages_author_known check (author in ('visitor', 'model', 'owner')),
    reply_to uuid references public.chat_messages (id) on delete cascade,
    superseded_at timestamptz,
    status text not null default 'complete'
        constraint chat_messages_status_known check (status in ('streaming', 'complete', 'stopped', 'error')),
    content text not null default ''
        constraint chat_messages_content_length check (length(content) <= case author when 'visitor' then 2000 else 16000 end),
    model text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint chat_messages_sent_once unique (user_id, client_id)
);
comment on table public.chat_messages is 'One message. `user_id` is the visitor whose conversation it is, in the replies too.';
comment on column public.chat_messages.seq is 'Orders messages of the same instant.';
comment on column public.chat_messages.client_id is 'Made by the client for each message it sends; null in replies.';
create index chat_messages_session_id on public.chat_messages (session_id, seq);
create index chat_messages_reply_to on public.chat_messages (reply_to);
create index chat_messages_created_at on public.chat_messages (created_at);
create index chat_messages_role on public.chat_messages (role, created_at);

create table private.chat_runs (
    message_id uuid primary key references public.chat_messages (id) on delete cascade,
    id uuid not null default gen_random_uuid(),
    leased_until timestamptz not null default now() + interval '30 seconds',
    stop_requested boolean not null default false,
    reserved_micro_usd bigint not null,
    reserved_on date not null default (now() at time zone 'utc')::date
);
comment on table private.chat_runs is 'The worker that writes a streaming reply. A run whose lease has passed may be taken over; the id then changes.';

alter table public.chat_sessions enable row level security;
alter table public.chat_messages enable row level security;
alter table private.chat_runs enable row level security;

create policy chat_sessions_select_own on public.chat_sessions for select to authenticated
    using (user_id = (select auth.uid()) or (select private.is_admin()));
create policy chat_messages_select_own on public.chat_messages for select to authenticated
    using (user_id = (select auth.uid()) or (select private.is_admin()));

revoke all on public.chat_sessions, public.chat_messages from anon, authenticated;
revoke all on sequence public.chat_messages_seq_seq from anon, authenticated;
grant select on public.chat_sessions, public.chat_messages to authenticated;
grant select, insert, update, delete on public.chat_sessions, public.chat_messages to service_role;
grant select, insert, update, delete on private.chat_runs to service_role;

create trigger chat_messages_touch before update on public.chat_messages
    for each row execute function private.touch_updated_at();

-- ---------------------------------------------------------------------------------------------------------------
-- The topic chat:<session id>
-- ---------------------------------------------------------------------------------------------------------------

create function private.can_receive_chat(p_rest text) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
    if p_rest !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
        return false;
    end if;
    return exists (
        select from public.chat_sessions as s
        where s.id = p_rest::uuid and (s.user_id = (select auth.uid()) or (select private.is_admin())));
end $$;
revoke execute on function private.can_receive_chat(text) from public;

create function private.broadcast_chat_message() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    if tg_op = 'DELETE' then
        perform realtime.send(jsonb_build_object('op', tg_op, 'record', jsonb_build_object('id', old.id)),
                              'message', 'chat:' || old.session_id, true);
    else
        perform realtime.send(jsonb_build_object('op', tg_op, 'record', to_jsonb(new)),
                              'message', 'chat:' || new.session_id, true);
    end if;
    return null;
end $$;
revoke execute on function private.broadcast_chat_message() from public;

create trigger zz_broadcast after insert or delete on public.chat_messages
    for each row execute function private.broadcast_chat_message();
-- Text appended to a streaming reply travels as a `partial`; the whole row only when something else changes, which
-- includes a reply that starts over (its text gets shorter).
create trigger zz_broadcast_update after update on public.chat_messages for each row
    when (new.status <> 'streaming' or old.status <> 'streaming' or length(new.content) < length(old.content))
    execute function private.broadcast_chat_message();

-- ---------------------------------------------------------------------------------------------------------------
-- What the Edge Function calls
-- ---------------------------------------------------------------------------------------------------------------

-- JavaScript's string length, in which the offsets of a reply are counted.
create function private.utf16_length(p_text text) returns integer language sql immutable set search_path = '' as $$
    select length(p_text) + regexp_count(p_text, '[\U00010000-\U0010FFFF]')
$$;

-- Decides in one call whether a message may be answered, and saves it when it may. Answers either
--   { ok: false, code, reason, retry_after_s? }            nothing was saved
--   { ok: true, resume: true,  …, content, status }        sent before: the reply exists or is being written
--   { ok: true, resume: false, …, run_id, history }        the caller holds the lease and writes the reply
-- `…` is session_id, user_message_id, message_id, created (of the session). Free checks come before limits, so that
-- a repeat and a refused session cost nobody anything; a failed or abandoned reply is started over, and pays again.
create function public.chat_admit(
    p_user_id uuid, p_session_id uuid, p_client_id uuid, p_content text, p_address_hash text,
    p_reserve_micro_usd bigint, p_cap_micro_usd bigint
) returns jsonb language plpgsql set search_path = '' as $$
declare
    v_session public.chat_sessions;
    v_asked public.chat_messages;
    v_reply public.chat_messages;
    v_run_id uuid;
    v_created boolean;
    v_wait integer;
begin
    if p_content is null or length(btrim(p_content, E' \t\r\n')) = 0 or length(p_content) > 2000 then
        return jsonb_build_object('ok', false, 'code', 'invalid', 'reason', 'length');
    end if;

    -- Messages of one session take turns: a twin of this request, sent again while this one runs, then finds what this
    -- one saved, instead of paying for its own or being refused what this one was granted.
    perform pg_advisory_xact_lock(hashtextextended(p_session_id::text, 0));
    select * into v_session from public.chat_sessions where id = p_session_id;
    if v_session.user_id <> p_user_id then
        return jsonb_build_object('ok', false, 'code', 'forbidden', 'reason', 'session');
    end if;
    if v_session.expires_at < now() then
        return jsonb_build_object('ok', false, 'code', 'forbidden', 'reason', 'session_expired');
    end if;

    select * into v_asked from public.chat_messages where user_id = p_user_id and client_id = p_client_id;
    if v_asked.id is not null then
        if v_asked.session_id <> p_session_id or v_asked.content <> p_content then
            return jsonb_build_object('ok', false, 'code', 'conflict', 'reason', 'client_id');
        end if;
        select * into v_reply from public.chat_messages
        where reply_to = v_asked.id and superseded_at is null order by seq desc limit 1 for update;
        if v_reply.status in ('complete', 'stopped') or exists (
            select from private.chat_runs where message_id = v_reply.id and leased_until > now())
        then
            return jsonb_build_object(
                'ok', true, 'resume', true, 'created', false, 'session_id', p_session_id,
                'user_message_id', v_asked.id, 'message_id', v_reply.id,
                'content', v_reply.content, 'status', v_reply.status);
        end if;
    elsif (select count(*) from public.chat_messages where session_id = p_session_id) >= 200 then
        return jsonb_build_object('ok', false, 'code', 'forbidden', 'reason', 'session_full');
    end if;

    -- The same message that is saved in another session at this moment makes this block fail and undoes it, what it took
    -- and reserved included; what the other one saved is then found above.
    begin
        v_wait := private.take_token('chat:user:' || p_user_id, 10, 10 / 60.0);
        if v_wait = 0 and p_address_hash is not null then
            v_wait := private.take_token('chat:address:' || p_address_hash, 30, 30 / 600.0);
        end if;
        if v_wait = 0 then
            v_wait := private.take_token('chat:all', 120, 2);
        end if;
        if v_wait > 0 then
            return jsonb_build_object('ok', false, 'code', 'rate_limited', 'reason', 'too_many_messages',
                                      'retry_after_s', v_wait);
        end if;
        if not private.reserve_spend('chat', p_reserve_micro_usd, p_cap_micro_usd) then
            return jsonb_build_object('ok', false, 'code', 'budget', 'reason', 'daily_cap', 'retry_after_s',
                ceil(extract(epoch from ((now() at time zone 'utc')::date + 1) - (now() at time zone 'utc'))));
        end if;
        insert into public.chat_sessions as s (id, user_id) values (p_session_id, p_user_id)
        on conflict (id) do update set last_message_at = now() where s.user_id = p_user_id
        returning xmax = 0 into v_created;
        if v_created is null then
            raise unique_violation;
        end if;
        if v_asked.id is null then
            insert into public.chat_messages (session_id, user_id, client_id, role, author, content)
            values (p_session_id, p_user_id, p_client_id, 'user', 'visitor', p_content)
            returning * into v_asked;
        end if;
        if v_reply.id is null then
            insert into public.chat_messages (session_id, user_id, role, author, reply_to, status)
            values (p_session_id, p_user_id, 'assistant', 'model', v_asked.id, 'streaming')
            returning * into v_reply;
        else
            update public.chat_messages set content = '', status = 'streaming' where id = v_reply.id;
        end if;
        insert into private.chat_runs as r (message_id, reserved_micro_usd) values (v_reply.id, p_reserve_micro_usd)
        on conflict (message_id) do update set id = gen_random_uuid(), leased_until = excluded.leased_until,
            stop_requested = false, reserved_micro_usd = excluded.reserved_micro_usd, reserved_on = excluded.reserved_on
        returning r.id into v_run_id;
    exception when unique_violation then
        return public.chat_admit(p_user_id, p_session_id, p_client_id, p_content, p_address_hash,
                                 p_reserve_micro_usd, p_cap_micro_usd);
    end;

    return jsonb_build_object(
        'ok', true, 'resume', false, 'created', v_created, 'session_id', p_session_id,
        'user_message_id', v_asked.id, 'message_id', v_reply.id, 'run_id', v_run_id,
        'history', (
            select coalesce(jsonb_agg(jsonb_build_object('role', h.role, 'content', h.content) order by h.seq), '[]')
            from (
                select m.role, m.content, m.seq from public.chat_messages as m
                where m.session_id = p_session_id and m.seq <= v_asked.seq and m.superseded_at is null
                  and m.status in ('complete', 'stopped') and m.content <> ''
                order by m.seq desc limit 10
            ) as h));
end $$;
comment on function public.chat_admit is 'Edge Function only: decides whether a message is answered, and saves it.';

-- Appends to a streaming reply, shows it to the session's other clients and renews the lease (an empty delta does only
-- that). `p_at` is the reply's length so far. A worker whose lease was taken over, or that has lost its place, is told to
-- stop: { stop }.
create function public.chat_progress(p_message_id uuid, p_run_id uuid, p_delta text, p_at integer) returns jsonb
language plpgsql set search_path = '' as $$
declare
    v_session_id uuid;
    v_stop boolean;
begin
    -- Waits for a takeover before it looks whose run it is: an update that waits by itself looks at the runs of before.
    perform from public.chat_messages where id = p_message_id for update;
    update public.chat_messages as m set content = left(m.content || p_delta, 16000)
    where m.id = p_message_id and m.status = 'streaming' and private.utf16_length(m.content) = p_at
      and exists (select from private.chat_runs as r where r.message_id = m.id and r.id = p_run_id)
    returning m.session_id into v_session_id;
    update private.chat_runs set leased_until = now() + interval '30 seconds'
    where message_id = p_message_id and v_session_id is not null
    returning stop_requested into v_stop;
    if v_stop is null then
        return jsonb_build_object('stop', true);
    end if;
    if p_delta <> '' then
        perform realtime.send(jsonb_build_object('message_id', p_message_id, 'at', p_at, 'text', p_delta),
                              'partial', 'chat:' || v_session_id, true);
    end if;
    return jsonb_build_object('stop', v_stop);
end $$;
comment on function public.chat_progress is 'Edge Function only: appends to a streaming reply.';

-- Ends a reply: its text, its status, and what it cost, accounted to the site's owner. False when another worker has
-- taken the reply over; nothing is written then. Tokens of 0 mean the provider was never reached: nothing to account.
create function public.chat_finish(
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
    -- The module usage may not be installed.
    if v_owner_id is not null and p_input_tokens + p_output_tokens > 0 and to_regclass('public.usage_data') is not null then
        perform private.add_usage(v_owner_id, p_model, '', 'chat', p_input_tokens, p_cached_tokens, p_output_tokens,
                                  p_cost_micro_usd / 1000000.0, p_co2_grams);
    end if;
    return true;
end $$;
comment on function public.chat_finish is 'Edge Function only: ends a reply and accounts for it.';

-- Asks the worker of a reply to stop; it learns that at its next progress. False when nothing is being written.
create function public.chat_stop(p_user_id uuid, p_message_id uuid) returns boolean
language plpgsql set search_path = '' as $$
begin
    update private.chat_runs as r set stop_requested = true
    from public.chat_messages as m
    where m.id = r.message_id and m.id = p_message_id and m.user_id = p_user_id;
    return found;
end $$;
comment on function public.chat_stop is 'Edge Function only: asks a reply''s worker to stop.';

revoke execute on function private.utf16_length(text),
    public.chat_admit(uuid, uuid, uuid, text, text, bigint, bigint),
    public.chat_progress(uuid, uuid, text, integer),
    public.chat_finish(uuid, uuid, text, text, text, integer, integer, integer, bigint, numeric),
    public.chat_stop(uuid, uuid)
    from public, anon, authenticated;
grant execute on function private.utf16_length(text),
    public.chat_admit(uuid, uuid, uuid, text, text, bigint, bigint),
    public.chat_progress(uuid, uuid, text, integer),
    public.chat_finish(uuid, uuid, text, text, text, integer, integer, integer, bigint, numeric),
    public.chat_stop(uuid, uuid)
    to service_role;
