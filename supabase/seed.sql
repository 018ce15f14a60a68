-- Demo data for the users of local/seed.ts; does nothing where they do not exist. Runs at every local start, so that
-- the demo always ends today: rows that exist are left alone.

update auth.users set raw_app_meta_data = raw_app_meta_data || '{"role": "admin"}'
where email = 'admin@livelit.test';

insert into private.site (owner_id)
select id from auth.users where email = 'member@livelit.test'
on conflict (singleton) do nothing;

-- What the demo's chat knows; whatever was changed since stays.
update private.chat_settings
set greeting = 'Hello! Ask me about Noor''s maps, how she works, or when she is free.',
    suggestions = '{"What have you built?", "How heavy is the contour renderer?", "When are you free, and what does a map cost?"}',
    system_prompt = 'The website belongs to Noor Haddad. Speak about her in the third person.'
where revision = 1 and exists (select from auth.users where email = 'member@livelit.test');

select private.save_chat_knowledge(d.id::uuid, d.title, d.content, d.url)
from (values
    ('d0c00000-0000-4000-8000-000000000001', 'About Noor', '/portfolio.html', $$
# Who I am

I am Noor Haddad, cartographer by training and front-end engineer by trade. I live in Lisbon and draw maps that load fast.

I have built tide tables for forty harbours, an atlas of the night buses of nine cities, a renderer of contours, and a map of
Lisbon's street trees.

Before that I drew nautical charts for eight years in Rotterdam, on paper first and on screens later.

# How I work

I work alone or with one designer, in weekly steps: each Friday there is something you can open on your phone. I write
plain HTML, CSS and TypeScript, and Postgres with PostGIS behind it.

I speak Portuguese, English, Dutch and Arabic.
$$),
    ('d0c00000-0000-4000-8000-000000000002', 'Selected work', '/portfolio.html', $$
# Tide tables for small harbours

Forty harbours, one page each, without tracking, readable in a storm on a wet phone. A page weighs 9 kB and works offline
once it was opened. The harbour masters correct the tables themselves.

# The night bus atlas

Every night line of nine cities on one sheet; printed in 2,000 copies, and drawn by a script from open timetables. The
printed atlas is sold out; the script is open source under the MIT licence.

# Contours in the browser

A renderer that draws hills from open elevation data in 14 kB. It draws a frame of a mountain in 4 ms on a phone of 2021.

# Where the trees are

Lisbon's street trees, by species and thirst, for the people who water them. 41,000 trees, updated by volunteers each spring.
$$),
    ('d0c00000-0000-4000-8000-000000000003', 'Questions that people ask', '/portfolio.html', $$
# When are you free?

I am free for one project this winter, from the middle of January on.

# What does a map cost?

A map of one page begins at EUR 2,400. A project of several weeks is EUR 3,200 a week.

# Do you teach?

Twice a year I give a workshop of two days about maps on the web, in Lisbon, for eight people.

# How can I reach you?

Write to noor@example.com. I answer within two working days.
$$)
) as d (id, title, url, content)
where exists (select from auth.users where email = 'member@livelit.test') and not exists (select from public.chat_knowledge);

-- Ninety days of three models, quieter on weekends. hashtext() makes every day the same at every start. Said to be
-- imported: samples would go with the first message to the chat. Of a project, or the chat's own would replace a day's.
insert into public.usage_data (user_id, date, model, project, source, requests, context_tokens, cached_tokens, generated_tokens,
                               cost, co2_grams)
select u.id, d.day::date, m.model, 'website', 'import', n.requests, n.requests * m.context, n.requests * m.context / 5,
       n.requests * m.generated,
       -- USD per million tokens (input, output), the prices of supabase/functions/_shared/prices.ts.
       (n.requests * m.context * m.input_price + n.requests * m.generated * m.output_price) / 1e6,
       n.requests * m.generated * m.co2_per_1k / 1000
from auth.users as u
cross join generate_series((now() at time zone 'utc')::date - 89, (now() at time zone 'utc')::date, interval '1 day') as d (day)
cross join (values
    ('gpt-4o-mini', 90, 1400, 350, 0.15, 0.60, 0.088),
    ('gpt-4o', 24, 2600, 520, 2.50, 10.00, 1.00),
    ('gpt-5-mini', 45, 1900, 610, 0.25, 2.00, 0.081)
) as m (model, daily, context, generated, input_price, output_price, co2_per_1k)
cross join lateral (
    select greatest(1, (m.daily
        * case when extract(isodow from d.day) > 5 then 0.35 else 1 end
        * (0.6 + (abs(hashtext(d.day::text || m.model)) % 1000) / 1250.0))::int) as requests
) as n
where u.email = 'member@livelit.test'
on conflict (user_id, date, model, project, source) do nothing;

-- A day's tokens that a little traffic passes, and a month's cost that takes longer.
insert into public.usage_tracking (user_id, metric, period, limit_value)
select u.id, l.metric, l.period, l.limit_value
from auth.users as u
cross join (values ('tokens', 'day', 400000), ('cost', 'month', 20)) as l (metric, period, limit_value)
where u.email = 'member@livelit.test'
on conflict (user_id, metric, period) do nothing;

-- What the portfolio page shows. Of a fixed id, as no real share ever is, because the page is a file.
insert into public.usage_shares (id, user_id, label)
select '11f3117a-0000-4000-8000-000000000001', id, 'What my site’s assistant uses' from auth.users
where email = 'member@livelit.test'
on conflict (id) do nothing;

