-- Module chat, further: a turn of a conversation can be asked for anew or edited, answered from what the site knows, from
-- an earlier answer, or by the owner in person.

alter table public.chat_sessions
    add column closed_at timestamptz,
    add column owner_active_until timestamptz,
    add column owner_read_seq bigint not null default 0,
    add column visitor_name text constraint chat_sessions_visitor_name_length
        check (length(btrim(visitor_name)) > 0 and length(visitor_name) <= 80);
comment on column public.chat_sessions.expires_at is 'Each message puts it off by the days of private.chat_settings.retention_days.';
comment on column public.chat_sessions.closed_at is 'Nobody writes in it any more.';
comment on column public.chat_sessions.owner_active_until is 'Until then the owner answers in person, and the model yields.';
comment on column public.chat_sessions.owner_read_seq is 'The newest message that the owner has read.';
comment on column public.chat_sessions.visitor_name is 'What the visitor wants to be called.';

alter table public.chat_messages
    add column reason text constraint chat_messages_reason_length check (length(reason) <= 64),
    add column sources jsonb constraint chat_messages_sources_list check (jsonb_typeof(sources) = 'array'),
    add column from_cache boolean not null default false,
    add column feedback text constraint chat_messages_feedback_known check (feedback in ('up', 'down')),
    add column feedback_comment text constraint chat_messages_feedback_comment_length check (length(feedback_comment) <= 1000);
comment on column public.chat_messages.client_id is 'Made by the client for each request that makes a message; null in the replies to new ones.';
comment on column public.chat_messages.superseded_at is 'Since then something else stands in its place, and pages leave it out.';
comment on column public.chat_messages.reason is 'Why it ended as an error, as a word.';
comment on column public.chat_messages.sources is 'What the reply cites: [{ n, title, url, quote }]. No visitor reads more of what the site knows.';
comment on column public.chat_messages.from_cache is 'An earlier answer to the same first question was given again; the model was not asked.';

-- What a reply has cost is accounted to the end, also when its conversation is deleted meanwhile.
alter table private.chat_runs drop constraint chat_runs_message_id_fkey;
alter table private.chat_runs add column session_id uuid, add column user_id uuid, add column answer_key text;
comment on column private.chat_runs.user_id is 'The visitor, as in the message.';
comment on column private.chat_runs.answer_key is 'Where the reply is kept to be given again; null for one that is not.';

create table private.chat_answers (
    key text primary key,
    content text not null,
    model text,
    sources jsonb,
    created_at timestamptz not null default now()
);
comment on table private.chat_answers is 'Answers to first questions, by a hash of the question, the model, and the revision of the settings and the knowledge.';
create index chat_answers_created_at on private.chat_answers (created_at);

alter table private.chat_answers enable row level security;
grant select, insert, update, delete on private.chat_answers to service_role;

-- ---------------------------------------------------------------------------------------------------------------
-- The topic chat:<session id>, further
-- ---------------------------------------------------------------------------------------------------------------

-- As before, and not once for each message of a conversation that goes as a whole.
create or replace function private.broadcast_chat_message() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    if tg_op <> 'DELETE' then
        perform realtime.send(jsonb_build_object('op', tg_op, 'record', to_jsonb(new)),
                              'message', 'chat:' || new.session_id, true);
    elsif exists (select from public.chat_sessions where id = old.session_id) then
        perform realtime.send(jsonb_build_object('op', tg_op, 'record', jsonb_build_object('id', old.id)),
                              'message', 'chat:' || old.session_id, true);
    end if;
    return null;
end $$;

-- Also when a reply is superseded while it is written.
drop trigger zz_broadcast_update on public.chat_messages;
create trigger zz_broadcast_update after update on public.chat_messages for each row
    when (new.status <> 'streaming' or old.status <> 'streaming' or length(new.content) < length(old.content)
          or new.superseded_at is distinct from old.superseded_at)
    execute function private.broadcast_chat_message();

create function private.broadcast_chat_session() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    if tg_op = 'DELETE' then
        perform realtime.send(jsonb_build_object('op', tg_op, 'record', jsonb_build_object('id', old.id)),
                              'session', 'chat:' || old.id, true);
    else
        perform realtime.send(jsonb_build_object('op', tg_op, 'record', to_jsonb(new)), 'session', 'chat:' || new.id, true);
    end if;
    return null;
