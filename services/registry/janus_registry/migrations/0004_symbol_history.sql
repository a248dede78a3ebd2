-- Who found each broker's part and by which query, what every row was before, and what
-- contradicts it. Held by the database itself, so that a hand at psql is on record too.

alter table janus.symbol_registry drop constraint symbol_registry_pkey;
alter table janus.symbol_registry drop constraint symbol_registry_ib_conid_key;
alter table janus.symbol_registry drop constraint symbol_registry_webull_instrument_id_key;
alter table janus.symbol_registry
    add column id bigint generated always as identity primary key,
    add column status text not null default 'active'
        check (status in ('active', 'conflict', 'retired')),
    add column ib_query text check (ib_query <> ''),          -- what IB was asked
    add column webull_query text check (webull_query <> ''),
    add constraint one_row_per_symbol unique (symbol),
    add constraint symbol_is_of_its_class check (
        case asset_class
            when 'EQUITY' then symbol ~ '^[A-Z][A-Z0-9]{0,11}([.][A-Z]{1,3})?$'
            when 'FUTURE' then symbol ~ '^[A-Z0-9]{1,6}[.][0-9]{2}(0[1-9]|1[0-2])$'
            when 'OPTION' then
                symbol ~ '^[A-Z][A-Z0-9]{0,5}[.][0-9]{6}[.][CP][.][0-9]{1,7}([.][0-9]{0,3}[1-9])?$'
            else symbol ~ '^[A-Z]{3,5}[.][A-Z]{3}$'
        end
    );

-- A broker's id belongs to one symbol; a retired one gives it free.
create unique index one_symbol_per_ib_conid
    on janus.symbol_registry (ib_conid) where status <> 'retired';
create unique index one_symbol_per_webull_instrument_id
    on janus.symbol_registry (webull_instrument_id) where status <> 'retired';

create table janus.symbol_change (
    number bigint generated always as identity primary key,  -- in the order of the commits
    symbol text not null,
    verb text not null,        -- put, fill, set, import, retire, undo, settle; sql: by hand
    changed_by text not null,
    before jsonb,              -- the row; null: there was none
    after jsonb not null,
    undoes bigint references janus.symbol_change,
    changed_ns bigint not null
);
create index symbol_change_by_symbol on janus.symbol_change (symbol, number desc);

-- What somebody found that contradicts what is known; nothing of it was written.
create table janus.symbol_conflict (
    number bigint generated always as identity primary key,
    symbol text not null,
    field text not null,
    known text,                -- null: the field is empty, but the id is another symbol's
    found text not null,
    belongs_to text,           -- the symbol that has this id already
    found_by text not null,
    query text,
    found_ns bigint not null,
    is_told boolean not null default false,  -- whether the alarm is on the bus
    ruling text check (ruling in ('keep', 'take')),  -- null: an operator has to say
    ruled_by text,
    ruled_ns bigint,
    check ((ruling is null) = (ruled_by is null) and (ruling is null) = (ruled_ns is null))
);
create unique index one_open_conflict on janus.symbol_conflict (symbol, field, found)
    where ruling is null;
create index symbol_conflict_by_symbol on janus.symbol_conflict (symbol, field, found);

-- Writers of symbols come one after the other: then numbers are in the order of the commits, and
-- two who each hold an id that the other wants do not wait for one another.
create function janus.lock_symbols() returns trigger language plpgsql as $$
begin
    perform pg_advisory_xact_lock(126965363404652);
    return null;
end
$$;
create trigger lock_symbols before insert or update on janus.symbol_registry
    for each statement execute function janus.lock_symbols();

create function janus.keep_symbol_change() returns trigger
    language plpgsql security definer set search_path = pg_catalog as $$
declare
    who text := coalesce(nullif(current_setting('janus.by', true), ''), session_user);
    what text := coalesce(nullif(current_setting('janus.verb', true), ''), 'sql');
    number_undone bigint := nullif(current_setting('janus.undoes', true), '')::bigint;
    now_ns bigint := (extract(epoch from clock_timestamp()) * 1e9)::bigint;
begin
    if tg_op = 'INSERT' then
        insert into janus.symbol_change (symbol, verb, changed_by, after, undoes, changed_ns)
        select later.symbol, what, who, to_jsonb(later), number_undone, now_ns
        from later order by later.symbol;
    else
        insert into janus.symbol_change (symbol, verb, changed_by, before, after, undoes, changed_ns)
        select later.symbol, what, who, to_jsonb(earlier), to_jsonb(later), number_undone, now_ns
        from later join earlier using (id)
        where later is distinct from earlier order by later.symbol;
    end if;
    return null;
end
$$;
create trigger keep_addition after insert on janus.symbol_registry
    referencing new table as later
    for each statement execute function janus.keep_symbol_change();
create trigger keep_change after update on janus.symbol_registry
    referencing old table as earlier new table as later
    for each statement execute function janus.keep_symbol_change();

create function janus.refuse_removal() returns trigger language plpgsql as $$
begin
    raise exception 'a symbol is retired, never deleted, so that its history stays'
        using errcode = 'restrict_violation';
end
$$;
create trigger refuse_removal before delete or truncate on janus.symbol_registry
    for each statement execute function janus.refuse_removal();

-- What is there now is where history begins.
insert into janus.symbol_change (symbol, verb, changed_by, after, changed_ns)
select symbol, 'put', source, to_jsonb(known), updated_ns
from janus.symbol_registry as known order by updated_ns, symbol;
