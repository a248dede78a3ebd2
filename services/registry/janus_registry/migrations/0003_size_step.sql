-- Quantities are multiples of it; null: of 1.
alter table janus.symbol_registry
    add column size_step numeric check (size_step > 0 and size_step < 'Infinity');