end $$;
create trigger zz_broadcast_update after update on public.chat_sessions for each row
    when (new.closed_at is distinct from old.closed_at or new.visitor_name is distinct from old.visitor_name)
    execute function private.broadcast_chat_session();
create trigger zz_broadcast_delete after delete on public.chat_sessions
    for each row execute function private.broadcast_chat_session();

-- The list of conversations is another one: a message came or ended, or a conversation was read, closed, named, deleted.
create function private.ping_chat_sessions() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
    perform private.ping_chat_admins('chat_sessions');
    return null;
end $$;
create trigger zz_ping_insert after insert on public.chat_messages
    for each statement execute function private.ping_chat_sessions();
create trigger zz_ping_update after update on public.chat_messages for each row
    when (new.status is distinct from old.status or new.superseded_at is distinct from old.superseded_at)
    execute function private.ping_chat_sessions();
create trigger zz_ping_update after update of closed_at, owner_active_until, owner_read_seq, visitor_name
    on public.chat_sessions for each statement execute function private.ping_chat_sessions();
create trigger zz_ping_delete after delete on public.chat_sessions
    for each statement execute function private.ping_chat_sessions();

revoke execute on function private.broadcast_chat_session(), private.ping_chat_sessions() from public;

-- ---------------------------------------------------------------------------------------------------------------
-- Parts of the admission
-- ---------------------------------------------------------------------------------------------------------------

create function private.refused(p_code text, p_reason text, p_retry_after_s integer default null) returns jsonb
language sql immutable set search_path = '' as $$
    select jsonb_strip_nulls(jsonb_build_object('ok', false, 'code', p_code, 'reason', p_reason,
                                                'retry_after_s', p_retry_after_s))
$$;

-- The conversation before a question, and the question: [{ role, content }], ten messages and 12,000 characters at most.
create function private.chat_history(p_session_id uuid, p_before bigint, p_question text) returns jsonb
language sql stable set search_path = '' as $$
    select coalesce(jsonb_agg(jsonb_build_object('role', h.role, 'content', h.content) order by h.seq), '[]')
        || jsonb_build_object('role', 'user', 'content', p_question)
    from (
        select m.role, m.content, m.seq, sum(length(m.content)) over (order by m.seq desc) as characters
        from public.chat_messages as m
        where m.session_id = p_session_id and m.seq < p_before and m.superseded_at is null
          and m.status in ('complete', 'stopped') and m.content <> ''
        order by m.seq desc limit 9
    ) as h
    where h.characters + length(p_question) <= 12000
$$;

-- The most that a question can cost. A token has a byte at least, so no text has more tokens than bytes; what
-- stands around each message and passage is counted generously.
create function private.chat_reserve(p_history jsonb, p_passages jsonb, p_call jsonb) returns bigint
language sql immutable set search_path = '' as $$
    select ceil((p_call ->> 'reserve_micro_usd')::numeric + (p_call ->> 'micro_usd_per_byte')::numeric * (
        select coalesce(sum(octet_length(each ->> 'content') + coalesce(octet_length(each ->> 'title'), 0) + 100), 0)
        from jsonb_array_elements(p_history || p_passages) as each))
$$;

-- Equal for questions that differ in white space and capitals only, and never across models and revisions.
create function private.answer_key(p_call jsonb, p_question text) returns text
language sql immutable set search_path = '' as $$
    select encode(sha256(convert_to(jsonb_build_array(p_call -> 'revision', p_call -> 'model',
        lower(btrim(regexp_replace(p_question, '\s+', ' ', 'g'))))::text, 'UTF8')), 'hex')
$$;

-- Takes the messages from one on out of a conversation, and stops those that are being written. Answers their ids.
create function private.supersede(p_session_id uuid, p_from bigint) returns jsonb
language plpgsql set search_path = '' as $$
declare
    v_ids uuid[];
begin
    with gone as (
        update public.chat_messages set superseded_at = now()
        where session_id = p_session_id and seq >= p_from and superseded_at is null returning id
    )
    select coalesce(array_agg(id), '{}') into v_ids from gone;
    update private.chat_runs set stop_requested = true where message_id = any (v_ids);
    return to_jsonb(v_ids);
