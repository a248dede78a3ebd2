-- What happened, as the workers told it. The messages are kept whole; the columns that
-- people and reports ask for are drawn out of them by the database itself.

-- The last state of each order. A higher revision replaces a lower one, never the reverse.
create table janus.orders (
    account text not null,
    client_order_id text not null,
    revision bigint not null,
    message jsonb not null,  -- OrderUpdate
    state text not null generated always as (message ->> 'state') stored,
    symbol text not null generated always as (message ->> 'symbol') stored,
    side text not null generated always as (message ->> 'side') stored,
    type text not null generated always as (message ->> 'type') stored,
    qty numeric not null generated always as ((message ->> 'qty')::numeric) stored,
    filled_qty numeric not null generated always as ((message ->> 'filled_qty')::numeric) stored,
    average_price numeric generated always as ((message ->> 'average_price')::numeric) stored,
    code text generated always as (message ->> 'code') stored,
    reason text generated always as (message ->> 'reason') stored,
    venue_order_id text generated always as (message ->> 'venue_order_id') stored,
    created_ns bigint not null generated always as ((message ->> 'created_ns')::bigint) stored,
    updated_ns bigint not null generated always as ((message ->> 'updated_ns')::bigint) stored,
    primary key (account, client_order_id)
);
create index orders_by_time on janus.orders (created_ns desc);
create index orders_by_symbol on janus.orders (symbol, created_ns desc);

-- Executions as first told. Corrections and fees stand beside them, because they may come first.
create table janus.fills (
    account text not null,
    execution_id text not null,
    revision bigint not null,
    message jsonb not null,  -- Fill
    client_order_id text not null generated always as (message ->> 'client_order_id') stored,
    symbol text not null generated always as (message ->> 'symbol') stored,
    side text not null generated always as (message ->> 'side') stored,
    qty numeric not null generated always as ((message ->> 'qty')::numeric) stored,
    price numeric not null generated always as ((message ->> 'price')::numeric) stored,
    currency text not null generated always as (message ->> 'currency') stored,
    multiplier numeric not null generated always as ((message ->> 'multiplier')::numeric) stored,
    executed_ns bigint not null generated always as ((message ->> 'executed_ns')::bigint) stored,
    received_ns bigint not null generated always as ((message ->> 'received_ns')::bigint) stored,
    primary key (account, execution_id)
);
create index fills_by_time on janus.fills (received_ns desc);
create index fills_by_symbol on janus.fills (symbol, received_ns desc);
create index fills_by_order on janus.fills (account, client_order_id);

create table janus.fill_corrections (
    account text not null,
    execution_id text not null,
    revision bigint not null,
    qty numeric not null,
    price numeric not null,
    received_ns bigint not null,
    primary key (account, execution_id, revision)
);

create table janus.fees (
    account text not null,
    execution_id text not null,
    revision bigint not null,
    fee numeric not null,
    currency text not null,
    realized_pnl numeric,    -- as the broker reckons it; null is not told
    received_ns bigint not null,
    primary key (account, execution_id)
);

-- The fills as they stand: corrected, with their fee; a null fee is not known yet.
create view janus.booked_fills as
select
    fill.account,
    fill.execution_id,
    coalesce(correction.revision, fill.revision) as revision,
    fill.client_order_id,
    fill.symbol,
    fill.side,
    coalesce(correction.qty, fill.qty) as qty,
    coalesce(correction.price, fill.price) as price,
    fill.currency,
    fill.multiplier,
    fee.fee,
    fee.currency as fee_currency,
    fee.realized_pnl,
    fill.executed_ns,
    fill.received_ns,
    fill.message
from janus.fills as fill
left join lateral (
    select later.revision, later.qty, later.price
    from janus.fill_corrections as later
    where later.account = fill.account
        and later.execution_id = fill.execution_id
        and later.revision > fill.revision
    order by later.revision desc
    limit 1
) as correction on true
left join janus.fees as fee
    on fee.account = fill.account and fee.execution_id = fill.execution_id;

-- How far each stream is booked; written in the transaction that books.
create table janus.stream_position (
    stream text primary key,
    sequence bigint not null,
    booked_ns bigint not null
);
