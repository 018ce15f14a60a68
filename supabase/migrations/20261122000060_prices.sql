-- Module usage, further: what is written to a provider's cache costs something else than other input. The functions have
-- their prices from _shared/prices.ts; the migrations *_model_prices.sql, written by the same command, say the same here.

alter table public.model_prices
    add column cache_write_micro_usd bigint constraint model_prices_cache_write_positive check (cache_write_micro_usd >= 0),
    add column cache_write_1h_micro_usd bigint
        constraint model_prices_cache_write_1h_positive check (cache_write_1h_micro_usd >= 0);
update public.model_prices set cache_write_micro_usd = input_micro_usd, cache_write_1h_micro_usd = input_micro_usd;
alter table public.model_prices
    alter column cache_write_micro_usd set not null,
    alter column cache_write_1h_micro_usd set not null;

comment on table public.model_prices is 'Micro-USD per million tokens, by model alias, from a UTC day on until the next row of the model. What has no row has no known price.';
comment on column public.model_prices.valid_from is '1970-01-01 where nothing is known of a price before.';
comment on column public.model_prices.cached_micro_usd is 'Input that is read from the provider''s cache.';
comment on column public.model_prices.cache_write_micro_usd is 'Input that is written to it for a short time.';
comment on column public.model_prices.cache_write_1h_micro_usd is 'Input that is written to it for an hour.';