end $$;

-- ---------------------------------------------------------------------------------------------------------------
-- What the Edge Function calls
-- ---------------------------------------------------------------------------------------------------------------

drop function public.chat_admit(uuid, uuid, uuid, text, text, bigint, bigint);

-- Decides in one call whether a question may be answered, and saves it when it may. `p_action` is send, edit (of the
-- visitor's message `p_message_id`) or regenerate (the model's reply `p_message_id`). `p_call` is what the caller has made of
-- the settings: { revision, model, reserve_micro_usd, micro_usd_per_byte, cap_micro_usd }. Answers one of
--   { ok: false, settings }                                the caller's settings are of another revision
--   { ok: false, code, reason, retry_after_s? }            nothing was saved
--   { ok: true, resume: true,  …, content, status, … }     sent before, known already (`from_cache`, `sources`), or left to
--                                                          the owner (`status` is `owner`, `message_id` null)
--   { ok: true, resume: false, …, run_id, history, passages }   the caller holds the lease and writes the reply
-- `…` is session_id, user_message_id, message_id, created (of the session), superseded (ids). Free checks come before
-- limits, so that a repeat and a refused session cost nobody anything; a failed or abandoned reply is started over, and
-- pays again.
create function public.chat_admit(
    p_action text, p_user_id uuid, p_session_id uuid, p_client_id uuid, p_message_id uuid, p_content text,
    p_address_hash text, p_call jsonb
) returns jsonb language plpgsql set search_path = '' as $$
declare
    v_settings private.chat_settings;
    v_session public.chat_sessions;
    v_known public.chat_messages;
    v_target public.chat_messages;
    v_asked public.chat_messages;
    v_reply public.chat_messages;
    v_answer private.chat_answers;
    v_answer_key text;
    v_question text;
    v_history jsonb;
    v_passages jsonb;
    v_reserve bigint;
    v_run_id uuid;
    v_superseded jsonb := '[]';
    v_created boolean;
    v_owner_here boolean;
    v_status text;
    v_wait integer;
