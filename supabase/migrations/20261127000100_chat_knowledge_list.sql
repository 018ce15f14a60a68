-- Module chat, further: the list of what the chat knows, with how each text was cut. Passages are private, and so are
-- counted here.

create function private.chat_knowledge_list() returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
    perform private.demand_site();
    return (
        select coalesce(jsonb_agg(to_jsonb(k) - '{content}'::text[] || jsonb_build_object('passages', (
            select count(*) from private.chat_passages where document_id = k.id)) order by lower(k.title), k.id), '[]')
        from public.chat_knowledge as k);
end $$;

create function public.chat_knowledge_list() returns jsonb language sql stable set search_path = '' as $$
    select private.chat_knowledge_list()
$$;
comment on function public.chat_knowledge_list is 'The texts that the model may answer from, without their content, for who runs the site.';

revoke execute on function private.chat_knowledge_list(), public.chat_knowledge_list() from public, anon, authenticated;
grant execute on function private.chat_knowledge_list(), public.chat_knowledge_list() to authenticated;
