-- Module chat, further: what visitors do with their conversations, what who runs the site does with all of them, and how
-- long they are kept.

-- The list of all conversations, page by page.
create index chat_sessions_last_message_at on public.chat_sessions (last_message_at desc, id desc);

-- The conversation, when it is the caller's own, or the caller runs the site.
create function private.demand_chat_session(p_session_id uuid) returns public.chat_sessions
language plpgsql stable security definer set search_path = '' as $$
declare
    v_session public.chat_sessions;
begin
    select * into v_session from public.chat_sessions
    where id = p_session_id and (user_id = (select auth.uid()) or (select private.runs_site()));
    if v_session.id is null then
        perform private.refuse('forbidden', 'session', 'This conversation belongs to somebody else.');
    end if;
    return v_session;
end $$;

-- ---------------------------------------------------------------------------------------------------------------
-- Typing, and the owner's presence
-- ---------------------------------------------------------------------------------------------------------------

-- Tells the others that somebody is typing; true when it was told. What comes too often is not.
create function private.chat_typing(p_session_id uuid) returns boolean
language plpgsql security definer set search_path = '' as $$
declare
    v_session public.chat_sessions := private.demand_chat_session(p_session_id);
begin
    if v_session.closed_at is not null or v_session.expires_at < now()
        or private.take_token('chat:typing:' || auth.uid(), 5, 0.5) > 0
    then
        return false;
    end if;
    perform realtime.send(
        jsonb_build_object('author', case when v_session.user_id = auth.uid() then 'visitor' else 'owner' end),
        'typing', 'chat:' || p_session_id, true);
    return true;
end $$;

-- Until when the owner is in a conversation; null = not any more. Tells the conversation.
create function private.set_owner_active(p_session_id uuid, p_until timestamptz) returns void
language plpgsql security definer set search_path = '' as $$
begin
    update public.chat_sessions set owner_active_until = p_until
    where id = p_session_id and owner_active_until is distinct from p_until;
    if found then
        perform realtime.send(jsonb_build_object('active_until', p_until), 'owner', 'chat:' || p_session_id, true);
    end if;
end $$;

-- Saying it again within half a minute changes nothing and tells nobody.
create function private.chat_owner_here(p_session_id uuid, p_here boolean) returns timestamptz
language plpgsql security definer set search_path = '' as $$
declare
    v_until timestamptz;
begin
    perform private.demand_site();
    select owner_active_until into v_until from private.demand_chat_session(p_session_id);
    if not p_here then
        v_until := null;
    elsif v_until is null or v_until < now() + interval '90 seconds' then
        v_until := now() + interval '2 minutes';
    end if;
    perform private.set_owner_active(p_session_id, v_until);
    return v_until;
end $$;

-- The owner's own words in somebody's conversation. Whatever the model is writing there is stopped, and it yields from now
-- on. Answers { ok: false, code, reason, retry_after_s? } or { ok: true, message_id, created }.
create function public.chat_owner_reply(p_user_id uuid, p_session_id uuid, p_client_id uuid, p_content text) returns jsonb
language plpgsql set search_path = '' as $$
declare
    v_session public.chat_sessions;
    v_message public.chat_messages;
    v_wait integer;
begin
    if not private.user_runs_site(p_user_id) then
        return private.refused('forbidden', 'owner');
    elsif p_content is null or length(btrim(p_content, E' \t\r\n')) = 0 or private.utf16_length(p_content) > 8000 then
        return private.refused('invalid', 'length');
    end if;
    perform pg_advisory_xact_lock(hashtextextended(p_session_id::text, 0));
    select * into v_session from public.chat_sessions where id = p_session_id;
    if v_session.id is null then
        return private.refused('forbidden', 'session');
    elsif v_session.expires_at < now() then
        return private.refused('forbidden', 'session_expired');
    elsif v_session.closed_at is not null then
        return private.refused('forbidden', 'session_closed');
    end if;
    select * into v_message from public.chat_messages where user_id = v_session.user_id and client_id = p_client_id;
    if v_message.id is not null then
        if v_message.author <> 'owner' or v_message.session_id <> p_session_id or v_message.content <> p_content then
            return private.refused('conflict', 'client_id');
        end if;
        return jsonb_build_object('ok', true, 'message_id', v_message.id, 'created', false);
    end if;
    v_wait := private.take_token('chat:owner:' || p_user_id, 30, 0.5);
    if v_wait > 0 then
        return private.refused('rate_limited', 'too_many_messages', v_wait);
    end if;

    update private.chat_runs as r set stop_requested = true from public.chat_messages as m
    where m.id = r.message_id and m.session_id = p_session_id;
    insert into public.chat_messages (session_id, user_id, client_id, role, author, content)
    values (p_session_id, v_session.user_id, p_client_id, 'assistant', 'owner', p_content)
    returning * into v_message;
    update public.chat_sessions set last_message_at = now(), owner_read_seq = v_message.seq,
        expires_at = now() + make_interval(days => (select retention_days from private.chat_settings))
    where id = p_session_id;
    perform private.set_owner_active(p_session_id, now() + interval '2 minutes');
    perform private.audit(p_user_id, v_session.user_id, 'chat.reply', jsonb_build_object('message_id', v_message.id));
    return jsonb_build_object('ok', true, 'message_id', v_message.id, 'created', true);