begin
    select * into v_settings from private.chat_settings;
    if (p_call ->> 'revision')::bigint is distinct from v_settings.revision then
        return jsonb_build_object('ok', false, 'settings', to_jsonb(v_settings));
    end if;
    if p_action <> 'regenerate' and (p_content is null or length(btrim(p_content, E' \t\r\n')) = 0
                                     or private.utf16_length(p_content) > v_settings.max_message_length)
    then
        return private.refused('invalid', 'length');
    end if;

    -- Messages of one session take turns: a twin of this request, sent again while this one runs, then finds what this
    -- one saved, instead of paying for its own or being refused what this one was granted.
    perform pg_advisory_xact_lock(hashtextextended(p_session_id::text, 0));
    select * into v_session from public.chat_sessions where id = p_session_id;
    if v_session.user_id <> p_user_id or (v_session.id is null and p_action <> 'send') then
        return private.refused('forbidden', 'session');
    elsif v_session.expires_at < now() then
        return private.refused('forbidden', 'session_expired');
    elsif v_session.closed_at is not null then
        return private.refused('forbidden', 'session_closed');
    end if;
    v_owner_here := coalesce(v_session.owner_active_until > now(), false);

    -- Somebody else's words may be under this visitor's user_id, and their client_id is in the row: it is no key to them.
    select * into v_known from public.chat_messages where user_id = p_user_id and client_id = p_client_id;
    if v_known.id is not null then
        if v_known.session_id <> p_session_id
            or v_known.author <> (case p_action when 'regenerate' then 'model' else 'visitor' end)
            or (v_known.author = 'visitor' and v_known.content <> p_content)
        then
            return private.refused('conflict', 'client_id');
        end if;
        select * into v_reply from public.chat_messages
        where id = v_known.id and author = 'model' or reply_to = v_known.id order by seq desc limit 1 for update;
        select * into v_asked from public.chat_messages where id = coalesce(v_reply.reply_to, v_known.id);
        v_status := case
            when v_reply.id is null then 'owner'
            when v_asked.superseded_at is not null or v_reply.superseded_at is not null then 'stopped'
            when v_reply.status in ('complete', 'stopped') then v_reply.status
            when exists (select from private.chat_runs where message_id = v_reply.id and leased_until > now()) then v_reply.status
            when v_owner_here then 'owner'
        end;
        if v_status is not null then
            return jsonb_build_object(
                'ok', true, 'resume', true, 'created', false, 'session_id', p_session_id, 'superseded', v_superseded,
                'user_message_id', v_asked.id, 'message_id', case when v_status <> 'owner' then v_reply.id end,
                'content', coalesce(v_reply.content, ''), 'status', v_status, 'sources', v_reply.sources,
                'from_cache', coalesce(v_reply.from_cache, false), 'model', v_reply.model);
        end if;
    elsif (select count(*) from public.chat_messages where session_id = p_session_id) >= 200 then
        return private.refused('forbidden', 'session_full');
    elsif p_action <> 'send' then
        select * into v_target from public.chat_messages
        where id = p_message_id and session_id = p_session_id
          and author = case p_action when 'edit' then 'visitor' else 'model' end;
        if v_target.id is null then
            return private.refused('forbidden', 'message');
        elsif v_target.superseded_at is not null then
            return private.refused('conflict', 'superseded');
        elsif exists (select from public.chat_messages
                      where session_id = p_session_id and seq > v_target.seq and superseded_at is null and author = 'owner')
        then
            return private.refused('conflict', 'owner_replied');
        elsif p_action = 'regenerate' then
            if exists (select from public.chat_messages
                       where session_id = p_session_id and seq > v_target.seq and superseded_at is null)
            then
                return private.refused('conflict', 'not_last');
            elsif v_owner_here then
                return private.refused('conflict', 'owner_here');
            end if;
            select * into v_asked from public.chat_messages where id = v_target.reply_to;
        end if;
    elsif v_session.id is null and v_settings.cache_first_answers then
        v_answer_key := private.answer_key(p_call, p_content);
        select * into v_answer from private.chat_answers
        where key = v_answer_key and created_at > now() - interval '7 days';
    end if;
    v_question := coalesce(v_asked.content, p_content);
    -- Messages before runs and before the budget, as everywhere: two that lock in opposite orders would wait for each other.
    perform from public.chat_messages
    where session_id = p_session_id and seq >= v_target.seq and superseded_at is null order by seq for update;

    -- The same message that is saved in another session at this moment makes this block fail and undoes it, what it took
    -- and reserved included; what the other one saved is then found above.
    begin
        v_wait := private.take_token('chat:user:' || p_user_id, 10, 10 / 60.0);
        if v_wait = 0 and p_address_hash is not null then
            v_wait := private.take_token('chat:address:' || p_address_hash, 30, 30 / 600.0);
        end if;
        if v_wait = 0 and v_answer.key is null and not v_owner_here then
            v_history := private.chat_history(p_session_id, coalesce(v_asked.seq, v_target.seq, 9223372036854775807), v_question);
            v_passages := private.find_passages(v_question, (
                select each ->> 'content' from jsonb_array_elements(v_history - (-1)) with ordinality as h (each, ord)
                where each ->> 'role' = 'user' order by ord desc limit 1));
            v_reserve := private.chat_reserve(v_history, v_passages, p_call);
        end if;
        if v_wait = 0 then
            v_wait := private.take_token('chat:all', 120, 2);
        end if;
        if v_wait > 0 then
            return private.refused('rate_limited', 'too_many_messages', v_wait);
        end if;
        if v_reserve is not null
            and not private.reserve_spend('chat', v_reserve, (p_call ->> 'cap_micro_usd')::bigint)
        then
            return private.refused('budget', 'daily_cap',
                ceil(extract(epoch from ((now() at time zone 'utc')::date + 1) - (now() at time zone 'utc')))::integer);
        end if;

        insert into public.chat_sessions as s (id, user_id, expires_at)
        values (p_session_id, p_user_id, now() + make_interval(days => v_settings.retention_days))
        on conflict (id) do update set last_message_at = now(), expires_at = excluded.expires_at where s.user_id = p_user_id
        returning xmax = 0 into v_created;
        if v_created is null then
            raise unique_violation;
        end if;
        if v_target.id is not null then
            v_superseded := private.supersede(p_session_id, v_target.seq);
        end if;
        if v_asked.id is null then
            insert into public.chat_messages (session_id, user_id, client_id, role, author, content)
            values (p_session_id, p_user_id, p_client_id, 'user', 'visitor', p_content)
            returning * into v_asked;
        elsif v_asked.status = 'error' then
            update public.chat_messages set status = 'complete', reason = null where id = v_asked.id;
        end if;
        if v_owner_here then
            return jsonb_build_object(
                'ok', true, 'resume', true, 'created', v_created, 'session_id', p_session_id, 'superseded', v_superseded,
                'user_message_id', v_asked.id, 'message_id', null, 'content', '', 'status', 'owner');
        end if;
        if v_reply.id is null then
            insert into public.chat_messages (session_id, user_id, client_id, role, author, reply_to, status, content, model,
                                              sources, from_cache)
            values (p_session_id, p_user_id, case p_action when 'regenerate' then p_client_id end, 'assistant', 'model',
                    v_asked.id, case when v_answer.key is null then 'streaming' else 'complete' end,
                    coalesce(v_answer.content, ''), v_answer.model, v_answer.sources, v_answer.key is not null)
            returning * into v_reply;
        else
            update public.chat_messages set content = '', status = 'streaming', reason = null, sources = null
            where id = v_reply.id;
        end if;
        if v_answer.key is not null then
            return jsonb_build_object(
                'ok', true, 'resume', true, 'created', v_created, 'session_id', p_session_id, 'superseded', v_superseded,
                'user_message_id', v_asked.id, 'message_id', v_reply.id, 'content', v_reply.content,
                'sources', v_reply.sources, 'from_cache', true, 'model', v_reply.model, 'status', 'complete');
        end if;
        insert into private.chat_runs as r (message_id, session_id, user_id, reserved_micro_usd, answer_key)
        values (v_reply.id, p_session_id, p_user_id, v_reserve, v_answer_key)
        on conflict (message_id) do update set id = gen_random_uuid(), leased_until = excluded.leased_until,
            stop_requested = false, reserved_micro_usd = excluded.reserved_micro_usd, reserved_on = excluded.reserved_on,
            answer_key = excluded.answer_key
        returning r.id into v_run_id;
    exception when unique_violation then
        return public.chat_admit(p_action, p_user_id, p_session_id, p_client_id, p_message_id, p_content, p_address_hash,
                                 p_call);
    end;

    return jsonb_build_object(
        'ok', true, 'resume', false, 'created', v_created, 'session_id', p_session_id, 'superseded', v_superseded,
        'user_message_id', v_asked.id, 'message_id', v_reply.id, 'run_id', v_run_id, 'history', v_history,
        'passages', v_passages);
