-- What the registry remembers of its copy on the bus, so that a start compares only what may differ.
create table janus.symbol_share (
    is_only boolean primary key default true check (is_only),
    bucket_created text,     -- which bucket; null: it was never compared
    bucket_revision bigint,
    bucket_messages bigint,
    change bigint,           -- every change up to this number is in it
    written_ns bigint,
    probed_ns bigint         -- when a write was last tried, after one had failed
);
insert into janus.symbol_share default values;
