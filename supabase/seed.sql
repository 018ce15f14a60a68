-- Demo data for the users of local/seed.ts; does nothing where they do not exist. Runs at every local start, so that
-- the demo always ends today: rows that exist are left alone.

update auth.users set raw_app_meta_data = raw_app_meta_data || '{"role": "admin"}'
where email = 'admin@livelit.test';

insert into private.site (owner_id)
select id from auth.users where email = 'member@livelit.test'
on conflict (singleton) do nothing;

-- Ninety days of three models, quieter on weekends. hashtext() makes every day the same at every start. Said to be
-- imported: samples would go with the first message to the chat.
insert into public.usage_data (user_id, date, model, source, requests, context_tokens, cached_tokens, generated_tokens,
                               cost, co2_grams)
select u.id, d.day::date, m.model, 'import', n.requests, n.requests * m.context, n.requests * m.context / 5,
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