end $$;
comment on function public.chat_admit is 'Edge Function only: decides whether a question is answered, and saves it.';

drop function public.chat_finish(uuid, uuid, text, text, text, integer, integer, integer, bigint, numeric);

-- Adds what a reply has cost to the usage of the site's owner, and to the log, where these modules are installed. The log
-- has failures too; tokens of 0 mean that the provider was never reached: nothing was used.
create function private.account_reply(
    p_run private.chat_runs, p_status text, p_model text, p_input_tokens integer, p_cached_tokens integer,
    p_output_tokens integer, p_cost_micro_usd bigint, p_co2_grams numeric
) returns void language plpgsql set search_path = '' as $$
declare
    v_owner_id uuid := (select owner_id from private.site);
begin
    if v_owner_id is null then
        return;
    end if;
    if p_input_tokens + p_output_tokens > 0 and to_regclass('public.usage_data') is not null then
        perform private.add_usage(v_owner_id, p_model, '', 'chat', p_input_tokens, p_cached_tokens, p_output_tokens,
                                  p_cost_micro_usd / 1000000.0, p_co2_grams);
    end if;
    if to_regclass('public.usage_logs') is not null then
        insert into public.usage_logs (owner_id, user_id, key, app, model, context_tokens, cached_tokens, generated_tokens,
                                       cost, co2_grams, status, latency_ms, metadata)
        values (v_owner_id,
                -- Who has no account has no profile: a visitor.
                (select id from public.profiles where id = p_run.user_id),
                'chat:' || p_run.message_id || ':' || p_run.id, 'chat', p_model, p_input_tokens,
                least(p_cached_tokens, p_input_tokens), p_output_tokens, p_cost_micro_usd / 1000000.0, p_co2_grams,
                case p_status when 'complete' then 'ok' else p_status end,
                -- The module `logs` brings the column.
                greatest(0, extract(epoch from clock_timestamp() - (to_jsonb(p_run) ->> 'started_at')::timestamptz) * 1000),
                jsonb_build_object('session_id', p_run.session_id))
        on conflict (owner_id, key) do nothing;
    end if;
