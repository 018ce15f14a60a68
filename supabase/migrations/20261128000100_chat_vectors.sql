-- Module chat, further: passages found by meaning besides words, where this database has the extension `vector` and the
-- owner switches it on. Without the extension there is no table of vectors, and everything is as before.

-- The most similar passages of a text of 2,000,000 characters are looked up by reading all vectors: a few thousand, so an
-- index that only approximates would win nothing. Kept in the row itself, which Postgres would else unpack one by one.
do $$
begin
    if exists (select from pg_catalog.pg_available_extensions where name = 'vector') then
        create extension if not exists vector with schema extensions;
    end if;
    -- A project that has it in another schema already goes without.
    if to_regtype('extensions.vector') is not null then
        create table private.chat_vectors (
            passage_id bigint primary key references private.chat_passages (id) on delete cascade,
            model text not null,
            embedding extensions.vector(512) not null
        );
        comment on table private.chat_vectors is 'What passages mean, by a model that says so; made by the Edge Function after it has answered.';
        alter table private.chat_vectors alter column embedding set storage plain;
        alter table private.chat_vectors enable row level security;
        grant select, insert, update, delete on private.chat_vectors to service_role;
    end if;
end $$;

-- ---------------------------------------------------------------------------------------------------------------
-- The switch
-- ---------------------------------------------------------------------------------------------------------------

alter table private.chat_settings add column semantic_search boolean not null default false;
comment on column private.chat_settings.semantic_search is 'Whether passages are found by meaning too, which asks the provider once more a question. Never true without private.chat_vectors.';

-- As before, with the new one.
create or replace function private.chat_setting_rule(p_name text) returns text language sql immutable set search_path = '' as $$
    select case p_name
        when 'system_prompt' then 'The instructions have at most 8,000 characters.'
        when 'model' then 'The model is a name of up to 128 letters, digits and . _ : / @ -, or empty for the usual one.'
        when 'temperature' then 'The temperature is a number from 0 to 2, or empty.'
        when 'max_output_tokens' then 'A reply has 16 to 4,000 tokens at most.'
        when 'daily_cap_micro_usd' then 'The daily cap is 0 to 1,000,000,000 micro-USD (USD 1,000), or empty for the usual one.'
        when 'max_message_length' then 'A message has 1 to 2,000 characters at most.'
        when 'cache_first_answers' then 'Giving an earlier answer again is switched on or off.'
        when 'moderation' then 'Moderation is switched on or off.'
        when 'retention_days' then 'Conversations are kept 1 to 3,650 days.'
        when 'greeting' then 'The greeting has at most 500 characters.'
        when 'suggestions' then 'There are at most six suggestions, each with 1 to 120 characters.'
        when 'knowledge_language' then 'The language is one that this database can search in, as "english" or "simple".'
        when 'semantic_search' then 'Search by meaning is switched on or off, and on only where this database has the extension "vector".'
    end
$$;

-- chat_settings_set makes the rule's sentence of it.
create function private.demand_vectors() returns trigger language plpgsql set search_path = '' as $$
begin
    if to_regclass('private.chat_vectors') is null then
        raise check_violation;
    end if;
    return new;
end $$;
create trigger chat_settings_semantic_search before update of semantic_search on private.chat_settings for each row
    when (new.semantic_search) execute function private.demand_vectors();

-- ---------------------------------------------------------------------------------------------------------------
-- Finding passages
-- ---------------------------------------------------------------------------------------------------------------

-- The order in which passages fit a question by its words. First what has words of the question, then what has words of the
-- one before it, which a short question often goes on from. Who has more different words of it comes first; among equals
-- ts_rank_cd decides.
create function private.passages_by_words(p_question text, p_earlier text) returns table (id bigint, place bigint)
language sql stable set search_path = '' as $$
    with asked as (
        select turn, private.any_word(s.knowledge_language, text) as query,
               tsvector_to_array(to_tsvector(private.text_search(s.knowledge_language), text)) as words
        from private.chat_settings as s, (values (1, p_question), (2, p_earlier)) as q (turn, text)
        where text is not null
    ), found as (
        select asked.turn, asked.words, best.* from asked cross join lateral (
            select p.id, p.search, ts_rank_cd(p.search, asked.query, 1) as rank
            from private.chat_passages as p where p.search @@ asked.query
            order by rank desc, p.id limit 40
        ) as best
    ), ranked as (
        select distinct on (f.id) f.*,
               (select count(*) from unnest(f.words) as word where word = any (tsvector_to_array(f.search))) as matched
        from found as f order by f.id, f.turn
    )
    select r.id, row_number() over (order by r.turn, r.matched desc, r.rank desc, r.id) from ranked as r
$$;

-- What the model gets of passages, in their order: [{ n, title, url, content }], at most five with 6,000 characters, and with
-- `p_bytes` as private.chat_reserve counts them.
create function private.sources_of(p_ids bigint[], p_bytes integer default null) returns jsonb
language sql stable set search_path = '' as $$
    select coalesce(jsonb_agg(jsonb_build_object('n', o.n, 'title', o.heading, 'url', o.url, 'content', o.content)
                              order by o.n), '[]')
    from (
        select i.n, p.heading, p.content, k.url, sum(length(p.content)) over best as characters,
               sum(octet_length(p.content) + octet_length(p.heading) + 100) over best as bytes
        from unnest(p_ids) with ordinality as i (id, n)
        join private.chat_passages as p on p.id = i.id
        join public.chat_knowledge as k on k.id = p.document_id
        window best as (order by i.n)
    ) as o
    where o.n <= 5 and o.characters <= 6000 and (p_bytes is null or o.bytes <= p_bytes)
