-- One row per canonical symbol, and what each broker calls it; null is not known yet.
create table janus.symbol_registry (
    symbol text primary key check (symbol ~ '^[A-Z0-9][A-Z0-9.-]{0,39}$'),
    asset_class text not null
        check (asset_class in ('EQUITY', 'FUTURE', 'OPTION', 'FOREX', 'CRYPTO')),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    exchange text check (exchange <> ''),
    multiplier numeric not null check (multiplier > 0 and multiplier < 'Infinity'),
    tick_size numeric check (tick_size > 0 and tick_size < 'Infinity'),

    ib_conid bigint unique check (ib_conid > 0),
    ib_symbol text check (ib_symbol <> ''),
    ib_exchange text check (ib_exchange <> ''),
    ib_primary_exchange text check (ib_primary_exchange <> ''),
    ib_source text,          -- who found the broker's part, and when
    ib_updated_ns bigint,

    webull_ticker text check (webull_ticker <> ''),
    webull_instrument_id text unique check (webull_instrument_id <> ''),
    webull_market text check (webull_market <> ''),
    webull_source text,
    webull_updated_ns bigint,

    source text not null,    -- of the last change
    created_ns bigint not null,
    updated_ns bigint not null
);
