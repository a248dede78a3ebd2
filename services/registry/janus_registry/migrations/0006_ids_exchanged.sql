-- Two symbols can exchange their ids in one statement: each id is looked at when it ends.
drop index janus.one_symbol_per_ib_conid;
drop index janus.one_symbol_per_webull_instrument_id;
alter table janus.symbol_registry
    add constraint one_symbol_per_ib_conid
        exclude using btree (ib_conid with =) where (status <> 'retired')
        deferrable initially immediate,
    add constraint one_symbol_per_webull_instrument_id
        exclude using btree (webull_instrument_id with =) where (status <> 'retired')
        deferrable initially immediate;