-- People who use the owner's apps, for the usage log. They have no password: nobody signs in as them.
insert into auth.users (id, email, raw_app_meta_data, raw_user_meta_data)
select gen_random_uuid(), c.email, '{}'::jsonb, jsonb_build_object('full_name', c.full_name)
from (values
    ('noor@livelit.test', 'Noor Haddad'), ('jonas@livelit.test', 'Jonas Weber'),
    ('ines@atelier.test', 'Inês Duarte'), ('tomoko@kumo.test', 'Tomoko Arai'), ('pat@kumo.test', 'Pat O''Brien'),
    ('lena@papeterie.test', 'Lena Vogel'), ('sam@onepagers.test', 'Sam Okafor'), ('mei@onepagers.test', 'Mei Lin')
) as c (email, full_name)
where exists (select from auth.users where email = 'member@livelit.test')
  and not exists (select from auth.users as u where u.email = c.email);

update private.site set internal_domains = '{livelit.test}'
where internal_domains = '{}' and owner_id = (select id from auth.users where email = 'member@livelit.test');

-- Thirty days of calls: how many a day each makes, with which app and model. What lies ahead today is left for later.
insert into public.usage_logs (owner_id, user_id, key, at, app, feature, provider, model, context_tokens, cached_tokens,
                               generated_tokens, cost, co2_grams, status, error, latency_ms)
select o.id, u.id, k.key, k.at, a.app, a.feature, a.provider, a.model, t.context, t.context / 4, t.generated,
       (t.context * a.input_price + t.generated * a.output_price) / 1e6, t.generated * a.co2_per_1k / 1000,
       case when k.chance % 41 = 0 then 'error' when k.chance % 37 = 0 then 'stopped' else 'ok' end,
       case when k.chance % 41 = 0 then (array['rate_limited', 'timeout', 'context_length_exceeded'])[k.chance % 3 + 1] end,
       300 + t.generated * 12 + k.chance % 700
from auth.users as o
cross join generate_series((now() at time zone 'utc')::date - 29, (now() at time zone 'utc')::date, interval '1 day') as d (day)
cross join (values
    (null, 4, 'chat', '', '', 'gpt-4o-mini', 600, 180, 0.15, 0.60, 0.04),
    ('member@livelit.test', 2, 'editor', 'rewrite', 'openai', 'gpt-4o', 1800, 400, 2.50, 10.00, 1.10),
    ('noor@livelit.test', 2, 'support', 'draft reply', 'openai', 'gpt-5-mini', 2200, 350, 0.25, 2.00, 0.12),
    ('jonas@livelit.test', 1, 'editor', 'summary', 'openai', 'gpt-4o-mini', 3000, 200, 0.15, 0.60, 0.04),
    ('ines@atelier.test', 2, 'editor', 'rewrite', 'openai', 'gpt-4o', 1500, 450, 2.50, 10.00, 1.10),
    ('tomoko@kumo.test', 3, 'support', 'draft reply', 'openai', 'gpt-5-mini', 2400, 300, 0.25, 2.00, 0.12),
    ('pat@kumo.test', 1, 'support', 'triage', 'self-hosted', 'llama-3.3-70b', 900, 60, null, null, null),
    ('lena@papeterie.test', 1, 'editor', 'summary', 'openai', 'gpt-4o-mini', 2600, 220, 0.15, 0.60, 0.04),
    ('sam@onepagers.test', 1, 'editor', 'headline', 'openai', 'gpt-4o-mini', 400, 40, 0.15, 0.60, 0.04)
) as a (email, daily, app, feature, provider, model, context, generated, input_price, output_price, co2_per_1k)
cross join generate_series(1, 4) as n
left join auth.users as u on u.email = a.email
cross join lateral (
    select 'demo:' || coalesce(a.email, 'visitors') || ':' || d.day::date || ':' || n as key,
           abs(hashtext('demo' || d.day::date || coalesce(a.email, '') || n)) as chance
) as h
cross join lateral (
    select h.key, h.chance, d.day::timestamp at time zone 'utc' + make_interval(secs => h.chance % 86400) as at
) as k
cross join lateral (
    select (a.context * (0.5 + k.chance % 1000 / 1000.0))::integer as context,
           (a.generated * (0.5 + k.chance % 977 / 977.0))::integer as generated
) as t
where o.email = 'member@livelit.test' and n <= a.daily and k.at <= now() and (a.email is null or u.id is not null)
  -- Nobody works every day.
  and k.chance % 10 < case when extract(isodow from d.day) > 5 then 3 else 7 end
on conflict (owner_id, key) do nothing;

insert into public.credit_purchases (owner_id, user_id, provider, reference, status, amount, currency, usd_rate, created_at)
select o.id, u.id, 'stripe', 'demo:' || p.email || ':' || p.days, p.status, p.amount, p.currency, p.usd_rate,
       (now() at time zone 'utc')::date - p.days
from auth.users as o
cross join (values
    ('ines@atelier.test', 26, 'completed', 49, 'USD', null), ('ines@atelier.test', 4, 'pending', 49, 'USD', null),
    ('tomoko@kumo.test', 19, 'completed', 120, 'USD', null), ('lena@papeterie.test', 12, 'completed', 20, 'EUR', 1.16),
    ('sam@onepagers.test', 9, 'failed', 20, 'USD', null), ('mei@onepagers.test', 15, 'completed', 20, 'USD', null),
    ('mei@onepagers.test', 8, 'refunded', 20, 'USD', null)
) as p (email, days, status, amount, currency, usd_rate)
join auth.users as u on u.email = p.email
where o.email = 'member@livelit.test' and not exists (select from public.credit_purchases where reference like 'demo:%')
on conflict (owner_id, provider, reference) do nothing;