end $$;

-- Ends a reply: its text, its status, what it cites, and what it cost, accounted to the site's owner. False when another
-- worker has taken the reply over; nothing is written then. A question that moderation refuses is no part of the
-- conversation that the model reads.
create function public.chat_finish(
    p_message_id uuid, p_run_id uuid, p_status text, p_content text, p_model text,
    p_input_tokens integer, p_cached_tokens integer, p_output_tokens integer,
    p_cost_micro_usd bigint, p_co2_grams numeric, p_sources jsonb default null, p_reason text default null
) returns boolean language plpgsql set search_path = '' as $$
declare
    v_run private.chat_runs;
begin
    -- The message before the run, as everywhere: two that lock in opposite orders would wait for each other.
    perform from public.chat_messages where id = p_message_id for update;
    delete from private.chat_runs where message_id = p_message_id and id = p_run_id returning * into v_run;
    if v_run.id is null then
        return false;
    end if;
    update public.chat_messages
    set status = p_status, content = left(p_content, 16000), model = p_model, sources = p_sources, reason = p_reason
    where id = p_message_id;
    if p_reason = 'moderation' then
        update public.chat_messages as asked set status = 'error', reason = p_reason
        from public.chat_messages as reply where reply.id = p_message_id and asked.id = reply.reply_to;
    end if;
    if v_run.answer_key is not null and p_status = 'complete' then
        insert into private.chat_answers (key, content, model, sources)
        values (v_run.answer_key, left(p_content, 16000), p_model, p_sources)
        on conflict (key) do update
            set content = excluded.content, model = excluded.model, sources = excluded.sources, created_at = now();
    end if;
    -- Without a price the reservation stands: the cap must hold for unpriced models too.
    if p_cost_micro_usd is not null then
        perform private.settle_spend('chat', v_run.reserved_on, v_run.reserved_micro_usd, p_cost_micro_usd);
    end if;
    perform private.account_reply(v_run, p_status, p_model, p_input_tokens, p_cached_tokens, p_output_tokens,
                                  p_cost_micro_usd, p_co2_grams);
    return true;
end $$;
comment on function public.chat_finish is 'Edge Function only: ends a reply and accounts for it.';

-- As before, and for who runs the site too.
create or replace function public.chat_stop(p_user_id uuid, p_message_id uuid) returns boolean
language plpgsql set search_path = '' as $$
begin
    update private.chat_runs as r set stop_requested = true
    from public.chat_messages as m
    where m.id = r.message_id and m.id = p_message_id
      and (m.user_id = p_user_id or private.user_runs_site(p_user_id));
    return found;
end $$;

revoke execute on function private.refused(text, text, integer), private.chat_history(uuid, bigint, text),
    private.chat_reserve(jsonb, jsonb, jsonb), private.answer_key(jsonb, text), private.supersede(uuid, bigint),
    private.account_reply(private.chat_runs, text, text, integer, integer, integer, bigint, numeric),
    public.chat_admit(text, uuid, uuid, uuid, uuid, text, text, jsonb),
    public.chat_finish(uuid, uuid, text, text, text, integer, integer, integer, bigint, numeric, jsonb, text)
    from public, anon, authenticated;
grant execute on function private.refused(text, text, integer), private.chat_history(uuid, bigint, text),
    private.chat_reserve(jsonb, jsonb, jsonb), private.answer_key(jsonb, text), private.supersede(uuid, bigint),
    private.account_reply(private.chat_runs, text, text, integer, integer, integer, bigint, numeric),
    public.chat_admit(text, uuid, uuid, uuid, uuid, text, text, jsonb),
    public.chat_finish(uuid, uuid, text, text, text, integer, integer, integer, bigint, numeric, jsonb, text)
    to service_role;
