-- Module chat, further: what the site's model knows of the site. Its owner keeps texts; the passages that fit a question
-- go to the model, and of those only what a reply cites is ever shown to a visitor.

create table public.chat_knowledge (
    id uuid primary key,
    title text not null constraint chat_knowledge_title_length check (length(btrim(title)) > 0 and length(title) <= 200),
    url text constraint chat_knowledge_url_form check (length(url) <= 2000 and url ~ '^(https?://[^[:space:]]+|/[^[:space:]]*)$'),
    content text not null constraint chat_knowledge_content_length
        check (length(btrim(content, E' \t\r\n')) > 0 and length(content) <= 200000),
    characters integer not null generated always as (length(content)) stored,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
comment on table public.chat_knowledge is 'Texts that the site''s model may answer from, plain or Markdown. Read by who runs the site, and by nobody else.';
comment on column public.chat_knowledge.url is 'Where visitors can read on; null = nowhere.';

-- Declared immutable, because a generated column wants it: a configuration of Postgres' own does not change.
create function private.text_search(p_language text) returns regconfig language sql immutable set search_path = '' as $$
    select coalesce((select oid::regconfig from pg_catalog.pg_ts_config
                     where cfgname = p_language and cfgnamespace = 'pg_catalog'::regnamespace), 'pg_catalog.simple')
$$;

create function private.words_of(p_language text, p_heading text, p_content text) returns tsvector
language sql immutable set search_path = '' as $$
    select setweight(to_tsvector(private.text_search(p_language), p_heading), 'A')
        || setweight(to_tsvector(private.text_search(p_language), p_content), 'D')
$$;

create table private.chat_passages (
    id bigint generated always as identity primary key,
    document_id uuid not null references public.chat_knowledge (id) on delete cascade,
    ord integer not null,
    heading text not null,
    content text not null,
    -- As text: pg_upgrade refuses tables with a column of the type regconfig.
    language text not null,
    search tsvector not null generated always as (private.words_of(language, heading, content)) stored,
    constraint chat_passages_ord unique (document_id, ord)
);
comment on table private.chat_passages is 'The texts of chat_knowledge, cut into what a question can be answered from.';
comment on column private.chat_passages.heading is 'The document''s title and the headings over the passage.';
create index chat_passages_search on private.chat_passages using gin (search);

alter table public.chat_knowledge enable row level security;
alter table private.chat_passages enable row level security;

create policy chat_knowledge_select_site on public.chat_knowledge for select to authenticated
    using ((select private.runs_site()));

revoke all on public.chat_knowledge from anon, authenticated;
grant select on public.chat_knowledge to authenticated;
grant select, insert, update, delete on public.chat_knowledge to service_role;
grant select on private.chat_passages to service_role;

create trigger chat_knowledge_touch before update on public.chat_knowledge
    for each row execute function private.touch_updated_at();

-- ---------------------------------------------------------------------------------------------------------------
-- Cutting a text into passages
-- ---------------------------------------------------------------------------------------------------------------

-- The paragraphs of a text, each under the Markdown headings that stand over it (`Work › Maps`). A fenced block of code
-- is one paragraph, whatever it holds.
create function private.paragraphs_of(p_text text) returns table (heading text, content text)
language plpgsql immutable set search_path = '' as $$
declare
    v_line text;
    v_fence text;
    v_mark text[];
    v_path text[] := '{}';
begin
    content := '';
    -- An empty line at the end, which ends the last paragraph.
    foreach v_line in array string_to_array(regexp_replace(p_text, E'\r\n?', E'\n', 'g') || E'\n', E'\n') loop
        heading := array_to_string(array_remove(v_path, ''), ' › ');
        if v_fence is not null then
            content := content || E'\n' || v_line;
            if btrim(v_line) ~ ('^' || v_fence || '+$') then
                v_fence := null;
            end if;
            continue;
        end if;
        v_mark := regexp_match(v_line, '^ {0,3}(```|~~~)');
        if v_mark is not null then
            v_fence := v_mark[1];
            content := ltrim(content || E'\n' || v_line, E'\n');
            continue;
        end if;

        v_mark := regexp_match(v_line, '^ {0,3}(#{1,6})[ \t]+(.*?)[ \t#]*$');
        if v_mark is null and v_line ~ '^ {0,3}(=+|--+)[ \t]*$' and content <> '' and strpos(content, E'\n') = 0 then
            -- A line that is underlined.
            v_mark := array[case when v_line ~ '=' then '#' else '##' end, content];
            content := '';
        end if;
        if v_mark is not null or v_line ~ '^ {0,3}([-*_][ \t]*){3,}$' or btrim(v_line, E' \t') = '' then
            if content <> '' then
                return next;
            end if;
            content := '';
            if v_mark is not null then
                -- A level that was left out has no name.
                v_path := v_path[1:length(v_mark[1]) - 1];
                v_path := v_path || array_fill(''::text, array[length(v_mark[1]) - 1 - cardinality(v_path)]);
                v_path := v_path || left(v_mark[2], 120);
            end if;
        else
            content := ltrim(content || E'\n' || rtrim(v_line), E'\n');
        end if;
    end loop;
    -- Code that was left open.
    content := rtrim(content, E' \t\n');
    if content <> '' then
        return next;
    end if;
end $$;

-- Where to cut a text that is too long: after the last sentence that fits, else after the last word, else in the middle
-- of one. Never so early that little is won.
create function private.cut_of(p_text text, p_most integer) returns integer
language sql immutable set search_path = '' as $$
    select coalesce(
        (select max(length(m[1])) from regexp_matches(left(p_text, p_most + 1), '^(.*[.!?…。！？]["'')\]]*)\s', '') as m
         where length(m[1]) > p_most / 2),
        (select max(length(m[1])) from regexp_matches(left(p_text, p_most + 1), '^(.*)\s', '') as m
         where length(m[1]) > p_most / 2),
        p_most)
$$;

-- Cuts a text into passages of at most 1,200 characters: paragraphs under one heading together while they fit, a longer
-- one at its sentences. Nothing of the text is lost but headings without text, and white space.
create function private.passages_of(p_text text) returns table (ord integer, heading text, content text)
language plpgsql immutable set search_path = '' as $$
declare
    c_most constant integer := 1200;
    v_paragraph record;
    v_rest text;
begin
    ord := 0;
    content := '';
    for v_paragraph in select p.heading, p.content from private.paragraphs_of(p_text) as p loop
        if content <> ''
            and (heading <> v_paragraph.heading or length(content) + 2 + length(v_paragraph.content) > c_most)
        then
            ord := ord + 1;
            return next;
            content := '';
        end if;
        heading := v_paragraph.heading;
        v_rest := v_paragraph.content;
        while length(v_rest) > c_most loop
            content := rtrim(left(v_rest, private.cut_of(v_rest, c_most)));
            ord := ord + 1;
            return next;
            v_rest := ltrim(substr(v_rest, private.cut_of(v_rest, c_most) + 1), E' \t\n');
            content := '';
        end loop;
        content := ltrim(content || E'\n\n' || v_rest, E'\n');
    end loop;
    if content <> '' then
        ord := ord + 1;
        return next;
    end if;
end $$;

-- ---------------------------------------------------------------------------------------------------------------
-- Keeping texts
-- ---------------------------------------------------------------------------------------------------------------

-- Adds a document, or replaces the one of this id, and cuts it anew. The settings' row is locked first: whoever changes
-- what the model knows takes turns, and no two of them pass the limits together.
create function private.save_chat_knowledge(p_id uuid, p_title text, p_content text, p_url text) returns jsonb
language plpgsql set search_path = '' as $$
declare
    v_language text;
    v_constraint text;
begin
    select knowledge_language into v_language from private.chat_settings for update;
    begin
        insert into public.chat_knowledge as k (id, title, content, url) values (p_id, btrim(p_title), p_content, nullif(p_url, ''))
        on conflict (id) do update set title = excluded.title, content = excluded.content, url = excluded.url
            where (k.title, k.content, k.url) is distinct from (excluded.title, excluded.content, excluded.url);
    exception when integrity_constraint_violation then
        get stacked diagnostics v_constraint = constraint_name;
        case v_constraint
            when 'chat_knowledge_url_form' then
                perform private.refuse('invalid', 'url', 'The address begins with https://, http:// or /.');
            when 'chat_knowledge_content_length' then
                perform private.refuse('invalid', 'content', 'A text has 1 to 200,000 characters.');
            when 'chat_knowledge_title_length' then
                perform private.refuse('invalid', 'title', 'A title has 1 to 200 characters.');
            else
                perform private.refuse('invalid', 'body', 'A text has an id, a title and a content.');
        end case;
    end;
    if found then
        if (select count(*) > 200 or sum(characters) > 2000000 from public.chat_knowledge) then
            perform private.refuse('invalid', 'full', 'There are at most 200 texts, with 2,000,000 characters together.');
        end if;
        delete from private.chat_passages where document_id = p_id;
        insert into private.chat_passages (document_id, ord, heading, content, language)
        select p_id, p.ord, concat_ws(' › ', btrim(p_title), nullif(p.heading, '')), p.content, v_language
        from private.passages_of(p_content) as p;
        if not found then
            perform private.refuse('invalid', 'content', 'The text has headings only, and nothing to answer from.');
        end if;
        update private.chat_settings set revision = revision + 1;
        perform private.audit(auth.uid(), null, 'chat_knowledge.set',
                              jsonb_build_object('id', p_id, 'title', p_title, 'characters', length(p_content)));
        perform private.ping_chat_admins('chat_knowledge');
    end if;
    return jsonb_build_object('id', p_id, 'characters', length(p_content), 'passages', (
        select count(*) from private.chat_passages where document_id = p_id));
end $$;

create function private.chat_knowledge_set(p_id uuid, p_title text, p_content text, p_url text) returns jsonb
language plpgsql security definer set search_path = '' as $$
begin
    perform private.demand_site();
    return private.save_chat_knowledge(p_id, p_title, p_content, p_url);
end $$;

create function private.chat_knowledge_delete(p_id uuid) returns void
language plpgsql security definer set search_path = '' as $$
begin
    perform private.demand_site();
    perform from private.chat_settings for update;
    delete from public.chat_knowledge where id = p_id;
    if found then
        update private.chat_settings set revision = revision + 1;
        perform private.audit(auth.uid(), null, 'chat_knowledge.delete', jsonb_build_object('id', p_id));
        perform private.ping_chat_admins('chat_knowledge');
    end if;
end $$;

create function public.chat_knowledge_set(p_id uuid, p_title text, p_content text, p_url text default null) returns jsonb
language sql set search_path = '' as $$
    select private.chat_knowledge_set(p_id, p_title, p_content, p_url)
$$;
comment on function public.chat_knowledge_set is 'Adds or replaces a text that the model may answer from, for who runs the site.';

create function public.chat_knowledge_delete(p_id uuid) returns void language sql set search_path = '' as $$
    select private.chat_knowledge_delete(p_id)
$$;
comment on function public.chat_knowledge_delete is 'Takes a text away from the model, for who runs the site.';

create function private.read_passages_anew() returns trigger language plpgsql set search_path = '' as $$
begin
    update private.chat_passages set language = new.knowledge_language;
    return null;
end $$;
create trigger chat_settings_language after update of knowledge_language on private.chat_settings for each row
    when (new.knowledge_language <> old.knowledge_language) execute function private.read_passages_anew();

-- ---------------------------------------------------------------------------------------------------------------
-- Finding passages
-- ---------------------------------------------------------------------------------------------------------------

-- Any of the words of a question, phrases in quotation marks together. A hyphen joins words and excludes none.
create function private.any_word(p_language text, p_question text) returns tsquery
language sql immutable set search_path = '' as $$
    select replace(websearch_to_tsquery(private.text_search(p_language), translate(p_question, '-', ' '))::text,
                   ' & ', ' | ')::tsquery
$$;

-- What the model may answer a question from: [{ n, title, url, content }], the best first, at most five passages with
-- 6,000 characters. First what has words of the question, then what has words of the one before it, which a short
-- question often goes on from. Who has more different words of it comes first; among equals ts_rank_cd decides.
create function private.find_passages(p_question text, p_earlier text) returns jsonb
language sql stable set search_path = '' as $$
    with asked as (
        select turn, private.any_word(s.knowledge_language, text) as query,
               tsvector_to_array(to_tsvector(private.text_search(s.knowledge_language), text)) as words
        from private.chat_settings as s, (values (1, p_question), (2, p_earlier)) as q (turn, text)
        where text is not null
    ), found as (
        select asked.turn, asked.words, best.* from asked cross join lateral (
            select p.id, p.document_id, p.heading, p.content, p.search, ts_rank_cd(p.search, asked.query, 1) as rank
            from private.chat_passages as p where p.search @@ asked.query
            order by rank desc, p.id limit 40
        ) as best
    ), ranked as (
        select distinct on (f.id) f.*,
               (select count(*) from unnest(f.words) as word where word = any (tsvector_to_array(f.search))) as matched
        from found as f order by f.id, f.turn
    ), ordered as (
        select r.*, row_number() over best as n, sum(length(r.content)) over best as characters
        from ranked as r window best as (order by r.turn, r.matched desc, r.rank desc, r.id)
    )
    select coalesce(jsonb_agg(jsonb_build_object('n', o.n, 'title', o.heading, 'url', k.url, 'content', o.content)
                              order by o.n), '[]')
    from ordered as o join public.chat_knowledge as k on k.id = o.document_id
    where o.n <= 5 and o.characters <= 6000
$$;

revoke execute on function private.text_search(text), private.words_of(text, text, text), private.paragraphs_of(text),
    private.cut_of(text, integer), private.passages_of(text), private.save_chat_knowledge(uuid, text, text, text),
    private.chat_knowledge_set(uuid, text, text, text), private.chat_knowledge_delete(uuid),
    private.read_passages_anew(), private.any_word(text, text), private.find_passages(text, text),
    public.chat_knowledge_set(uuid, text, text, text), public.chat_knowledge_delete(uuid)
    from public, anon, authenticated;
grant execute on function private.chat_knowledge_set(uuid, text, text, text), private.chat_knowledge_delete(uuid),
    public.chat_knowledge_set(uuid, text, text, text), public.chat_knowledge_delete(uuid) to authenticated;
grant execute on function private.text_search(text), private.any_word(text, text), private.find_passages(text, text)
    to service_role;