$$;

-- As before, in its two parts.
create or replace function private.find_passages(p_question text, p_earlier text) returns jsonb
language sql stable set search_path = '' as $$
    select private.sources_of((select array_agg(w.id order by w.place) from private.passages_by_words(p_question, p_earlier) as w))
$$;

-- The same by words and by meaning: the ten best of both, by reciprocal rank fusion with its usual constant 60 (Cormack,
-- Clarke and Büttcher, SIGIR 2009). `p_embedding` is the question's vector as JSON; what is hardly similar to it (a cosine
-- under 0.2, which is a choice, not a measurement) has nothing to do with it.
create function public.chat_passages_near(
    p_question text, p_earlier text, p_model text, p_embedding text, p_bytes integer
) returns jsonb language plpgsql stable set search_path = '' as $$
declare
    v_ids bigint[];
begin
    with near as (
        select passage_id as id, embedding operator(extensions.<=>) p_embedding::extensions.vector as distance
        from private.chat_vectors where model = p_model order by distance, passage_id limit 10
    ), found as (
        select id, place from private.passages_by_words(p_question, p_earlier) where place <= 10
        union all
        select id, row_number() over (order by distance, id) from near where distance <= 0.8
    )
    select array_agg(id order by score desc, id) into v_ids
    from (select id, sum(1.0 / (60 + place)) as score from found group by id) as fused;
    return private.sources_of(v_ids, p_bytes);
end $$;
comment on function public.chat_passages_near is 'Edge Function only: what the model may answer a question from, by words and by meaning.';

-- ---------------------------------------------------------------------------------------------------------------
-- Making vectors
-- ---------------------------------------------------------------------------------------------------------------

-- Up to 64 passages without a vector of a model, { passages: [{ id, text }], reserved_micro_usd, reserved_on }; what they cost at
-- most is reserved. None where all have one, or where the day's budget does not reach.
create function public.chat_vectors_missing(p_model text, p_micro_usd_per_byte numeric, p_cap_micro_usd bigint) returns jsonb
language plpgsql set search_path = '' as $$
declare
    v_passages jsonb;
    v_reserve bigint;
begin
    select jsonb_agg(jsonb_build_object('id', m.id, 'text', m.text) order by m.id),
           ceil(sum(octet_length(m.text)) * p_micro_usd_per_byte)
    into v_passages, v_reserve
    from (
        select p.id, p.heading || E'\n\n' || p.content as text
        from private.chat_passages as p
        where not exists (select from private.chat_vectors as v where v.passage_id = p.id and v.model = p_model)
        order by p.id limit 64
    ) as m;
    if v_passages is null or not private.reserve_spend('chat', v_reserve, p_cap_micro_usd) then
        return jsonb_build_object('passages', '[]'::jsonb);
    end if;
    return jsonb_build_object('passages', v_passages, 'reserved_micro_usd', v_reserve,
                              'reserved_on', (now() at time zone 'utc')::date);
end $$;
comment on function public.chat_vectors_missing is 'Edge Function only: which passages have no vector yet.';

-- Keeps vectors, [{ id, embedding: number[512] }], and accounts for what they cost to the site's owner. What was deleted
-- meanwhile has none.
create function public.chat_vectors_save(
    p_model text, p_vectors jsonb, p_tokens integer, p_cost_micro_usd bigint, p_reserved_micro_usd bigint, p_reserved_on date
) returns void language plpgsql set search_path = '' as $$
declare
    v_owner_id uuid := (select owner_id from private.site);
begin
    -- Whoever changes what the model knows holds this row.
    perform from private.chat_settings for share;
    insert into private.chat_vectors (passage_id, model, embedding)
    select p.id, p_model, (each -> 'embedding')::text::extensions.vector
    from jsonb_array_elements(p_vectors) as each join private.chat_passages as p on p.id = (each ->> 'id')::bigint
    on conflict (passage_id) do update set model = excluded.model, embedding = excluded.embedding;
    perform private.settle_spend('chat', p_reserved_on, p_reserved_micro_usd, p_cost_micro_usd);
    if v_owner_id is not null and p_tokens > 0 and to_regclass('public.usage_data') is not null then
        perform private.add_usage(v_owner_id, p_model, '', 'chat', p_tokens, 0, 0, p_cost_micro_usd / 1000000.0, null);
    end if;
end $$;
comment on function public.chat_vectors_save is 'Edge Function only: keeps vectors and accounts for them.';

revoke execute on function private.demand_vectors(), private.passages_by_words(text, text),
    private.sources_of(bigint[], integer), public.chat_passages_near(text, text, text, text, integer),
    public.chat_vectors_missing(text, numeric, bigint),
    public.chat_vectors_save(text, jsonb, integer, bigint, bigint, date)
    from public, anon, authenticated;
grant execute on function private.passages_by_words(text, text), private.sources_of(bigint[], integer),
    public.chat_passages_near(text, text, text, text, integer), public.chat_vectors_missing(text, numeric, bigint),
    public.chat_vectors_save(text, jsonb, integer, bigint, bigint, date)
    to service_role;