end $$;
comment on function public.chat_owner_reply is 'Edge Function only: the owner''s own words in a conversation.';

-- ---------------------------------------------------------------------------------------------------------------
-- What is done with a conversation
-- ---------------------------------------------------------------------------------------------------------------

create function private.chat_session_name(p_session_id uuid, p_name text) returns void
language plpgsql security definer set search_path = '' as $$
begin
    perform private.demand_chat_session(p_session_id);
    if length(p_name) > 80 then
        perform private.refuse('invalid', 'length', 'A name has at most 80 characters.');
    end if;
    update public.chat_sessions set visitor_name = nullif(btrim(p_name), '')
    where id = p_session_id and visitor_name is distinct from nullif(btrim(p_name), '');
end $$;

create function private.chat_session_read(p_session_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
    perform private.demand_site();
    perform private.demand_chat_session(p_session_id);
    update public.chat_sessions as s set owner_read_seq = newest.seq
    from (select max(seq) as seq from public.chat_messages where session_id = p_session_id) as newest
    where s.id = p_session_id and s.owner_read_seq < newest.seq;
end $$;

create function private.chat_session_close(p_session_id uuid, p_closed boolean) returns void
language plpgsql security definer set search_path = '' as $$
begin
    perform private.demand_site();
    perform private.demand_chat_session(p_session_id);
    update public.chat_sessions set closed_at = case when p_closed then now() end, owner_active_until = null
    where id = p_session_id and (closed_at is not null) <> p_closed;
    if found then
        perform private.audit(auth.uid(), null, 'chat.close', jsonb_build_object('session_id', p_session_id, 'closed', p_closed));
    end if;
end $$;

create function private.chat_session_delete(p_session_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
declare
    v_session public.chat_sessions := private.demand_chat_session(p_session_id);
begin
    -- In turn with what is said in it.
    perform pg_advisory_xact_lock(hashtextextended(p_session_id::text, 0));
    delete from public.chat_sessions where id = p_session_id;
    perform private.audit(auth.uid(), v_session.user_id, 'chat.delete', jsonb_build_object('session_id', p_session_id));
end $$;

-- What a reader of one's own replies thinks of them.
create function private.chat_feedback(p_message_id uuid, p_feedback text, p_comment text) returns void
language plpgsql security definer set search_path = '' as $$
declare
    v_comment text := case when p_feedback is not null then nullif(btrim(p_comment), '') end;
    v_wait integer;
begin
    if not exists (select from public.chat_messages
                   where id = p_message_id and user_id = auth.uid() and role = 'assistant' and status <> 'streaming')
    then
        perform private.refuse('forbidden', 'message', 'Only a reply in one''s own conversation can be rated.');
    elsif p_feedback not in ('up', 'down') then
        perform private.refuse('invalid', 'feedback', 'The feedback is "up", "down" or nothing.');
    elsif length(v_comment) > 1000 then
        perform private.refuse('invalid', 'length', 'A comment has at most 1,000 characters.');
    end if;
    v_wait := private.take_token('chat:feedback:' || auth.uid(), 20, 20 / 60.0);
    if v_wait > 0 then
        perform private.refuse('rate_limited', 'too_many_messages', format('That was too often. Please try again in %s s.', v_wait));
    end if;
    update public.chat_messages set feedback = p_feedback, feedback_comment = v_comment
    where id = p_message_id and (feedback, feedback_comment) is distinct from (p_feedback, v_comment);
end $$;

-- ---------------------------------------------------------------------------------------------------------------
-- The list of conversations
-- ---------------------------------------------------------------------------------------------------------------

create function private.chat_session_row(p_session public.chat_sessions, p_all boolean) returns jsonb
language sql stable set search_path = '' as $$
    with messages as (
        select * from public.chat_messages where session_id = p_session.id and superseded_at is null
    )
    select to_jsonb(p_session) - '{user_id,owner_read_seq}'::text[] || jsonb_build_object(
        'title', (select left(regexp_replace(btrim(content), '\s+', ' ', 'g'), 80) from messages
                  where author = 'visitor' order by seq limit 1),
        'streaming', exists (select from messages where status = 'streaming'),
        'last', (select jsonb_build_object('role', role, 'author', author, 'status', status,
                                           'content', left(content, 200), 'created_at', created_at)
                 from messages order by seq desc limit 1))
        || case when p_all then jsonb_build_object(
            'user_id', p_session.user_id,
            'email', (select email from public.profiles where id = p_session.user_id),
            'anonymous', not exists (select from public.profiles where id = p_session.user_id),
            'messages', (select count(*) from messages),
            'unread', (select count(*) from messages where author = 'visitor' and seq > p_session.owner_read_seq))
        else '{}' end
$$;

create function private.chat_session_list(p_scope text, p_limit integer, p_before_at timestamptz, p_before_id uuid)
returns jsonb language plpgsql stable security definer set search_path = '' as $$
declare
    v_all boolean := coalesce(p_scope = 'all', false);
    v_page public.chat_sessions[];
    v_at timestamptz := coalesce(p_before_at, 'infinity');
    v_id uuid := coalesce(p_before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
begin
    if p_scope not in ('own', 'all') then
        perform private.refuse('invalid', 'scope', 'The scope is "own" or "all".');
    elsif p_limit not between 1 and 100 then
        perform private.refuse('invalid', 'limit', 'A page has 1 to 100 conversations.');
    elsif v_all then
        perform private.demand_site();
    end if;
    -- One more than is shown tells whether there is another page. Two statements, so that each has its index.
    if v_all then
        v_page := array(select s from public.chat_sessions as s where (s.last_message_at, s.id) < (v_at, v_id)
                        order by s.last_message_at desc, s.id desc limit p_limit + 1);
    else
        v_page := array(select s from public.chat_sessions as s
                        where s.user_id = auth.uid() and (s.last_message_at, s.id) < (v_at, v_id)
                        order by s.last_message_at desc, s.id desc limit p_limit + 1);
    end if;
    return jsonb_build_object(
        'rows', (select coalesce(jsonb_agg(private.chat_session_row(s, v_all) order by s.last_message_at desc, s.id desc), '[]')
                 from unnest(v_page[1:p_limit]) as s),
        'next', case when cardinality(v_page) > p_limit then jsonb_build_object(
            'at', v_page[p_limit].last_message_at, 'id', v_page[p_limit].id) end,
        'at', (extract(epoch from clock_timestamp()) * 1000)::bigint);
end $$;

-- ---------------------------------------------------------------------------------------------------------------
-- What a page calls
-- ---------------------------------------------------------------------------------------------------------------

create function public.chat_typing(p_session_id uuid) returns boolean language sql set search_path = '' as $$
    select private.chat_typing(p_session_id)
$$;
create function public.chat_owner_here(p_session_id uuid, p_here boolean default true) returns timestamptz
language sql set search_path = '' as $$
    select private.chat_owner_here(p_session_id, p_here)
$$;
create function public.chat_session_name(p_session_id uuid, p_name text) returns void language sql set search_path = '' as $$
    select private.chat_session_name(p_session_id, p_name)
$$;
create function public.chat_session_read(p_session_id uuid) returns void language sql set search_path = '' as $$
    select private.chat_session_read(p_session_id)
$$;
create function public.chat_session_close(p_session_id uuid, p_closed boolean default true) returns void
language sql set search_path = '' as $$
    select private.chat_session_close(p_session_id, p_closed)
$$;
create function public.chat_session_delete(p_session_id uuid) returns void language sql set search_path = '' as $$
    select private.chat_session_delete(p_session_id)
$$;
create function public.chat_feedback(p_message_id uuid, p_feedback text, p_comment text default null) returns void
language sql set search_path = '' as $$
    select private.chat_feedback(p_message_id, p_feedback, p_comment)
$$;
create function public.chat_session_list(
    p_scope text default 'own', p_limit integer default 30, p_before_at timestamptz default null, p_before_id uuid default null
) returns jsonb language sql stable set search_path = '' as $$
    select private.chat_session_list(p_scope, p_limit, p_before_at, p_before_id)
$$;

-- ---------------------------------------------------------------------------------------------------------------
-- Retention
-- ---------------------------------------------------------------------------------------------------------------

create function private.put_off_chat_sessions() returns trigger language plpgsql set search_path = '' as $$
begin
    update public.chat_sessions set expires_at = last_message_at + make_interval(days => new.retention_days);
    return null;
end $$;
create trigger chat_settings_retention after update of retention_days on private.chat_settings for each row
    when (new.retention_days <> old.retention_days) execute function private.put_off_chat_sessions();

-- Ends what nobody writes any more, deletes what has expired, and forgets visitors who have nothing left here. Of the
-- anonymous users only those whom the kit has signed in: the page may have others. A thousand at a time.
create function private.cleanup_chat() returns jsonb language plpgsql security definer set search_path = '' as $$
declare
    v_replies integer;
    v_sessions integer;
    v_visitors integer;
    v_answers integer;
begin
    -- A message before its run, as everywhere. What was reserved counts as spent: nobody knows.
    with lost as (
        select m.id from public.chat_messages as m join private.chat_runs as r on r.message_id = m.id
        where r.leased_until < now() - interval '10 minutes' and m.status = 'streaming' for update of m skip locked
    )
    update public.chat_messages as m set status = 'error', reason = 'worker_lost' from lost where m.id = lost.id;
    get diagnostics v_replies = row_count;
    delete from private.chat_runs as r where r.leased_until < now() - interval '10 minutes' and not exists (
        select from public.chat_messages as m where m.id = r.message_id and m.status = 'streaming');

    delete from public.chat_sessions where id in (
        select id from public.chat_sessions where expires_at < now() order by expires_at limit 1000);
    get diagnostics v_sessions = row_count;
    delete from auth.users where id in (
        select u.id from auth.users as u, private.chat_settings as s
        where u.is_anonymous and u.raw_user_meta_data ->> 'livelit' = 'visitor'
          and greatest(u.created_at, u.last_sign_in_at) < now() - make_interval(days => s.retention_days)
          and not exists (select from public.chat_sessions as c where c.user_id = u.id)
        limit 1000);
    get diagnostics v_visitors = row_count;
    delete from private.chat_answers where created_at < now() - interval '7 days';
    get diagnostics v_answers = row_count;
    delete from private.rate_buckets where key in (
        select key from private.rate_buckets where updated_at < now() - interval '1 day' for update skip locked);
    return jsonb_build_object('replies', v_replies, 'sessions', v_sessions, 'visitors', v_visitors, 'answers', v_answers);
end $$;

revoke execute on function private.demand_chat_session(uuid), private.chat_typing(uuid),
    private.set_owner_active(uuid, timestamptz), private.chat_owner_here(uuid, boolean),
    public.chat_owner_reply(uuid, uuid, uuid, text), private.chat_session_name(uuid, text), private.chat_session_read(uuid),
    private.chat_session_close(uuid, boolean), private.chat_session_delete(uuid), private.chat_feedback(uuid, text, text),
    private.chat_session_row(public.chat_sessions, boolean),
    private.chat_session_list(text, integer, timestamptz, uuid), public.chat_typing(uuid),
    public.chat_owner_here(uuid, boolean), public.chat_session_name(uuid, text), public.chat_session_read(uuid),
    public.chat_session_close(uuid, boolean), public.chat_session_delete(uuid), public.chat_feedback(uuid, text, text),
    public.chat_session_list(text, integer, timestamptz, uuid), private.put_off_chat_sessions(), private.cleanup_chat()
    from public, anon, authenticated;
grant execute on function private.chat_typing(uuid), private.chat_owner_here(uuid, boolean),
    private.chat_session_name(uuid, text), private.chat_session_read(uuid), private.chat_session_close(uuid, boolean),
    private.chat_session_delete(uuid), private.chat_feedback(uuid, text, text),
    private.chat_session_list(text, integer, timestamptz, uuid), public.chat_typing(uuid),
    public.chat_owner_here(uuid, boolean), public.chat_session_name(uuid, text), public.chat_session_read(uuid),
    public.chat_session_close(uuid, boolean), public.chat_session_delete(uuid), public.chat_feedback(uuid, text, text),
    public.chat_session_list(text, integer, timestamptz, uuid)
    to authenticated;
grant execute on function private.set_owner_active(uuid, timestamptz), public.chat_owner_reply(uuid, uuid, uuid, text),
    private.cleanup_chat() to service_role;

-- Where there is no pg_cron (locally a timer does it), nothing is scheduled.
do $$
begin
    if exists (select from pg_extension where extname = 'pg_cron') then
        perform cron.schedule('livelit-cleanup-chat', '*/10 * * * *', 'select private.cleanup_chat()');
    end if;
end $$;
